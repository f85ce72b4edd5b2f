# SPDX-License-Identifier: Apache-2.0
"""An FTP server (pyftpdlib) with one user: PORT PASSWORD CERTIFICATE KEY [tls]."""

from __future__ import annotations

import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer


def main() -> None:
    """Serve until killed."""
    port, password, certificate, key = int(sys.argv[1]), *sys.argv[2:5]
    users = DummyAuthorizer()
    users.add_user("app", password, ".", perm="elr")
    handler = TLS_FTPHandler if "tls" in sys.argv[5:] else FTPHandler
    handler.authorizer = users
    handler.auth_failed_timeout = 0
    if handler is TLS_FTPHandler:
        handler.certfile, handler.keyfile = certificate, key
        handler.tls_control_required = True
    FTPServer(("127.0.0.1", port), handler).serve_forever()


main()
