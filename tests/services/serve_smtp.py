# SPDX-License-Identifier: Apache-2.0
"""A submission server (aiosmtpd) with one user: PORT PASSWORD CERTIFICATE KEY [tls]."""

from __future__ import annotations

import hmac
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


def main() -> None:
    """Serve until killed."""
    port, password, certificate, key = int(sys.argv[1]), *sys.argv[2:5]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        is_right = data.login == b"app" and hmac.compare_digest(data.password, password.encode())
        return AuthResult(success=is_right, handled=False)

    controller = Controller(
        Sink(),
        hostname="127.0.0.1",
        port=port,
        authenticator=authenticate,
        auth_require_tls="tls" in sys.argv[5:],
        tls_context=context if "tls" in sys.argv[5:] else None,
    )
    controller.start()
    threading.Event().wait()


main()
