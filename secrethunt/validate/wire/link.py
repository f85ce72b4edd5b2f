# SPDX-License-Identifier: Apache-2.0
"""
Owns the one connection of a login: to the checked address, bounded in bytes and in time whatever the server does.

Libraries are given this socket, so none of them resolves a name or connects by itself. The time of the whole exchange
is bounded by cutting the connection from beside it: a server that sends a byte now and then resets every other timeout.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

from secrethunt.online.contract import Address, NoAnswer, Session
from secrethunt.validate.wire.target import Target

CONNECT_S = 5.0
EXCHANGE_S = 10.0
"""For everything after the connection stands: TLS, login, the read, and leaving."""
MOST_BYTES = 1 << 20
"""More than any of these logins answers."""


class TooMuch(OSError):
    """The server sent more than a login may answer."""


class Untrusted(NoAnswer):
    """No known authority signed the server's certificate, or it is another host's."""


class _Meter:
    """Counts what one socket received."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_BYTES

    def count(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise TooMuch("the server sent too much")


class _Plain(socket.socket):
    """A socket whose reads are counted."""

    meter: _Meter

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        data = super().recv(min(bufsize, MOST_BYTES), flags)
        self.meter.count(len(data))
        return data

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        size = super().recv_into(buffer, nbytes, flags)
        self.meter.count(size)
        return size


class _Tls(ssl.SSLSocket):
    """The same through TLS."""

    meter: _Meter | None = None

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        got = super().read(min(len, MOST_BYTES) if buffer is None else len, buffer)
        if self.meter is None:
            self.meter = _Meter()
        self.meter.count(got if isinstance(got, int) else got.__len__())
        return got


class Link:
    """An open connection. Reads either give all that was asked for or raise."""

    def __init__(self, sock: socket.socket, address: Address, authorities: str) -> None:
        self.sock = sock
        self.address = address
        self._authorities = authorities
        self.is_tls = False
        self._kept = b""

    @property
    def is_near(self) -> bool:
        """The address is private or this machine's own: a password in clear crosses no public network."""
        return not ipaddress.ip_address(self.address.ip.partition("%")[0]).is_global

    def start_tls(self, *, is_trusting: bool = False) -> None:
        """Go on in TLS; the name asked for is that of the certificate."""
        if self._kept:
            raise NoAnswer("the server spoke before TLS began")
        context = self.tls_context(is_trusting=is_trusting)
        self.sock = context.wrap_socket(self.sock, server_hostname=self.address.host)
        self.is_tls = True

    def tls_context(self, *, is_trusting: bool = False) -> ssl.SSLContext:
        """TLS as clients speak it; where it *is_trusting*, any certificate will do, as database drivers have it."""
        context = ssl.create_default_context()
        if self._authorities:
            context.load_verify_locations(self._authorities)
        if is_trusting:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        context.sslsocket_class = _Tls
        return context

    def send(self, data: bytes) -> None:
        """All of *data*."""
        self.sock.sendall(data)

    def read(self, size: int) -> bytes:
        """Exactly *size* bytes."""
        if size > MOST_BYTES:
            raise TooMuch("the server announced too much")
        while len(self._kept) < size:
            self._fill()
        data, self._kept = self._kept[:size], self._kept[size:]
        return data

    def read_line(self) -> bytes:
        """Up to the next line feed, without the line's end."""
        while b"\n" not in self._kept:
            if len(self._kept) > 65536:
                raise TooMuch("the server sent a line without end")
            self._fill()
        line, _, self._kept = self._kept.partition(b"\n")
        return line.removesuffix(b"\r")

    def _fill(self) -> None:
        data = self.sock.recv(16384)
        if not data:
            raise EOFError
        self._kept += data


@contextlib.contextmanager
def opened(session: Session, target: Target, *, is_tls: bool = False, is_trusting: bool = False) -> Iterator[Link]:
    """
    A connection to *target* for one login; closed at the end, and cut when its time is over.

    Raises:
        NoAnswer: The host may not be asked, does not answer, breaks off or takes too long, here or in the block.
    """
    address = session.reach(target.host, target.port, target.origin)
    with _judged_errors():
        sock = _connect(address)
        twin = sock.dup()
        cut = threading.Timer(EXCHANGE_S, _shut, (twin,))
        cut.daemon = True
        cut.start()
        # Authorities are the client's matter alone, so that contract of a session does not speak of them.
        link = Link(sock, address, getattr(session, "ca_file", ""))
        try:
            if is_tls:
                link.start_tls(is_trusting=is_trusting)
            yield link
        finally:
            cut.cancel()
            cut.join()
            twin.close()
            link.sock.close()


@contextlib.contextmanager
def _judged_errors() -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as err:
        raise Untrusted(f"the server's certificate is not trusted: {err.verify_message}") from err
    except ssl.SSLError as err:
        raise NoAnswer("TLS failed") from err
    except TimeoutError as err:
        raise NoAnswer("timed out") from err
    except TooMuch as err:
        raise NoAnswer(str(err)) from err
    except ConnectionRefusedError as err:
        raise NoAnswer("connection refused") from err
    except (EOFError, ConnectionError) as err:
        raise NoAnswer("the server broke the connection off") from err
    except OSError as err:
        raise NoAnswer("the host cannot be reached") from err


def _connect(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.ip else socket.AF_INET
    sock = _Plain(family, socket.SOCK_STREAM)
    sock.meter = _Meter()
    try:
        sock.settimeout(CONNECT_S)
        sock.connect((address.ip, address.port))
        sock.settimeout(EXCHANGE_S)
    except OSError:
        sock.close()
        raise
    return sock


def _shut(twin: socket.socket) -> None:
    with contextlib.suppress(OSError):
        twin.shutdown(socket.SHUT_RDWR)
