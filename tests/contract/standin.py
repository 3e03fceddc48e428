"""An Amazon that answers each operation with the example that Amazon itself publishes.

Built at run time from the folder of Amazon's Swagger models; it has no memory and no opinion. The
orders come in three pages: the Japanese one, then the American and the British one, then the
Brazilian one. ``bad_answers`` are given before the good ones, one to each request:

    with StandIn(models) as amazon:
        amazon.bad_answers = ["503-html", "good", "half"]

Its rate header allows a thousand calls a second, so that nobody waits for a bucket. The times of a
search bound the answer's ``lastUpdatedBefore`` and nothing else, as the published orders are all
of Christmas 2024.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from django_amazon_sync.data import Json, JsonObject
from tests.node import Node

# Every operation that the gateway calls, by the model that has it.
OPERATIONS = {
    "sellers": ["getMarketplaceParticipations"],
    "listingsItems_2021-08-01": [
        "searchListingsItems",
        "getListingsItem",
        "patchListingsItem",
        "putListingsItem",
    ],
    "listingsRestrictions_2021-08-01": ["getListingsRestrictions"],
    "definitionsProductTypes_2020-09-01": [
        "searchDefinitionsProductTypes",
        "getDefinitionsProductType",
    ],
    "catalogItems_2022-04-01": ["searchCatalogItems", "getCatalogItem"],
    "orders_2026-01-01": ["searchOrders", "getOrder"],
    "ordersV0": ["confirmShipment"],
    "feeds_2021-06-30": [
        "createFeedDocument",
        "createFeed",
        "getFeed",
        "getFeeds",
        "cancelFeed",
        "getFeedDocument",
    ],
    "reports_2021-06-30": ["createReport", "getReport", "getReportDocument"],
    "fbaInventory": ["getInventorySummaries"],
}

DOCUMENT = b"item-name\tseller-sku\n"
# Amazon publishes no example of it.
STOCK: JsonObject = {
    "payload": {
        "granularity": {"granularityType": "Marketplace", "granularityId": "ATVPDKIKX0DER"},
        "inventorySummaries": [
            {
                "asin": "B07N4M94X4",
                "sellerSku": "GM-ZDPI-9B4E",
                "inventoryDetails": {"fulfillableQuantity": 4},
            }
        ],
    }
}

# What an Amazon in trouble answers; each must become a typed error.
BAD_ANSWERS = [
    "500",
    "503-html",
    "400-html",
    "404-html",
    "429",
    "empty",
    "half",
    "string",
    "null",
    "without-content",
    "dropped",
    "redirect",
]

ACCESS_TOKEN = "Atza|of-the-stand-in"


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, decoded: the arguments in its path, its query and its body."""

    operation: str
    method: str
    arguments: tuple[str, ...]
    query: dict[str, str]
    body: Json
    answer: str


@dataclass(slots=True)
class _Operation:
    """One operation of a model: where it is found, and Amazon's example of its success."""

    name: str
    method: str
    pattern: re.Pattern[str]
    status: int
    example: Json

    def arguments(self, path: str) -> tuple[str, ...]:
        found = self.pattern.fullmatch(path)
        return tuple(map(unquote, found.groups())) if found else ()


@dataclass(slots=True)
class _Reply:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class StandIn:
    """The server; ``endpoint`` and ``lwa_endpoint`` are what settings want.

    ``requests`` is what it was asked so far, and ``orders`` the published orders as they come.
    """

    def __init__(self, models: Path) -> None:
        self.bad_answers: list[str] = []
        self.requests: list[Seen] = []
        self.operations = [
            operation for name in OPERATIONS for operation in _operations(models, name)
        ]
        self.order_pages = _order_pages(models)
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"standin": self})
        self._server = _Server(("127.0.0.1", 0), handler)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def lwa_endpoint(self) -> str:
        return f"{self.endpoint}/auth/o2/token"

    @property
    def orders(self) -> list[JsonObject]:
        return [order for page in self.order_pages for order in page]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, url: str, token: str, body: bytes) -> tuple[str, _Reply]:
        """The kind of answer (good, or one of BAD_ANSWERS) and the answer."""
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        if parts.path == "/auth/o2/token":
            return "good", _json({"access_token": ACCESS_TOKEN, "expires_in": 3600})
        if parts.path == "/document":
            return "good", _Reply(200, DOCUMENT, "text/plain; charset=Cp1252")
        operation = self._operation(method, parts.path)
        if token != ACCESS_TOKEN or operation is None:
            return "good", _error(403, "Unauthorized", "Access to requested resource is denied.")
        with self._lock:
            kind = self.bad_answers.pop(0) if self.bad_answers else "good"
            payload = json.loads(body) if body else None
            arguments = operation.arguments(parts.path)
            seen = Seen(operation.name, method, arguments, query, payload, kind)
            self.requests.append(seen)
        return kind, _bad(kind) if kind not in ("good", "half") else self._good(operation, seen)

    def _operation(self, method: str, path: str) -> _Operation | None:
        for operation in self.operations:
            if operation.method == method and operation.pattern.fullmatch(path):
                return operation
        return None

    def _good(self, operation: _Operation, seen: Seen) -> _Reply:
        if operation.name == "searchOrders":
            return self._search_orders(seen.query)
        if operation.name == "getOrder":
            found = [order for order in self.orders if order["orderId"] == seen.arguments[0]]
            return _json({"order": found[0]}) if found else _error(404, "NotFound", "Not found.")
        if operation.status == 204:
            return _Reply(204)
        if operation.example is None:
            return _Reply(operation.status)
        assert isinstance(operation.example, dict)
        example = dict(operation.example)
        if {"pageToken", "nextToken"} & set(seen.query):
            # The published examples have a next page for ever.
            example.pop("pagination", None)
            example.pop("nextToken", None)
        if operation.name in ("getFeedDocument", "getReportDocument"):
            example["url"] = f"{self.endpoint}/document"
        return _json(example, operation.status)

    def _search_orders(self, query: dict[str, str]) -> _Reply:
        """One page; its token is good for the same other parameters only, as Amazon's is."""
        given = {name: value for name, value in query.items() if name != "paginationToken"}
        page, _, parameters = query.get("paginationToken", "").partition(":")
        number = int(page or 0)
        if number and parameters != str(sorted(given.items())):
            return _error(400, "InvalidInput", "The token belongs to other parameters.")
        bound = "createdBefore" if "createdAfter" in query else "lastUpdatedBefore"
        two_minutes_ago = datetime.now(UTC) - timedelta(minutes=2)
        body: JsonObject = {
            "orders": [*self.order_pages[number]],
            bound: query.get(bound, f"{two_minutes_ago:%Y-%m-%dT%H:%M:%SZ}"),
        }
        if number + 1 < len(self.order_pages):
            body["pagination"] = {"nextToken": f"{number + 1}:{sorted(given.items())}"}
        return _json(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, lets the stand-in answer, and writes it well or badly."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    standin: StandIn

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        token = self.headers.get("x-amz-access-token", "")
        kind, reply = self.standin.answer(self.command, self.path, token, self.rfile.read(length))
        if kind == "dropped":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(reply.status)
        self.send_header("x-amzn-RequestId", "stand-in-request")
        if reply.status in (200, 204, 400, 404):
            self.send_header("x-amzn-RateLimit-Limit", "1000.0")
        if reply.status != 204:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if kind == "half":
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self.close_connection = True
        elif self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_HEAD = do_POST = _serve  # noqa: N815 - the base class's names
    do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def _json(body: object, status: int = 200) -> _Reply:
    return _Reply(status, json.dumps(body).encode())


def _error(status: int, code: str, message: str) -> _Reply:
    return _json({"errors": [{"code": code, "message": message, "details": ""}]}, status)


def _bad(kind: str) -> _Reply:
    page = b"<html><body><h1>Service Unavailable</h1></body></html>"
    match kind:
        case "500":
            return _error(500, "InternalFailure", "We encountered an internal error.")
        case "429":
            return _error(429, "QuotaExceeded", "You exceeded your quota.")
        case "503-html" | "400-html" | "404-html":
            return _Reply(int(kind[:3]), page, "text/html")
        case "string":
            return _Reply(200, b'"orders"')
        case "null":
            return _Reply(200, b"null")
        case "without-content":
            return _Reply(200, b"{}")
        case "redirect":
            return _Reply(302, page, "text/html", {"Location": "/elsewhere"})
        case "empty" | "dropped":
            return _Reply(200)
    raise ValueError(f"{kind} is no bad answer.")


@cache
def _model(models: Path, name: str) -> Node:
    return Node.read((models / f"{name}.json").read_bytes())


def _operations(models: Path, name: str) -> list[_Operation]:
    found = []
    for path, methods in _model(models, name)["paths"].items():
        for method, operation in methods.items():
            if operation.get("operationId") in OPERATIONS[name]:
                status, success = next(
                    (int(code), answer)
                    for code, answer in operation["responses"].items()
                    if code < "300"
                )
                found.append(
                    _Operation(
                        operation["operationId"].text,
                        method.upper(),
                        re.compile(re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(path))),
                        status,
                        STOCK if name == "fbaInventory" else _examples(success)[0].value,
                    )
                )
    return found


def _examples(success: Node) -> list[Node]:
    """The published answers of one operation: those of Amazon's sandbox first."""
    sandbox = success.get("x-amzn-api-sandbox").get("static")
    published = success.get("examples")
    return [
        *(example.get("response") for example in (sandbox if sandbox else ())),
        *(example for _kind, example in (published.items() if published else ())),
    ]


def _order_pages(models: Path) -> list[list[JsonObject]]:
    paths = _model(models, "orders_2026-01-01")["paths"]
    search, get = (
        _examples(paths[path]["get"]["responses"]["200"])
        for path in ("/orders/2026-01-01/orders", "/orders/2026-01-01/orders/{orderId}")
    )
    japan, america = ([order.fields for order in example["orders"]] for example in search)
    brazil, britain = (example["order"].fields for example in get)
    return [japan, [*america, britain], [brazil]]
