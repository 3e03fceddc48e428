"""What an Amazon order costs, in the columns of an Oscar order (pure, values in, values out).

Oscar adds up lines, shipping and surcharges to the order's total. Amazon's grand total always
wins: what the parts lack or exceed becomes a surcharge of its own, so that it is seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from django_amazon_sync.data import LineAmounts, OrderAmounts, OrderData, Taxed
from django_amazon_sync.errors import ShopRefused

# Oscar's columns of money: DecimalField(max_digits=12, decimal_places=2).
CENT = Decimal("0.01")
LIMIT = Decimal(10) ** 10

ZERO = Taxed()


@dataclass(frozen=True)
class Charge:
    """One surcharge of an Oscar order."""

    code: str
    name: str
    amount: Taxed


@dataclass(frozen=True)
class LineFigures:
    """The columns of one Oscar line, in the order's currency, for the whole quantity."""

    unit: Taxed
    before_discount: Taxed
    price: Taxed

    @property
    def discount(self) -> Decimal:
        return self.before_discount.gross - self.price.gross


@dataclass(frozen=True)
class Figures:
    """The money of one Oscar order: lines + shipping + charges = total, to the cent."""

    currency: str
    total: Taxed
    lines: dict[str, LineFigures]
    shipping: Taxed
    shipping_discount: Decimal
    charges: tuple[Charge, ...]

    @property
    def goods_discount(self) -> Decimal:
        return sum((line.discount for line in self.lines.values()), Decimal(0))


def figures_of(order: OrderData) -> Figures:
    """The columns for this order. Raises ShopRefused where they cannot hold Amazon's amounts."""
    amounts = amounts_of(order)
    lines = {line.item_id: line_figures(line.amounts, line.quantity) for line in order.lines}
    offered = total_of(line.amounts.shipping for line in order.lines)
    # What a line's discount exceeds its goods by was granted on the shipping.
    exceeding = total_of(
        less(line.amounts.discount, goods_discount(line.amounts)) for line in order.lines
    )
    shipping = less(offered, exceeding) if exceeding.gross <= offered.gross else offered
    charges = charges_of(order, amounts)
    if shipping is offered and exceeding.gross:
        charges += (Charge("amazon-discount", "Amazon discount", less(ZERO, rounded(exceeding))),)
    figures = Figures(
        currency=amounts.currency,
        total=Taxed(cents(amounts.grand_total)),
        lines=lines,
        shipping=rounded(shipping),
        shipping_discount=cents(offered.gross) - cents(shipping.gross),
        charges=tuple(charge for charge in charges if charge.amount != ZERO),
    )
    return balanced(order, figures)


def amounts_of(order: OrderData) -> OrderAmounts:
    """The order's amounts; an order whose total Amazon has not named cannot be placed."""
    if order.amounts is None:
        raise ShopRefused(
            f"Amazon names no total for order {order.number}; it can be placed once Amazon does."
        )
    return order.amounts


def line_figures(amounts: LineAmounts, quantity: int) -> LineFigures:
    goods = rounded(amounts.goods)
    price = rounded(less(amounts.goods, goods_discount(amounts)))
    pieces = quantity or 1
    unit = Taxed(goods.net / pieces, goods.tax / pieces)
    return LineFigures(unit=rounded(unit), before_discount=goods, price=price)


def goods_discount(amounts: LineAmounts) -> Taxed:
    """The part of a line's discount that its goods bear: no line costs less than nothing."""
    if amounts.discount.gross <= amounts.goods.gross:
        return amounts.discount
    return amounts.goods


def charges_of(order: OrderData, amounts: OrderAmounts) -> tuple[Charge, ...]:
    """What the buyer pays beside goods and shipping."""
    gift_wrap = total_of(line.amounts.gift_wrap for line in order.lines)
    other = total_of(line.amounts.other for line in order.lines)
    return (
        Charge("gift-wrap", "Gift wrap", rounded(gift_wrap)),
        Charge("amazon-other", "Other charges at Amazon", rounded(other)),
        Charge("amazon-extra", "Charges on the order (delivery tip)", Taxed(cents(amounts.extra))),
    )


def balanced(order: OrderData, figures: Figures) -> Figures:
    """The same with the total's tax filled in and a charge for what the parts lack to the total."""
    parts = [line.price for line in figures.lines.values()]
    parts += [figures.shipping, *(charge.amount for charge in figures.charges)]
    offered = [line.before_discount for line in figures.lines.values()]
    if any(abs(amount.gross) >= LIMIT for amount in (figures.total, *parts, *offered)):
        raise ShopRefused(
            f"An amount of order {order.number} is too large for Oscar's columns, which end at "
            "ten digits before the point; place it by hand."
        )
    known = total_of(parts)
    missing = figures.total.gross - known.gross
    difference = Charge("amazon-difference", "Difference to Amazon's total", Taxed(missing))
    return replace(
        figures,
        total=Taxed(figures.total.gross - known.tax, known.tax),
        charges=(*figures.charges, difference) if missing else figures.charges,
    )


# --- Arithmetic ------------------------------------------------------------------------------


def cents(amount: Decimal) -> Decimal:
    """The amount in Oscar's two decimals, halves up."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def rounded(amount: Taxed) -> Taxed:
    """Net and gross in two decimals; the tax is what lies between them."""
    net, gross = cents(amount.net), cents(amount.gross)
    return Taxed(net, gross - net)


def less(amount: Taxed, other: Taxed) -> Taxed:
    return Taxed(amount.net - other.net, amount.tax - other.tax)


def total_of(amounts: Iterable[Taxed]) -> Taxed:
    listed = list(amounts)
    return Taxed(
        sum((amount.net for amount in listed), Decimal(0)),
        sum((amount.tax for amount in listed), Decimal(0)),
    )
