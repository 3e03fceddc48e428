"""A small server of one document, for what is fetched from others than Amazon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Served:
    """What the server answers now, and how often it was asked."""

    url: str = ""
    body: bytes = b""
    status: int = 200
    asked: int = 0


@contextmanager
def served(body: bytes) -> Iterator[Served]:
    """Serve this document on localhost; what is answered may be changed at any time."""
    document = Served(body=body)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document.asked += 1
            self.send_response(document.status)
            self.send_header("Content-Length", str(len(document.body)))
            self.end_headers()
            self.wfile.write(document.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    document.url = f"http://127.0.0.1:{server.server_port}/eurofxref-daily.xml"
    try:
        yield document
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
