# SPDX-License-Identifier: Apache-2.0
"""Which language a file is written in, by its name; and what each language calls the places where a value stands."""

from __future__ import annotations

import os

_EXTENSIONS = {
    "bash": "sh bash zsh ksh bats bashrc zshrc profile bash_profile",
    "c": "c h",
    "c_sharp": "cs csx cake",
    "cpp": "cc cpp cxx hpp hh hxx ino mm m",
    "dockerfile": "dockerfile",
    "go": "go",
    "hcl": "tf tfvars hcl nomad",
    "html": "html htm xhtml vue svelte jsp erb ejs cshtml hbs",
    "java": "java",
    "javascript": "js jsx mjs cjs es6",
    "json": "json json5 jsonc ipynb har webmanifest tfstate avsc postman_collection",
    "kotlin": "kt kts",
    "markdown": "md markdown mdx rmd",
    "php": "php phtml php5 inc",
    "powershell": "ps1 psm1 psd1",
    "properties": "properties ini cfg conf cnf env editorconfig npmrc pypirc netrc desktop service",
    "python": "py pyw pyi wsgi",
    "ruby": "rb rake gemspec ru",
    "rust": "rs",
    "scala": "scala sc sbt",
    "sql": "sql ddl pgsql",
    "swift": "swift",
    "toml": "toml",
    "tsx": "tsx",
    "typescript": "ts mts cts",
    "xml": "xml config xsd xsl xslt wsdl plist csproj vbproj props targets pom resx nuspec xaml fxml svg jelly",
    "yaml": "yml yaml",
}
_BY_EXTENSION = {extension: language for language, names in _EXTENSIONS.items() for extension in names.split()}
_BY_NAME = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "gemfile": "ruby",
    "rakefile": "ruby",
    "vagrantfile": "ruby",
    "podfile": "ruby",
    "fastfile": "ruby",
    "jenkinsfile": "java",
    "pipfile": "toml",
    "cargo.lock": "toml",
    "poetry.lock": "toml",
    "wscript": "python",
    "sconstruct": "python",
}
_BY_INFO = {
    "console": "bash",
    "shell": "bash",
    "shell-session": "bash",
    "csharp": "c_sharp",
    "c++": "cpp",
    "docker": "dockerfile",
    "golang": "go",
    "terraform": "hcl",
    "node": "javascript",
    "jsonc": "json",
    "kotlin": "kotlin",
    "powershell": "powershell",
    "pwsh": "powershell",
    "python": "python",
    "python3": "python",
    "pycon": "python",
    "ruby": "ruby",
    "rust": "rust",
    "javascript": "javascript",
    "typescript": "typescript",
    "mysql": "sql",
    "postgresql": "sql",
    "dotenv": "properties",
}
"""What people write behind the opening fence of a code block, beside file extensions."""


def language_of_path(path: bytes) -> str:
    """The language of a file of that name, or an empty string where we know none."""
    name = os.fsdecode(path).rpartition("/")[2].lower()
    stem, dot, extension = name.rpartition(".")
    if dot and (language := _BY_EXTENSION.get(extension)):
        return language
    return _BY_NAME.get(name) or _BY_NAME.get(stem or name) or _BY_NAME.get(name.partition(".")[0], "")


def language_of_info(info: str) -> str:
    """The language that the info string of a fenced code block names (CommonMark 0.31, section 4.5), or empty."""
    word = info.strip().lower().partition(" ")[0].strip("{}.`")
    return _BY_INFO.get(word) or _BY_EXTENSION.get(word, "")
