"""The memory of the simulated Amazon: sellers, catalogue, listings, orders, what is yet to happen.

Plain dataclasses of JSON values, so that the whole of it can be written to a file and read
back (``memory_file``). Times are simulated seconds since 1970. Whoever reads or writes holds
``lock``.
"""

import gc
import hashlib
import heapq
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock
from .marketplaces import MARKETPLACES, Marketplace
from .switches import Switches


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
    participations: dict[str, dict[str, bool]] = field(default_factory=dict)


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
    version is live. The two may share their instances, which are replaced, never changed.
    ``ignored``: changes are accepted and never become live.
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


@dataclass
class Document:
    """A file in the store behind the pre-signed addresses.

    ``packed`` is the gzip of its content, None until it was uploaded; with ``gzipped`` it is
    downloaded as it is. ``content_type`` goes with it, charset and all. ``used``: a feed took it,
    or Amazon made it.
    """

    document_id: str
    seller_id: str
    content_type: str
    created: float
    packed: bytes | None = field(default=None, repr=False)
    gzipped: bool = False
    used: bool = False


@dataclass
class Job:
    """A feed or a report: it waits, is worked on, and ends, perhaps with a document.

    From ``ready`` on it may start. ``input_document`` is a feed's; ``options`` are a report's, and
    so is the time from ``since`` to ``until`` that it is about.
    """

    job_id: str
    kind: str
    seller_id: str
    type: str
    marketplaces: list[str]
    created: float
    ready: float
    status: str = "IN_QUEUE"
    input_document: str = ""
    options: dict[str, str] = field(default_factory=dict)
    since: float | None = None
    until: float | None = None
    started: float | None = None
    ended: float | None = None
    document: str = ""


@dataclass
class AmazonUnits:
    """Units of one SKU in Amazon's own warehouses, for one marketplace."""

    fulfillable: int
    reserved: int
    inbound: int
    unfulfillable: int
    updated: float


@dataclass(order=True)
class Due:
    """Something that happens by itself at a simulated time."""

    at: float
    number: int
    kind: str = field(compare=False)
    payload: dict[str, Any] = field(compare=False)


def gtin(number: str) -> str:
    """A barcode number in its longest form: a UPC is an EAN with a zero in front."""
    return number.zfill(14)


@contextmanager
def in_bulk() -> Iterator[None]:
    """While very many objects are made: the garbage collector would look at all of them, often."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass
class AccessToken:
    seller_id: str
    expires: float


@dataclass
class AuthorisationCode:
    """What a seller's browser brings back from Seller Central; it lives for five minutes."""

    seller_id: str
    redirect_uri: str
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
        self.asins_by_barcode: dict[str, list[str]] = {}
        self.skus: dict[tuple[str, str], dict[str, Listing]] = {}
        self.skus_by_asin: dict[str, list[tuple[str, str]]] = {}
        self.orders: dict[str, Order] = {}
        self.documents: dict[str, Document] = {}
        self.jobs: dict[str, Job] = {}
        self.amazon_units: dict[tuple[str, str, str], AmazonUnits] = {}
        self.fba_lists: dict[tuple[str, str], tuple[int, list[Listing]]] = {}
        self.due: list[Due] = []
        self.tokens: dict[str, AccessToken] = {}
        self.codes: dict[str, AuthorisationCode] = {}
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

    def listings(self, seller_id: str, marketplace: str = "") -> Iterator[Listing]:
        """All listings of a seller, or those in one marketplace."""
        for (owner, _), places in self.skus.items():
            if owner == seller_id:
                yield from (
                    listing
                    for listing in places.values()
                    if marketplace in ("", listing.marketplace)
                )

    def listing(self, seller_id: str, sku: str, marketplace: str) -> Listing | None:
        """One listing, or None."""
        return self.skus.get((seller_id, sku), {}).get(marketplace)

    def keep(self, listing: Listing) -> None:
        """Store a new listing."""
        self.skus_by_asin.setdefault(listing.asin, []).append((listing.seller_id, listing.sku))
        self.skus.setdefault((listing.seller_id, listing.sku), {})[listing.marketplace] = listing

    def add_product(self, product: Product) -> None:
        """Put a product into the catalogue, in the place of the one of its ASIN."""
        if former := self.products.get(product.asin):
            for number in former.identifiers.values():
                self.asins_by_barcode[gtin(number)].remove(former.asin)
        self.products[product.asin] = product
        for number in product.identifiers.values():
            self.asins_by_barcode.setdefault(gtin(number), []).append(product.asin)

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
