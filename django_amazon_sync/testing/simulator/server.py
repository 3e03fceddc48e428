"""The HTTP side: one thread per connection, keep-alive, routes, faults, rate header."""

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote

from .answers import Json

OUTAGE_PAGE = (
    b"<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>"
)


@dataclass
class Reply:
    """What goes back: status, headers and body, and what shall go wrong on the way.

    ``cut``: send the length of the whole body but only half of it, then close.
    ``pause``: real seconds to wait in the middle of the body. ``drop``: send nothing, close.
    """

    status: int
    body: bytes
    headers: dict[str, str]
    cut: bool = False
    pause: float = 0.0
    drop: bool = False

    @property
    def phrase(self) -> str:
        """What a status line says after the number."""
        return BaseHTTPRequestHandler.responses.get(self.status, ("",))[0]

    @property
    def head(self) -> Json:
        """The headers as they go out; nothing has a length but a body."""
        length = {} if self.status == 204 else {"Content-Length": str(len(self.body))}
        return {**self.headers, **length}


@dataclass(frozen=True)
class Incoming:
    """One HTTP request; ``segments`` are the decoded parts of the path."""

    method: str
    path: str
    segments: list[str]
    query: dict[str, list[str]]
    headers: Any
    raw_body: bytes

    @classmethod
    def read(cls, method: str, target: str, headers: Any, raw_body: bytes) -> "Incoming":
        """A request by its target: path and query as they stand in the request's first line."""
        path, _, query = target.partition("?")
        return cls(
            method=method,
            path=path,
            segments=[unquote(part) for part in path.strip("/").split("/")],
            query=parse_qs(query, keep_blank_values=True),
            headers=headers,
            raw_body=raw_body,
        )

    def json(self) -> Any:
        """The body as JSON, None if it is empty. Raises ValueError, for NaN and Infinity too."""
        return json.loads(self.raw_body, parse_constant=_refuse) if self.raw_body else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


Respond = Callable[[Incoming], Reply]


class Serving(Protocol):
    """What has an address until it is stopped."""

    endpoint: str

    def stop(self) -> None: ...


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # the caller went away, or the simulator is stopping

    def answer(self) -> None:
        incoming = Incoming.read(self.command, self.path, self.headers, self._body())
        self._send(self.server.respond(incoming))

    def _body(self) -> bytes:
        """The body; one in chunks is read to its end and left out, as the store refuses it."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        while size := int(self.rfile.readline().split(b";")[0], 16):
            self.rfile.read(size + 2)
        self.rfile.readline()
        return b""

    do_GET = do_POST = do_PUT = answer
    do_PATCH = do_DELETE = answer

    def _send(self, reply: Reply) -> None:
        if reply.drop:
            self.close_connection = True
            return
        lines = [f"HTTP/1.1 {reply.status} {reply.phrase}"]
        lines += [f"{name}: {value}" for name, value in reply.head.items()]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        half = len(reply.body) // 2
        if reply.cut:
            self.wfile.write(head + reply.body[:half])
            self.close_connection = True
        elif reply.pause:
            self.wfile.write(head + reply.body[:half])
            time.sleep(reply.pause)
            self.wfile.write(reply.body[half:])
        else:
            self.wfile.write(head + reply.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: ``Simulator.requests`` is the log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, respond: Respond) -> None:
        self.respond = respond
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        """Bind without looking up the host's name, which may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]


class HttpServer:
    """Serves a ``respond`` function on localhost until it is stopped."""

    def __init__(self, port: int, respond: Respond) -> None:
        self._server = _Server(port, respond)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="simulated-amazon", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Accept nothing more and cut the open connections."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._server.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it was closed already
        self._thread.join()


def json_reply(status: int, body: Any, headers: dict[str, str], now: Any) -> Reply:
    """A reply with a JSON body, or with none for ``body`` None."""
    content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode(errors="replace")
    common: Json = {"Date": format_datetime(now, usegmt=True)}
    if body is not None:
        common["Content-Type"] = "application/json"
    return Reply(status, content, {**common, **headers})
