"""What an Amazon order costs, in the columns that the shop has for it.

Amazon's total is written as it is. What the columns cannot show of it is told in a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import DecimalField

from django_amazon_sync.data import LineAmounts, OrderAmounts, OrderData, OrderLine
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.shops.model_shop.columns import rounded
from django_amazon_sync.shops.model_shop.fields import (
    LineFields,
    OrderFields,
    ShopFields,
    column_of,
    is_currency_code,
)

ZERO = Decimal(0)


@dataclass(frozen=True)
class Figures:
    """The columns of money of an order and, by Amazon's item id, of its lines.

    ``unseen`` is what they do not show of Amazon's total.
    """

    order: dict[str, Decimal | str]
    lines: dict[str, dict[str, Decimal]]
    unseen: Decimal


def figures_of(shop: ShopFields, order: OrderData) -> Figures:
    """Raises ShopRefused where Amazon names no total, or the columns cannot hold the amounts."""
    amounts, fields = amounts_of(shop, order), shop.order
    lines = {line.item_id: line_columns(shop, line) for line in order.lines}
    columns: dict[str, Decimal | str] = {}
    rest = amounts.grand_total
    rest -= sum((shown(shop, line, lines[line.item_id]) for line in order.lines), ZERO)
    if fields.shipping:
        shipping = sum((line.amounts.shipping.gross for line in order.lines), ZERO)
        columns[fields.shipping] = held = in_column(fields, fields.shipping, shipping)
        rest -= held
    if fields.other:
        columns[fields.other] = held = in_column(fields, fields.other, rest)
        rest -= held
    if fields.total:
        columns[fields.total] = exact(fields, fields.total, amounts.grand_total)
    if fields.currency and not is_currency_code(fields.currency):
        columns[fields.currency] = amounts.currency
    sees_all = fields.total and (shop.line.total or shop.line.unit_price)
    return Figures(columns, lines, rest if sees_all else ZERO)


def amounts_of(shop: ShopFields, order: OrderData) -> OrderAmounts:
    """The order's amounts, in a currency that the shop's columns are in."""
    amounts, currency = order.amounts, shop.order.currency
    if amounts is None:
        raise ShopRefused(
            f"Amazon names no total for order {order.number}; it can be placed once Amazon does."
        )
    if is_currency_code(currency) and currency != amounts.currency:
        raise ShopRefused(
            f"Order {order.number} is in {amounts.currency}, and the shop keeps orders in "
            f"{currency}; give its orders a column for the currency."
        )
    return amounts


def line_columns(shop: ShopFields, line: OrderLine) -> dict[str, Decimal]:
    """The columns of one line: its price for the whole quantity, and for one piece."""
    price = goods_price(line.amounts)
    columns = {}
    if shop.line.unit_price:
        piece = price / (line.quantity or 1)
        columns[shop.line.unit_price] = in_column(shop.line, shop.line.unit_price, piece)
    if shop.line.total:
        columns[shop.line.total] = in_column(shop.line, shop.line.total, price)
    return columns


def goods_price(amounts: LineAmounts) -> Decimal:
    """What the buyer pays for the goods of a line; none costs less than nothing."""
    return max(amounts.goods.gross - amounts.discount.gross, ZERO)


def shown(shop: ShopFields, line: OrderLine, columns: dict[str, Decimal]) -> Decimal:
    """What the shop's columns say that a line costs."""
    if shop.line.total:
        return columns[shop.line.total]
    if shop.line.unit_price:
        return columns[shop.line.unit_price] * line.quantity
    return ZERO


def in_column(fields: OrderFields | LineFields, column: str, amount: Decimal) -> Decimal:
    field = column_of(fields, column)
    assert isinstance(field, DecimalField)  # the mapping's faults say otherwise
    return rounded(field, amount)


def exact(fields: OrderFields, column: str, amount: Decimal) -> Decimal:
    """The amount as the column holds it. Raises ShopRefused where that is another one."""
    held = in_column(fields, column, amount)
    if held != amount:
        raise ShopRefused(
            f"The column {column} cannot hold {amount}; let it have more decimals, or place the "
            "order by hand."
        )
    return held
