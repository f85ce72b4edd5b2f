# SPDX-License-Identifier: Apache-2.0
"""Fingerprints are those that ssh-keygen prints, for keys that it makes."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest

from secrethunt.facts import read_facts

_KEYGEN = shutil.which("ssh-keygen") or ""


def facts(value: bytes, rule: str = "privatekey.pem") -> dict[str, str]:
    return dict(read_facts(rule, value, value))


def make_key(directory: Path, kind: str, form: str, passphrase: str = "") -> tuple[bytes, str]:
    """A new private key and the fingerprint of its public one."""
    path = directory / "key"
    options = [] if form == "OpenSSH" else ["-m", form]
    command = [_KEYGEN, "-q", "-t", kind, "-f", str(path), "-N", passphrase, "-C", "", *options]
    subprocess.run(command, check=True, capture_output=True)
    shown = subprocess.run([_KEYGEN, "-l", "-f", f"{path}.pub"], check=True, capture_output=True, text=True).stdout
    return path.read_bytes(), shown.split()[1]


@pytest.mark.skipif(not _KEYGEN, reason="needs ssh-keygen: install openssh-client")
class TestKeysOfSshKeygen:
    @pytest.mark.parametrize(
        ("kind", "form"),
        [
            ("rsa", "PEM"),
            ("rsa", "PKCS8"),
            ("rsa", "OpenSSH"),
            ("ecdsa", "PEM"),
            ("ecdsa", "PKCS8"),
            ("ed25519", "OpenSSH"),
        ],
    )
    def test_fingerprint_is_that_of_the_public_key(self, tmp_path: Path, kind: str, form: str) -> None:
        key, fingerprint = make_key(tmp_path, kind, form)
        said = facts(key)
        assert ("no", fingerprint) == (said["encrypted"], said["fingerprint"])
        assert kind.removesuffix("sa")[:2] in said["algorithm"].lower()

    def test_layout_of_a_key_in_source_code_changes_nothing(self, tmp_path: Path) -> None:
        key, fingerprint = make_key(tmp_path, "ecdsa", "PEM")
        escaped = key.strip().replace(b"\n", b"\\n")
        quoted = key.strip().replace(b"\n", b'\\n" +\n   "')
        for form in (escaped, quoted, key.replace(b"\n", b"\r\n"), key.replace(b"\n", b"\n    ")):
            assert fingerprint == facts(form)["fingerprint"]
        encoded = base64.b64encode(key)
        assert fingerprint == facts(encoded, "privatekey.base64-pem")["fingerprint"]

    @pytest.mark.parametrize("form", ["PEM", "PKCS8"])
    def test_key_behind_a_passphrase_says_so_and_no_more(self, tmp_path: Path, form: str) -> None:
        key, _ = make_key(tmp_path, "rsa", form, "a long passphrase")
        assert {"encrypted": "yes"} == facts(key)

    def test_openssh_key_behind_a_passphrase_still_shows_its_public_part(self, tmp_path: Path) -> None:
        key, fingerprint = make_key(tmp_path, "ed25519", "OpenSSH", "a long passphrase")
        assert ("yes", fingerprint) == (facts(key)["encrypted"], facts(key)["fingerprint"])


def pem(label: str, body: bytes) -> bytes:
    return f"-----BEGIN {label}-----\n{base64.b64encode(body).decode()}\n-----END {label}-----".encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x30",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x82\x00\x10" + b"\x02\x01\x00" * 3,
        b"openssh-key-v1\0" + b"\xff" * 9,
    ],
)
def test_key_that_is_cut_says_what_is_left(body: bytes) -> None:
    assert set(facts(pem("RSA " + "PRIVATE KEY", body))) <= {"encrypted", "algorithm"}


def test_keys_of_other_kinds_say_nothing() -> None:
    assert {} == facts(pem("PGP " + "PRIVATE KEY BLOCK", b"x" * 60), "privatekey.pgp")


def test_putty_key_shows_comment_and_public_part() -> None:
    public = base64.b64encode(b"\0\0\0\x0bssh-ed25519" + b"\0\0\0\x20" + b"p" * 32).decode()
    for encryption, encrypted in (("none", "no"), ("aes256-cbc", "yes")):
        text = (
            f"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: {encryption}\nComment: ann@host\n"
            f"Public-Lines: 2\n{public[:40]}\n{public[40:]}\nPrivate-Lines: 1\n"
        )
        said = facts(text.encode(), "privatekey.putty")
        assert (encrypted, "ann@host") == (said["encrypted"], said["comment"])
        assert said["fingerprint"].startswith("SHA256:")
