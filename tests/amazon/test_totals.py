"""What an order costs, under every reading of figures whose meaning Amazon leaves open."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.totals import READINGS, read_amounts
from django_amazon_sync.data import Json, JsonObject, LineAmounts, OrderAmounts, Taxed
from django_amazon_sync.errors import Unreadable


def eur(amount: str | Decimal, currency: str = "EUR") -> JsonObject:
    return {"amount": str(amount), "currencyCode": currency}


def part(kind: str, amount: str | Decimal, **details: str | Decimal) -> JsonObject:
    """One breakdown; keyword arguments are its details, such as ITEM="1.00"."""
    named: list[Json] = [
        {"subtype": subtype, "value": eur(value)} for subtype, value in details.items()
    ]
    breakdown: JsonObject = {"type": kind, "subtotal": eur(amount)}
    return breakdown | ({"detailedBreakdowns": named} if named else {})


def item(*parts: JsonObject, quantity: int = 1, **proceeds: Json) -> JsonObject:
    return {
        "quantityOrdered": quantity,
        "proceeds": {"breakdowns": list(parts), **proceeds},
        "product": {"price": {"unitPrice": eur("10.00")}},
    }


def read(
    total: str, *items: JsonObject, own: Sequence[JsonObject] = ()
) -> tuple[OrderAmounts, list[LineAmounts]]:
    proceeds: JsonObject = {"breakdowns": list(own), "grandTotal": eur(total)}
    amounts, lines = read_amounts(proceeds, items)
    assert amounts is not None
    return amounts, lines


def taxed(net: str, tax: str = "0") -> Taxed:
    return Taxed(Decimal(net), Decimal(tax))


ALL_PARTS = item(
    part("ITEM", "100.00"),
    part("SHIPPING", "10.00"),
    part("GIFT_WRAP", "5.00"),
    part("COD_FEE", "2.00"),
    part("OTHER", "1.00"),
    part("TAX", "23.60", ITEM="20.00", SHIPPING="2.00", GIFT_WRAP="1.00", COD_FEE="0.60"),
)


def test_tax_on_top_is_the_plain_sum() -> None:
    amounts, (line,) = read("141.60", ALL_PARTS)
    assert amounts == OrderAmounts("EUR", Decimal("141.60"))
    assert line == LineAmounts(
        goods=taxed("100", "20"),
        shipping=taxed("10", "2"),
        gift_wrap=taxed("5", "1"),
        other=taxed("3", "0.6"),
    )


def test_tax_inside_the_prices_lowers_the_net_amounts() -> None:
    amounts, (line,) = read("118.00", ALL_PARTS)
    assert amounts.reading == "tax-included discount-negative"
    assert amounts.difference == 0
    assert line == LineAmounts(
        goods=taxed("80", "20"),
        shipping=taxed("8", "2"),
        gift_wrap=taxed("4", "1"),
        other=taxed("2.4", "0.6"),
    )


@pytest.mark.parametrize(
    ("reading", "total", "goods", "off"),
    [
        ("tax-on-top discount-negative", "108.00", ("100", "20"), ("10", "2")),
        ("tax-on-top discount-positive", "108.00", ("100", "20"), ("10", "2")),
        ("tax-included discount-negative", "90.00", ("80", "20"), ("8", "2")),
        ("tax-included discount-positive", "90.00", ("80", "20"), ("8", "2")),
    ],
)
@pytest.mark.parametrize("in_subtotal", [True, False])
def test_the_four_readings_of_a_taxed_discount(
    reading: str, total: str, goods: tuple[str, str], off: tuple[str, str], in_subtotal: bool
) -> None:
    """ITEM 100 with tax 20, discount 10 with tax 2, in each way of writing that down."""
    sign = 1 if reading.endswith("positive") else -1
    tax = "18" if in_subtotal or sign == -1 else "22"
    amounts, (line,) = read(
        total,
        item(
            part("ITEM", "100"),
            part("DISCOUNT", Decimal(10) * sign),
            part("TAX", tax, ITEM="20", DISCOUNT=Decimal(2) * sign),
        ),
    )
    assert amounts.reading == reading
    assert (line.goods, line.discount) == (taxed(*goods), taxed(*off))
    assert line.gross == Decimal(total)


def test_tax_that_no_detail_explains_belongs_to_the_goods() -> None:
    _, (line,) = read("123", item(part("ITEM", "100"), part("TAX", "23", SHIPPING="3")))
    assert (line.goods, line.shipping) == (taxed("100", "20"), taxed("0", "3"))


def test_where_several_readings_fit_the_plainest_is_named() -> None:
    amounts, _ = read("10", item(part("ITEM", "10")))
    assert amounts.reading == "tax-on-top discount-negative"


def test_where_none_fits_the_difference_is_shown() -> None:
    amounts, (line,) = read("99.99", ALL_PARTS)
    assert amounts.reading == "none"
    assert amounts.difference == Decimal("-41.61")
    assert line.gross == Decimal("141.60")


def test_a_delivery_tip_is_extra_and_belongs_to_no_line() -> None:
    own = [part("ITEM", "100"), part("DELIVERY_TIP", "5")]
    amounts, (line,) = read("105", item(part("ITEM", "100")), own=own)
    assert amounts.extra == 5
    assert amounts.difference == 0
    assert line.gross == 100


def test_a_new_word_counts_once_whether_on_lines_or_on_the_order() -> None:
    own = [part("ITEM", "100"), part("RECYCLING", "1"), part("DONATION", "2")]
    amounts, (line,) = read("103", item(part("ITEM", "100"), part("RECYCLING", "1")), own=own)
    assert (amounts.extra, amounts.difference) == (Decimal(2), Decimal(0))
    assert line.other == taxed("1")


def test_a_line_without_breakdowns_costs_its_total_or_else_its_units() -> None:
    total_only = item(quantity=2, proceedsTotal=eur("19.00"))
    units_only = item(quantity=3)
    cancelled = item(quantity=0)
    amounts, lines = read("49.00", total_only, units_only, cancelled)
    assert [line.gross for line in lines] == [19, 30, 0]
    assert amounts.difference == 0


def test_without_a_grand_total_there_are_only_lines() -> None:
    amounts, (line,) = read_amounts({"breakdowns": []}, [item(quantity=2)])
    assert amounts is None
    assert line.gross == 20
    assert read_amounts({}, [{"quantityOrdered": 1}]) == (None, [LineAmounts()])


def test_yen_have_no_decimals() -> None:
    yen: JsonObject = {
        "quantityOrdered": 2,
        "proceeds": {"breakdowns": [{"type": "ITEM", "subtotal": eur("13960", "JPY")}]},
    }
    amounts, (line,) = read_amounts({"grandTotal": eur("13960", "JPY")}, [yen])
    assert amounts is not None
    assert (amounts.currency, amounts.difference) == ("JPY", Decimal(0))
    assert line.gross == 13960


@pytest.mark.parametrize(
    "odd",
    [
        item(part("ITEM", "ten")),
        item(part("ITEM", "NaN")),
        item(part("ITEM", "1e400")),
        item({"type": "ITEM", "subtotal": eur("10", "USD")}),
        item({"type": "ITEM", "subtotal": {"amount": "10"}}),
        item(proceedsTotal=eur("10", "USD")),
    ],
)
def test_an_amount_that_cannot_be_added_up_is_unreadable(odd: JsonObject) -> None:
    with pytest.raises(Unreadable):
        read("10", odd)


cents = st.integers(-(10**7), 10**7).map(lambda value: Decimal(value).scaleb(-2))
kinds = st.sampled_from(
    ["ITEM", "SHIPPING", "GIFT_WRAP", "COD_FEE", "OTHER", "TAX", "DISCOUNT", "DELIVERY_TIP", "NEW"]
)
parts = st.builds(
    lambda kind, amount, details: part(kind, amount, **details),
    kinds,
    cents,
    st.dictionaries(st.sampled_from(["ITEM", "SHIPPING", "GIFT_WRAP", "DISCOUNT", "NEW"]), cents),
)
items = st.lists(
    st.builds(
        lambda of, quantity: item(*of, quantity=quantity), st.lists(parts), st.integers(0, 9)
    ),
    max_size=4,
)


@given(total=cents, items=items, own=st.lists(parts, max_size=4))
def test_lines_extra_and_difference_are_the_grand_total(
    total: Decimal, items: list[JsonObject], own: list[JsonObject]
) -> None:
    amounts, lines = read(str(total), *items, own=own)
    assert len(lines) == len(items)
    summed = sum((line.gross for line in lines), Decimal(0))
    assert summed + amounts.extra + amounts.difference == amounts.grand_total == total
    assert (amounts.reading == "none") == (amounts.difference != 0)


positive = st.integers(0, 10**6).map(lambda value: Decimal(value).scaleb(-2))


@given(goods=positive, tax=positive, off=positive, off_tax=positive, reading=st.integers(0, 3))
def test_every_reading_is_recognised_by_its_total(
    goods: Decimal, tax: Decimal, off: Decimal, off_tax: Decimal, reading: int
) -> None:
    """Whatever Amazon means, a total made by that meaning leaves no difference."""
    meant = READINGS[reading]
    sign = 1 if meant.discount_positive else -1
    line = item(
        part("ITEM", goods),
        part("DISCOUNT", sign * off),
        part("TAX", tax - off_tax, ITEM=tax, DISCOUNT=sign * off_tax),
    )
    total = goods - off if meant.tax_included else goods - off + tax - off_tax
    amounts, (read_line,) = read(str(total), line)
    assert amounts.difference == 0
    assert read_line.gross == total
