# SPDX-License-Identifier: Apache-2.0
"""Registries of packages and images: Debian's docker-registry, Verdaccio."""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import bcrypt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.services.certificates import Certificates, make_certificates
from tests.services.daemon import folder, free_port, program, running
from tests.services.databases import Service, password
from tests.services.node import node_command


@contextlib.contextmanager
def docker_registry(*, token_server: str = "") -> Iterator[Service]:
    """docker-registry with TLS and the user `app` in an htpasswd file; or one that takes tokens of *token_server*."""
    server = program("docker-registry")
    with folder("registry") as home:
        port, certificates = free_port(), make_certificates(home)
        chosen = {"app": password()}
        auth: dict[str, object] = {"htpasswd": {"realm": "tests", "path": str(home / "users")}}
        if token_server:
            authority = Path(token_server.partition("#")[2])
            realm = {"realm": token_server.partition("#")[0], "service": "registry", "issuer": "tests"}
            auth = {"token": {**realm, "rootcertbundle": str(authority)}}
        digest = bcrypt.hashpw(chosen["app"].encode(), bcrypt.gensalt(4)).decode()
        (home / "users").write_text(f"app:{digest}\n")
        tls = {"certificate": str(certificates.certificate), "key": str(certificates.key)}
        settings = {
            "version": 0.1,
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(home / "data")}},
            "http": {"addr": f"127.0.0.1:{port}", "secret": password(), "tls": tls},
            "auth": auth,
        }
        # JSON is YAML.
        (home / "conf.yml").write_text(json.dumps(settings))
        with running([server, "serve", str(home / "conf.yml")], port=port, home=home):
            yield Service(port, chosen, certificates)


@contextlib.contextmanager
def verdaccio() -> Iterator[tuple[Service, str]]:
    """Verdaccio with TLS and the user `app`; the service and a token of that user."""
    server = node_command("verdaccio", "bin/verdaccio")
    with folder("verdaccio") as home:
        port, certificates = free_port(), make_certificates(home)
        chosen = {"app": password()}
        settings = {
            "storage": str(home / "storage"),
            "auth": {"htpasswd": {"file": str(home / "users"), "algorithm": "bcrypt", "rounds": 4}},
            "packages": {"**": {"access": "$authenticated"}},
            "https": {
                "key": str(certificates.key),
                "cert": str(certificates.certificate),
                "ca": str(certificates.authority),
            },
            "log": {"type": "stdout", "level": "error"},
        }
        (home / "conf.yaml").write_text(json.dumps(settings))
        command = [*server, "--config", str(home / "conf.yaml"), "--listen", f"https://127.0.0.1:{port}"]
        with running(command, port=port, home=home):
            service = Service(port, chosen, certificates)
            yield service, _new_user(service)


def _new_user(service: Service) -> str:
    """Register `app`; the token that `npm login` would store."""
    body = json.dumps({"name": "app", "password": service.passwords["app"]}).encode()
    url = f"https://localhost:{service.port}/-/user/org.couchdb.user:app"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="PUT")
    context = ssl.create_default_context(cafile=str(service.certificates.authority))
    with urllib.request.urlopen(request, context=context, timeout=20) as answer:
        token = json.load(answer)["token"]
    assert isinstance(token, str)
    return token


@contextlib.contextmanager
def token_server(certificates: Certificates, word: str) -> Iterator[int]:
    """A token server for `docker_registry` with the user `app`, whose tokens are signed with the certificate's key."""
    key = serialization.load_pem_private_key(certificates.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signer = key
    chain = [_der(path) for path in (certificates.certificate, certificates.authority)]
    expected = "Basic " + base64.b64encode(f"app:{word}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_right = self.headers.get("Authorization") == expected
            error = {"errors": [{"code": "UNAUTHORIZED", "message": "incorrect username or password"}]}
            body = json.dumps({"token": _token(signer, chain)} if is_right else error).encode()
            self.send_response(200 if is_right else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _token(key: ec.EllipticCurvePrivateKey, chain: list[str]) -> str:
    """A JWT as the registry wants it: ES256 with the chain of certificates, nothing granted."""
    now = int(time.time())
    head = {"typ": "JWT", "alg": "ES256", "x5c": chain}
    claims = {"iss": "tests", "sub": "app", "aud": "registry", "exp": now + 60, "nbf": now - 60, "iat": now}
    signed = b".".join(_base64url(json.dumps(part).encode()) for part in (head, {**claims, "access": []}))
    left, right = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    signature = left.to_bytes(32, "big") + right.to_bytes(32, "big")
    return (signed + b"." + _base64url(signature)).decode()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _der(path: Path) -> str:
    return "".join(path.read_text().splitlines()[1:-1])
