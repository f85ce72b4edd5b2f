# SPDX-License-Identifier: Apache-2.0
"""Message brokers: RabbitMQ and Mosquitto."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.services.certificates import make_certificates
from tests.services.daemon import folder, free_port, own, program, running
from tests.services.databases import Service, password


@contextlib.contextmanager
def rabbitmq() -> Iterator[Service]:
    """
    RabbitMQ. Users: `app` with rights on `/` and `shop`, `poor` with rights on none, `empty` without any password that
    it takes. TLS on the first port, none on the plain one.
    """
    script = program("rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmq-server")
    names = program("epmd")
    chosen = {name: password() for name in ("app", "poor", "empty")}
    with folder("rabbitmq") as home:
        port, plain, epmd, distribution = (free_port() for _ in range(4))
        certificates = make_certificates(home)
        (home / "definitions.json").write_text(json.dumps(_definitions(chosen)))
        settings = {
            "listeners.tcp.1": f"127.0.0.1:{plain}",
            "listeners.ssl.1": f"127.0.0.1:{port}",
            "ssl_options.certfile": certificates.certificate,
            "ssl_options.keyfile": certificates.key,
            "ssl_options.cacertfile": certificates.authority,
            "ssl_options.verify": "verify_none",
            "ssl_options.fail_if_no_peer_cert": "false",
            "load_definitions": home / "definitions.json",
            "loopback_users": "none",
        }
        (home / "rabbitmq.conf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (home / "plugins").write_text("[].\n")
        environment = {
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"test{plain}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOG_BASE": str(home / "logs"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(home / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        epmd_home = home / "epmd"
        epmd_home.mkdir()
        finder = [names, "-port", str(epmd), "-address", "127.0.0.1"]
        with (
            running(finder, port=epmd, home=epmd_home),
            running([script], port=plain, home=home, environment=environment, patience_s=60),
        ):
            yield Service(port, chosen, certificates, plain)


def _definitions(chosen: dict[str, str]) -> dict[str, object]:
    users = [
        {"name": name, "password_hash": "" if name == "empty" else _hash(word), "tags": ""}
        for name, word in chosen.items()
    ]
    rights = {"configure": "", "write": "", "read": ".*"}
    return {
        "users": users,
        "vhosts": [{"name": "/"}, {"name": "shop"}],
        "permissions": [{"user": "app", "vhost": name, **rights} for name in ("/", "shop")],
    }


def _hash(word: str) -> str:
    """RabbitMQ's SHA-256 with a salt of four bytes ("Credentials and Passwords")."""
    salt = os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + word.encode()).digest()).decode()


@contextlib.contextmanager
def mosquitto(*, takes_all: bool = False) -> Iterator[Service]:
    """Mosquitto with the user `app`, or one that takes anybody. TLS on the first port, none on the plain one."""
    server = program("mosquitto", "/usr/sbin/mosquitto")
    chosen = {"app": password()}
    with folder("mosquitto") as home:
        port, plain, certificates = free_port(), free_port(), make_certificates(home)
        listeners = [f"listener {plain} 127.0.0.1"]
        listeners += [
            f"listener {port} 127.0.0.1",
            f"certfile {certificates.certificate}",
            f"keyfile {certificates.key}",
        ]
        rights = ["allow_anonymous true"]
        if not takes_all:
            rights = ["allow_anonymous false", f"password_file {home}/users"]
            _mosquitto_users(home, chosen)
        for path in (certificates.certificate, certificates.key):
            own(path, "mosquitto")
        (home / "conf").write_text("\n".join([*rights, *listeners, "persistence false", ""]))
        with running([server, "-c", str(home / "conf")], port=plain, home=home):
            yield Service(port, chosen, certificates, plain)


def _mosquitto_users(home: Path, chosen: dict[str, str]) -> None:
    users = home / "users"
    users.write_text("".join(f"{name}:{word}\n" for name, word in chosen.items()))
    subprocess.run([program("mosquitto_passwd"), "-U", str(users)], check=True, capture_output=True)
    own(users, "mosquitto")
