# SPDX-License-Identifier: Apache-2.0
"""An SSH server (paramiko) with one user and a password: PORT PASSWORD. OpenSSH takes those of system users alone."""

from __future__ import annotations

import hmac
import socket
import sys
import threading

import paramiko


class _Users(paramiko.ServerInterface):  # type: ignore[misc]  # paramiko has no types
    def __init__(self, password: str) -> None:
        self._password = password

    def get_allowed_auths(self, username: str) -> str:
        return "publickey" if username == "keys" else "password"

    def check_auth_password(self, username: str, password: str) -> int:
        is_right = hmac.compare_digest(password.encode(), self._password.encode())
        if username == "second":
            return int(paramiko.AUTH_PARTIALLY_SUCCESSFUL if is_right else paramiko.AUTH_FAILED)
        return int(paramiko.AUTH_SUCCESSFUL if is_right and username == "app" else paramiko.AUTH_FAILED)


def main() -> None:
    """Serve until killed."""
    key = paramiko.ECDSAKey.generate()
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_serve, args=(connection, key), daemon=True).start()


def _serve(connection: socket.socket, key: paramiko.PKey) -> None:
    transport = paramiko.Transport(connection)
    transport.add_server_key(key)
    try:
        transport.start_server(server=_Users(sys.argv[2]))
        transport.join(30)
    except (paramiko.SSHException, EOFError):
        pass
    finally:
        transport.close()


main()
