"""HTTP sessions: one for each thread of each process, holding connections and nothing else.

A session that was inherited by fork shares its sockets with the parent, so that answers would go
astray; hence the look at the process id.
"""

from __future__ import annotations

import io
import os
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.exceptions import ChunkedEncodingError, ContentDecodingError, InvalidURL
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError

from django_amazon_sync.amazon.bounds import Bounds, current, within

_local = threading.local()
_stand_ins: dict[str, BaseAdapter] = {}


def stand_in(beginning: str, adapter: BaseAdapter) -> None:
    """Let an adapter answer each address that begins so, in every thread; for tests."""
    _stand_ins[beginning] = adapter


class _Session(requests.Session):
    def get_adapter(self, url: str) -> BaseAdapter:
        for beginning, adapter in _stand_ins.items():
            if url.startswith(beginning):
                return adapter
        return super().get_adapter(url)


_BYTES_PER_PIECE = 64 * 1024

#: What an answer may be packed by. We unpack it ourselves: what requests and urllib3 do with bombs,
#: and with what is packed twice, differs from version to version.
ENCODINGS = "gzip"
_GZIP_ONLY = 16 + zlib.MAX_WBITS


def session() -> requests.Session:
    """The session of this thread: no cookies, no .netrc, no retries of its own."""
    if getattr(_local, "pid", None) != os.getpid():
        _local.session, _local.pid = _new_session(), os.getpid()
    current: requests.Session = _local.session
    return current


@contextmanager
def exchange(
    request: requests.Request, timeout: tuple[float, float], bounds: Bounds
) -> Iterator[requests.Response]:
    """The answer within its bounds, its body still on the way; redirects are answers too.

    ``timeout`` is in seconds, to connect and for each silence. Raises RequestException, TooLate,
    Unavailable, and urllib3's HTTPError from the block.
    """
    http = session()
    with within(bounds):
        prepared = _prepared(http, request)
        if bounds.places is not None:
            bounds.places.check(prepared.url or "")
        settings = http.merge_environment_settings(prepared.url, {}, True, None, None)
        bounds.look()
        answer = http.send(prepared, timeout=timeout, allow_redirects=False, **settings)
        with answer:
            yield answer


def _prepared(http: requests.Session, request: requests.Request) -> requests.PreparedRequest:
    """The request as it will go. Raises RequestException, where requests may let others out."""
    try:
        return http.prepare_request(request)
    except requests.RequestException:
        raise
    except ValueError:  # such as a bracket that begins no address of IPv6
        raise InvalidURL("no web address") from None


def whole(answer: requests.Response, bounds: Bounds) -> bytes:
    """The body, unpacked. Raises RequestException, and Unavailable where it is too large."""
    packed = answer.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("identity", "gzip", ""):
        raise ContentDecodingError("packed by what was not asked for")
    inflate = zlib.decompressobj(_GZIP_ONLY) if packed == "gzip" else None
    body = bytearray()
    for piece in _pieces(answer):
        body += _inflated(inflate, piece, bounds.largest + 1 - len(body)) if inflate else piece
        bounds.hold(len(body))
    if inflate and not inflate.eof:
        raise ContentDecodingError("packed, and without an end")
    return bytes(body)


def _inflated(inflate: zlib._Decompress, piece: bytes, most: int) -> bytes:
    try:
        return inflate.decompress(piece, most)
    except zlib.error:
        raise ContentDecodingError("damaged") from None


def _pieces(answer: requests.Response) -> Iterator[bytes]:
    """The body as it is on the wire."""
    try:
        while piece := answer.raw.read(_BYTES_PER_PIECE, decode_content=False):
            yield piece
    except ReadTimeoutError as fault:
        raise requests.ReadTimeout(fault) from None
    except HTTPError as fault:
        raise ChunkedEncodingError(fault) from None


def _new_session() -> requests.Session:
    new = _Session()
    new.auth = _leave_alone
    new.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Retries belong to rows: a write that is silently sent twice could not be accounted for.
    for scheme in ("https://", "http://"):
        new.mount(scheme, _Adapter(max_retries=0))
    return new


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stands where requests would otherwise put an Authorization header from .netrc."""
    return request


# --- Bounds at the socket ------------------------------------------------------------------------


class _Reader(io.RawIOBase):
    """What comes from a socket, each piece within the bounds."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, bounds: Bounds) -> None:
        self._raw = raw
        self._sock = sock
        self._bounds = bounds
        self._silence = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._bounds.seconds_left()
        self._sock.settimeout(left if self._silence is None else min(left, self._silence))
        try:
            size = self._raw.readinto(buffer)
        except TimeoutError:
            self._bounds.seconds_left()
            raise
        self._bounds.came(size or 0)
        return size

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """An answer that is read within the bounds which its thread had when it began."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        bounds = current()
        if bounds is not None:
            self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, bounds))


if TYPE_CHECKING:
    _Base = HTTPConnection
else:
    _Base = object


class _Bounded(_Base):
    """A connection that looks at the time right before a request's first byte, and at each piece.

    Connecting counts: what was in time before it may be too late after it.
    """

    response_class = _Response

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        try:
            self._look_where(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def _look_where(self, sock: socket.socket) -> None:
        """Before anything is said, encrypted or not; a proxy is where the project wants it."""
        bounds = current()
        if bounds is not None and bounds.places is not None and self.proxy is None:
            bounds.places.check_peer(sock.getpeername()[0])

    def endheaders(self, *args: Any, **more: Any) -> None:
        bounds = current()
        if bounds is not None:
            if self.sock is None:
                self.connect()
            elif isinstance(self.sock, socket.socket):  # it was made for another exchange
                self._look_where(self.sock)
            bounds.look()
        super().endheaders(*args, **more)

    def send(self, data: Any) -> None:
        bounds, sock = current(), self.sock
        if bounds is None or sock is None:
            super().send(data)
            return
        silence = sock.gettimeout()
        rest = memoryview(data)
        while rest:
            left = bounds.seconds_left()
            sock.settimeout(left if silence is None else min(left, silence))
            piece, rest = rest[:_BYTES_PER_PIECE], rest[_BYTES_PER_PIECE:]
            super().send(piece)
            bounds.went(len(piece))
        sock.settimeout(silence)


class _Connection(_Bounded, HTTPConnection):
    pass


class _SecureConnection(_Bounded, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """Makes connections that keep to bounds, also through a proxy."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        _bind(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
        manager = super().proxy_manager_for(*args, **more)
        _bind(manager)
        return manager


def _bind(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
