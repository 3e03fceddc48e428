"""What an order costs, read from Amazon's proceeds.

Amazon documents neither the sign of discounts nor whether prices include the tax that stands
beside them (docs/amazon.md#signs-and-taxes-are-open). So the readings are computed, and the first
whose sum meets Amazon's grand total is believed; where none does, the difference is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django_amazon_sync.amazon.reading import money, obj, objs, text, whole
from django_amazon_sync.data import Json, JsonObject, LineAmounts, Money, OrderAmounts, Taxed
from django_amazon_sync.errors import Unreadable

_ZERO = Decimal(0)
#: No order costs as much, and no column holds it.
_TOO_MUCH = Decimal(10**10)
_CODE = re.compile("[A-Z]{3}")
_ON_LINES = {"ITEM", "SHIPPING", "GIFT_WRAP", "COD_FEE", "OTHER", "TAX", "DISCOUNT"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand the figures."""

    tax_included: bool
    discount_positive: bool

    def __str__(self) -> str:
        tax = "tax-included" if self.tax_included else "tax-on-top"
        return f"{tax} discount-{'positive' if self.discount_positive else 'negative'}"


# The plainest first: in Amazon's examples the total is the plain sum of all figures.
READINGS = (
    Reading(tax_included=False, discount_positive=False),
    Reading(tax_included=False, discount_positive=True),
    Reading(tax_included=True, discount_positive=False),
    Reading(tax_included=True, discount_positive=True),
)


@dataclass(frozen=True, slots=True)
class _Figures:
    """One line's figures as Amazon wrote them; ``taxes`` are by the part that they tax."""

    goods: Decimal = _ZERO
    shipping: Decimal = _ZERO
    gift_wrap: Decimal = _ZERO
    other: Decimal = _ZERO
    discount: Decimal = _ZERO
    tax: Decimal = _ZERO
    taxes: tuple[tuple[str, Decimal], ...] = ()

    def tax_of(self, *parts: str) -> Decimal:
        return sum((value for part, value in self.taxes if part in parts), _ZERO)


def read_amounts(
    proceeds: JsonObject, items: Sequence[JsonObject]
) -> tuple[OrderAmounts | None, list[LineAmounts]]:
    """The order's amounts and each line's, whose sum + extra + difference is the grand total.

    The order's are None where Amazon names no grand total. Raises Unreadable for an amount that
    is not a number, or in another currency than the rest.
    """
    currency = _one_currency(proceeds, items)
    figures = [_figures(item) for item in items]
    grand_total = money(proceeds.get("grandTotal"))
    if grand_total is None:
        return None, [_line(READINGS[0], line) for line in figures]
    extra = _extra(proceeds, items)
    for reading in READINGS:
        lines = [_line(reading, line) for line in figures]
        if _sum(lines) + extra == grand_total.amount:
            return OrderAmounts(currency, grand_total.amount, extra, reading=str(reading)), lines
    lines = [_line(READINGS[0], line) for line in figures]
    difference = grand_total.amount - _sum(lines) - extra
    if abs(difference) >= _TOO_MUCH:
        raise Unreadable("The order's amounts add up to more than an order can cost.")
    return OrderAmounts(currency, grand_total.amount, extra, difference, "none"), lines


def _sum(lines: list[LineAmounts]) -> Decimal:
    return sum((line.gross for line in lines), _ZERO)


def _line(reading: Reading, figures: _Figures) -> LineAmounts:
    """One line's amounts under one reading; the discount as a positive amount."""
    discount = figures.discount if reading.discount_positive else -figures.discount
    shipping_tax, wrap_tax = figures.tax_of("SHIPPING"), figures.tax_of("GIFT_WRAP")
    other_tax, discount_tax = figures.tax_of("COD_FEE", "OTHER"), abs(figures.tax_of("DISCOUNT"))
    named = figures.tax_of("ITEM") + shipping_tax + wrap_tax + other_tax
    tax = figures.tax
    if reading.discount_positive and tax == named + discount_tax:
        # Where discounts are magnitudes, so may be their tax inside the tax's subtotal.
        tax = named - discount_tax
    # Tax that no detail explains belongs to the goods.
    goods_tax = tax + discount_tax - shipping_tax - wrap_tax - other_tax

    def taxed(value: Decimal, tax: Decimal) -> Taxed:
        return Taxed(value - tax if reading.tax_included else value, tax)

    return LineAmounts(
        goods=taxed(figures.goods, goods_tax),
        shipping=taxed(figures.shipping, shipping_tax),
        gift_wrap=taxed(figures.gift_wrap, wrap_tax),
        other=taxed(figures.other, other_tax),
        discount=taxed(discount, discount_tax),
    )


def _figures(item: JsonObject) -> _Figures:
    """The line's breakdowns, or the one figure that stands for the whole line."""
    breakdowns = _parts(item)
    if not breakdowns:
        return _Figures(goods=_whole_line(item))
    parts = [(text(part.get("type")), _amount(part.get("subtotal"))) for part in breakdowns]
    details = [
        (text(detail.get("subtype")), _amount(detail.get("value")))
        for part in breakdowns
        if part.get("type") == "TAX"
        for detail in objs(part.get("detailedBreakdowns"))
    ]

    def total(*types: str) -> Decimal:
        return sum((value for kind, value in parts if kind in types), _ZERO)

    named = ("ITEM", "SHIPPING", "GIFT_WRAP", "DISCOUNT", "TAX")
    return _Figures(
        goods=total("ITEM"),
        shipping=total("SHIPPING"),
        gift_wrap=total("GIFT_WRAP"),
        other=sum((value for kind, value in parts if kind not in named), _ZERO),
        discount=total("DISCOUNT"),
        tax=total("TAX"),
        taxes=tuple(details),
    )


def _whole_line(item: JsonObject) -> Decimal:
    """What a line without breakdowns costs: its total, or else unit price times quantity."""
    total = money(obj(item.get("proceeds")).get("proceedsTotal"))
    if total is not None:
        return total.amount
    return _amount(unit_price(item)) * (whole(item.get("quantityOrdered")) or 0)


def unit_price(item: JsonObject) -> Json:
    """The document's price for one unit, as Amazon wrote it."""
    return obj(obj(item.get("product")).get("price")).get("unitPrice")


def _extra(proceeds: JsonObject, items: Sequence[JsonObject]) -> Decimal:
    """What is charged on the order alone, such as DELIVERY_TIP: of a type that no line has."""
    kinds = _ON_LINES | {text(part.get("type")) for item in items for part in _parts(item)}
    own = [part for part in objs(proceeds.get("breakdowns")) if text(part.get("type")) not in kinds]
    return sum((_amount(part.get("subtotal")) for part in own), _ZERO)


def _parts(item: JsonObject) -> list[JsonObject]:
    return objs(obj(item.get("proceeds")).get("breakdowns"))


def _amount(raw: object) -> Decimal:
    value = money(raw)
    return _ZERO if value is None else value.amount


def _one_currency(proceeds: JsonObject, items: Sequence[JsonObject]) -> str:
    """The currency of every amount of the order; empty where there is no amount at all."""
    found = [money(part.get("subtotal")) for part in objs(proceeds.get("breakdowns"))]
    found.append(money(proceeds.get("grandTotal")))
    for item in items:
        found += [money(unit_price(item)), money(obj(item.get("proceeds")).get("proceedsTotal"))]
        for part in _parts(item):
            details = objs(part.get("detailedBreakdowns"))
            found += [
                money(part.get("subtotal")),
                *(money(detail.get("value")) for detail in details),
            ]
    currencies = sorted({value.currency for value in found if isinstance(value, Money)})
    if len(currencies) > 1 or not all(map(_CODE.fullmatch, currencies)):
        known = [code for code in currencies if _CODE.fullmatch(code)]
        named = ", ".join(known) or "none that is known"
        raise Unreadable(f"The order's amounts are not in one currency: {named}.")
    return currencies[0] if currencies else ""


def has_prices(items: Sequence[JsonObject]) -> bool:
    """Whether Amazon names any amount on the lines."""
    return any(
        money(unit_price(item)) is not None
        or money(obj(item.get("proceeds")).get("proceedsTotal")) is not None
        or any(money(part.get("subtotal")) is not None for part in _parts(item))
        for item in items
    )
