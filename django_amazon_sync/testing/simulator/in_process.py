"""A simulator without HTTP: an adapter of ``requests`` that hands over what a session sends.

What comes back is what the wire would have brought: the same status, headers and bytes, and the
errors of requests and urllib3 where the connection dies, half a body comes, or it comes too late.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping
from http.client import RemoteDisconnected
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError
from urllib3.response import HTTPResponse

from django_amazon_sync import clock
from django_amazon_sync.amazon import sessions
from django_amazon_sync.amazon.bounds import Bounds, current

from .server import Incoming, Reply, Respond

_BEGINNING = "http://simulated-amazon-"
_serving: dict[str, InProcess] = {}


class InProcess:
    """Answers what this process sends to ``endpoint``, until it is stopped."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.pid = os.getpid()
        # The first free one, so that what runs twice has the same addresses twice.
        hosts = (f"{_BEGINNING}{number}.invalid" for number in count(1))
        self.endpoint = next(host for host in hosts if host not in _serving)
        _serving[self.endpoint] = self

    def stop(self) -> None:
        """Answer nothing more."""
        _serving.pop(self.endpoint, None)


class _Adapter(BaseAdapter):
    """Stands where a session has its connections."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """The simulator's answer, its body unread. Raises requests.ConnectionError."""
        address = urlsplit(str(request.url))
        simulator = _serving.get(f"{address.scheme}://{address.netloc}")
        if simulator is None:
            raise _refused(request, str(address.hostname))
        if simulator.pid != os.getpid():
            raise RuntimeError("This simulator answers only the process that started it.")
        bounds, body = current(), _body_of(request)
        if bounds is not None:
            bounds.look()
            bounds.went(len(body))
        incoming = Incoming.read(str(request.method), request.path_url, request.headers, body)
        reply = simulator.respond(incoming)
        if reply.drop:
            gone = RemoteDisconnected("Remote end closed connection without response")
            raise requests.ConnectionError(
                ProtocolError("Connection aborted.", gone), request=request
            )
        answer = HTTPResponse(
            body=_Body(reply, timeout[1] if isinstance(timeout, tuple) else timeout, bounds),
            headers=reply.head,
            status=reply.status,
            reason=reply.phrase,
            version=11,
            preload_content=False,
            decode_content=False,
            request_method=request.method,
        )
        return _builder.build_response(request, answer)

    def close(self) -> None:
        """Nothing is open."""


_builder = HTTPAdapter()
sessions.stand_in(_BEGINNING, _Adapter())


def _refused(request: requests.PreparedRequest, host: str) -> requests.ConnectionError:
    """What a caller meets where nobody listens."""
    reason = NewConnectionError(HTTPConnection(host), "No simulator serves there.")
    fault = MaxRetryError(HTTPConnectionPool(host), str(request.url), reason)
    return requests.ConnectionError(fault, request=request)


def _body_of(request: requests.PreparedRequest) -> bytes:
    """The body; one in chunks is read to its end and left out, as the HTTP server does."""
    body: Any = request.body
    if body is None or isinstance(body, bytes):
        return body or b""
    if isinstance(body, str):
        return body.encode("latin-1")
    whole = body.read() if hasattr(body, "read") else b"".join(body)
    return b"" if "Transfer-Encoding" in request.headers else bytes(whole)


class _Body(io.BytesIO):
    """A body on its way; the second half may be missing, or come later."""

    def __init__(self, reply: Reply, silence: float | None, bounds: Bounds | None) -> None:
        half = len(reply.body) // 2
        super().__init__(reply.body[:half] if reply.cut else reply.body)
        self._half, self._pause = half, reply.pause
        self._silence, self._bounds = silence, bounds

    def read(self, size: int | None = -1) -> bytes:
        whole = size is None or size < 0
        if self._pause and (whole or self.tell() + (size or 0) > self._half):
            self._wait()
        piece = super().read(size)
        if self._bounds is not None:
            self._bounds.seconds_left()
            self._bounds.came(len(piece))
        return piece

    def _wait(self) -> None:
        """Raises TimeoutError where the silence is too long, Unavailable where all the time is."""
        pause, self._pause = self._pause, 0.0
        patience = math.inf if self._silence is None else self._silence
        if self._bounds is not None:
            patience = min(patience, self._bounds.seconds_left())
        clock.sleep(min(pause, patience))
        if pause > patience:
            if self._bounds is not None:
                self._bounds.seconds_left()
            raise TimeoutError("timed out")
