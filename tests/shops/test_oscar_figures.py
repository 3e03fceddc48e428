"""Amazon's amounts in Oscar's columns: nothing is lost to rounding, discounts or overflow."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import LineAmounts, OrderAmounts, OrderData, Taxed
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.shops.oscar.figures import Charge, figures_of
from django_amazon_sync.testing.shop_contract import new_line, new_order

amounts = st.decimals(min_value=-1000, max_value=100_000, places=4)
taxed = st.builds(Taxed, net=amounts, tax=amounts)
lines = st.lists(
    st.builds(
        LineAmounts, goods=taxed, shipping=taxed, gift_wrap=taxed, other=taxed, discount=taxed
    ),
    max_size=4,
)


def order_of(*amounts: LineAmounts, total: str | Decimal, extra: str | Decimal = "0") -> OrderData:
    placed = [
        replace(new_line(str(number), "SKU", 2), amounts=each)
        for number, each in enumerate(amounts)
    ]
    return replace(new_order(*placed), amounts=OrderAmounts("EUR", Decimal(total), Decimal(extra)))


def gross(net: str, tax: str = "0") -> Taxed:
    return Taxed(Decimal(net), Decimal(tax))


@given(lines=lines, extra=amounts, total=amounts)
def test_the_parts_are_the_total_with_and_without_tax(
    lines: list[LineAmounts], extra: Decimal, total: Decimal
) -> None:
    figures = figures_of(order_of(*lines, extra=extra, total=total))
    parts = [line.price for line in figures.lines.values()]
    parts += [figures.shipping, *(charge.amount for charge in figures.charges)]
    assert sum(part.gross for part in parts) == figures.total.gross
    assert sum(part.net for part in parts) == figures.total.net
    assert abs(figures.total.gross - total) <= Decimal("0.005")
    assert all(value == round(value, 2) for part in parts for value in (part.net, part.tax))


@given(lines=lines, total=amounts)
def test_a_discount_never_makes_a_line_or_the_shipping_cost_less_than_nothing(
    lines: list[LineAmounts], total: Decimal
) -> None:
    figures = figures_of(order_of(*lines, total=total))
    for line in figures.lines.values():
        if line.before_discount.gross >= 0:
            assert line.price.gross >= 0
    if all(line.shipping.gross >= 0 for line in lines):
        assert figures.shipping.gross >= 0


def test_amazons_plain_order_needs_no_charge() -> None:
    line = LineAmounts(gross("20", "4"), gross("5", "1"), discount=gross("2", "0.40"))
    figures = figures_of(order_of(line, total="27.60"))
    assert figures.charges == ()
    assert figures.total == gross("23.00", "4.60")
    assert figures.lines["0"].price == gross("18", "3.60")
    assert figures.lines["0"].before_discount == gross("20", "4")
    assert figures.lines["0"].unit == gross("10", "2")
    assert figures.shipping == gross("5", "1")


def test_a_discount_beyond_the_goods_is_one_on_the_shipping() -> None:
    line = LineAmounts(gross("20"), gross("5"), discount=gross("23"))
    figures = figures_of(order_of(line, total="2"))
    assert figures.lines["0"].price == gross("0")
    assert (figures.shipping.gross, figures.shipping_discount) == (Decimal(2), Decimal(3))
    assert figures.charges == ()


def test_a_discount_beyond_everything_is_a_charge_of_its_own() -> None:
    line = LineAmounts(gross("20"), gross("5"), gift_wrap=gross("4"), discount=gross("29"))
    figures = figures_of(order_of(line, total="0"))
    assert [(charge.code, charge.amount.gross) for charge in figures.charges] == [
        ("gift-wrap", Decimal(4)),
        ("amazon-discount", Decimal(-9)),
    ]
    assert figures.shipping.gross == 5


def test_what_amazon_does_not_explain_is_a_charge_that_says_so() -> None:
    line = LineAmounts(gross("20", "4"), other=gross("3"))
    figures = figures_of(order_of(line, extra="1.50", total="30"))
    assert figures.charges == (
        Charge("amazon-other", "Other charges at Amazon", gross("3")),
        Charge("amazon-extra", "Charges on the order (delivery tip)", gross("1.50")),
        Charge("amazon-difference", "Difference to Amazon's total", gross("1.50")),
    )
    assert figures.total == gross("26.00", "4")


def test_yen_and_a_cancelled_line_fit() -> None:
    order = order_of(LineAmounts(gross("1200", "120")), LineAmounts(), total="1320")
    first, second = order.lines
    order = replace(order, lines=(first, replace(second, quantity=0)))
    assert figures_of(order).charges == ()


@pytest.mark.parametrize("total", ["10000000000", "-10000000000", "1e20"])
def test_what_oscars_columns_cannot_hold_is_refused(total: str) -> None:
    order = order_of(LineAmounts(gross("1")), total=total)
    with pytest.raises(ShopRefused, match=order.number):
        figures_of(order)
    huge = order_of(LineAmounts(Taxed(Decimal(total))), total="1")
    with pytest.raises(ShopRefused, match=huge.number):
        figures_of(huge)
