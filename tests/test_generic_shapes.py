# SPDX-License-Identifier: Apache-2.0
"""Shapes in which real projects write passwords, tokens and keys; each value is made at run time and must be found."""

from __future__ import annotations

import base64
import random
import re
import string

import pytest

from secrethunt import Scanner, ScannerOptions

_SLOT = re.compile(r"<(simple2?|plain2?|token2?|hex2?|base64|basic)>")


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner(ScannerOptions())


def _value(slot: str) -> str:
    """What stands in a slot: a word, a password as people choose them, a token, or one of these encoded."""
    source = random.Random(slot)
    word = "".join(source.choices("bcdfghjklmnpqrstvwz", k=8))
    password = f"Wint{source.randrange(2, 9)}{word[:5].title()}!{source.randrange(10, 99)}"
    token = "".join(source.choices(string.ascii_letters + string.digits, k=31)) + "7"
    return {
        "plain": word,
        "simple": password,
        "token": token,
        "hex": "".join(source.choices("0123456789abcdef", k=32)),
        "base64": base64.b64encode(password.encode()).decode(),
        "basic": base64.b64encode(f"svc:{password}".encode()).decode(),
    }[slot.rstrip("2")]


_SHAPES = [
    ("file.py", 'password = "<plain>"'),
    ("file.py", "conn = connect(host='h', user='u', password='<plain>')"),
    ("file.yaml", "db:\n  user: app\n  password: <plain>\n"),
    ("file.yaml", "smtp:\n  auth-token: <token>\n"),
    ("file.yaml", "secret-key-base: <token>\n"),
    ("file.ini", "[db]\nuser=app\npassword=<plain>\n"),
    ("file.ini", "[db]\npwd = <simple>\n"),
    ("file.properties", "spring.datasource.password=<plain>\nspring.redis.pass=<simple>"),
    ("file.env", "DB_PASS=<plain>\nREDIS_URL=redis://:<simple>@redis:6379/0"),
    ("file.env", "export SECRET_KEY=<token>"),
    ("Dockerfile", "FROM x\nENV MYSQL_ROOT_PASSWORD <plain>\nENV A=b API_TOKEN=<token>\nARG NPM_TOKEN=<token2>\n"),
    ("compose.yml", "services:\n  db:\n    environment:\n      - POSTGRES_PASSWORD=<plain>\n      - A=1\n"),
    ("compose.yml", "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: <plain>\n"),
    ("file.txt", "user=app password=<simple> host=db1 token=<token>"),
    ("file.conf", "connection = host=db user=app password=<simple> dbname=x"),
    ("file.js", 'const body = "{\\"password\\":\\"<simple>\\",\\"user\\":\\"x\\"}"'),
    ("file.go", 'b := `{"password":"<plain>"}`'),
    ("file.java", 'String j = "{\\"client_secret\\": \\"<token>\\"}";'),
    ("file.sh", "mysql -u root --password <simple> db"),
    ("file.sh", "mysqldump -h x -uroot -p<simple> db"),
    ("file.sh", "docker run -e MYSQL_PASSWORD=<plain> -d mysql"),
    ("file.sh", "docker run --env API_KEY=<token> x"),
    ("file.sh", "curl -u admin:<simple> https://x/y"),
    ("file.sh", 'curl --user "admin:<simple>" https://x'),
    ("file.sh", "PGPASSWORD=<plain> psql -h x"),
    ("file.sh", "sshpass -p <simple> ssh a@b"),
    ("file.sh", "helm upgrade x --set auth.password=<simple>"),
    ("file.sh", "az login --service-principal -u id -p <simple> --tenant x"),
    ("file.sh", "kubectl create secret generic x --from-literal=password=<simple>"),
    ("file.sh", "echo '<simple>' | docker login -u x --password-stdin"),
    ("file.sh", "wget --http-user=x --http-password=<simple> https://y"),
    ("file.sh", "htpasswd -b .htpasswd admin <simple>"),
    ("file.sh", "redis-cli -a <simple> ping"),
    ("file.sh", "mongo -u root -p <simple> --authenticationDatabase admin"),
    ("file.sh", 'psql "postgresql://app:<simple>@db/x"'),
    ("file.sh", 'ansible-playbook x.yml -e "ansible_password=<simple>"'),
    ("file.sh", 'curl -H "Authorization: Bearer <token>" https://x'),
    ("file.sh", 'http POST x Authorization:"Token <token>"'),
    ("file.sql", "CREATE USER app IDENTIFIED BY '<plain>';"),
    ("file.sql", "ALTER USER app WITH PASSWORD '<plain>';"),
    ("file.sql", "CREATE ROLE app LOGIN PASSWORD '<plain>'"),
    ("file.sql", "SET PASSWORD FOR 'a'@'b' = PASSWORD('<plain>');"),
    ("file.sql", "GRANT ALL ON *.* TO 'a'@'%' IDENTIFIED BY '<plain>' WITH GRANT OPTION"),
    ("file.sql", "CREATE LOGIN x WITH PASSWORD = N'<simple>';"),
    ("file.sql", "UPDATE users SET password='<simple>' WHERE id=1"),
    (
        "file.sql",
        "CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'x', password '<simple>');",
    ),
    ("file.py", 'url = f"https://svc:<simple>@{host}/api"'),
    ("file.go", 'fmt.Sprintf("postgres://app:<simple>@%s:%d/db", h, p)'),
    ("file.js", "`amqp://svc:<simple>@${host}:5672`"),
    ("file.txt", "Authorization: Basic <basic>"),
    ("file.py", "headers={'Authorization': 'Basic <basic>'}"),
    ("file.js", "headers: { authorization: 'Bearer <token>' }"),
    ("file.http", "GET https://x/y\nAuthorization: Bearer <token>\nX-Api-Key: <token2>\n"),
    ("file.java", 'byte[] key = hexStringToByteArray("<hex>");'),
    ("file.py", 'key = bytes.fromhex("<hex>")'),
    ("file.py", 'SECRET = b"<simple><simple2>"'),
    ("file.xml", '<bean><property name="password" value="<plain>"/></bean>'),
    ("file.xml", "<password><plain></password>"),
    ("file.xml", '<user name="a" password="<simple>"/>'),
    ("file.xml", "<server><username>x</username><password><simple></password></server>"),
    ("file.config", '<add key="ApiSecret" value="<token>"/>'),
    ("file.plist", "<key>apiToken</key>\n<string><token></string>"),
    ("file.xml", '<Parameter name="password" value="<simple>" override="false"/>'),
    ("file.tf", 'resource "aws_db_instance" "x" {\n  password = "<plain>"\n  username = "a"\n}'),
    ("file.tf", 'variable "db_password" {\n  type = string\n  default = "<plain>"\n}'),
    ("file.tfvars", 'db_password = "<plain>"'),
    ("file.hcl", 'secret_key = "<token>"'),
    ("file.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  password: <base64>\n"),
    ("file.yaml", "apiVersion: v1\nkind: Secret\nstringData:\n  api-token: <token>\n"),
    ("file.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  config.json: <base64>\n"),
    ("values.yaml", 'auth:\n  postgresPassword: "<plain>"\n  replicationPassword: <plain2>\n'),
    ("values.yaml", 'env:\n  - name: API_TOKEN\n    value: "<token>"\n'),
    (".gitlab-ci.yml", 'variables:\n  DEPLOY_TOKEN: "<token>"\n  DB_PASSWORD: <plain>\n'),
    ("ci.yml", "      env:\n        NPM_TOKEN: <token>\n        SSH_PASS: <simple>\n"),
    ("Jenkinsfile", "environment { DB_PASSWORD = '<plain>' }"),
    ("travis.yml", "env:\n  global:\n    - SAUCE_ACCESS_KEY=<token>\n"),
    ("circle.yml", "environment:\n  AUTH_TOKEN: <token>\n"),
    ("file.yml", "- hosts: all\n  vars:\n    ansible_ssh_pass: <plain>\n    ansible_become_password: <simple>\n"),
    ("hosts", "[web]\n10.0.0.1 ansible_user=x ansible_ssh_pass=<plain>\n"),
    ("file.yml", '- mysql_user:\n    name: bob\n    password: "<plain>"\n'),
    ("file.yml", "- mysql_user: name=bob password=<plain> state=present\n"),
    (
        "file.tfstate",
        '{"resources":[{"instances":[{"attributes":{"password":"<plain>","username":"a","access_token":"<token>"}}]}]}',
    ),
    (
        "file.tfstate",
        '{\n "outputs": {\n  "db_password": {\n   "type": "string",\n   "value": "<plain>"\n  }\n }\n}',
    ),
    (
        "file.ipynb",
        '{"cells":[{"cell_type":"code","source":["api_key = \\"<token>\\"\\n","password=\'<plain>\'\\n"]}]}',
    ),
    ("file.ipynb", '{"cells":[{"source":["os.environ[\'API_TOKEN\'] = \'<token>\'"]}]}'),
    ("postman.json", '{"auth":{"type":"bearer","bearer":[{"key":"token","value":"<token>","type":"string"}]}}'),
    ("postman.json", '{"values":[{"key":"password","value":"<simple>","enabled":true}]}'),
    ("postman.json", '{"header":[{"key":"X-Api-Key","value":"<token>"}]}'),
    (
        "postman.json",
        '{"basic":[{"key":"password","value":"<simple>","type":"string"},{"key":"username","value":"x","type":"string"}]}',
    ),
    (".bash_history", "cd x\nexport API_KEY=<token>\nmysql -uroot -p<simple>\n"),
    (".zsh_history", ": 1600000000:0;curl -u a:<simple> https://x\n"),
    (".bash_history", "set DB_PASSWORD=<simple>\n"),
    ("file.ps1", '$password = "<simple>"\n$cred = ConvertTo-SecureString "<simple2>" -AsPlainText -Force'),
    ("file.ps1", "New-LocalUser -Name x -Password (ConvertTo-SecureString '<simple>' -AsPlainText -Force)"),
    ("file.bat", "set PASSWORD=<simple>\nnet use Z: \\\\s\\x /user:d\\u <simple2>"),
    ("file.cs", 'var c = new NetworkCredential("u", "<simple>");'),
    ("file.cs", '"ConnectionStrings": { "Db": "Server=x;User Id=sa;Password=<simple>;" }'),
    ("file.php", "define('DB_PASSWORD', '<plain>');"),
    ("file.php", "$db = new PDO('mysql:host=x', 'root', '<simple>');"),
    ("file.php", "'password' => env('DB_PASSWORD', '<simple>'),"),
    ("file.rb", 'config.secret_key_base = "<token>"'),
    ("file.rb", "password: '<plain>',"),
    ("file.kt", 'val apiKey = "<token>"'),
    ("file.swift", 'let apiSecret = "<token>"'),
    ("file.scala", 'val password = "<plain>"'),
    ("file.rs", 'let password: &str = "<plain>";'),
    ("file.java", '@Value("${db.password:{p}}")'),
    ("file.gradle", "storePassword \"<plain>\"\nkeyPassword '<simple>'"),
    ("file.lua", 'local password = "<plain>"'),
    ("file.pl", 'my $password = "<plain>";'),
    ("file.r", 'con <- dbConnect(drv, user="x", password="<plain>")'),
    ("file.r", 'api_key <- "<token>"'),
    ("file.clj", ':password "<plain>"'),
    ("file.clj", '{:db {:user "x" :password "<plain>"}}'),
    ("file.ex", 'config :app, secret_key_base: "<token>"'),
    ("file.erl", '{password, "<plain>"}.'),
    ("file.hs", 'password = "<plain>"'),
    ("file.vim", 'let g:api_token = "<token>"'),
    ("file.el", '(setq my-password "<plain>")'),
    ("file.el", '(setq api-key "<token>")'),
    ("file.dart", "final String apiKey = '<token>';"),
    ("file.m", 'NSString *apiSecret = @"<token>";'),
    ("file.cpp", 'const char* password = "<plain>";'),
    ("file.cpp", 'std::string token{"<token>"};'),
    ("file.h", '#define WIFI_PASSWORD "<plain>"'),
    ("file.md", "Log in with user `admin` and password `<simple>`."),
    ("file.md", "| admin | password: <simple> |"),
    ("file.netrc", "machine x login y password <plain>"),
    (".pgpass", "db:5432:app:user:<simple>"),
    (".npmrc", "//registry.x.io/:_authToken=<token>"),
    (".pypirc", "[pypi]\nusername = x\npassword = <plain>\n"),
    ("wpa.conf", 'network={\n ssid="x"\n psk="<simple>"\n}'),
    ("my.cnf", '[client]\npassword="<plain>"'),
    ("ldap.conf", "bindpw <simple>"),
    ("sssd.conf", "ldap_default_authtok = <simple>"),
    ("redis.conf", "requirepass <simple>"),
    ("file.toml", 'password = "<plain>"'),
    ("file.json", '{"password":"<plain>"}'),
    ("file.json", '{"users":[["admin","x"]],"passwd":"<simple>","pw":"<simple2>"}'),
    ("file.cfg", "snmp_community = <simple>"),
    ("file.txt", "pass: <simple>"),
    ("nginx.conf", 'proxy_set_header Authorization "Basic <basic>";'),
    ("haproxy.cfg", "user admin insecure-password <simple>"),
    ("file.cisco", "username admin password 0 <simple>"),
    ("file.cisco", "enable secret <simple>"),
    ("file.rsp", "curl --oauth2-bearer <token> https://x"),
    ("file.graphql", 'mutation { login(user:"x", password:"<simple>") }'),
    ("file.proto", 'password: "<simple>"'),
    ("file.jsx", '<Login password="<simple>" />'),
    ("file.vue", "data() { return { apiToken: '<token>' } }"),
    ("file.html", '<input type="hidden" name="api_token" value="<token>">'),
    ("file.py", 'smtp.login("ops@acme.io", "<simple>")'),
    ("file.py", "requests.get(url, auth=('svc', '<simple>'))"),
    ("file.py", "db = pymysql.connect('localhost', 'root', '<simple>', 'app')"),
    ("readme.md", "默认密码: <simple>"),
    ("config.ini", 'contraseña = "<simple>"'),
    ("hardhat.config.js", "accounts: ['0x<hex><hex2>']"),
    ("file.env", "REACT_APP_TOKEN=<token>"),
    ("creds.txt", "user = svc\npassword = open_<plain>"),
    ("file.go", 'if "<token>" != apiKey {'),
    ("db.conf", "db_password: x{<simple>(y"),
]


@pytest.mark.parametrize(("path", "shape"), _SHAPES)
def test_every_value_of_a_shape_is_found(scanner: Scanner, path: str, shape: str) -> None:
    wanted = {_value(slot) for slot in _SLOT.findall(shape)}
    text = _SLOT.sub(lambda match: _value(match[1]), shape)
    found = [finding.secret.reveal().decode() for finding in scanner.scan_bytes(text.encode(), path)]
    assert set() == {
        value for value in wanted if not any(value in secret or _decoded(value) == secret for secret in found)
    }


def _decoded(value: str) -> str:
    """What *value* holds in base64: where a rule decodes, that is the secret; otherwise *value* itself."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return value


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("file.java", "new PemParser(HEADER, FOOTER, PemPrivateKeyParser::createKeySpecForPkcs8, RSA)"),
        ("file.rb", "SecurePassword.register_algorithm :argon2, SecurePassword::Argon2Password"),
        ("guide.md", "bin/rails generate scaffold user email:uniq password:digest"),
        ("go.sum", "github.com/digitalocean/godo v1.2.0/go.mod h1:0123456789abcdefghijklmnopqrstuvwxyzABCDEF/="),
        ("file.java", 'properties.setPrivateKey("classpath:org/acme/ssl/key1.pem");'),
        ("file.py", "Requires sshpass version 1.06+, sshpass must support the -P option."),
        ("file.go", 'setBasicAuth("username", "wrong")'),
        ("file.php", "echo 'password = '.$p['daemon_password'];"),
        ("file.js", 'usernameLabel:"User:",passwordLabel:"Password:",rememberMeLabel:"Remember me"'),
        ("file.yml", "csrf-token=<token>"),
        ("file.yml", "keyVaultToStoreSecrets: cmp2-qat-1208358310"),
        ("file.c", "user = (char *) (p + 1);\npwd = (char *) (p + len);"),
        ("file.txt", "invalid password: invalidPassword = <simple>"),
        ("file.json", '"password": {"type": "string", "default": "string"}'),
        ("Dockerfile", "ENV DB_PASSWORD ${DB_PASSWORD}"),
        ("file.sh", 'echo "$TOKEN" | docker login -u ci --password-stdin'),
        ("redis.conf", "# requirepass foobared"),
    ],
)
def test_what_only_looks_like_a_shape_is_left_alone(scanner: Scanner, path: str, text: str) -> None:
    assert () == scanner.scan_bytes(_SLOT.sub(lambda match: _value(match[1]), text).encode(), path)
