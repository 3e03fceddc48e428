"""From an HTTP request to the answer of an operation: route, token, plan, fault, log.

The order is that of the real front: an outage page before anything else, then the token,
then the quota, then the operation. Refusals carry the rate header only as 400 or 404.
"""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import catalog, listings, orders, product_types, restrictions, sellers, shipments
from .answers import Answer, Json, Refused, Request, forbidden, invalid
from .auth import TokenRefused, authorised_seller, give_token
from .faults import WITHOUT_EFFECT, Fault, Faults
from .plans import PLANS, Buckets
from .server import OUTAGE_PAGE, Incoming, Reply, json_reply
from .world import Seller, World

REGIONS = ("na", "eu", "fe")
TOKEN_PATH = ["auth", "o2", "token"]
UNLIMITED_RATE = 1000.0
LOG_LENGTH = 10_000
BARE_LIST_OF_ERRORS = frozenset({"getListingsRestrictions"})
"""The operations whose model has the list of errors without ``{"errors": ...}`` round it."""

Operation = Callable[[World, Request], Answer]
ROUTES: tuple[tuple[str, str, str, Operation], ...] = (
    (
        "GET",
        "sellers/v1/marketplaceParticipations",
        "getMarketplaceParticipations",
        sellers.get_marketplace_participations,
    ),
    ("GET", "listings/2021-08-01/items/*/*", "getListingsItem", listings.get_listings_item),
    ("PUT", "listings/2021-08-01/items/*/*", "putListingsItem", listings.put_listings_item),
    ("PATCH", "listings/2021-08-01/items/*/*", "patchListingsItem", listings.patch_listings_item),
    (
        "DELETE",
        "listings/2021-08-01/items/*/*",
        "deleteListingsItem",
        listings.delete_listings_item,
    ),
    ("GET", "listings/2021-08-01/items/*", "searchListingsItems", listings.search_listings_items),
    (
        "GET",
        "listings/2021-08-01/restrictions",
        "getListingsRestrictions",
        restrictions.get_listings_restrictions,
    ),
    ("GET", "catalog/2022-04-01/items", "searchCatalogItems", catalog.search_catalog_items),
    ("GET", "catalog/2022-04-01/items/*", "getCatalogItem", catalog.get_catalog_item),
    (
        "GET",
        "definitions/2020-09-01/productTypes",
        "searchDefinitionsProductTypes",
        product_types.search_definitions_product_types,
    ),
    (
        "GET",
        "definitions/2020-09-01/productTypes/*",
        "getDefinitionsProductType",
        product_types.get_definitions_product_type,
    ),
    ("GET", "orders/2026-01-01/orders", "searchOrders", orders.search_orders),
    ("GET", "orders/2026-01-01/orders/*", "getOrder", orders.get_order),
    (
        "POST",
        "orders/v0/orders/*/shipmentConfirmation",
        "confirmShipment",
        shipments.confirm_shipment,
    ),
)
_ROUTES = [(method, template.split("/"), name, run) for method, template, name, run in ROUTES]


@dataclass(frozen=True)
class RequestSeen:
    """One request in the log. ``response`` is what was meant to be answered, as JSON;
    ``fault`` the kind of the fault that came between, or ""; ``at`` simulated seconds."""

    operation: str
    seller_id: str
    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    status: int
    at: float
    response: Any = None
    fault: str = ""


class Gate:
    """The front of the simulated Amazon."""

    def __init__(self, world: World, catch_up: Callable[[], None], *, rate_limits: bool) -> None:
        self._world = world
        self._catch_up = catch_up
        self._rate_limits = rate_limits
        self._buckets = Buckets()
        self.faults = Faults(world.seed)
        self.log: deque[RequestSeen] = deque(maxlen=LOG_LENGTH)
        self.base_url = ""

    def respond(self, incoming: Incoming) -> Reply:
        """Answer any request but those of the control."""
        segments, region = incoming.segments, ""
        if segments[0] in REGIONS:
            region, segments = segments[0], segments[1:]
        if segments == TOKEN_PATH and incoming.method == "POST":
            return self._struck("token", incoming, self._token)
        if segments[0] == "schemas":
            return self._schema("/".join(segments[1:]))
        route = _route(incoming.method, segments)
        if route is None:
            return self._refusal("", forbidden())
        name, arguments, run = route

        def operate(incoming: Incoming) -> Reply:
            return self._operate(incoming, name, arguments, run, region)

        return self._struck(name, incoming, operate)

    def _struck(
        self, operation: str, incoming: Incoming, act: Callable[[Incoming], Reply]
    ) -> Reply:
        """Act, unless a fault strikes first; or spoil the answer, if one strikes afterwards."""
        fault = self.faults.strike(operation)
        if fault is None:
            return act(incoming)
        if fault.kind in WITHOUT_EFFECT:
            reply = self._broken(operation, fault)
            self._remember(operation, "", incoming, reply, fault.kind)
            return reply
        reply = act(incoming)
        self.log[-1] = RequestSeen(**{**vars(self.log[-1]), "fault": fault.kind})
        if fault.kind == "empty":
            reply.status, reply.body = 200, b""
        elif fault.kind == "string":
            reply.status, reply.body = 200, b'"OK"'
        elif fault.kind == "500_after":
            return self._broken(operation, fault)
        reply.cut = fault.kind == "half"
        reply.drop = fault.kind == "drop_after"
        reply.pause = fault.seconds if fault.kind == "slow" else 0.0
        return reply

    def _broken(self, operation: str, fault: Fault) -> Reply:
        """The reply of a fault by itself."""
        if fault.kind == "503":
            reply = self._reply(503, None, {"Content-Type": "text/html"})
            reply.body = OUTAGE_PAGE
            return reply
        if fault.kind == "drop_before":
            return Reply(0, b"", {}, drop=True)
        refusals = {
            "400": Refused(400, "InvalidInput", "Invalid Input", fault.details),
            "403": forbidden(fault.details),
            "429": _quota_exceeded(),
            "500": Refused(
                500, "InternalFailure", "We encountered an internal error.", fault.details
            ),
        }
        return self._refusal(operation, refusals[fault.kind.removesuffix("_after")])

    def _token(self, incoming: Incoming) -> Reply:
        with self._world.lock:
            self._catch_up()
            try:
                reply = self._reply(200, give_token(self._world, incoming.raw_body).body, {})
            except TokenRefused as refused:
                reply = self._reply(refused.status, refused.body, {})
            self._remember("token", "", incoming, reply, secret=True)
            return reply

    def _schema(self, path: str) -> Reply:
        document = product_types.served_schema(path)
        if document is None:
            return self._refusal("", Refused(404, "NotFound", "There is no such schema."))
        reply = self._reply(200, document, {})
        reply.body = product_types.schema_bytes(document)
        return reply

    def _operate(
        self, incoming: Incoming, name: str, arguments: list[str], run: Operation, region: str
    ) -> Reply:
        """One operation under the lock: its effects are all there or none."""
        with self._world.lock:
            self._catch_up()
            seller_id = ""
            try:
                seller = authorised_seller(self._world, incoming.headers)
                seller_id = seller.seller_id
                answer = run(self._world, self._admit(incoming, name, arguments, seller, region))
                self._world.changes += incoming.method != "GET"
                reply = self._reply(answer.status, answer.body, self._rate_header(name))
            except Refused as refused:
                reply = self._refusal(name, refused)
            self._remember(name, seller_id, incoming, reply)
            return reply

    def _admit(
        self, incoming: Incoming, name: str, arguments: list[str], seller: Seller, region: str
    ) -> Request:
        """Check what is the same for all operations; raises Refused."""
        now = self._world.now()
        if self._rate_limits and not self._buckets.take(
            name, seller.seller_id, seller.client_id, now
        ):
            raise _quota_exceeded()
        if region and region != seller.region:
            raise forbidden(
                f"The marketplaces of this seller are not valid for region {region.upper()}."
            )
        if name.endswith(("ListingsItem", "ListingsItems")) and arguments[0] != seller.seller_id:
            raise forbidden()
        if incoming.method == "GET" and incoming.raw_body:
            raise invalid("A GET request must not have a body.")
        try:
            body = incoming.json()
        except ValueError:
            raise invalid("The request body is not JSON.") from None
        return Request(
            name, seller, arguments, incoming.query, body, self.base_url, region=region, now=now
        )

    def _rate_header(self, operation: str) -> dict[str, str]:
        rate = PLANS[operation].rate * self._world.clock.time_scale
        shown = rate if self._rate_limits else UNLIMITED_RATE
        return {"x-amzn-RateLimit-Limit": str(round(float(shown), 10))}

    def _refusal(self, operation: str, refused: Refused) -> Reply:
        rate = (
            self._rate_header(operation)
            if operation in PLANS and refused.status in (400, 404)
            else {}
        )
        body: Any = {"errors": [refused.error]}
        if operation in BARE_LIST_OF_ERRORS:
            body = body["errors"]
        return self._reply(refused.status, body, rate)

    def _reply(self, status: int, body: Any, headers: dict[str, str]) -> Reply:
        with self._world.lock:
            request_id = self._world.unique("request")[:32]
        return json_reply(
            status, body, {"x-amzn-RequestId": request_id, **headers}, self._world.clock.now()
        )

    def _remember(
        self,
        operation: str,
        seller_id: str,
        incoming: Incoming,
        reply: Reply,
        fault: str = "",
        *,
        secret: bool = False,
    ) -> None:
        """Log a request; what Login with Amazon sees and says stays out of the log."""
        self.log.append(
            RequestSeen(
                operation=operation,
                seller_id=seller_id,
                method=incoming.method,
                path=incoming.path,
                query=incoming.query,
                body=None if secret else _readable(incoming.raw_body),
                status=reply.status,
                at=self._world.clock.timestamp(),
                response=None if secret or fault else _readable(reply.body),
                fault=fault,
            )
        )


def _route(method: str, segments: list[str]) -> tuple[str, list[str], Operation] | None:
    """Operation, path arguments and function for a path, None if there is none."""
    for route_method, template, name, run in _ROUTES:
        if route_method == method and len(template) == len(segments):
            pairs = list(zip(template, segments, strict=True))
            if all(part in ("*", segment) for part, segment in pairs):
                return name, [segment for part, segment in pairs if part == "*"], run
    return None


def _quota_exceeded() -> Refused:
    return Refused(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")


def _readable(raw: bytes) -> Json | list[Any] | str | None:
    """A body as JSON if it is, else as text; None if there is none."""
    if not raw:
        return None
    try:
        document: Json | list[Any] = json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")
    return document
