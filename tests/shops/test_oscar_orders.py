"""An Amazon order as Oscar keeps it: columns, addresses, payment, stock, notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.apps.order.signals import order_placed
from oscar.core.loading import get_class, get_model

from django_amazon_sync.data import (
    Address,
    Choices,
    LineAmounts,
    OrderAmounts,
    OrderData,
    Taxed,
)
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.shops.oscar import OscarShop, orders
from django_amazon_sync.shops.oscar.people import BUYERS_NOTE_TYPE, NOTE_TYPE
from django_amazon_sync.testing.shop_contract import new_line, new_order
from tests import factories

if TYPE_CHECKING:
    from oscar.apps.order.models import Line, Order, ShippingAddress
    from oscar.apps.partner.models import StockRecord

pytestmark = pytest.mark.django_db

shop = OscarShop()
choices = Choices("free-shipping", "amazon")


def taxed(net: str, tax: str = "0") -> Taxed:
    return Taxed(Decimal(net), Decimal(tax))


def placed(
    order: OrderData,
    *,
    status: str = "",
    scope: str = "",
    shipping_method: str = choices.shipping_method,
    payment_method: str = choices.payment_method,
) -> Order:
    chosen = Choices(shipping_method, payment_method, status=status, scope=scope)
    pk = shop.place_order(order, chosen)
    return get_model("order", "Order").objects.get(pk=pk)


def record_of(line: Line) -> StockRecord:
    assert line.stockrecord is not None
    return line.stockrecord


def shipping_address(saved: Order) -> ShippingAddress:
    assert saved.shipping_address is not None
    return saved.shipping_address


@pytest.fixture
def order(db: None) -> OrderData:
    """Two mugs with gift wrap and a discount, one teapot; 82.60 EUR with a tip of one euro."""
    factories.stock_record("MUG", in_stock=10, upc="2000000000015")
    factories.stock_record("TEAPOT", in_stock=5)
    mugs = LineAmounts(
        taxed("20", "4"), taxed("5", "1"), gift_wrap=taxed("2", ".40"), discount=taxed("3", ".60")
    )
    teapot = LineAmounts(taxed("40", "8"), taxed("4", ".80"))
    lines = (
        replace(new_line("item-1", "MUG", 2), amounts=mugs),
        replace(new_line("item-2", "TEAPOT", 1), amounts=teapot, gift_message=""),
    )
    amounts = OrderAmounts("EUR", Decimal("82.60"), Decimal(1))
    return replace(new_order(*lines), amounts=amounts)


# --- Money ------------------------------------------------------------------------------------


def test_oscars_own_sums_agree(order: OrderData) -> None:
    saved = placed(order)
    assert (saved.currency, saved.total_incl_tax) == ("EUR", Decimal("82.60"))
    assert saved.total_excl_tax == Decimal("69.00")
    assert (saved.shipping_incl_tax, saved.shipping_excl_tax) == (Decimal("10.80"), Decimal(9))
    assert saved.surcharge_incl_tax == Decimal("3.40")
    assert saved.basket_total_incl_tax == sum(
        line.line_price_incl_tax for line in saved.lines.all()
    )
    assert saved.basket_total_excl_tax == sum(
        line.line_price_excl_tax for line in saved.lines.all()
    )
    assert saved.total_discount_incl_tax == Decimal("3.60")
    assert [discount.amount for discount in saved.basket_discounts] == [Decimal("3.60")]


def test_a_line_has_amazons_ids_and_prices(order: OrderData) -> None:
    line = placed(order).lines.get(partner_line_reference="item-1")
    assert (line.partner_sku, line.title) == ("MUG", "Amazon's title of MUG")
    assert (line.upc, line.partner_name) == ("2000000000015", "Warehouse")
    assert line.line_price_before_discounts_incl_tax == Decimal(24)
    assert (line.line_price_incl_tax, line.line_price_excl_tax) == (Decimal("20.40"), Decimal(17))
    assert (line.unit_price_incl_tax, line.unit_price_excl_tax) == (Decimal(12), Decimal(10))
    assert [discount.amount for discount in line.discounts.all()] == [Decimal("3.60")]
    assert [(price.quantity, price.price_incl_tax) for price in line.prices.all()] == [
        (2, Decimal(12))
    ]


def test_a_discount_on_shipping_is_shown_as_one(order: OrderData) -> None:
    line = replace(
        order.lines[0],
        amounts=LineAmounts(taxed("20"), taxed("6"), discount=taxed("24")),
    )
    order = replace(order, lines=(line,), amounts=OrderAmounts("EUR", Decimal(2)))
    saved = placed(order)
    assert [discount.amount for discount in saved.shipping_discounts] == [Decimal(4)]
    assert saved.shipping_before_discounts_incl_tax == Decimal(6)


def test_the_payment_is_from_amazon(order: OrderData) -> None:
    (source,) = placed(order).sources.all()
    assert (source.source_type.name, source.reference) == ("Amazon", order.number)
    assert source.amount_allocated == source.amount_debited == Decimal("82.60")


def test_a_tax_that_amazon_collects_is_told_apart(order: OrderData) -> None:
    line = replace(order.lines[0], tax_collected_by="MARKETPLACE_FACILITATOR")
    saved = placed(replace(order, lines=(line,)))
    assert saved.lines.get().tax_code == "MARKETPLACE_FACILITATOR"


# --- The order --------------------------------------------------------------------------------


def test_the_customer_is_a_guest_and_the_day_is_amazons(order: OrderData) -> None:
    saved = placed(order)
    assert (saved.number, saved.user) == (order.number, None)
    assert saved.guest_email == "ada@marketplace.example.com"
    assert saved.date_placed == datetime(2026, 11, 2, 10, 30, tzinfo=UTC)
    assert (saved.shipping_code, saved.shipping_method) == ("free-shipping", "Free shipping")
    assert saved.status == "Pending"
    assert {line.status for line in saved.lines.all()} == {"Pending"}
    assert placed(new_order(*order.lines), status="Being processed").status == "Being processed"


def test_oscars_signal_of_a_placed_order_is_not_sent(order: OrderData) -> None:
    """Shops mail their buyers on it; Amazon's buyers hear from Amazon."""
    heard: list[object] = []

    def listen(**kwargs: object) -> None:
        heard.append(kwargs)

    order_placed.connect(listen)
    try:
        placed(order)
    finally:
        order_placed.disconnect(listen)
    assert heard == []


def test_the_dashboard_shows_the_order(order: OrderData, admin_client: Client) -> None:
    unknown = replace(new_line("item-3", "UNKNOWN", 1), title="Something else")
    saved = placed(replace(order, lines=(*order.lines, unknown)))
    page = admin_client.get(shop.order_url(str(saved.pk)))
    assert page.status_code == 200
    text = page.content.decode()
    for shown in ("Engine Row", "UNKNOWN is not known", "Gift wrap", "Difference to Amazon"):
        assert shown in text
    for line in saved.lines.all():
        path = f"{shop.order_url(str(saved.pk))}lines/{line.pk}/"
        assert admin_client.get(path).status_code == 200


def test_an_order_that_is_gone_has_no_page() -> None:
    assert shop.order_url("123456") == ""


def test_a_purchase_order_number_is_noted(order: OrderData) -> None:
    order = replace(order, buyer=replace(order.buyer, purchase_order="PO 7"))
    saved = placed(order)
    assert "The buyer's purchase order: PO 7" in notes_of(saved, BUYERS_NOTE_TYPE)
    assert notes_of(saved) == []


# --- Stock ------------------------------------------------------------------------------------


def test_stock_is_allocated_as_in_oscars_checkout(order: OrderData) -> None:
    saved = placed(order)
    assert [line.num_allocated for line in saved.lines.all()] == [2, 1]
    assert [record_of(line).num_allocated for line in saved.lines.all()] == [2, 1]
    assert [record_of(line).num_in_stock for line in saved.lines.all()] == [10, 5]


def test_rows_of_stock_are_locked_in_one_order(order: OrderData) -> None:
    backwards = replace(order, lines=order.lines[::-1])
    with CaptureQueriesContext(connection) as queries:
        saved = placed(backwards)
    updates = [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]
    allocations = [sql for sql in updates if "partner_stockrecord" in sql]
    pks = [record_of(line).pk for line in saved.lines.all()]
    assert pks == sorted(pks, reverse=True)
    assert [int(sql.rsplit(" ", 1)[1]) for sql in allocations] == sorted(pks)


def test_the_scopes_own_partner_delivers(order: OrderData) -> None:
    attic = factories.stock_record("MUG", partner_code="attic")
    assert placed(order, scope="attic").lines.get(partner_sku="MUG").stockrecord == attic
    anywhere = placed(new_order(*order.lines))
    assert anywhere.lines.get(partner_sku="MUG").stockrecord != attic


def test_the_number_of_queries_grows_by_the_lines_only(order: OrderData) -> None:
    def queries_for(count: int) -> int:
        lines = [new_line(str(number), "MUG", 1) for number in range(count)]
        with CaptureQueriesContext(connection) as queries:
            placed(new_order(*lines))
        return len(queries)

    queries_for(1)  # creates what a bare database lacks
    three, four, eight = queries_for(3), queries_for(4), queries_for(8)
    assert eight - four == 4 * (four - three)
    assert four - three <= 8  # of which Oscar's allocation and its receivers make six


# --- Addresses --------------------------------------------------------------------------------


def address_of(order: OrderData, address: Address | None) -> ShippingAddress:
    return shipping_address(placed(replace(order, delivery=address)))


def test_shipping_and_billing_address_are_the_recipients(order: OrderData) -> None:
    saved = placed(order)
    for address in (saved.shipping_address, saved.billing_address):
        assert address is not None
        assert address.name == "Ada Byron"
        assert (address.line1, address.line4) == ("12 Engine Row", "London")
        assert (address.postcode, address.country_id) == ("EC1A 1BB", "GB")
    assert str(shipping_address(saved).phone_number) == "+442079460958"
    assert shipping_address(saved).notes == ""


def test_a_country_is_created_where_migrate_left_none(order: OrderData) -> None:
    country = address_of(order, Address(country="jp")).country
    assert (country.pk, country.printable_name) == ("JP", "Japan")
    assert not country.is_shipping_country


def test_a_country_of_the_shop_stays_as_it_is(order: OrderData) -> None:
    ours = get_model("address", "Country").objects.create(
        iso_3166_1_a2="GB", printable_name="Britain", is_shipping_country=True
    )
    address_of(order, order.delivery)
    ours.refresh_from_db()
    assert (ours.printable_name, ours.is_shipping_country) == ("Britain", True)


def test_an_order_without_delivery_has_no_address(order: OrderData) -> None:
    saved = placed(replace(order, delivery=None))
    assert (saved.shipping_address, saved.billing_address) == (None, None)


def test_no_line_of_an_address_is_lost(order: OrderData) -> None:
    given = Address("A B", "Company", "1", "2", "3", "City", "District", "State", "P", "BR")
    address = address_of(order, given)
    assert (address.line1, address.line2, address.line3) == ("Company", "1", "2, 3, District")
    assert (address.line4, address.state, address.postcode) == ("City", "State", "P")


@pytest.mark.parametrize(
    ("phone", "stored", "noted"),
    [
        ("020 7946 0958", "+442079460958", ""),
        ("+1 480-386-0930 ext. 73824", "+14803860930", "Phone: +1 480-386-0930 ext. 73824"),
        ("call at noon", "", "Phone: call at noon"),
        ("12", "", "Phone: 12"),
        ("", "", ""),
    ],
)
def test_a_phone_number_is_kept_one_way_or_the_other(
    order: OrderData, phone: str, stored: str, noted: str
) -> None:
    address = address_of(order, Address(name="A", country="GB", phone=phone))
    address.refresh_from_db()
    assert (str(address.phone_number or ""), address.notes) == (stored, noted)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("Ana Maria Souza", "Ana Maria", "Souza"), ("Cher", "", "Cher"), ("", "", "")],
)
def test_a_name_is_told_in_two_parts(order: OrderData, name: str, first: str, last: str) -> None:
    address = address_of(order, Address(name=name))
    assert (address.first_name, address.last_name, address.name) == (first, last, name)
    assert address.country.pk == "ZZ"


# --- Choosing ---------------------------------------------------------------------------------


def test_the_menu_is_what_the_shop_has() -> None:
    get_model("payment", "SourceType").objects.create(name="Invoice")
    get_model("shipping", "OrderAndItemCharges").objects.create(name="Courier")
    menu = shop.menu()
    assert [item.code for item in menu.shipping_methods] == ["free-shipping", "courier"]
    assert [item.label for item in menu.payment_methods] == ["Amazon", "Invoice"]
    assert [item.code for item in menu.statuses] == [
        "Pending",
        "Being processed",
        "Cancelled",
        "Complete",
    ]


def test_methods_of_the_dashboard_can_be_chosen(order: OrderData) -> None:
    get_model("payment", "SourceType").objects.create(name="Invoice")
    get_model("shipping", "WeightBased").objects.create(name="Courier")
    saved = placed(order, shipping_method="courier", payment_method="invoice")
    assert saved.shipping_method == "Courier"
    assert saved.sources.get().source_type.name == "Invoice"


# --- Races ------------------------------------------------------------------------------------


def test_whoever_loses_the_race_for_a_number_takes_nothing(
    order: OrderData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking for the number and placing the order another worker places it."""
    first = placed(order)
    not_there_yet, order_pk = [""], orders.order_pk

    def look(number: str) -> str:
        return not_there_yet.pop() if not_there_yet else order_pk(number)

    monkeypatch.setattr(orders, "order_pk", look)
    assert shop.place_order(order, choices) == str(first.pk)
    assert not_there_yet == []
    assert [record_of(line).num_allocated for line in first.lines.all()] == [2, 1]
    assert get_model("order", "ShippingAddress").objects.count() == 1


def test_a_refusal_half_way_leaves_nothing(
    order: OrderData, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = get_model("partner", "StockRecord")

    def refuse(self: StockRecord, quantity: int) -> None:
        raise ShopRefused("The warehouse is on fire.")

    monkeypatch.setattr(record, "allocate", refuse)
    with pytest.raises(ShopRefused, match="fire"):
        shop.place_order(order, choices)
    assert shop.order_pk(order.number) == ""
    assert get_model("order", "ShippingAddress").objects.count() == 0


# --- Following Amazon -------------------------------------------------------------------------


def lowered(order: OrderData, quantity: int, total: str = "82.60") -> OrderData:
    lines = (replace(order.lines[0], quantity=quantity), *order.lines[1:])
    return replace(order, lines=lines, amounts=OrderAmounts("EUR", Decimal(total), Decimal(1)))


def notes_of(saved: Order, kind: str = NOTE_TYPE) -> list[str]:
    notes = saved.notes.filter(note_type=kind)
    return list(notes.order_by("pk").values_list("message", flat=True))


def update(saved: Order, order: OrderData) -> Order:
    """Follow Amazon twice, as updates come more than once."""
    for _ in range(2):
        shop.update_order(str(saved.pk), order, choices)
    saved.refresh_from_db()
    return saved


def test_a_lowered_quantity_frees_the_allocation(order: OrderData) -> None:
    saved = update(placed(order), lowered(order, 1))
    line = saved.lines.get(partner_sku="MUG")
    assert (line.quantity, line.num_allocated, record_of(line).num_allocated) == (1, 1, 1)
    assert notes_of(saved) == ["Amazon cancelled 1 of SKU MUG; 1 remain."]


def test_what_is_shipped_is_not_cancelled(order: OrderData) -> None:
    saved = placed(order)
    factories.shipping_event(str(saved.pk), {"item-1": 1})
    saved.lines.get(partner_sku="MUG").consume_allocation(1)
    update(saved, replace(order, status="CANCELLED"))
    line = saved.lines.get(partner_sku="MUG")
    assert (line.quantity, line.num_allocated) == (1, 0)
    assert (record_of(line).num_in_stock, record_of(line).num_allocated) == (9, 0)
    assert "Amazon counts 0 of SKU MUG, but 1 are shipped: check it." in notes_of(saved)


def test_what_staff_released_is_not_released_again(order: OrderData) -> None:
    other = placed(new_order(*order.lines))
    saved = placed(order)
    handler = get_class("order.processing", "EventHandler")()
    handler.cancel_stock_allocations(saved)
    update(saved, replace(order, status="CANCELLED"))
    allocated = [record_of(line).num_allocated for line in other.lines.all()]
    assert allocated == [2, 1]


def test_what_staff_left_allocated_is_all_that_is_released(order: OrderData) -> None:
    saved = placed(order)
    saved.lines.get(partner_sku="MUG").cancel_allocation(1)
    update(saved, replace(order, status="CANCELLED"))
    assert [line.num_allocated for line in saved.lines.all()] == [0, 0]
    assert [record_of(line).num_allocated for line in saved.lines.all()] == [0, 0]


def test_a_quantity_that_grew_is_for_people_to_check(order: OrderData) -> None:
    saved = update(placed(order), lowered(order, 3))
    assert saved.lines.get(partner_sku="MUG").quantity == 2
    assert notes_of(saved) == ["Amazon counts 3 of SKU MUG, the shop 2: check it."]


def test_a_line_that_amazon_added_is_for_people_to_check(order: OrderData) -> None:
    added = replace(order, lines=(*order.lines, new_line("item-9", "VASE", 1)))
    saved = update(placed(order), added)
    assert saved.lines.count() == 2
    assert "Amazon counts 1 of SKU VASE, the shop 0: check it." in notes_of(saved)


def test_a_cancelled_order_has_the_shops_status_and_its_money_back(order: OrderData) -> None:
    saved = update(placed(order), replace(order, status="CANCELLED", amounts=None))
    assert saved.status == "Cancelled"
    assert {line.status for line in saved.lines.all()} == {"Cancelled"}
    assert saved.total_incl_tax == Decimal("82.60")
    (source,) = saved.sources.all()
    assert (source.amount_refunded, source.transactions.count()) == (Decimal("82.60"), 1)


def test_lines_all_cancelled_are_the_order_cancelled(order: OrderData) -> None:
    none_left = [replace(line, quantity=0) for line in order.lines]
    assert update(placed(order), replace(order, lines=tuple(none_left))).status == "Cancelled"


def test_a_status_without_way_to_cancelled_stays_and_staff_are_told(order: OrderData) -> None:
    saved = placed(order, status="Complete")
    update(saved, replace(order, status="CANCELLED"))
    assert saved.status == "Complete"
    assert any("no way leads from Complete to Cancelled" in note for note in notes_of(saved))


def test_a_lowered_total_is_written_anew_and_refunded(order: OrderData) -> None:
    changed = lowered(order, 1, total="70.00")
    saved = update(placed(order), changed)
    assert saved.total_incl_tax == Decimal(70)
    assert saved.basket_total_incl_tax == sum(
        line.line_price_incl_tax for line in saved.lines.all()
    )
    assert [charge.name for charge in saved.surcharges.all()][-1] == "Difference to Amazon's total"
    (source,) = saved.sources.all()
    assert source.amount_refunded == Decimal("12.60")
    assert "Amazon's total was 82.60 and is 70.00 EUR." in notes_of(saved)


def test_a_risen_total_is_debited(order: OrderData) -> None:
    saved = update(placed(order), lowered(order, 2, total="90.00"))
    (source,) = saved.sources.all()
    assert source.amount_allocated == source.amount_debited == Decimal(90)


def test_a_request_to_cancel_is_noted_once(order: OrderData) -> None:
    saved = update(placed(order), replace(order, cancellation_requested=True))
    assert len(notes_of(saved)) == 1
    asked = replace(new_order(*order.lines), cancellation_requested=True)
    assert len(notes_of(update(placed(asked), asked))) == 1


# --- Personal data ----------------------------------------------------------------------------


def test_notes_and_mails_that_may_quote_the_buyer_go_too(order: OrderData) -> None:
    saved = placed(replace(order, lines=(new_line("1", "UNKNOWN", 1),)))
    saved.notes.create(message="Delivery address updated: 12 Engine Row", note_type="System")
    emails = get_model("communication", "Email").objects
    emails.create(email=saved.guest_email, subject="Hello Ada", body_text="")
    emails.create(email="someone.else@example.com", subject="Hello", body_text="")
    shop.anonymise(str(saved.pk))
    saved.refresh_from_db()
    assert [note.message.split(":")[0] for note in saved.notes.all()] == [
        "SKU UNKNOWN is not known to the shop"
    ]
    assert [email.email for email in emails.all()] == ["someone.else@example.com"]
    assert shipping_address(saved).summary == "London, United Kingdom"
    assert saved.total_incl_tax == Decimal("82.60")


def test_a_buyer_can_be_forgotten_twice_and_without_order(order: OrderData) -> None:
    saved = placed(replace(order, delivery=None))
    shop.anonymise(str(saved.pk))
    shop.anonymise(str(saved.pk))
    shop.anonymise("123456")
