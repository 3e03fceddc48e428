"""From an HTTP request to its answer: fault, token, plan, operation, log.

The order is that of the real front: an outage before anything else, then the token, then the
quota, then the operation. Refusals carry the rate header only as 400 or 404.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from . import documents, product_types
from .answers import Refused, Request, forbidden, invalid
from .auth import CONSENT_PATH, TokenRefused, authorised_seller, consent, give_token, seller_id_of
from .faults import WITHOUT_EFFECT, Fault, Faults
from .log import RequestSeen, new_log, readable
from .plans import PLANS, Buckets
from .routes import Route, find_route
from .server import OUTAGE_PAGE, Incoming, Reply, json_reply
from .world import Seller, World

REGIONS = ("na", "eu", "fe")
LOGIN = "token"
STORE = (documents.UPLOAD, documents.DOWNLOAD)
TOKEN_PATH = ["auth", "o2", "token"]
UNLIMITED_RATE = 1000.0
BARE_LIST_OF_ERRORS = frozenset({"getListingsRestrictions"})
"""The operations whose model has the list of errors without ``{"errors": ...}`` round it."""


@dataclass
class _Call:
    """One request on its way; without a route it is for Login with Amazon or the store."""

    incoming: Incoming
    region: str
    operation: str
    route: Route | None = None
    arguments: list[str] = field(default_factory=list)
    seller_id: str = ""
    fault: Fault | None = None


class Gate:
    """The front of the simulated Amazon."""

    def __init__(self, world: World, catch_up: Callable[[], None], *, rate_limits: bool) -> None:
        self._world = world
        self._catch_up = catch_up
        self._rate_limits = rate_limits
        self._buckets = Buckets()
        self.faults = Faults(world.seed)
        self.log = new_log()
        self.base_url = ""

    def respond(self, incoming: Incoming) -> Reply:
        """Answer any request but those of the control."""
        segments, region = incoming.segments, ""
        if segments[0] in REGIONS:
            region, segments = segments[0], segments[1:]
        if segments[:1] == ["schemas"]:
            return self._schema("/".join(segments[1:]))
        if segments == CONSENT_PATH:
            with self._world.lock:
                return consent(self._world, incoming)
        if segments == TOKEN_PATH and incoming.method == "POST":
            return self._answer(_Call(incoming, region, LOGIN))
        if segments[:1] == [documents.PATH]:
            operation = documents.UPLOAD if incoming.method == "PUT" else documents.DOWNLOAD
            return self._answer(_Call(incoming, region, operation))
        found = find_route(incoming.method, segments)
        if found is None:
            return self._refusal("", forbidden())
        route, arguments = found
        return self._answer(_Call(incoming, region, route.operation, route, arguments))

    def _answer(self, call: _Call) -> Reply:
        """One call under the lock: its effects are all there or none."""
        with self._world.lock:
            self._catch_up()
            owner_of = documents.owner_of if call.operation in STORE else seller_id_of
            call.seller_id = owner_of(self._world, call.incoming)
            fault = call.fault = self.faults.strike(
                call.operation, call.seller_id, _said(call.incoming)
            )
            if fault and fault.kind in WITHOUT_EFFECT:
                reply = self._broken(call.operation, fault)
            elif call.operation in STORE:
                reply = documents.serve(self._world, call.incoming)
            elif call.route is None:
                reply = self._token(call.incoming)
            else:
                reply = self._operate(call, call.route)
            self._remember(call, reply)
            return self._spoiled(call.operation, reply, fault) if fault else reply

    def _token(self, incoming: Incoming) -> Reply:
        try:
            return self._reply(200, give_token(self._world, incoming.raw_body), {})
        except TokenRefused as refused:
            return self._reply(refused.status, refused.body, {})

    def _operate(self, call: _Call, route: Route) -> Reply:
        try:
            seller = authorised_seller(self._world, call.incoming.headers)
            answer = route.run(self._world, self._admit(call, route, seller))
        except Refused as refused:
            return self._refusal(route.operation, refused)
        self._world.changes += call.incoming.method != "GET"
        return self._reply(answer.status, answer.body, self._rate_header(route.operation))

    def _admit(self, call: _Call, route: Route, seller: Seller) -> Request:
        """Check what is the same for all operations; raises Refused."""
        name, region, incoming = route.operation, call.region, call.incoming
        now = self._world.now()
        pair = (seller.seller_id, seller.client_id)
        if self._rate_limits and not self._buckets.take(name, *pair, now):
            raise _quota_exceeded()
        if region and region != seller.region:
            text = f"The marketplaces of this seller are not valid for region {region.upper()}."
            raise forbidden(text)
        if "listings" in route.path and call.arguments[:1] not in ([], [seller.seller_id]):
            raise forbidden()
        if incoming.method == "GET" and incoming.raw_body:
            raise invalid("A GET request must not have a body.")
        try:
            body = incoming.json()
        except ValueError:
            raise invalid("The request body is not JSON.") from None
        return Request(
            operation=name,
            seller=seller,
            path=call.arguments,
            query=incoming.query,
            body=body,
            base_url=self.base_url,
            region=region,
            now=now,
        )

    # -- replies

    def _schema(self, path: str) -> Reply:
        document = product_types.served_schema(path)
        if document is None:
            return self._refusal("", Refused(404, "NotFound", "There is no such schema."))
        reply = self._reply(200, document, {})
        reply.body = product_types.schema_bytes(document)
        return reply

    def _spoiled(self, operation: str, reply: Reply, fault: Fault) -> Reply:
        """A reply with what goes wrong after the effect."""
        if fault.kind == "500_after":
            return self._broken(operation, fault)
        if fault.kind in ("empty", "string"):
            reply.status, reply.body = 200, b'"OK"' if fault.kind == "string" else b""
        reply.cut = fault.kind == "half"
        reply.drop = reply.drop or fault.kind == "drop_after"
        reply.pause = fault.seconds if fault.kind == "slow" else 0.0
        return reply

    def _broken(self, operation: str, fault: Fault) -> Reply:
        """The reply of a fault by itself."""
        if fault.kind == "drop_before":
            return Reply(0, b"", {}, drop=True)
        if fault.kind == "503":
            reply = self._reply(503, None, {"Content-Type": "text/html"})
            reply.body = OUTAGE_PAGE
            return reply
        refused = {
            "400": invalid("Invalid Input", fault.details),
            "403": forbidden(fault.details),
            "429": _quota_exceeded(),
        }.get(fault.kind, Refused(500, "InternalFailure", "An internal error.", fault.details))
        if operation in STORE:
            return documents.refusal(refused.status, **_code_and_message(refused))
        if operation == LOGIN:
            body = {"error": "server_error", "error_description": refused.error["message"]}
            return self._reply(refused.status, body, {})
        return self._refusal(operation, refused)

    def _refusal(self, operation: str, refused: Refused) -> Reply:
        shows_rate = operation in PLANS and refused.status in (400, 404)
        errors = [refused.error]
        body = errors if operation in BARE_LIST_OF_ERRORS else {"errors": errors}
        return self._reply(refused.status, body, self._rate_header(operation) if shows_rate else {})

    def _rate_header(self, operation: str) -> dict[str, str]:
        rate = PLANS[operation].rate * self._world.clock.time_scale
        shown = rate if self._rate_limits else UNLIMITED_RATE
        return {"x-amzn-RateLimit-Limit": str(round(float(shown), 10))}

    def _reply(self, status: int, body: Any, headers: dict[str, str]) -> Reply:
        with self._world.lock:
            request_id = self._world.unique("request")[:32]
        named = {"x-amzn-RequestId": request_id, **headers}
        return json_reply(status, body, named, self._world.clock.now())

    def _remember(self, call: _Call, reply: Reply) -> None:
        """Log a call; what Login with Amazon sees and says, and documents, stay out of the log."""
        open_ = call.route is not None
        without_effect = call.fault is not None and call.fault.kind in WITHOUT_EFFECT
        self.log.append(
            RequestSeen(
                operation=call.operation,
                seller_id=call.seller_id,
                method=call.incoming.method,
                path=call.incoming.path,
                query=call.incoming.query,
                body=readable(call.incoming.raw_body) if open_ else None,
                status=reply.status,
                at=self._world.clock.timestamp(),
                response=readable(reply.body) if open_ and not without_effect else None,
                fault=call.fault.kind if call.fault else "",
            )
        )


def _said(incoming: Incoming) -> str:
    """All that a request says: its path, its query and its body."""
    query = " ".join(f"{name}={value}" for name, value in incoming.query.items())
    return f"{unquote(incoming.path)} {query} {incoming.raw_body.decode(errors='replace')}"


def _code_and_message(refused: Refused) -> dict[str, str]:
    return {name: refused.error[name] for name in ("code", "message")}


def _quota_exceeded() -> Refused:
    return Refused(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
