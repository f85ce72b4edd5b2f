# SPDX-License-Identifier: Apache-2.0
"""
Owns requests and urllib3: one exchange of a request and its answer with a checked address. Imported when first sending.

The adapter's connections know nothing but the addresses of the exchange that their thread is in; outside of one they
refuse to connect. They keep the name for SNI, the certificate and the Host header. A requests `Session` is not used: it
would follow, or read without bound, what a redirect says, and take proxies and passwords from the environment.
"""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from secrethunt.errors import ConfigError
from secrethunt.online.body import ACCEPTED, read_body
from secrethunt.online.contract import Answer, Request
from secrethunt.online.options import OnlineOptions
from secrethunt.online.repeat import Lost
from secrethunt.online.targets import Target
from secrethunt.online.watchdog import Watch, Watchdog

_LOGGERS: Final = (
    "connection",
    "connectionpool",
    "poolmanager",
    "response",
    "util.retry",
    "util.ssl_",
    "http2.connection",
)
_POOLS: Final = 128
_CERTIFICATE: Final = {
    10: "the certificate has expired",
    9: "the certificate is not valid yet",
    18: "the certificate is signed by itself",
    19: "the certificate's authority is not trusted",
    20: "the certificate's authority is not trusted",
    21: "the certificate's authority is not trusted",
    62: "the certificate is for another name",
    64: "the certificate is for another address",
}
"""X509_V_ERR_… codes of OpenSSL, verify(1)."""


@dataclass(slots=True)
class _Exchange:
    """What the connections of one thread may do now, and how far they got."""

    addresses: Mapping[tuple[str, int], tuple[str, ...]]
    """Checked addresses by the host and port that urllib3 asks for."""
    watch: Watch
    sending: Callable[[], None]
    was_sent: bool = False
    tls_error: ssl.SSLError | None = None
    socket_error: OSError | None = field(default=None)


class _Scope(threading.local):
    exchange: _Exchange | None = None


_scope: Final = _Scope()


class _Silence(logging.Filter):
    """Drops what urllib3 says during an exchange: its lines hold paths and queries, and so credentials."""

    def filter(self, record: logging.LogRecord) -> bool:
        return _scope.exchange is None


_silence: Final = _Silence()
for _name in _LOGGERS:
    logging.getLogger(f"urllib3.{_name}").addFilter(_silence)


def _connect(connection: HTTPConnection) -> socket.socket:
    """A connection to the first checked address that takes one."""
    exchange = _scope.exchange
    addresses = exchange.addresses.get((connection.host, connection.port or 0), ()) if exchange else ()
    error: OSError = OSError("no checked address")
    for address in addresses:
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            assert exchange is not None
            made.settimeout(min(connection.timeout or 0.001, exchange.watch.left_s))
            exchange.watch.attach(made)
            made.connect((address, connection.port))
        except OSError as failure:
            made.close()
            error = failure
        else:
            return made
    if exchange is not None:
        exchange.socket_error = error
    if isinstance(error, TimeoutError):
        raise ConnectTimeoutError(connection, "timed out")
    raise NewConnectionError(connection, "no connection")


class _PlainConnection(HTTPConnection):
    debuglevel = 0

    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _send(self)
        super().request(*args, **kwargs)


class _TlsConnection(HTTPSConnection):
    debuglevel = 0

    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def connect(self) -> None:
        try:
            super().connect()
        except ssl.SSLError as error:
            if _scope.exchange is not None:
                _scope.exchange.tls_error = error
            raise

    def request(self, *args: Any, **kwargs: Any) -> None:
        _send(self)
        super().request(*args, **kwargs)


def _send(connection: HTTPConnection) -> None:
    """Note that *connection* is about to send; one that was kept alive gets the new exchange's time limit."""
    exchange = _scope.exchange
    assert exchange is not None
    if connection.sock is None:
        connection.connect()
    else:
        # With TLS inside of a proxy's TLS it is a wrapper around the socket.
        exchange.watch.attach(getattr(connection.sock, "socket", connection.sock))
    exchange.sending()
    exchange.was_sent = True


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    """Pools of such connections, all with one strict TLS context."""

    def __init__(self, context: ssl.SSLContext, per_host: int) -> None:
        self._context = context
        super().__init__(pool_connections=_POOLS, pool_maxsize=per_host)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **pool_kwargs)
        self._pin(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        manager = super().proxy_manager_for(
            proxy, ssl_context=self._context, proxy_ssl_context=self._context, **proxy_kwargs
        )
        self._pin(manager)
        return manager

    def _pin(self, manager: urllib3.PoolManager) -> None:
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def build_connection_pool_key_attributes(self, request: PreparedRequest, verify: Any, cert: Any = None) -> Any:
        place, _ = super().build_connection_pool_key_attributes(request, True, None)
        return place, {}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The context has the authorities; requests would put its own in place of them."""

    def build_response(self, req: PreparedRequest, resp: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = resp.status
        response.raw = resp
        return response


class Transport:
    """Sends to checked addresses. Safe for threads."""

    def __init__(self, options: OnlineOptions) -> None:
        """
        Raises:
            ConfigError: The file of authorities cannot be read.
        """
        self._bounds = options.bounds
        self._proxy = options.proxy
        self._watchdog = Watchdog()
        self._adapter = _Adapter(_tls_context(options.ca_file), options.pace.per_host)

    def exchange(
        self,
        request: Request,
        target: Target,
        headers: Mapping[str, str],
        addresses: Mapping[tuple[str, int], tuple[str, ...]],
        *,
        is_proxied: bool = False,
        sending: Callable[[], None],
    ) -> Answer:
        """
        Send *request* to *target* and read what comes back.

        Args:
            request: Its method and body.
            target: Where to.
            headers: All of the request's header fields but those that belong to the connection.
            addresses: Checked addresses of the host and port that is connected to.
            is_proxied: That is the user's proxy.
            sending: Called when there is a connection and the request goes out.

        Raises:
            Lost: No answer, or one beyond the bounds.
        """
        began = time.monotonic()
        with self._watchdog.watch(self._bounds.total_s) as watch:
            exchange = _scope.exchange = _Exchange(addresses, watch, sending)
            reason: Lost | None = None
            try:
                answer = self._attempt(_prepare(request, target, headers), is_proxied)
            except Lost as lost:
                reason = lost
            except (requests.RequestException, HTTPError, http.client.HTTPException, OSError, ValueError):
                reason = _explain(exchange)
            finally:
                _scope.exchange = None
        if watch.is_over:
            # Even where it looks complete: a connection that is shut down looks like one that was closed in good order.
            reason = Lost(f"no complete answer within {self._bounds.total_s:g} s", was_sent=exchange.was_sent)
        # Raised out here, so that no library's error, which may hold the URL, hangs on to it.
        if reason is not None:
            raise reason.with_traceback(None) from None
        status, fields, body = answer
        return Answer(status, fields, body, time.monotonic() - began)

    def cancel(self) -> None:
        """End what is under way."""
        self._watchdog.stop()

    def close(self) -> None:
        """Close the connections."""
        self._watchdog.stop()
        self._adapter.close()

    def _attempt(self, prepared: PreparedRequest, is_proxied: bool) -> tuple[int, dict[str, str], bytes]:
        proxies = {"http": self._proxy, "https": self._proxy} if is_proxied else None
        timeout = (self._bounds.connect_s, self._bounds.read_s)
        response = self._adapter.send(prepared, stream=True, timeout=timeout, proxies=proxies)
        raw = response.raw
        is_whole = False
        try:
            fields = _fields(raw.headers, self._bounds.max_headers)
            body = read_body(
                lambda size: raw.read(size, decode_content=False),
                fields.get("content-encoding", ""),
                self._bounds.max_body,
            )
            is_whole = True
        finally:
            if not is_whole:
                with suppress(OSError, HTTPError):
                    raw.close()
            raw.release_conn()
        return response.status_code, fields, body


def _prepare(request: Request, target: Target, headers: Mapping[str, str]) -> PreparedRequest:
    """Ready to send as it is: requests' own preparation would change URLs, and with them signatures."""
    prepared = PreparedRequest()
    prepared.method = request.method
    prepared.url = target.url
    prepared.body = request.body or None
    prepared.headers = CaseInsensitiveDict({"Accept-Encoding": ACCEPTED, **headers})
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        prepared.headers["Content-Length"] = str(len(request.body))
    return prepared


def _fields(headers: Any, limit: int) -> dict[str, str]:
    fields: dict[str, str] = {}
    size = 0
    for name, value in headers.iteritems():
        size += len(name) + len(value)
        if size > limit:
            raise Lost(f"the answer's header is larger than {limit} bytes", is_hosts=False)
        key = name.lower()
        fields[key] = f"{fields[key]}, {value}" if key in fields else value
    return fields


def _explain(exchange: _Exchange) -> Lost:
    """What went wrong, in words that cannot hold a credential: no library's message is taken over."""
    if exchange.tls_error is not None:
        return Lost(f"TLS: {_tls_reason(exchange.tls_error)}", was_sent=False)
    error = exchange.socket_error
    if isinstance(error, TimeoutError):
        return Lost("no connection in time", was_sent=False, is_final=False)
    if isinstance(error, ConnectionRefusedError):
        return Lost("the connection was refused", was_sent=False, is_final=False)
    if error is not None or not exchange.was_sent:
        return Lost("no connection", was_sent=False, is_final=False)
    return Lost("the connection broke, or fell silent, before the answer was complete", is_final=False)


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE.get(
            error.verify_code, f"the certificate is not accepted (OpenSSL's code {error.verify_code})"
        )
    return "the handshake failed"


def _tls_context(ca_file: str) -> ssl.SSLContext:
    """Made by hand: what the libraries make looks for key logs and authorities in the environment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.load_verify_locations(certifi.where())
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError):
            raise ConfigError(f"no certificates could be read from {ca_file!r}", hint="Give a PEM file") from None
    return context
