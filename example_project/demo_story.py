"""The story that the demonstration tells, step by step, with the commands that staff would use."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_class, get_model

from django_amazon_sync.data import FieldValues
from django_amazon_sync.models import (
    ExchangeRate,
    Listing,
    Marketplace,
    Outcome,
    PaymentMapping,
    RateSource,
    RunLine,
    Submission,
)
from django_amazon_sync.sync.listings.explain import explain_price
from django_amazon_sync.sync.offers.fields import SALE_PRICE, set_own
from django_amazon_sync.testing.simulator import SimulatorControl

if TYPE_CHECKING:
    from oscar.apps.partner.models import StockRecord

USER, PASSWORD = "admin@example.com", "amazon-demo"
DE, FR, GB = "A1PA6795UKMFR9", "A13V1IB3VIYZZH", "A1F83G8C2ARO7P"
SELLER = "eu"

#: Seconds at Amazon that each step waits for, and by how many its clock is behind as the story
#: begins: at its end it tells the time of day, so that no order is from tomorrow.
WAITED, BEHIND = 180, 3600

#: Seconds that an accepted change has to become live before a difference is called drift.
AMAZONS_TIME = 2

#: What the seller lists on Amazon already, by hand, in Germany and in France: SKU, price, units.
LISTED = {
    "MUG-WHITE": ("11.90", 10),
    "TEAPOT-1L": ("33.00", 8),
    "SHIRT-S": ("39.00", 4),
    "SHIRT-M": ("39.00", 3),
    "VASE-LAST": ("24.00", 1),
}
#: Listed as well since the simulator began, with a sale, a business price and lead times.
LISTED_BEFORE = ("MUG-BLUE", "a/b c%2F+#,ü")
#: Sent to Amazon's warehouse: Amazon ships it, so it never gets a quantity from us.
SHIPPED_BY_AMAZON = "SHIRT-L"
#: Not listed: found on Amazon by its barcode. The book is, too, but Amazon restricts it.
NEW, RESTRICTED = "LAMP-DESK", "BOOK-TEA"
#: So many changes are many here, and go by feed; Amazon's guidance is about 1,500.
MANY = 5
CARRIER, TRACKING = "DHL", "00340434161094042557"
#: Amazon's word for a method of payment, and the shop's method that staff match it to.
CASH, CASH_IN_SHOP = "CashOnDelivery", "Cash on delivery"

#: Listed in Britain by hand, in pounds: one is converted, one gets its own price, one is locked.
CONVERTED, OWN, LOCKED = "MUG-WHITE", "TEAPOT-1L", "SHIRT-S"
LISTED_IN_BRITAIN = {CONVERTED: "11.50", OWN: "34.00", LOCKED: "36.00"}
#: A euro in pounds, and what prices there end in.
RATE, ENDING = Decimal("0.85"), Decimal("0.99")
OWN_PRICE, OWN_SALE, LOCKED_SALE = Decimal("36.50"), Decimal("31.50"), Decimal("29.00")
#: Whose price somebody changes on Amazon, and to what.
CHANGED_THERE, PRICE_THERE = "VASE-LAST", Decimal("27.70")


class Story:
    """The story's steps; what they did is read back by the table, from Amazon and from Oscar."""

    def __init__(self, about: dict[str, Any]) -> None:
        self.amazon = SimulatorControl(about["endpoint"])
        self.seller = next(seller for seller in about["sellers"] if seller["region"] == SELLER)
        self.orders: dict[str, str] = {}
        self.patches_before_second_export = 0
        self.feeds = 0
        self.behind = BEHIND

    def tell(self) -> None:
        self.amazon.advance(-BEHIND)
        self.open_the_shop()
        self.fill_amazon()
        self.connect()
        self.export()
        self.buyers_buy()
        self.import_orders()
        self.last_vase_is_sold_in_the_shop()
        self.ship()
        self.amazon_ignores_a_price()
        self.all_prices_rise()
        self.open_britain()
        self.staff_set_their_own()
        self.another_hand_changes_a_price()
        self.export_again()
        self.amazon.advance(self.behind)

    # --- Before ----------------------------------------------------------------------------

    def open_the_shop(self) -> None:
        say("A fresh Oscar shop with a sample catalogue")
        manage("migrate", quiet=True)
        manage("sample_catalogue")
        User.objects.create_superuser("admin", USER, PASSWORD)

    def fill_amazon(self) -> None:
        """What was on Amazon before us."""
        records = get_model("partner", "StockRecord").objects
        for sku in (*LISTED, SHIPPED_BY_AMAZON, NEW, RESTRICTED):
            product = records.get(partner_sku=sku).product
            self.amazon.add_product(
                asin=asin_of(sku),
                title=product.get_title(),
                ean=product.upc,
                restricted=sku == RESTRICTED,
            )
        for marketplace in (DE, FR):
            for sku, (price, units) in LISTED.items():
                self.list_by_hand(sku, marketplace, price=price, quantity=units, lead_time=2)
            self.list_by_hand(SHIPPED_BY_AMAZON, marketplace, price="40.00", channel="AMAZON")

    def list_by_hand(self, sku: str, marketplace: str, **listing: Any) -> None:
        self.amazon.add_listing(SELLER, sku, marketplace=marketplace, asin=asin_of(sku), **listing)

    # --- Connecting and offers out -----------------------------------------------------------

    def connect(self) -> None:
        say("A seller account is connected; it only looks, and shows what it would send")
        for name in ("client_id", "client_secret", "refresh_token"):
            os.environ[f"AMAZON_LWA_{name.upper()}"] = self.seller[name]
        self.connect_with("--default-shipping-method", "any", "--synchronise-all")
        manage("amazon_export", "--dry-run", expect=1, only=("would be sent", "waits for"))

    def connect_with(self, *options: str) -> None:
        manage(
            "amazon_connect",
            *("--region", SELLER, "--seller-id", self.seller["seller_id"], "--name", "Europe"),
            *("--marketplace", DE, "--marketplace", FR),
            *options,
        )

    def export(self) -> None:
        say("Released: what differs goes out, and what moves too much waits")
        self.connect_with("--release")
        manage("amazon_export", expect=1, only=("sent", "waits for"), lines=22)
        self.time_passes()
        manage("amazon_verify")
        say("Amazon refuses the book, with its reason")
        manage("amazon_export", "--sku", RESTRICTED, expect=1)
        held = RunLine.objects.filter(outcome=Outcome.HELD, run__dry_run=False).latest("pk")
        say("Two prices jump by more than 30 %: staff look, and approve")
        manage("amazon_export", "--approve", str(held.run_id))
        self.time_passes()

    # --- Orders in ---------------------------------------------------------------------------

    def buyers_buy(self) -> None:
        say("Buyers buy on Amazon")
        buy = self.amazon.buy
        self.orders = {
            "unshipped, with discount": buy(
                SELLER,
                DE,
                lines=[("MUG-BLUE", 2), ("TEAPOT-1L", 1)],
                tax="8.30",
                shipping="4.90",
                discount="5.00",
            ),
            "pending payment": buy(SELLER, DE, "MUG-WHITE", 2, status="PENDING"),
            "shipped by Amazon": buy(SELLER, DE, SHIPPED_BY_AMAZON, 1, status="SHIPPED"),
            "partly cancelled": buy(SELLER, FR, "SHIRT-S", 3),
            "new on Amazon": buy(SELLER, FR, NEW, 1, shipping="3.90"),
            "paid in cash": buy(SELLER, DE, "MUG-BLUE", 1, payment_methods=[CASH]),
        }
        for what, number in self.orders.items():
            print(f"  {number}  {what}")
        self.time_passes()

    def import_orders(self) -> None:
        say("Imported; the shop lacks a choice, so they wait aside until staff have made it")
        manage("amazon_import_orders", expect=1)
        self.match_cash()
        self.connect_with("--default-payment-method", "any")
        manage("amazon_import_orders")
        say("Amazon cancels one shirt of three")
        self.amazon.cancel(self.orders["partly cancelled"], item="SHIRT-S", quantity=1)
        self.time_passes()
        manage("amazon_import_orders")

    def match_cash(self) -> None:
        """Cash is the shop's cash; any other method that Amazon names is the shop's default."""
        method = get_model("payment", "SourceType").objects.create(name=CASH_IN_SHOP)
        account = Marketplace.objects.get(code=DE).account
        PaymentMapping.objects.create(account=account, method=CASH, shop_method=method.code)

    # --- The shop sells, ships, and changes a price ---------------------------------------------

    def last_vase_is_sold_in_the_shop(self) -> None:
        say("The shop sells its last vase: zero leaves at once")
        with transaction.atomic():
            stock_record("VASE-LAST").allocate(1)  # as Oscar's checkout does
        manage("amazon_tick", expect=1)
        self.time_passes()

    def ship(self) -> None:
        say("The order is handed to the carrier, and Amazon is told")
        order = get_model("order", "Order").objects.get(
            number=self.orders["unshipped, with discount"]
        )
        lines = list(order.lines.all())
        shipped = get_model("order", "ShippingEventType").objects.get(code="shipped")
        get_class("order.processing", "EventHandler")().handle_shipping_event(
            order,
            shipped,
            lines,
            [line.quantity for line in lines],
            reference=f"Carrier: {CARRIER} / Tracking: {TRACKING}",
        )
        manage("amazon_confirm_shipments")
        self.time_passes()

    def amazon_ignores_a_price(self) -> None:
        say(
            "Amazon accepts a price and ignores it; reading back finds it, the next export mends it"
        )
        self.amazon.ignore_changes(SELLER, "TEAPOT-1L", DE)
        record = stock_record("TEAPOT-1L")
        record.price = Decimal("36.50")
        record.save()
        manage("amazon_export", expect=1, only=("sent",))
        self.time_passes()
        time.sleep(AMAZONS_TIME)  # a difference that is younger is not called drift
        manage("amazon_verify", expect=1)
        self.amazon.heed_changes(SELLER, "TEAPOT-1L", DE)
        manage("amazon_export", expect=1, only=("sent",))
        self.time_passes()
        manage("amazon_verify")

    def all_prices_rise(self) -> None:
        say("All mugs, pots, shirts and vases cost ten per cent more: by one feed a store")
        settings.AMAZON_SYNC["FEED_THRESHOLD"] = MANY
        for sku in LISTED:
            record = stock_record(sku)
            record.price = (price_of(record) * Decimal("1.1")).quantize(Decimal("0.01"))
            record.save()
        manage("amazon_export", expect=1, only=("sent", "waits"))
        self.feeds = len(self.amazon.requests_of("createFeed"))
        self.time_passes()
        say("Amazon has worked them off; what it says of each listing is read")
        Submission.objects.filter(kind=Submission.Kind.FEED).update(not_before=timezone.now())
        manage("amazon_tick", lines=12)
        del settings.AMAZON_SYNC["FEED_THRESHOLD"]

    # --- What staff set ------------------------------------------------------------------------

    def open_britain(self) -> None:
        say("A third marketplace, in pounds: staff enter a rate, and prices that end in .99")
        for sku, price in LISTED_IN_BRITAIN.items():
            german = self.amazon.live(SELLER, sku, DE)
            assert german is not None
            self.list_by_hand(sku, GB, price=price, quantity=german.quantity, lead_time=2)
        self.connect_with("--marketplace", GB)
        Marketplace.objects.filter(code=GB).update(
            rate_source=RateSource.TABLE, price_ending=ENDING
        )
        ExchangeRate.objects.create(
            source=RateSource.TABLE,
            base="EUR",
            currency="GBP",
            rate=RATE,
            on=timezone.localdate(),
        )
        manage("amazon_export", "--marketplace", GB, "--dry-run", expect=1, only=("would be sent",))

    def staff_set_their_own(self) -> None:
        say("The teapot gets a price of its own there and a sale; a shirt is locked")
        own, locked = listing_of(OWN, GB), listing_of(LOCKED, GB)
        own.own_price = OWN_PRICE
        set_own(own, SALE_PRICE, sale_at(OWN_SALE))
        own.save()
        set_own(locked, SALE_PRICE, sale_at(LOCKED_SALE))
        locked.locked = True
        locked.save()
        manage("amazon_export", "--marketplace", GB, expect=1, only=("sent",), lines=12)
        self.time_passes()
        manage("amazon_verify", "--marketplace", GB)
        say("Why the mug costs that there")
        for step in explain_price(listing_of(CONVERTED, GB)).steps:
            print(f"  {step.kind}: {step.shown}")

    def another_hand_changes_a_price(self) -> None:
        say("Somebody changes a price on Amazon, where ours is off; staff take it over")
        vase = listing_of(CHANGED_THERE, DE)
        vase.switches = {"price": False}
        vase.save()
        self.list_by_hand(CHANGED_THERE, DE, price=str(PRICE_THERE), quantity=0, lead_time=2)
        options = ("--sku", CHANGED_THERE, "--field", "price", "--marketplace", DE)
        manage("amazon_take_over", *options, "--dry-run")
        manage("amazon_take_over", *options)
        say("The other marketplace follows")
        manage("amazon_tick", expect=1, only=("sent",))  # the daily export comes with the store
        self.time_passes()

    def export_again(self) -> None:
        say("Another export has nothing to send")
        self.patches_before_second_export = self.patches()
        manage("amazon_export", expect=1, only=("sent",))

    def patches(self) -> int:
        """How many writes of listings Amazon has seen."""
        writes = ("patchListingsItem", "putListingsItem", "createFeed")
        return sum(len(self.amazon.requests_of(name)) for name in writes)

    def time_passes(self) -> None:
        """Three minutes at Amazon: what was accepted is live, and orders can be searched."""
        self.amazon.advance(WAITED)
        self.behind -= WAITED


def asin_of(sku: str) -> str:
    return "B0" + f"{sku.replace('-', ''):X<8}"[:8]


def listing_of(sku: str, marketplace: str) -> Listing:
    """A listing of ours, as its page in the admin has it."""
    return Listing.objects.get(sku__sku=sku, marketplace__code=marketplace)


def sale_at(price: Decimal) -> FieldValues:
    """A sale from today on, in pounds."""
    today = timezone.localdate()
    ends = today + timedelta(days=30)
    return {"price": f"{price} GBP", "start": today.isoformat(), "end": ends.isoformat()}


def stock_record(sku: str) -> StockRecord:
    return get_model("partner", "StockRecord").objects.get(partner_sku=sku)


def price_of(record: StockRecord) -> Decimal:
    """Every product of the catalogue that is told of has a price."""
    assert record.price is not None
    return record.price


def say(sentence: str) -> None:
    print(f"\n{sentence}.")


def manage(
    name: str,
    *options: str,
    expect: int = 0,
    only: tuple[str, ...] = ("",),
    lines: int = 8,
    quiet: bool = False,
) -> None:
    """Run one of the shop's commands as from the shell, and show how its output begins.

    ``only`` shows the lines that begin so. Ends the demonstration where the exit code is not the
    expected one.
    """
    said, complaint = StringIO(), StringIO()
    exit_code = 0
    try:
        call_command(name, *options, stdout=said, stderr=complaint)
    except CommandError as error:
        exit_code = error.returncode
        complaint.write(str(error))
    if quiet:
        return
    head, *rest = said.getvalue().splitlines() or [""]
    shown = [line for line in rest if line.strip().startswith(only)][:lines]
    more = len(rest) - len(shown)
    print(f"$ manage.py {shlex.join([name, *options])}")
    print(*(f"  {line}" for line in [head, *shown]), sep="\n")
    if more:
        print(f"    ... and {more} more lines")
    if exit_code != expect:
        raise SystemExit(f"{name} ended with {exit_code} and not {expect}: {complaint.getvalue()}")


def addresses() -> Iterator[tuple[str, str]]:
    """Where to look: what it is, and its path."""
    product = stock_record(OWN).product
    yield "Amazon at a glance", reverse("admin:django_amazon_sync_overview")
    page = reverse("admin:django_amazon_sync_product", args=[product.pk])
    yield "A product's page for Amazon", page
    tab = reverse("dashboard:amazon-product", args=[product.pk])
    yield "The same as a tab of Oscar's dashboard", tab
    yield "The shop's orders, with Amazon's", reverse("dashboard:order-list")
    yield "The shop, with the button to Amazon", product.get_absolute_url()
