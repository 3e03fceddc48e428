"""The memory of the simulated Amazon: sellers, catalogue, listings, orders, what is yet to happen.

Plain dataclasses of JSON values, so that the whole of it can be written to a file and read
back. Times are simulated seconds since 1970. Whoever reads or writes holds ``lock``.
"""

import hashlib
import heapq
import json
import os
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .clock import Clock
from .marketplaces import MARKETPLACES, Marketplace
from .switches import Switches

VERSION = 1


@dataclass
class Seller:
    """One seller account in one region, with the credentials that reach it."""

    seller_id: str
    region: str
    store_name: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    marketplaces: list[str]
    revoked: bool = False


@dataclass
class Product:
    """One item of Amazon's catalogue; ``identifiers`` maps EAN, UPC, GTIN, ISBN to a number."""

    asin: str
    title: str
    product_type: str
    identifiers: dict[str, str]
    brand: str = ""
    restricted: bool = False


@dataclass
class Listing:
    """One seller SKU in one marketplace.

    ``attributes`` echoes what was sent; ``live`` is what buyers meet, None until the first
    version is live. ``ignored``: changes are accepted and never become live.
    """

    seller_id: str
    sku: str
    marketplace: str
    asin: str
    product_type: str
    created: float
    updated: float
    attributes: dict[str, Any]
    live: dict[str, Any] | None
    issues: list[dict[str, Any]] = field(default_factory=list)
    ignored: bool = False
    busy_until: float = 0.0


@dataclass
class Order:
    """One order: ``data`` is what the API shows with every data set asked for.

    ``charges`` holds each line's money for the ``units`` first ordered (see ``proceeds``).
    ``confirmed``: package reference -> item id -> units, from the moment of the confirmation
    on; ``data`` shows a package only when it has taken effect.
    """

    seller_id: str
    data: dict[str, Any]
    charges: dict[str, dict[str, str]]
    confirmed: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def order_id(self) -> str:
        return str(self.data["orderId"])

    @property
    def status(self) -> str:
        return str(self.data["fulfillment"]["fulfillmentStatus"])

    @property
    def marketplace(self) -> str:
        return str(self.data["salesChannel"]["marketplaceId"])

    @property
    def items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.data["orderItems"]
        return items

    def item(self, item: str) -> dict[str, Any]:
        """A line by its item id or its SKU. Raises KeyError."""
        for row in self.items:
            if item in (row["orderItemId"], row["product"]["sellerSku"]):
                return row
        raise KeyError(f"Order {self.order_id} has no item {item!r}.")


@dataclass(order=True)
class Due:
    """Something that happens by itself at a simulated time."""

    at: float
    number: int
    kind: str = field(compare=False)
    payload: dict[str, Any] = field(compare=False)


@dataclass
class AccessToken:
    seller_id: str
    expires: float


class World:
    """Everything that the simulated Amazon remembers, and its clock and its dice."""

    def __init__(self, seed: int, switches: Switches, clock: Clock) -> None:
        self.seed = seed
        self.switches = switches
        self.clock = clock
        self.dice = random.Random(seed)
        self.lock = threading.RLock()
        self.serial = 0
        self.changes = 0
        self.sellers: list[Seller] = []
        self.products: dict[str, Product] = {}
        self.skus: dict[tuple[str, str], dict[str, Listing]] = {}
        self.orders: dict[str, Order] = {}
        self.due: list[Due] = []
        self.tokens: dict[str, AccessToken] = {}
        self._moment: float | None = None

    def now(self) -> float:
        """The simulated time; while a due thing happens, the time at which it was due."""
        return self.clock.timestamp() if self._moment is None else self._moment

    def unique(self, purpose: str) -> str:
        """A new hexadecimal name, the same for the same seed and history."""
        self.serial += 1
        return hashlib.sha256(f"{self.seed} {purpose} {self.serial}".encode()).hexdigest()

    def seller(self, seller: "Seller | str") -> Seller:
        """A seller by itself, its id or its region. Raises KeyError if there is none."""
        for known in self.sellers:
            if seller is known or seller in (known.seller_id, known.region):
                return known
        if isinstance(seller, Seller):
            return self.seller(seller.seller_id)
        raise KeyError(
            f"There is no seller {seller!r}; there are {[s.region for s in self.sellers]}."
        )

    def marketplace(self, marketplace: str) -> Marketplace:
        """A marketplace by its id."""
        return MARKETPLACES[marketplace]

    def listings(self, seller_id: str) -> Iterator[Listing]:
        """All listings of a seller."""
        for (owner, _), by_marketplace in self.skus.items():
            if owner == seller_id:
                yield from by_marketplace.values()

    def listing(self, seller_id: str, sku: str, marketplace: str) -> Listing | None:
        """One listing, or None."""
        return self.skus.get((seller_id, sku), {}).get(marketplace)

    def keep(self, listing: Listing) -> None:
        """Store a new listing."""
        self.skus.setdefault((listing.seller_id, listing.sku), {})[listing.marketplace] = listing

    def later(self, at: float, kind: str, **payload: Any) -> None:
        """Have something happen at a simulated time."""
        self.serial += 1
        heapq.heappush(self.due, Due(at, self.serial, kind, payload))

    def catch_up(self, happenings: dict[str, Callable[..., None]]) -> None:
        """Let everything happen that is due by now, in its order."""
        now = self.clock.timestamp()
        while self.due and self.due[0].at <= now:
            event = heapq.heappop(self.due)
            self.changes += 1
            self._moment = event.at
            try:
                happenings[event.kind](self, **event.payload)
            finally:
                self._moment = None

    def save(self, path: Path) -> None:
        """Write the memory to a file: all of it or, if the machine dies, the former one."""
        memory = {
            "version": VERSION,
            "now": self.clock.timestamp(),
            "serial": self.serial,
            "sellers": [asdict(seller) for seller in self.sellers],
            "products": [asdict(product) for product in self.products.values()],
            "listings": [
                asdict(listing) for places in self.skus.values() for listing in places.values()
            ],
            "orders": [asdict(order) for order in self.orders.values()],
            "due": [asdict(due) for due in self.due],
            "tokens": {name: asdict(token) for name, token in self.tokens.items()},
        }
        draft = path.with_name(path.name + ".new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(memory, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def load(self, path: Path) -> None:
        """Read the memory back. Raises ValueError if the file is not one of ours."""
        memory = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(memory, dict) or memory.get("version") != VERSION:
            raise ValueError(f"{path} is not a memory of this simulator; name another file.")
        self.clock.not_before(memory["now"])
        self.serial = memory["serial"]
        self.dice.seed(f"{self.seed} {self.serial}")
        self.sellers = [Seller(**row) for row in memory["sellers"]]
        self.products = {row["asin"]: Product(**row) for row in memory["products"]}
        for row in memory["listings"]:
            self.keep(Listing(**row))
        self.orders = {row["data"]["orderId"]: Order(**row) for row in memory["orders"]}
        self.due = [Due(**row) for row in memory["due"]]
        self.tokens = {name: AccessToken(**row) for name, row in memory["tokens"].items()}
