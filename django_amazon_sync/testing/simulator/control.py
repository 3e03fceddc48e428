"""The simulator's own door for other processes: JSON in, JSON out, below ``/-/``.

Each path is a method of ``Simulator``; its arguments are a JSON object (POST) or query
parameters (GET). Amounts are strings, times ISO 8601.

    GET  /-/state                                    endpoints, time, sellers, counts
    GET  /-/listing?seller=na&sku=S&marketplace=M    {"live": ..., "attributes": ...}
    GET  /-/order?order_id=O                         the order with every data set
    GET  /-/orders?seller=na                         a list of them
    GET  /-/requests?operation=patchListingsItem     the log
    GET  /-/feeds?seller=na  /-/reports?seller=na    lists of them
    POST /-/product  /-/listing  /-/listings         add_product, add_listing, add_listings
    POST /-/amazon-stock  /-/participation           set_amazon_stock, set_participation
    POST /-/finish-feeds  /-/finish-reports  /-/set-job  /-/switch
    POST /-/buy  /-/let-buyers-buy                   buy, let_buyers_buy
    POST /-/settle  /-/cancel  /-/request-cancellation  /-/ship  /-/set-order
    POST /-/ignore  /-/heed  /-/change-by-hand  /-/remove-listing  /-/advance
    POST /-/revoke  /-/authorise-again  /-/expire-access-tokens
    POST /-/faults  with the fields of a Fault       DELETE /-/faults clears the script

The answer is what the method returns (nothing for None). A mistake is answered with 400 or
404 and ``{"error": ...}``. ``SimulatorControl`` is the client of all this, with the same names.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from datetime import datetime
from decimal import Decimal
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from .answers import Json
from .buying import NotForSale
from .faults import Fault
from .live import LiveListing
from .server import Incoming, Reply, json_reply
from .world import Job

if TYPE_CHECKING:
    from .simulator import Simulator

CHANGES = {
    "product": "add_product",
    "listing": "add_listing",
    "listings": "add_listings",
    "amazon-stock": "set_amazon_stock",
    "participation": "set_participation",
    "finish-feeds": "finish_feeds",
    "finish-reports": "finish_reports",
    "set-job": "set_job",
    "switch": "switch",
    "buy": "buy",
    "let-buyers-buy": "let_buyers_buy",
    "settle": "settle_payment",
    "cancel": "cancel",
    "request-cancellation": "request_cancellation",
    "ship": "ship_by_hand",
    "set-order": "set_order",
    "ignore": "ignore_changes",
    "heed": "heed_changes",
    "change-by-hand": "change_by_hand",
    "remove-listing": "remove_listing",
    "advance": "advance",
    "revoke": "revoke",
    "authorise-again": "authorise_again",
    "expire-access-tokens": "expire_access_tokens",
}
"""POST path -> method of ``Simulator``."""


class Control:
    """Answers the requests below ``/-/``."""

    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator

    def respond(self, incoming: Incoming) -> Reply:
        """Do what was asked; mistakes come back as one sentence."""
        path = "/".join(incoming.segments[1:])
        body: object = None
        try:
            if incoming.method == "GET":
                body = self._read(
                    path, {name: values[0] for name, values in incoming.query.items()}
                )
            elif incoming.method == "DELETE" and path == "faults":
                self._simulator.faults.clear()
            else:
                body = self._change(path, incoming.json() or {})
            status = 200
        except (LookupError, NotForSale) as error:
            status, body = 404, {"error": str(error.args[0])}  # str() would quote a KeyError's
        except (TypeError, ValueError, ArithmeticError) as error:
            status, body = 400, {"error": str(error)}
        return json_reply(status, _plain(body), {}, self._simulator.now())

    def _read(self, path: str, arguments: dict[str, str]) -> object:
        simulator = self._simulator
        if path == "state":
            return simulator.description()
        if path == "listing":
            live = simulator.live(**arguments)
            return {"live": live, "attributes": simulator.attributes(**arguments) if live else None}
        if path == "order":
            return simulator.order(**arguments)
        if path == "orders":
            return simulator.orders(**arguments)
        if path == "feeds":
            return simulator.feeds(**arguments)
        if path == "reports":
            return simulator.reports(**arguments)
        if path == "requests":
            return simulator.requests_of(**arguments) if arguments else simulator.requests
        raise LookupError(f"There is nothing to read at /-/{path}.")

    def _change(self, path: str, arguments: Json) -> object:
        if path == "faults":
            self._simulator.faults.add(Fault(**arguments))
            return None
        if path not in CHANGES:
            raise LookupError(f"There is nothing to do at /-/{path}.")
        if "at" in arguments:
            arguments["at"] = datetime.fromisoformat(arguments["at"])
        return getattr(self._simulator, CHANGES[path])(**arguments)


def _plain(value: object) -> object:
    """A result as JSON values."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    return str(value) if isinstance(value, Decimal | datetime) else value


class SimulatorControl:
    """A simulator in another process, by its endpoint, with the methods of ``Simulator``.

    Raises LookupError or ValueError with the simulator's sentence, OSError if it is not there.
    """

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc

    def state(self) -> Json:
        """Endpoints, time, sellers with credentials, counts."""
        result: Json = self._get("state")
        return result

    def live(self, seller: str, sku: str, marketplace: str) -> LiveListing | None:
        """What buyers meet now."""
        found = self._get("listing", seller=seller, sku=sku, marketplace=marketplace)["live"]
        if found is None:
            return None
        for name in ("price", "sale_price", "business_price"):
            found[name] = None if found[name] is None else Decimal(found[name])
        return LiveListing(**{**found, "channels": tuple(found["channels"])})

    def attributes(self, seller: str, sku: str, marketplace: str) -> Json:
        """What was sent."""
        found = self._get("listing", seller=seller, sku=sku, marketplace=marketplace)
        attributes: Json = found["attributes"]
        return attributes

    def order(self, order_id: str) -> Json:
        """One order with every data set."""
        result: Json = self._get("order", order_id=order_id)
        return result

    def orders(self, seller: str | None = None) -> list[Json]:
        """The orders of one seller, or of all."""
        result: list[Json] = self._get("orders", **({"seller": seller} if seller else {}))
        return result

    def requests_of(self, operation: str) -> list[Json]:
        """The last requests of one operation."""
        result: list[Json] = self._get("requests", operation=operation)
        return result

    def add_product(self, **product: object) -> None:
        """Put a product into Amazon's catalogue."""
        self._post("product", **product)

    def add_listing(self, seller: str, sku: str, **listing: object) -> None:
        """A listing made by hand, live at once."""
        self._post("listing", seller=seller, sku=sku, **listing)

    def add_listings(self, seller: str, marketplace: str, rows: Iterable[Json]) -> int:
        """Many listings at once; returns how many."""
        count: int = self._post("listings", seller=seller, marketplace=marketplace, rows=list(rows))
        return count

    def set_amazon_stock(self, seller: str, sku: str, marketplace: str, **units: int) -> None:
        """What Amazon has of a SKU in its warehouses."""
        self._post("amazon-stock", seller=seller, sku=sku, marketplace=marketplace, **units)

    def feeds(self, seller: str | None = None) -> list[Job]:
        """The feeds of one seller, or of all."""
        return self._jobs("feeds", seller)

    def reports(self, seller: str | None = None) -> list[Job]:
        """The reports of one seller, or of all."""
        return self._jobs("reports", seller)

    def _jobs(self, path: str, seller: str | None) -> list[Job]:
        return [Job(**row) for row in self._get(path, **({"seller": seller} if seller else {}))]

    def set_job(self, job_id: str, **changes: object) -> None:
        """Overwrite fields of a feed or a report."""
        self._post("set-job", job_id=job_id, **changes)

    def finish_feeds(self) -> None:
        """Every open feed ends now."""
        self._post("finish-feeds")

    def finish_reports(self) -> None:
        """Every open report ends now."""
        self._post("finish-reports")

    def switch(self, **changes: object) -> None:
        """Change some switches and leave the others."""
        self._post("switch", **changes)

    def buy(
        self, seller: str, marketplace: str, sku: str = "", quantity: int = 1, **how: object
    ) -> str:
        """A buyer orders; returns the order id."""
        result: str = self._post(
            "buy", seller=seller, marketplace=marketplace, sku=sku, quantity=quantity, **how
        )
        return result

    def let_buyers_buy(self, count: int, seller: str | None = None) -> list[str]:
        """Random orders; returns their ids."""
        result: list[str] = self._post("let-buyers-buy", count=count, seller=seller)
        return result

    def settle_payment(self, order_id: str) -> None:
        """PENDING becomes UNSHIPPED."""
        self._post("settle", order_id=order_id)

    def cancel(
        self, order_id: str, *, item: str | None = None, quantity: int | None = None
    ) -> None:
        """Cancel an order or a part of it."""
        self._post("cancel", order_id=order_id, item=item, quantity=quantity)

    def request_cancellation(self, order_id: str) -> None:
        """The buyer asks the seller to cancel."""
        self._post("request-cancellation", order_id=order_id)

    def ship_by_hand(self, order_id: str) -> None:
        """All open units are shipped."""
        self._post("ship", order_id=order_id)

    def ignore_changes(self, seller: str, sku: str, marketplace: str, *, reason: str = "") -> None:
        """Changes are accepted and never live."""
        self._post("ignore", seller=seller, sku=sku, marketplace=marketplace, reason=reason)

    def heed_changes(self, seller: str, sku: str, marketplace: str) -> None:
        """Changes become live again."""
        self._post("heed", seller=seller, sku=sku, marketplace=marketplace)

    def change_by_hand(self, seller: str, sku: str, marketplace: str, **change: object) -> None:
        """Another hand changes what is live."""
        self._post("change-by-hand", seller=seller, sku=sku, marketplace=marketplace, **change)

    def remove_listing(self, seller: str, sku: str, marketplace: str) -> None:
        """The listing is deleted at Amazon."""
        self._post("remove-listing", seller=seller, sku=sku, marketplace=marketplace)

    def advance(self, seconds: float) -> None:
        """Skip simulated time."""
        self._post("advance", seconds=seconds)

    def add_fault(self, **fault: object) -> None:
        """Put a fault at the end of the script."""
        self._post("faults", **fault)

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        self._call("DELETE", "faults", None)

    def _get(self, path: str, **arguments: str) -> Any:
        return self._call("GET", f"{path}?{urlencode(arguments)}", None)

    def _post(self, path: str, **arguments: object) -> Any:
        return self._call("POST", path, json.dumps(_plain(arguments)).encode())

    def _call(self, method: str, path: str, body: bytes | None) -> Any:
        connection = HTTPConnection(self._host, timeout=30)
        try:
            connection.request(method, f"/-/{path}", body)
            reply = connection.getresponse()
            raw = reply.read()
        finally:
            connection.close()
        result: Any = json.loads(raw or b"null")
        if reply.status != 200:
            raise (LookupError if reply.status == 404 else ValueError)(result["error"])
        return result
