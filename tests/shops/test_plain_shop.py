"""What a ModelShop does beside the contract: reading, orders, parcels, take-over, signals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.core import serializers
from django.db import IntegrityError
from django.db.models import ExpressionWrapper, F, FloatField
from django.db.models.signals import post_delete, post_save
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import (
    Address,
    Buyer,
    Choices,
    Identifier,
    LineAmounts,
    Money,
    NewProduct,
    OfferUpdate,
    OrderAmounts,
    ShipmentData,
    Taxed,
)
from django_amazon_sync.errors import NotSupported, ShopRefused
from django_amazon_sync.shops.model_shop import OrderFields
from django_amazon_sync.shops.model_shop import offers as reading
from django_amazon_sync.shops.model_shop.fields import ADDRESS, ShopFields
from django_amazon_sync.shops.model_shop.money import figures_of
from django_amazon_sync.shops.model_shop.orders import STREET, address_columns
from django_amazon_sync.testing.shop_contract import (
    cents,
    line_amounts,
    new_line,
    new_order,
    stock_of,
    told_of,
)
from tests.plainshop.models import (
    Carrier,
    Department,
    Item,
    Order,
    OrderLine,
    Sale,
    SoldThing,
    Thing,
    Vendor,
)
from tests.shops.plain import BareShop, RichShop, VisibleShop

pytestmark = pytest.mark.django_db

CHOICES = Choices("post", "amazon")

rich = RichShop()


def item(code: str = "soap", **columns: Any) -> Item:
    vendor, _made = Vendor.objects.get_or_create(code="bath")
    columns = {"name": "Soap", "price": Decimal("4.50"), "on_hand": 10, **columns}
    return Item.objects.create(code=code, vendor=vendor, **columns)


def placed(*lines: Any, **changes: Any) -> Order:
    order = replace(new_order(*lines), **changes)
    return Order.objects.get(pk=rich.place_order(order, CHOICES))


# --- Offers --------------------------------------------------------------------------------------


def ours(order: Order) -> list[str]:
    """What the notes say of the shop's affairs, and not of the buyer's wishes."""
    return [line for line in order.remarks.splitlines() if line.startswith("Amazon: ")]


def test_an_offer_has_what_the_mapping_names() -> None:
    row = item(barcode="2000000000015", number=12345678, active=False)
    [offer] = rich.offers()
    assert (offer.pk, offer.sku, offer.title) == (str(row.pk), "soap", "Soap")
    assert offer.price == Money(Decimal("4.50"), "EUR")
    assert (offer.quantity, offer.price_includes_tax, offer.on_sale) == (10, True, False)
    assert offer.identifiers == (Identifier("ean", "2000000000015"), Identifier("gtin", "12345678"))
    assert offer.url == "/bath/soap/"


def test_a_price_is_none_where_it_or_its_currency_is_missing() -> None:
    item("no-price", price=None)
    item("no-currency", currency="")
    assert [offer.price for offer in rich.offers()] == [None, None]


def test_a_product_without_a_sku_is_no_offer() -> None:
    item("")
    item("soap")
    assert [offer.sku for offer in rich.offers()] == ["soap"]


def test_all_chunks_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PRODUCTS_PER_CHUNK", 3)
    monkeypatch.setattr(reading, "PKS_PER_QUERY", 2)
    for count in range(1, 8):
        item(f"soap-{count}", on_hand=None if count == 3 else count)
        offers = list(rich.offers())
        assert [offer.sku for offer in offers] == [
            f"soap-{number}" for number in range(1, count + 1)
        ]
        assert list(rich.offers(pks=[offer.pk for offer in offers])) == offers


def test_a_code_is_looked_for_in_every_column() -> None:
    item("a", barcode="2000000000015")
    item("b", number=2000000000015)
    item("2000000000015")
    item("c", barcode="other", number=5)
    assert {offer.sku for offer in rich.find("2000000000015")} == {"a", "b", "2000000000015"}
    assert [offer.sku for offer in rich.find("a")] == ["a"]
    assert rich.find("2000000000015", "attic") == []


def test_the_shops_own_query_says_what_is_sold() -> None:
    item("secret")
    item("soap", price=Decimal("5.00"))
    item("sold-out", on_hand=0)
    offers = {offer.sku: offer for offer in VisibleShop().offers()}
    assert {sku: offer.on_sale for sku, offer in offers.items()} == {
        "soap": True, "sold-out": False,
    }  # fmt: skip
    assert offers["soap"].price == Money(Decimal("10.00"), "EUR")


class FloatingShop(RichShop):
    product = replace(RichShop.product, price="floating")

    def products(self, scope: str = "") -> Any:
        wrapped = ExpressionWrapper(F("price"), output_field=FloatField())
        return super().products(scope).annotate(floating=wrapped)


def test_a_float_is_the_number_that_people_see() -> None:
    item(price=Decimal("4.35"))
    [offer] = FloatingShop().offers()
    assert offer.price == Money(Decimal("4.35"), "EUR")


# --- Orders --------------------------------------------------------------------------------------


def test_an_order_is_written_into_its_columns() -> None:
    item()
    order = placed(new_line("1", "soap", 2), new_line("2", "soap", 1))
    assert (order.source, order.state, order.delivery, order.payment) == (
        "amazon", "new", "post", "amazon",
    )  # fmt: skip
    assert order.ordered == datetime(2026, 11, 2, 10, 30, tzinfo=UTC)
    assert (order.customer, order.email) == ("Ada Byron", "ada@marketplace.example.com")
    assert (order.street, order.postcode, order.city) == ("12 Engine Row", "EC1A 1BB", "London")
    assert (order.total, order.postage, order.extra) == (Decimal(60), Decimal(12), Decimal(0))
    first, second = order.lines.order_by("pk")
    assert (first.price, first.unit_price) == (Decimal("24.00"), Decimal("12.00"))
    assert (second.price, second.unit_price) == (Decimal("24.00"), Decimal("24.00"))
    assert (first.taken, first.greeting) == (2, "Happy birthday")
    assert ours(order) == []
    assert order.remarks == "Amazon's buyer: SKU soap: Gift message: Happy birthday"


class AdminShop(RichShop):
    order = OrderFields("django_amazon_sync.AmazonOrder", number="number")


def test_an_order_is_shown_in_the_admin_where_its_model_is() -> None:
    assert AdminShop().order_url("7").endswith("/django_amazon_sync/amazonorder/7/change/")
    assert rich.order_url("7") == ""


def test_a_chosen_status_is_given() -> None:
    item()
    pk = rich.place_order(new_order(new_line("1", "soap", 1)), replace(CHOICES, status="packed"))
    assert Order.objects.get(pk=pk).state == "packed"


def test_the_menu_is_what_the_columns_offer() -> None:
    menu = rich.menu()
    assert [method.code for method in menu.shipping_methods] == ["post", "van"]
    assert [method.label for method in menu.payment_methods] == ["By card", "At Amazon"]
    assert [status.code for status in menu.statuses] == ["new", "packed", "void"]
    assert [method.code for method in BareShop().menu().payment_methods] == ["amazon"]


def test_what_is_special_is_in_the_notes() -> None:
    item("soap", on_hand=1)
    linked = item("brush")
    order = placed(
        new_line("1", "soap", 3),
        new_line("2", "NO-SUCH-SKU", 1),
        replace(new_line("3", "AMAZONS-NAME", 1), offer_pk=str(linked.pk)),
        buyer=Buyer(purchase_order="PO 7"),
        cancellation_requested=True,
    )
    assert ours(order) == [
        "Amazon: The shop had 1 of the 3 of SKU soap that Amazon sold: check it.",
        "Amazon: SKU NO-SUCH-SKU is not known to the shop: its line has no product and took no "
        "stock.",
        "Amazon: SKU brush is sold on Amazon as AMAZONS-NAME.",
        "Amazon: The buyer asks Amazon to cancel this order: decide before anything is shipped.",
    ]
    assert "Amazon's buyer: The buyer's purchase order: PO 7" in order.remarks.splitlines()
    assert [line.sku for line in order.lines.order_by("pk")] == ["soap", "NO-SUCH-SKU", "brush"]


def test_without_a_column_for_notes_they_are_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    order = new_order(new_line("1", "NO-SUCH-SKU", 1))
    order = replace(order, buyer=Buyer(name="Ada", purchase_order="PO 7"))
    BareShop().place_order(order, Choices("amazon", "amazon"))
    assert f"Order {order.number}: SKU NO-SUCH-SKU is not known" in caplog.text
    assert "Ada" not in caplog.text
    assert "PO 7" not in caplog.text


def test_a_line_of_nothing_lacks_nothing() -> None:
    item(on_hand=-3)
    assert ours(placed(new_line("1", "soap", 0))) == []
    assert stock_of(rich) == {"soap": -3}


class TotalOnlyShop(RichShop):
    order = replace(RichShop.order, shipping="", other="", fixed={"source": "x", "postage": 0})


def test_what_no_column_shows_of_the_total_is_in_the_notes() -> None:
    item()
    order = new_order(new_line("1", "soap", 1), new_line("2", "soap", 1))
    saved = Order.objects.get(pk=TotalOnlyShop().place_order(order, CHOICES))
    assert saved.total == Decimal("60.00")
    assert ours(saved) == [
        "Amazon: 12.00 EUR of Amazon's total are for shipping, discounts and charges, or a "
        "difference."
    ]


class EuroShop(RichShop):
    order = replace(RichShop.order, currency="EUR")


def test_an_order_in_a_foreign_currency_is_refused_where_there_is_no_column_for_it() -> None:
    item()
    order = replace(new_order(new_line("1", "soap", 1)), amounts=OrderAmounts("GBP", Decimal(60)))
    with pytest.raises(ShopRefused, match="is in GBP, and the shop keeps orders in EUR"):
        EuroShop().place_order(order, CHOICES)
    assert Order.objects.get(pk=rich.place_order(order, CHOICES)).currency == "GBP"


@pytest.mark.parametrize("total", ["100000000.00", "99999999.995", "12.345"])
def test_a_total_that_the_column_cannot_hold_is_refused(total: str) -> None:
    item()
    amounts = OrderAmounts("EUR", Decimal(total))
    order = replace(new_order(new_line("1", "soap", 1)), amounts=amounts)
    with pytest.raises(ShopRefused):
        rich.place_order(order, CHOICES)
    assert not Order.objects.exists()
    assert stock_of(rich) == {"soap": 10}


def test_a_discount_beyond_the_goods_goes_to_the_other_charges() -> None:
    item()
    line = new_line("1", "soap", 1)
    line = replace(line, amounts=replace(line.amounts, discount=Taxed(Decimal("28.00"))))
    order = placed(line, amounts=OrderAmounts("EUR", Decimal("4.00")))
    assert [row.price for row in order.lines.all()] == [Decimal(0)]
    assert (order.postage, order.extra, order.total) == (Decimal(6), Decimal(-2), Decimal(4))


class LabelShop(RichShop):
    """One text for the whole address, as it is printed."""

    order = replace(RichShop.order, name="", address={"text": "remarks", "country": "country"})


FULL = Address(
    name="Ada Byron", company="Engines", line1="12 Engine Row", line2="Flat 2", district="Soho",
    city="London", postcode="EC1A 1BB", country="GB", phone="+44 20",
)  # fmt: skip


def test_no_part_of_an_address_is_lost_for_lack_of_a_column() -> None:
    item()
    order = placed(new_line("1", "soap", 1), delivery=FULL)
    assert order.street == "Engines, 12 Engine Row, Flat 2, Soho"
    pk = LabelShop().place_order(
        replace(new_order(new_line("1", "soap", 1)), delivery=FULL), CHOICES
    )
    label = Order.objects.get(pk=pk)
    assert label.remarks.splitlines()[:8] == [
        "Ada Byron", "Engines", "12 Engine Row", "Flat 2", "Soho", "EC1A 1BB", "London", "+44 20",
    ]  # fmt: skip
    assert (label.country, label.customer) == ("GB", "")


@given(
    address=st.builds(Address, **dict.fromkeys(ADDRESS, st.text(max_size=5))),
    parts=st.sets(st.sampled_from(ADDRESS)),
)
def test_every_part_of_an_address_is_somewhere(address: Address, parts: set[str]) -> None:
    columns = {part: f"column of {part}" for part in parts}
    whole = {**columns, "text": "label"}
    written = address_columns(replace(RichShop.order, address=whole), address)
    assert written.keys() == set(whole.values())
    for part in ADDRESS:
        assert getattr(address, part) in written[columns.get(part, "label")]
    street = {**columns, "line1": "street"}
    written = address_columns(replace(RichShop.order, address=street), address)
    for part in STREET:
        assert getattr(address, part) in written[street.get(part, "street")]


@given(
    amounts=st.lists(line_amounts, min_size=1, max_size=3),
    quantity=st.integers(1, 7),
    total=cents,
    unmapped=st.sets(st.sampled_from(["shipping", "other"])),
    by_piece=st.booleans(),
)
def test_the_columns_and_what_they_do_not_show_are_amazons_total(
    amounts: list[LineAmounts], quantity: int, total: Decimal, unmapped: set[str], by_piece: bool
) -> None:
    empty: dict[str, Any] = dict.fromkeys(unmapped, "")
    order_fields = replace(RichShop.order, **empty)
    line_fields = replace(RichShop.line, total="" if by_piece else "price")
    lines = [replace(new_line(str(n), "soap", quantity), amounts=a) for n, a in enumerate(amounts)]
    order = replace(new_order(*lines), amounts=OrderAmounts("EUR", total))
    figures = figures_of(ShopFields(RichShop.product, order_fields, line_fields), order)
    shown = sum(
        line["unit_price"] * quantity if by_piece else line["price"]
        for line in figures.lines.values()
    )
    beside = sum(Decimal(figures.order.get(column, 0)) for column in ("postage", "extra"))
    assert shown + beside + figures.unseen == figures.order["total"] == total


def test_the_unique_number_is_the_last_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that did not see the other's order changes nothing."""
    item()
    order = new_order(new_line("1", "soap", 2))
    pk = rich.place_order(order, CHOICES)
    blind = RichShop()
    monkeypatch.setattr(blind, "order_pk", Blind(blind.order_pk))
    assert blind.place_order(order, CHOICES) == pk
    assert Order.objects.count() == 1
    assert stock_of(rich) == {"soap": 8}


class Blind:
    """Sees nothing when it is asked first."""

    def __init__(self, sees: Any) -> None:
        self.sees, self.asked = sees, False

    def __call__(self, number: str) -> Any:
        if not self.asked:
            self.asked = True
            return ""
        return self.sees(number)


def test_another_broken_rule_of_the_database_is_not_taken_for_an_order_that_is_there() -> None:
    class BrokenShop(RichShop):
        order = replace(RichShop.order, fixed={"source": "amazon", "total": None}, total="")

    item()
    with pytest.raises(IntegrityError):
        BrokenShop().place_order(new_order(new_line("1", "soap", 1)), CHOICES)
    assert stock_of(rich) == {"soap": 10}


def test_a_column_that_cannot_go_below_zero_stops_there() -> None:
    thing = Thing.objects.create(sku="pin", title="Pin", price=1, stock=2)
    shop, choices = BareShop(), Choices("amazon", "amazon")
    order = new_order(new_line("1", "pin", 5))
    pk = shop.place_order(order, choices)
    assert SoldThing.objects.get().taken == 2
    shop.update_order(pk, replace(order, lines=(new_line("1", "pin", 3),)), choices)
    thing.refresh_from_db()
    assert thing.stock == 0, "three are still sold, two of them from the stock"
    shop.update_order(pk, replace(order, lines=(new_line("1", "pin", 1),)), choices)
    thing.refresh_from_db()
    assert thing.stock == 1


# --- What Amazon changes -------------------------------------------------------------------------


def test_a_line_says_what_was_cancelled_of_it() -> None:
    item()
    order = new_order(new_line("1", "soap", 5))
    pk = rich.place_order(order, CHOICES)
    lowered = replace(
        order, lines=(new_line("1", "soap", 2),), amounts=OrderAmounts("EUR", Decimal("30.00"))
    )
    with told_of() as told:
        rich.update_order(pk, lowered, CHOICES)
    assert told == {str(Item.objects.get().pk)}
    saved = Order.objects.get(pk=pk)
    assert ours(saved) == [
        "Amazon: Amazon cancelled 3 of SKU soap; 2 remain.",
        "Amazon: Amazon's total was 60.00 and is 30.00 EUR.",
    ]
    assert (saved.total, saved.lines.get().unit_price) == (Decimal(30), Decimal(12))


def cancel_in_the_shop(pk: str, *, tells_the_line: bool) -> None:
    """As a shop's own button does it: the order is void, and its units are for sale again."""
    saved = Order.objects.get(pk=pk)
    for line in saved.lines.all():
        Item.objects.filter(orderline=line).update(on_hand=F("on_hand") + line.quantity)
        if tells_the_line:
            OrderLine.objects.filter(pk=line.pk).update(taken=0)
    saved.state = Order.State.VOID
    saved.save()


@pytest.mark.parametrize("tells_the_line", [True, False])
@pytest.mark.parametrize("lines", [(), (new_line("1", "soap", 0),)])
def test_what_the_shop_gave_back_is_not_given_back_again(
    tells_the_line: bool, lines: tuple[Any, ...]
) -> None:
    """Units given back twice are sold twice."""
    item()
    order = new_order(new_line("1", "soap", 4))
    pk = rich.place_order(order, CHOICES)
    cancel_in_the_shop(pk, tells_the_line=tells_the_line)
    assert stock_of(rich) == {"soap": 10}
    for _ in range(2):
        rich.update_order(pk, replace(order, status="CANCELLED", lines=lines), CHOICES)
    assert stock_of(rich) == {"soap": 10}
    told = [one for one in ours(Order.objects.get(pk=pk)) if "left as it is" in one]
    assert len(told) == (0 if tells_the_line else 1)


def test_a_shop_that_restocks_by_its_own_hook_gives_back_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its lines are lowered before it hears that the order is cancelled."""
    item()
    order = new_order(new_line("1", "soap", 4))
    pk = rich.place_order(order, CHOICES)
    save = Order.save

    def save_and_restock(saved: Order, *args: Any, **kwargs: Any) -> None:
        was = Order.objects.get(pk=saved.pk).state
        save(saved, *args, **kwargs)
        if saved.state == Order.State.VOID != was:
            for line in saved.lines.all():
                Item.objects.filter(orderline=line).update(on_hand=F("on_hand") + line.quantity)

    monkeypatch.setattr(Order, "save", save_and_restock)
    for _ in range(2):
        rich.update_order(pk, replace(order, status="CANCELLED"), CHOICES)
    assert Order.objects.get(pk=pk).state == Order.State.VOID
    assert stock_of(rich) == {"soap": 10}


def test_more_than_was_sold_and_lines_that_are_not_there_are_shown() -> None:
    item()
    order = new_order(new_line("1", "soap", 1))
    pk = rich.place_order(order, CHOICES)
    more = replace(order, lines=(new_line("1", "soap", 2), new_line("9", "brush", 1)))
    for _ in range(2):
        rich.update_order(pk, more, CHOICES)
    assert ours(Order.objects.get(pk=pk)) == [
        "Amazon: Amazon counts 2 of SKU soap, the shop 1: check it.",
        "Amazon: Amazon counts 1 of SKU brush, the shop 0: check it.",
    ]
    assert stock_of(rich) == {"soap": 9}


def test_what_is_shipped_does_not_come_back() -> None:
    item()
    order = new_order(new_line("1", "soap", 2))
    pk = rich.place_order(order, CHOICES)
    Order.objects.update(sent=datetime(2026, 11, 3, tzinfo=UTC))
    for _ in range(2):
        rich.update_order(pk, replace(order, status="CANCELLED"), CHOICES)
    saved = Order.objects.get(pk=pk)
    assert ours(saved) == [
        "Amazon: Amazon counts 0 of SKU soap, the shop shipped 2: check it.",
        "Amazon: Amazon cancelled this order, but it is shipped: check it.",
    ]
    assert (saved.state, saved.lines.get().quantity) == ("new", 2)
    assert stock_of(rich) == {"soap": 8}


def test_a_product_that_was_deleted_takes_nothing_back() -> None:
    item()
    order = new_order(new_line("1", "soap", 2))
    pk = rich.place_order(order, CHOICES)
    Item.objects.all().delete()
    rich.update_order(pk, replace(order, status="CANCELLED"), CHOICES)
    assert OrderLine.objects.get().quantity == 0


# --- Parcels -------------------------------------------------------------------------------------


def test_an_order_that_was_handed_over_is_one_parcel() -> None:
    item()
    kept, sent = (placed(new_line("1", "soap", 2), new_line("2", "soap", 1)) for _ in range(2))
    sent.sent, sent.tracking = datetime(2026, 11, 3, 9, tzinfo=UTC), "JD01"
    sent.carrier = Carrier.objects.create(name="DHL")
    sent.save()
    sent.lines.filter(amazon_id="2").update(quantity=0)
    pks = [str(kept.pk), str(sent.pk), "no-such-pk", "0"]
    assert list(rich.shipments(pks)) == [
        ShipmentData(
            pk=str(sent.pk), order_pk=str(sent.pk), shipped_at=sent.sent, carrier="DHL",
            tracking="JD01", items=(("1", 2),),
        )
    ]  # fmt: skip
    with pytest.raises(NotSupported, match="shipped_at"):
        BareShop().shipments(pks)


# --- Personal data --------------------------------------------------------------------------------


def test_of_a_forgotten_buyer_the_country_and_our_own_notes_stay() -> None:
    item()
    order = placed(new_line("1", "NO-SUCH-SKU", 1), delivery=FULL)
    Order.objects.update(remarks=f"Mrs Byron called\n{order.remarks}")
    rich.anonymise(str(order.pk))
    order.refresh_from_db()
    assert (order.city, order.country, order.total) == ("London", "GB", Decimal(60))
    assert order.remarks.startswith("Amazon: SKU NO-SUCH-SKU")
    assert "Byron" not in order.remarks
    assert (order.street, order.phone, order.email, order.customer) == ("", "", "", "")


@pytest.mark.parametrize("message", ["[]", "Rang Mrs Byron", '{"added": {"object": "Byron"}}'])
def test_the_admin_forgets_by_which_names_it_called_the_rows(admin_user: Any, message: str) -> None:
    item()
    order = placed(new_line("1", "NO-SUCH-SKU", 1), delivery=FULL)
    for row in (order, order.lines.get()):
        LogEntry.objects.log_actions(admin_user.pk, [row], CHANGE, change_message=message)
    LogEntry.objects.update(object_repr="For Ada Byron")
    rich.anonymise(str(order.pk))
    assert LogEntry.objects.count() == 2
    assert "Byron" not in str(list(LogEntry.objects.values()))


def test_an_order_that_is_gone_holds_nobodys_data() -> None:
    rich.anonymise("0")
    sale = Sale.objects.create(number="302-0000000-0000000")
    BareShop().anonymise(sale.pk)


# --- Taking over ----------------------------------------------------------------------------------


def test_title_price_and_quantity_are_taken_over() -> None:
    row = item()
    rich.apply(OfferUpdate(str(row.pk), title="x" * 99, quantity=3))
    rich.apply(OfferUpdate(str(row.pk), price=Money(Decimal("5.25"), "EUR")))
    row.refresh_from_db()
    assert (row.name, row.on_hand, row.price) == ("x" * 80, 3, Decimal("5.25"))


@pytest.mark.parametrize(
    ("update", "sentence"),
    [
        ({"price": Money(Decimal(5), "GBP")}, "priced in EUR, not GBP"),
        ({"quantity": -1}, "a quantity of -1"),
        ({"price": Money(Decimal("123456789"), "EUR")}, "too large"),
        ({"pk": "0"}, "no product 0"),
    ],
)
def test_what_cannot_be_taken_over_is_refused(update: dict[str, Any], sentence: str) -> None:
    row = item()
    with pytest.raises(ShopRefused, match=sentence):
        rich.apply(OfferUpdate(**{"pk": str(row.pk), "title": "New", **update}))
    row.refresh_from_db()
    assert row.name == "Soap"


def test_what_is_not_tracked_or_not_the_products_own_is_not_taken_over() -> None:
    row = item(on_hand=None)
    with pytest.raises(ShopRefused, match="has to track"):
        rich.apply(OfferUpdate(str(row.pk), quantity=3))
    with pytest.raises(NotSupported, match="no column double"):
        VisibleShop().apply(OfferUpdate(str(row.pk), price=Money(Decimal(5), "EUR")))


# --- Signals --------------------------------------------------------------------------------------


@pytest.fixture
def connected() -> Iterator[None]:
    RichShop.connect_signals()
    RichShop.connect_signals()
    yield
    about = f"amazon_sync_{RichShop.__module__}.{RichShop.__qualname__}"
    assert post_save.disconnect(sender=Item, dispatch_uid=about)
    assert post_delete.disconnect(sender=Item, dispatch_uid=about)


def test_a_product_that_is_saved_or_deleted_is_told(connected: None) -> None:
    with told_of() as told:
        row = item()
    assert told == {str(row.pk)}
    pk = str(row.pk)
    with told_of() as told:
        row.delete()
    assert told == {pk}


def test_loading_a_fixture_tells_nothing(connected: None) -> None:
    written = serializers.serialize("json", [item()])
    with told_of() as told:
        for loaded in serializers.deserialize("json", written):
            loaded.save()
    assert told == set()


def test_a_mapping_that_is_wrong_stops_no_start() -> None:
    class WrongShop(RichShop):
        product = replace(RichShop.product, model="no.Such")

    WrongShop.connect_signals()


# --- Products that are made for an order --------------------------------------------------------


def test_a_product_is_made_of_what_an_order_has(db: None) -> None:
    Vendor.objects.create(code="bath")
    department = Department.objects.create(name="From Amazon")
    shop = RichShop()
    menu = shop.menu()
    assert [(item.code, item.label) for item in menu.categories] == [
        (str(department.pk), "From Amazon")
    ]
    price = Money(Decimal("4.50"), "GBP")
    product = NewProduct("sponge", "Sponge", "B0SPONGE", price, menu.categories[0].code)
    made = Item.objects.get(pk=shop.create_product(product, "bath"))
    assert (made.code, made.name, made.price, made.currency) == (
        "sponge", "Sponge", Decimal("4.50"), "GBP"
    )  # fmt: skip
    assert (made.active, made.on_hand, made.source) == (False, 0, "Amazon")
    assert (made.vendor.code, made.department) == ("bath", department)


def test_what_cannot_be_made_says_why(db: None) -> None:
    Vendor.objects.create(code="bath")
    with pytest.raises(ShopRefused, match="no vendor cellar"):
        RichShop().create_product(NewProduct("sponge", "Sponge"), "cellar")
    with pytest.raises(ShopRefused, match=r"ProductFields\.made"):
        RichShop().create_product(NewProduct("sponge", "Sponge"))
    with pytest.raises(ShopRefused, match="does not fit the column code"):
        RichShop().create_product(NewProduct("x" * 200, "Sponge"), "bath")
    with pytest.raises(NotSupported, match="on_sale"):
        BareShop().create_product(NewProduct("sponge", "Sponge"))
    assert not BareShop().menu().products
