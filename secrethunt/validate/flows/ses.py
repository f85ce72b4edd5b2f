# SPDX-License-Identifier: Apache-2.0
"""
SMTP passwords of Amazon SES: log in over TLS, send nothing, leave.

The host is one of Amazon's by its shape, whoever wrote it; a password is for one region, so that it must be known.
Reference: https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl

from secrethunt.online.contract import Address, HostOrigin, NoAnswer, Session
from secrethunt.validate.contract import Credential, Evidence, Outcome, State
from secrethunt.validate.flows.exchange import needed

_HOST = re.compile(r"email-smtp\.[a-z0-9-]{4,30}\.amazonaws\.com")
_PORT = 465
_TIMEOUT_S = 15.0
_LABEL = "SMTPS email-smtp.{{region}}.amazonaws.com:465"


class _Smtp(smtplib.SMTP):
    """Speaks over a connection to an address that was checked before."""

    def __init__(self, address: Address, context: ssl.SSLContext) -> None:
        self._link = (address, context)
        super().__init__(address.host, address.port, timeout=_TIMEOUT_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        address, context = self._link
        plain = socket.create_connection((address.ip, address.port), timeout)
        try:
            return context.wrap_socket(plain, server_hostname=address.host)
        except BaseException:
            plain.close()
            raise


def smtp_password(credential: Credential, session: Session) -> Outcome:
    """Whether SES lets it in."""
    return log_in(credential, session, ssl.create_default_context())


def log_in(credential: Credential, session: Session, context: ssl.SSLContext) -> Outcome:
    """
    As `smtp_password`, trusting whom *context* trusts.

    Raises:
        NoAnswer: SES could not be asked.
    """
    user, host = needed(credential, "user"), needed(credential, "host").lower()
    if not _HOST.fullmatch(host):
        raise NoAnswer("the part host is none of SES")
    address = session.reach(host, _PORT, HostOrigin.RULE)
    try:
        with _Smtp(address, context) as link:
            link.ehlo_or_helo_if_needed()
            if not link.has_extn("auth"):
                raise NoAnswer("the server takes no logins")
            link.login(user, credential.secret.reveal().decode("ascii"), initial_response_ok=True)
            evidence = (Evidence(_LABEL, 235, "AUTH 235"),)
            return Outcome(State.ACTIVE, "SES lets it in", evidence, (("account", user),))
    except smtplib.SMTPAuthenticationError as err:
        code = err.smtp_code
        said = err.smtp_error if isinstance(err.smtp_error, bytes) else str(err.smtp_error).encode()
        if code == 535 and b"Authentication Credentials Invalid" in said:
            return Outcome(State.INACTIVE, "SES rejects it", (Evidence(_LABEL, code, "AUTH 535"),))
        return Outcome(State.UNKNOWN, f"{code} without SES's own words", (Evidence(_LABEL, code),))
    except (smtplib.SMTPException, OSError, UnicodeError) as err:
        raise NoAnswer(f"SMTP failed ({type(err).__name__})") from err
