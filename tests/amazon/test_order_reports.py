"""All-orders reports: each order costs itself only, and what is no report is refused in words."""

import io
import logging
import time
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.amazon import order_reports
from django_amazon_sync.data import ReportedLine, ReportedOrder
from django_amazon_sync.errors import Unreadable

DE = "A1PA6795UKMFR9"
NUMBER, OTHER = "302-0000001-0000001", "302-0000002-0000002"
UPDATED = datetime(2026, 11, 2, 10, tzinfo=UTC)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def component(kind: str, amount: str, currency: str = "EUR") -> str:
    return (
        f'<Component><Type>{kind}</Type><Amount currency="{currency}">{amount}</Amount></Component>'
    )


def item(quantity: str = "2", *components: str, more: str = "") -> str:
    price = f"<ItemPrice>{''.join(components)}</ItemPrice>" if components else ""
    return (
        "<OrderItem><AmazonOrderItemCode>11111111111111</AmazonOrderItemCode><SKU>MUG</SKU>"
        "<ItemStatus>Unshipped</ItemStatus><ProductName>A mug</ProductName>"
        f"<Quantity>{quantity}</Quantity>{price}{more}</OrderItem>"
    )


def order(number: str = NUMBER, *items: str, status: str = "Unshipped", more: str = "") -> str:
    return (
        f"<Message><Order><AmazonOrderID>{number}</AmazonOrderID>"
        "<LastUpdatedDate>2026-11-02T10:00:00+00:00</LastUpdatedDate>"
        f"<OrderStatus>{status}</OrderStatus><SalesChannel>Amazon.de</SalesChannel>"
        "<FulfillmentData><FulfillmentChannel>Merchant</FulfillmentChannel><Address>"
        "<City>Lindau</City><PostalCode>88131</PostalCode></Address></FulfillmentData>"
        f"{more}{''.join(items)}</Order></Message>"
    )


def envelope(*messages: str, head: str = HEAD) -> bytes:
    return f"{head}<AmazonEnvelope>{''.join(messages)}</AmazonEnvelope>".encode()


def read(raw: bytes) -> list[ReportedOrder]:
    return list(order_reports.read_xml(io.BytesIO(raw)))


def test_an_order_with_its_lines_and_sums() -> None:
    promotion = (
        "<Promotion><ItemPromotionDiscount>-1.00</ItemPromotionDiscount>"
        "<ShipPromotionDiscount>0.50</ShipPromotionDiscount></Promotion>"
    )
    price = [
        component("Principal", "40.00"),
        component("VatExclusivePrincipal", "33.61"),
        component("Tax", "6.39"),
        component("Shipping", "4.90"),
        component("GiftWrap", "1.10"),
    ]
    raw = envelope(order(NUMBER, item("2", *price, more=promotion), item("1", *price[:1])))
    line = ReportedLine("11111111111111", "MUG", 2)
    [read_one] = read(raw)
    assert read_one == ReportedOrder(
        NUMBER,
        status="Unshipped",
        updated=UPDATED,
        channel="Amazon.de",
        fulfilled_by="Merchant",
        lines=(line, ReportedLine("11111111111111", "MUG", 1)),
        currency="EUR",
        goods=Decimal("86.00"),
        tax=Decimal("6.39"),
        discount=Decimal("1.50"),
    )
    assert read_one.quantity == 3


def test_a_report_with_a_namespace_and_several_orders_in_a_message() -> None:
    orders = order(NUMBER).replace("</Message>", "") + order(OTHER).replace("<Message>", "")
    raw = envelope(orders).replace(b"<AmazonEnvelope>", b'<AmazonEnvelope xmlns="urn:amazon">')
    assert [one.number for one in read(raw)] == [NUMBER, OTHER]


def test_an_envelope_without_messages_has_no_orders() -> None:
    assert read(envelope()) == []


@pytest.mark.parametrize(("said", "wish"), [("true", True), ("false", False), ("", None)])
def test_a_buyers_wish_to_cancel_is_read_where_the_report_tells(
    said: str, wish: bool | None
) -> None:
    told = f"<IsBuyerRequestedCancellation>{said}</IsBuyerRequestedCancellation>"
    [read_one] = read(envelope(order(NUMBER, item(more=told), item())))
    assert read_one.wants_cancellation is wish


@pytest.mark.parametrize(
    "components",
    [
        (),
        (component("Principal", "much"),),
        (component("Principal", "10.00"), component("Surprise", "1.00")),
        (component("Principal", "10.00"), component("Shipping", "1.00", "USD")),
        ('<Component><Amount currency="EUR">9.00</Amount><Type>Principal</Type></Component>',),
    ],
)
def test_money_that_is_not_certain_is_not_known(components: tuple[str, ...]) -> None:
    good = item("1", component("Principal", "10.00"))
    [read_one] = read(envelope(order(NUMBER, item("1", *components), good)))
    assert read_one.goods is None
    assert read_one.quantity == 2


def test_a_cancelled_line_needs_no_price() -> None:
    [read_one] = read(envelope(order(NUMBER, item("0"), item("1", component("Principal", "9")))))
    assert read_one.goods == 9
    assert read_one.quantity == 1


@pytest.mark.parametrize("odd", ["", "x" * 60, "302 1", "&lt;b&gt;", "302-0000003<b/>"])
def test_an_order_that_cannot_be_read_costs_itself_only(odd: str) -> None:
    raw = envelope(order(NUMBER), order(odd), order(OTHER, item("many")))
    numbers = [one.number for one in read(raw)]
    assert numbers[::2] == [NUMBER, OTHER]
    assert numbers[1] in ("", "302-0000003")
    assert read(raw)[2].quantity is None


BOMB = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
OUTSIDE = '<!DOCTYPE a [<!ENTITY c SYSTEM "file:///etc/passwd">]>'
ELSEWHERE = '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/evil.dtd">'


@pytest.mark.parametrize("definition", [BOMB, OUTSIDE, ELSEWHERE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_in_words(definition: str, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?>{definition}'
    raw = envelope(order("&c;"), head=head).decode().encode(encoding)
    with pytest.raises(Unreadable, match="defines entities"):
        read(raw)


@pytest.mark.parametrize("definition", [BOMB, OUTSIDE, ELSEWHERE])
def test_definitions_behind_a_long_comment_expand_nothing(definition: str) -> None:
    raw = envelope(order(f"{NUMBER}&c;"), head=f"{HEAD}<!--{'x' * 100_000}-->{definition}")
    began = time.process_time()
    with pytest.raises(Unreadable):
        read(raw)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"Date range exceeded. Report can be requested only upto 30 days", "so long a time"),
        (b"amazon-order-id\torder-status\n", "is no XML"),
        (b"<Other><Order/></Other>", "is no GET_XML_ALL_ORDERS"),
        (b"<Other/>", "is no GET_XML_ALL_ORDERS"),
        (envelope(order(NUMBER), order(OTHER))[:-40], "ends too early"),
        (envelope(order(NUMBER), order(OTHER)).replace(b"Lindau", b"Lind\xe4u"), "no letters"),
        (envelope(head='<?xml version="1.0" encoding="klingon"?>'), "no letters"),
        (envelope(order(NUMBER)).replace(b"</Order>", b"</Odour>"), "is no XML"),
        (envelope("<Message>" * 300), "is no XML"),
    ],
)
def test_what_is_no_whole_report_is_refused_in_words(raw: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as refused:
        read(raw)
    assert "302-" not in str(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


def test_nothing_of_a_buyer_is_read_or_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    reason = "<BuyerRequestedCancel><Reason>Hildegard Sorge</Reason></BuyerRequestedCancel>"
    buyer = "<BuyerInfo><BuyerCompanyName>Sorge KG</BuyerCompanyName></BuyerInfo>"
    raw = envelope(order(NUMBER, item(more=reason), more=buyer))
    told = repr(read(raw))
    with pytest.raises(Unreadable) as refused:
        read(raw.replace(b"</BuyerInfo>", b"</Sorge>"))
    told += str(refused.value) + caplog.text
    for word in ("Lindau", "88131", "Sorge", "Hildegard"):
        assert word not in told


def test_memory_does_not_grow_with_the_orders() -> None:
    raw = envelope(*[order(NUMBER, item("1", component("Principal", "9")))] * 20_000)
    file = io.BytesIO(raw)
    tracemalloc.start()
    number = sum(1 for _one in order_reports.read_xml(file))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert number == 20_000
    assert peak < 2 * 1024**2


def test_an_order_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_reports, "LARGEST_ORDER", 200_000)
    with pytest.raises(Unreadable, match="without an end"):
        read(envelope("<Message/>" * 40_000))


# --- The flat file -----------------------------------------------------------------------------

COLUMNS = (
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status",
    "fulfillment-channel", "sales-channel", "sku", "asin", "item-status", "quantity", "currency",
    "item-price", "item-tax", "shipping-price", "shipping-tax", "item-promotion-discount",
    "ship-city", "ship-postal-code",
)  # fmt: skip
ROW = {
    "amazon-order-id": NUMBER,
    "last-updated-date": "2026-11-02T10:00:00+00:00",
    "order-status": "Unshipped",
    "fulfillment-channel": "Merchant",
    "sales-channel": "Amazon.de",
    "sku": "MUG",
    "quantity": "2",
    "currency": "EUR",
    "item-price": "40.00",
    "item-tax": "6.39",
    "shipping-price": "4.90",
    "item-promotion-discount": "1.00",
    "ship-city": "Lindau",
    "ship-postal-code": "88131",
}


def table(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> bytes:
    lines = ["\t".join(columns)]
    lines += ["\t".join((ROW | row).get(name, "") for name in columns) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def flat(raw: bytes, charset: str = "", marketplace: str = DE) -> list[ReportedOrder]:
    return list(order_reports.read_flat(io.BytesIO(raw), charset, marketplace))


def test_the_rows_of_an_order_are_one() -> None:
    rows: list[dict[str, str]] = [{}, {"sku": "CUP", "quantity": "1"}, {"amazon-order-id": OTHER}]
    first, second = flat(table(*rows))
    assert first == ReportedOrder(
        NUMBER,
        status="Unshipped",
        updated=UPDATED,
        channel="Amazon.de",
        fulfilled_by="Merchant",
        lines=(ReportedLine("", "MUG", 2), ReportedLine("", "CUP", 1)),
        currency="EUR",
        goods=Decimal("89.80"),
        tax=Decimal("12.78"),
        discount=Decimal("2.00"),
    )
    assert (second.number, second.quantity) == (OTHER, 2)


def test_columns_go_by_name_and_others_are_left_alone() -> None:
    raw = table({}, columns=("cpf", *reversed(COLUMNS), "is-buyer-requested-cancellation"))
    raw = raw.rstrip(b"\n") + b"true\n"
    [one] = flat(raw)
    assert (one.number, one.quantity, one.wants_cancellation) == (NUMBER, 2, True)


def test_rows_of_an_order_that_stand_apart_tell_no_quantity() -> None:
    orders = flat(table({}, {"amazon-order-id": OTHER}, {}))
    assert [(one.number, one.quantity, one.goods) for one in orders] == [
        (NUMBER, None, None),
        (OTHER, 2, Decimal("44.90")),
        (NUMBER, None, None),
    ]


@pytest.mark.parametrize(
    ("odd", "known"),
    [
        ({"quantity": "two"}, (None, Decimal("44.90"))),
        ({"item-price": "12,90"}, (2, None)),
        ({"item-price": ""}, (2, None)),
        ({"item-price": "", "quantity": "0"}, (0, None)),
    ],
)
def test_a_cell_that_cannot_be_read_is_not_known(
    odd: dict[str, str], known: tuple[int | None, Decimal | None]
) -> None:
    [one] = flat(table(odd))
    assert (one.quantity, one.goods) == known


def test_a_row_with_a_cell_too_many_tells_its_order_only() -> None:
    raw = table({}).rstrip(b"\n") + b"\tmore\n"
    assert flat(raw) == [ReportedOrder(NUMBER, lines=(ReportedLine("", "", None),))]


@pytest.mark.parametrize("odd", ["", "x y", "302-\ufffd"])
def test_a_row_that_cannot_be_read_costs_itself_only(odd: str) -> None:
    orders = flat(table({}, {"amazon-order-id": odd}, {"amazon-order-id": OTHER}))
    assert [one.number for one in orders] == [NUMBER, "", OTHER]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is empty"),
        (b"Date range exceeded. Report can be requested only upto 30 days", "so long a time"),
        (b"We are sorry.", "other names"),
        (b"order-id\torder-status\n", "other names"),
    ],
)
def test_what_is_no_table_of_orders_is_refused_in_words(raw: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        flat(raw)


def test_a_table_of_nothing_but_its_columns_has_no_orders() -> None:
    assert flat(table()) == []


@pytest.mark.parametrize(
    ("encoding", "marketplace"),
    [("cp1252", DE), ("utf-8", DE), ("utf-8-sig", DE), ("cp932", "A1VC38T7YXB528")],
)
def test_bytes_are_read_as_what_they_are(encoding: str, marketplace: str) -> None:
    sku = "マグ" if encoding == "cp932" else "GRÜN"
    raw: Any = table({"sku": sku}).decode().encode(encoding)
    [one] = flat(raw, "", marketplace)
    assert one.lines[0].sku == sku
