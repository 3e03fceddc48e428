"""The money of an order, and the readings of it that Amazon leaves open.

Charges of a line are positive amounts in the marketplace's currency, for all its units:
``item`` (units times price), ``shipping``, ``gift_wrap``, ``discount`` (on the goods),
``shipping_discount``, ``tax`` (of goods and shipping together).
"""

from decimal import ROUND_DOWN, Decimal

from .answers import Json
from .marketplaces import minor_unit, rounded
from .switches import Switches

CHARGES = ("item", "shipping", "gift_wrap", "discount", "shipping_discount", "tax")
Charges = dict[str, Decimal]


def money(amount: Decimal, currency: str) -> Json:
    """An amount as the Orders API writes it: a string in whole minor units."""
    return {"amount": str(rounded(amount, currency)), "currencyCode": currency}


def split(amount: Decimal, parts: int, currency: str) -> list[Decimal]:
    """An amount in nearly equal shares, to the minor unit, the remainder on the first."""
    share = (amount / parts).quantize(minor_unit(currency), ROUND_DOWN)
    return [amount - share * (parts - 1)] + [share] * (parts - 1)


def for_units(charges: Charges, units: int, of: int, currency: str) -> Charges:
    """The charges of some units of a line; all of them for all units."""
    return {name: rounded(amount * units / of, currency) for name, amount in charges.items()}


def line_proceeds(charges: Charges, currency: str, switches: Switches) -> Json:
    """``proceeds`` of one order item."""
    return {
        "proceedsTotal": money(total(charges, switches), currency),
        "breakdowns": [
            {
                "type": kind,
                "subtotal": money(amount, currency),
                **(
                    {
                        "detailedBreakdowns": [
                            {"subtype": subtype, "value": money(part, currency)}
                            for subtype, part in details
                        ]
                    }
                    if details
                    else {}
                ),
            }
            for kind, amount, details in _breakdowns(charges, currency, switches)
        ],
    }


def order_proceeds(lines: list[Charges], currency: str, switches: Switches) -> Json:
    """``proceeds`` of a whole order: the grand total and the sums by kind."""
    grand: Charges = {name: sum((line[name] for line in lines), Decimal(0)) for name in CHARGES}
    return {
        "grandTotal": money(total(grand, switches), currency),
        "breakdowns": [
            {"type": kind, "subtotal": money(amount, currency)}
            for kind, amount, _ in _breakdowns(grand, currency, switches)
        ],
    }


def total(charges: Charges, switches: Switches) -> Decimal:
    """What the buyer pays: tax is added, or is in the prices already."""
    paid = charges["item"] + charges["shipping"] + charges["gift_wrap"]
    paid -= charges["discount"] + charges["shipping_discount"]
    return paid + charges["tax"] if switches.order_tax == "on_top" else paid


def _breakdowns(
    charges: Charges, currency: str, switches: Switches
) -> list[tuple[str, Decimal, list[tuple[str, Decimal]]]]:
    """Kind, amount and details of each charge that is not zero; ITEM always."""
    sign = -1 if switches.discount_sign == "negative" else 1
    goods, shipping = charges["item"], charges["shipping"]
    base = goods + shipping
    tax = charges["tax"]
    shipping_tax = rounded(tax * shipping / base, currency) if base else Decimal(0)
    discounts = [
        ("ITEM", sign * charges["discount"]),
        ("SHIPPING", sign * charges["shipping_discount"]),
    ]
    rows = [
        ("SHIPPING", shipping, []),
        ("GIFT_WRAP", charges["gift_wrap"], []),
        ("DISCOUNT", sum((amount for _, amount in discounts), Decimal(0)), discounts),
        ("TAX", tax, [("ITEM", tax - shipping_tax), ("SHIPPING", shipping_tax)]),
    ]
    shown = [
        (kind, amount, [(subtype, part) for subtype, part in details if part])
        for kind, amount, details in rows
        if amount
    ]
    return [("ITEM", goods, []), *shown]
