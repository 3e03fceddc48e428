"""The simulated Amazon as one object: start it, look at it, and make things happen in it."""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from . import order_life, shoppers, stock
from .answers import Json
from .attribute_values import issue
from .auth import application_id
from .buying import Purchase, place_order
from .control import Control
from .faults import Faults
from .live import MERCHANT_CHANNEL, LiveListing, read_live
from .log import RequestSeen
from .orders import DATA_SETS, shown
from .processing import Processing
from .server import Incoming, Reply
from .submissions import take_delete, take_patches
from .switches import Switches
from .world import AmazonUnits, Listing, Order, Product, Seller, World, in_bulk

AnySeller = Seller | str
"""A seller, its id, or its region ("na", "eu", "fe")."""


class Simulator(Processing):
    """An Amazon with memory, on localhost or in this process.

    ``time_scale``: simulated seconds per real second; rates, delays and lifetimes follow.
    ``clock_offset``: how far this Amazon's clock stands ahead of the host's.
    ``state_file``: the memory is read from it, if it exists, and kept in it.
    ``rate_limits``: False lets any number of calls through and says so in the rate header.
    ``in_process``: no port is opened and no thread started. What the package asks Amazon is
    answered by this object in the thread that asks, where ``endpoint`` and its kin are in the
    settings; a browser, another process or another library of HTTP meets nobody there.

    Every method may be called while the simulator serves; a ``seller`` may be given by
    region or id. Unknown sellers, SKUs and orders raise KeyError.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        switches: Switches | None = None,
        time_scale: float = 1.0,
        state_file: str | Path | None = None,
        clock_offset: timedelta = timedelta(0),
        rate_limits: bool = True,
        in_process: bool = False,
    ) -> None:
        super().__init__(
            seed,
            switches or Switches(),
            time_scale=time_scale,
            state_file=state_file,
            clock_offset=clock_offset,
            rate_limits=rate_limits,
            in_process=in_process,
        )

    def respond(self, incoming: Incoming) -> Reply:
        """Answer one request, to Amazon's own addresses or to the control's."""
        if incoming.segments[0] == "-":
            return Control(self).respond(incoming)
        return super().respond(incoming)

    # -- who sells there, and what happened

    @property
    def sellers(self) -> list[Seller]:
        """The sellers: North America, Europe, Far East."""
        return self._world.sellers

    def seller(self, seller: AnySeller) -> Seller:
        """One seller by region or id."""
        return self._world.seller(seller)

    @property
    def faults(self) -> Faults:
        """The script of faults."""
        return self._gate.faults

    @property
    def switches(self) -> Switches:
        """How this Amazon answers the open questions; may be replaced at any time.

        What has happened stays as it was: the proceeds of older orders, for one.
        """
        return self._world.switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        with self._world.lock:
            self._world.switches = switches

    def switch(self, **changes: Any) -> None:
        """Change some switches and leave the others."""
        self.switches = replace(self.switches, **changes)

    @property
    def requests(self) -> list[RequestSeen]:
        """The last requests to the API and to Login with Amazon, oldest first."""
        return list(self._gate.log)

    def requests_of(self, operation: str) -> list[RequestSeen]:
        """The last requests of one operation ("token" is Login with Amazon)."""
        return [seen for seen in self.requests if seen.operation == operation]

    # -- time and access

    def now(self) -> datetime:
        """The simulated time, aware UTC."""
        return self._world.clock.now()

    def advance(self, seconds: float) -> None:
        """Skip simulated time; what is due by then happens in its order."""
        with self._world.lock:
            self._world.clock.advance(seconds)
            self._catch_up()

    def revoke(self, seller: AnySeller) -> None:
        """The seller withdraws the authorisation: refresh and access tokens are void."""
        with self._world.lock:
            self._world.seller(seller).revoked = True
            self._world.changes += 1

    def set_participation(self, seller: AnySeller, marketplace: str, **says: bool) -> None:
        """What participations say of a store, by the names of Amazon; without them all is well."""
        with self._world.lock:
            self._world.seller(seller).participations[marketplace] = says
            self._world.changes += 1

    def authorise_again(self, seller: AnySeller) -> str:
        """The seller gives a new authorisation; returns its refresh token."""
        with self._world.lock:
            owner = self._world.seller(seller)
            owner.refresh_token = f"Atzr|{self._world.unique('refresh token')}"
            owner.revoked = False
            self._world.changes += 1
            return owner.refresh_token

    def expire_access_tokens(self) -> None:
        """Every access token has expired."""
        with self._world.lock:
            for token in self._world.tokens.values():
                token.expires = self._world.now()

    # -- catalogue and listings

    def add_product(
        self,
        *,
        asin: str,
        title: str,
        ean: str = "",
        upc: str = "",
        isbn: str = "",
        product_type: str = "HARDWARE",
        brand: str = "",
        restricted: bool = False,
    ) -> Product:
        """Put a product into Amazon's catalogue, or replace the one of that ASIN."""
        numbers = {"EAN": ean, "UPC": upc, "ISBN": isbn}
        identifiers = {kind: number for kind, number in numbers.items() if number}
        product = Product(asin, title, product_type, identifiers, brand, restricted)
        with self._world.lock:
            self._world.add_product(product)
            self._world.changes += 1
        return product

    def add_listing(
        self,
        seller: AnySeller,
        sku: str,
        *,
        marketplace: str,
        asin: str,
        price: Decimal | str | int | None,
        quantity: int | None = None,
        channel: str = MERCHANT_CHANNEL,
        lead_time: int | None = None,
        restock_date: str | None = None,
        sale_price: Decimal | str | int | None = None,
        business_price: Decimal | str | int | None = None,
        title: str = "",
        condition: str = "new_new",
        product_type: str = "",
    ) -> LiveListing:
        """A listing that the seller made by hand, live at once.

        ``channel`` "AMAZON" stands for the region's Amazon channel. An unknown ASIN joins the
        catalogue under ``title``. ``lead_time`` in days, ``restock_date`` an ISO date.
        """
        with self._world.lock:
            owner = self._world.seller(seller)
            listing = stock.add_listing(
                self._world,
                owner,
                sku,
                marketplace=marketplace,
                asin=asin,
                price=price,
                quantity=quantity,
                channel=channel,
                lead_time=lead_time,
                restock_date=restock_date,
                sale_price=sale_price,
                business_price=business_price,
                title=title,
                condition=condition,
                product_type=product_type,
            )
            self._world.changes += 1
            live = self.live(owner, sku, listing.marketplace)
        assert live is not None
        return live

    def add_listings(
        self, seller: AnySeller, marketplace: str, rows: Iterable[Mapping[str, Any]]
    ) -> int:
        """Many listings at once; returns how many.

        A row holds ``sku`` and the arguments of ``add_listing``, but for the marketplace, and
        perhaps ``identifiers`` ({"EAN": ...}) for an ASIN that the catalogue does not know.
        """
        count = 0
        with self._world.lock, in_bulk():
            owner = self._world.seller(seller)
            for row in rows:
                stock.add_listing(self._world, owner, marketplace=marketplace, **row)
                count += 1
            self._world.changes += 1
        return count

    def set_amazon_stock(
        self,
        seller: AnySeller,
        sku: str,
        marketplace: str,
        *,
        fulfillable: int,
        reserved: int = 0,
        inbound: int = 0,
        unfulfillable: int = 0,
    ) -> None:
        """What Amazon has of a SKU in its warehouses; from now on buyers lower it.

        Of a SKU that was never set there are 25 units, and they never run out.
        """
        with self._world.lock:
            listing = self._listing(seller, sku, marketplace)
            self._world.amazon_units[listing.seller_id, sku, marketplace] = AmazonUnits(
                fulfillable, reserved, inbound, unfulfillable, self._world.now()
            )
            self._world.changes += 1

    def live(self, seller: AnySeller, sku: str, marketplace: str) -> LiveListing | None:
        """What buyers meet now; None if there is no such listing, or nothing is live yet."""
        with self._world.lock:
            self._catch_up()
            listing = self._world.listing(self._world.seller(seller).seller_id, sku, marketplace)
            if listing is None:
                return None
            product = self._world.products.get(listing.asin)
            return read_live(listing, product.title if product else "", self._world.now())

    def attributes(self, seller: AnySeller, sku: str, marketplace: str) -> Json:
        """What was sent, as the data set ``attributes`` echoes it."""
        with self._world.lock:
            return deepcopy(self._listing(seller, sku, marketplace).attributes)

    def ignore_changes(
        self, seller: AnySeller, sku: str, marketplace: str, *, reason: str = ""
    ) -> None:
        """From now on changes (those under way, too) are accepted and never live.

        With a ``reason`` the listing shows it as an issue of severity ERROR.
        """
        with self._world.lock:
            listing = self._listing(seller, sku, marketplace)
            listing.ignored = True
            listing.issues = [issue("90300", reason, "INVALID_ATTRIBUTE")] if reason else []
            self._world.changes += 1

    def heed_changes(self, seller: AnySeller, sku: str, marketplace: str) -> None:
        """Changes become live again; those that were ignored stay lost."""
        with self._world.lock:
            listing = self._listing(seller, sku, marketplace)
            listing.ignored = False
            listing.issues = []
            self._world.changes += 1

    def change_by_hand(
        self,
        seller: AnySeller,
        sku: str,
        marketplace: str,
        *,
        price: Decimal | str | int | None = None,
        quantity: int | None = None,
    ) -> None:
        """Another hand of the seller's (Seller Central, another program) changes what is live."""
        with self._world.lock:
            listing = self._listing(seller, sku, marketplace)
            patches = stock.patches_by_hand(listing, price, quantity)
            take_patches(self._world, listing, patches, self._world.now())
            self._world.changes += 1
            self._catch_up()

    def remove_listing(self, seller: AnySeller, sku: str, marketplace: str) -> None:
        """The listing is deleted at Amazon."""
        with self._world.lock:
            self._listing(seller, sku, marketplace)
            take_delete(self._world, self._world.seller(seller).seller_id, sku, marketplace)
            self._world.changes += 1

    def _listing(self, seller: AnySeller, sku: str, marketplace: str) -> Listing:
        listing = self._world.listing(self._world.seller(seller).seller_id, sku, marketplace)
        if listing is None:
            raise KeyError(f"{sku!r} is not listed in {marketplace}.")
        return listing

    # -- orders

    def buy(
        self,
        seller: AnySeller,
        marketplace: str,
        sku: str = "",
        quantity: int = 1,
        *,
        lines: Sequence[tuple[str, int]] = (),
        status: str = "UNSHIPPED",
        tax: Decimal | str | int = 0,
        shipping: Decimal | str | int = 0,
        discount: Decimal | str | int = 0,
        shipping_discount: Decimal | str | int = 0,
        gift_wrap: Decimal | str | int = 0,
        gift_message: str = "",
        channel_name: str = "AMAZON",
        buyer: Json | None = None,
        address: Json | None = None,
        programs: Sequence[str] = (),
        service_level: str = "STANDARD",
        payment_methods: Sequence[str] = ("CreditCard",),
        at: datetime | None = None,
    ) -> str:
        """A buyer orders ``quantity`` of ``sku``, or ``lines``; returns Amazon's order id.

        The units leave the live merchant quantity at once, for PENDING too. Amounts are
        positive and for the whole order. ``buyer`` and ``address`` replace fields, by the
        names of the Orders API. ``payment_methods``: Amazon's words, or none. ``at``: when it
        was placed, now by default. Raises NotForSale.
        """
        with self._world.lock:
            self._catch_up()
            purchase = Purchase(
                marketplace=marketplace,
                lines=[(name, units) for name, units in lines] or [(sku, quantity)],
                status=status,
                tax=Decimal(tax),
                shipping=Decimal(shipping),
                discount=Decimal(discount),
                shipping_discount=Decimal(shipping_discount),
                gift_wrap=Decimal(gift_wrap),
                gift_message=gift_message,
                channel_name=channel_name,
                buyer=buyer,
                address=address,
                programs=programs,
                service_level=service_level,
                payment_methods=payment_methods,
                placed_at=at.timestamp() if at else None,
            )
            return place_order(self._world, self._world.seller(seller), purchase).order_id

    def let_buyers_buy(self, count: int, seller: AnySeller | None = None) -> list[str]:
        """Random orders of what is for sale, which then live on by themselves as time passes."""
        placed = []
        with self._world.lock:
            self._catch_up()
            for _ in range(count):
                owner = (
                    self._world.seller(seller) if seller else self._world.dice.choice(self.sellers)
                )
                if order := shoppers.buy_at_random(self._world, owner):
                    placed.append(order.order_id)
        return placed

    def settle_payment(self, order_id: str) -> None:
        """PENDING becomes UNSHIPPED."""
        self._change(order_id, order_life.settle_payment)

    def cancel(
        self, order_id: str, *, item: str | None = None, quantity: int | None = None
    ) -> None:
        """Cancel an order, one line (by item id or SKU), or some units of it."""
        self._change(order_id, order_life.cancel, item=item, quantity=quantity)

    def request_cancellation(self, order_id: str) -> None:
        """The buyer asks the seller to cancel."""
        self._change(order_id, order_life.request_cancellation)

    def ship_by_hand(self, order_id: str, *, units: int | None = None) -> None:
        """All open units, or so many, are shipped: in Seller Central, or by Amazon."""
        self._change(order_id, order_life.ship, units=units)

    def set_order(self, order_id: str, **changes: Any) -> None:
        """Overwrite top-level fields of an order by the names of the Orders API.

        ``lastUpdatedTime`` becomes now, unless it is among the changes.
        """

        def overwrite(world: World, order: Order) -> None:
            order_life.touch(world, order)
            order.data.update(changes)

        self._change(order_id, overwrite)

    def _change(self, order_id: str, change: Any, **how: Any) -> None:
        with self._world.lock:
            self._catch_up()
            change(self._world, self._world.orders[order_id], **how)
            self._world.changes += 1

    def order(self, order_id: str) -> Json:
        """One order as getOrder shows it with every data set."""
        with self._world.lock:
            self._catch_up()
            return shown(self._world.orders[order_id], DATA_SETS, self._world.switches)

    def orders(self, seller: AnySeller | None = None) -> list[Json]:
        """The orders of one seller, or of all, in the order of their placing."""
        with self._world.lock:
            self._catch_up()
            owner = self._world.seller(seller).seller_id if seller else None
            return [
                shown(order, DATA_SETS, self._world.switches)
                for order in self._world.orders.values()
                if owner in (None, order.seller_id)
            ]

    def description(self) -> Json:
        """Endpoints, time, and the sellers with their credentials, as JSON values."""
        return {
            "endpoint": self.endpoint,
            "regional_endpoint": self.regional_endpoint,
            "lwa_endpoint": self.lwa_endpoint,
            "seller_central": self.endpoint,
            "now": self.now().isoformat(),
            "time_scale": self._world.clock.time_scale,
            "sellers": [
                {**asdict(seller), "application_id": application_id(seller)}
                for seller in self.sellers
            ],
            "orders": len(self._world.orders),
            "listings": sum(len(places) for places in self._world.skus.values()),
        }
