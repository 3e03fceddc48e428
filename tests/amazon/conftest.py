"""A client whose answers the test dictates, byte for byte, over a real connection."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from django_amazon_sync.amazon.client import Answer, Client
from django_amazon_sync.amazon.limits import Limiter, MemoryBuckets
from django_amazon_sync.data import JsonObject

#: Parts of an order's document that name people.
PERSONAL: dict[str, Any] = {
    "buyer": {"buyerName": "Zebulon Quill", "buyerEmail": "zeb@buyers.example", "news": "Zeb 1"},
    "recipient": {
        "deliveryAddress": {
            "name": "Ottoline Quill", "addressLine1": "17 Gooseneck Mews", "postalCode": "QX9 7ZZ",
            "city": "Pelican", "countryCode": "GB", "phone": "+44 113 555",
            "extendedFields": {"streetName": "Gooseneck"},
        },
        "deliveryPreference": {"addressInstruction": "Ring for Ottoline", "dropOffLocation": "x"},
    },
    "tax": {
        "taxRegistrations": [
            {"entityType": "BUYER", "taxRegistrationNumber": "GBQUILL1", "legalName": "Quill Ltd",
             "taxRegistrationType": "VAT"},
            {"entityType": "MERCHANT", "taxRegistrationNumber": "DE123", "legalName": "Shop",
             "taxRegistrationType": "VAT"},
        ]
    },
    "orderAliases": [{"alias": "for Zebulon"}],
    "somethingNew": {"of": "Zebulon"},
}  # fmt: skip


@dataclass(slots=True)
class Reply:
    """One scripted answer; ``cut`` breaks the connection after so many bytes of the body.

    ``lengthless``: the body ends when the connection does.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    lengthless: bool = False

    @classmethod
    def of(cls, status: int, body: object, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, json.dumps(body).encode(), named)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedServer:
    """Gives its ``replies`` one after the other, the last one for ever."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.seen: list[Seen] = []
        handler = type("Handler", (_Handler,), {"script": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answers(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    script: ScriptedServer

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.script.seen.append(Seen(self.command, self.path, headers, body))
        reply = self.script.next_reply()
        self.send_response_only(reply.status)
        if "Date" not in reply.headers:
            self.send_header("Date", self.date_time_string())
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204 and not reply.lengthless:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body[: reply.cut])
        self.close_connection = self.close_connection or reply.cut is not None or reply.lengthless

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = _serve  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class Tokens:
    """A token source that counts its refreshes."""

    def __init__(self) -> None:
        self.current = "Atza|first"
        self.refreshed: list[str] = []

    def token(self, scope: str = "") -> str:
        return f"{self.current}{scope}"

    def refresh(self, rejected_token: str, scope: str = "") -> str:
        self.refreshed.append(rejected_token)
        self.current = "Atza|second"
        return self.token(scope)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()
    yield scripted
    scripted.stop()


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def make_client(server: ScriptedServer, tokens: Tokens) -> Callable[..., Client]:
    """A client of the scripted server; keyword arguments go before the usual ones."""

    def make(**changed: Any) -> Client:
        usual: dict[str, Any] = {
            "endpoint": server.endpoint,
            "region": "eu",
            "seller_id": "A1SELLER",
            "tokens": tokens,
            "limiter": Limiter(MemoryBuckets(), "A1SELLER"),
            "timeout": (1, 1),
        }
        return Client(**(usual | changed))

    return make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client()


def asked(server: ScriptedServer, number: int = -1) -> tuple[str, dict[str, str]]:
    """Path and query of one request; the query's values as they were written."""
    parts = urlsplit(server.seen[number].path)
    return parts.path, {name: value[0] for name, value in parse_qs(parts.query).items()}


def errors(code: str, message: str = "Amazon's words", details: str = "") -> JsonObject:
    """A refusal in Amazon's normal form."""
    return {"errors": [{"code": code, "message": message, "details": details}]}


def get(client: Client, operation: str = "getOrder", **more: Any) -> Answer:
    """One call; ``more`` is as ``Client.call`` takes it."""
    return client.call(operation, "GET", "/orders/2026-01-01/orders/1", **more)
