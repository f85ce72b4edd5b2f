# SPDX-License-Identifier: Apache-2.0
"""Servers with logins of their own: OpenSSH, an SSH server with passwords, Dovecot, submission, FTP."""

from __future__ import annotations

import contextlib
import getpass
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.services.certificates import make_certificates
from tests.services.daemon import folder, free_port, own, program, running
from tests.services.databases import Service, password


@contextlib.contextmanager
def sshd(public_key: str) -> Iterator[tuple[int, str]]:
    """OpenSSH that lets the user of this process in with one key; its port and the user."""
    server = program("sshd", "/usr/sbin/sshd")
    keygen = program("ssh-keygen")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with folder("sshd") as home:
        port = free_port()
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", home / "host"], check=True)
        (home / getpass.getuser()).write_text(public_key + "\n")
        (home / "conf").write_text(
            f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {home}/host\nAuthorizedKeysFile {home}/%u\n"
            f"PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nMaxStartups 50\n"
        )
        with running([server, "-D", "-e", "-f", str(home / "conf")], port=port, home=home):
            yield port, getpass.getuser()


@contextlib.contextmanager
def dovecot(*, requires_tls: bool = False) -> Iterator[tuple[Service, Service]]:
    """Dovecot for IMAP and POP3 (two services). Users: `app`, `disabled`. TLS on first ports and by STARTTLS."""
    server = program("dovecot", "/usr/sbin/dovecot")
    if os.geteuid() != 0:
        import pytest

        pytest.skip("dovecot runs as several users: needs root")
    chosen = {name: password() for name in ("app", "disabled")}
    with folder("dovecot") as home:
        ports = [free_port() for _ in range(4)]
        certificates = make_certificates(home)
        flags = {"disabled": "nologin=y reason=gone"}
        lines = [f"{name}:{{PLAIN}}{word}::::::{flags.get(name, '')}" for name, word in chosen.items()]
        (home / "users").write_text("\n".join([*lines, ""]))
        (home / "conf").write_text(
            _DOVECOT.format(
                home=home,
                ssl="required" if requires_tls else "yes",
                certificate=certificates.certificate,
                key=certificates.key,
                imap=ports[0],
                imaps=ports[1],
                pop3=ports[2],
                pop3s=ports[3],
            )
        )
        (home / "mail").mkdir()
        own(home / "mail", "dovecot")
        with running([server, "-F", "-c", str(home / "conf")], port=ports[3], home=home):
            yield (
                Service(ports[1], chosen, certificates, ports[0]),
                Service(ports[3], chosen, certificates, ports[2]),
            )


_DOVECOT = """\
base_dir = {home}/run
log_path = /dev/stderr
protocols = imap pop3
listen = 127.0.0.1
ssl = {ssl}
ssl_cert = <{certificate}
ssl_key = <{key}
auth_failure_delay = 0
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = {home}/users
}}
userdb {{
  driver = static
  args = uid=dovecot gid=dovecot home={home}/mail/%u
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
"""


@contextlib.contextmanager
def script(name: str, *, starttls: bool = True) -> Iterator[Service]:
    """One of the small servers of this package (`tests/services/serve_NAME.py`) with the user `app`."""
    chosen = {"app": password()}
    here = Path(__file__).resolve().parent
    with folder(name) as home:
        port, certificates = free_port(), make_certificates(home)
        arguments = [str(port), chosen["app"], str(certificates.certificate), str(certificates.key)]
        command = [sys.executable, "-W", "ignore", str(here / f"serve_{name}.py"), *arguments]
        with running([*command, *(["tls"] if starttls else [])], port=port, home=home):
            yield Service(port, chosen, certificates, port)
