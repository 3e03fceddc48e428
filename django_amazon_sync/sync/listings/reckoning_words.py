"""What a number is made of, as one sentence: "37 = 45 in stock - 6 reserved (302-1) - 2 kept back".

``say`` makes words of its parts: ``str`` in English, for rows and programs; ``translated`` in the
reader's language.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from django.utils.formats import date_format
from django.utils.translation import gettext

from django_amazon_sync.data import FieldValue, PriceStepRow, QuantityReckoning, Reckoning
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.rules import prices
from django_amazon_sync.rules.stock import quantity_of
from django_amazon_sync.sync.offers.fields import PRICE, QUANTITY, REMOVED

Say: TypeAlias = Callable[[Message], str]


def translated(message: Message) -> str:
    """A part in the language that is active; of a rate its day and its source as well, which rows
    keep as programs and English have them."""
    if "source" in message.params:
        day, source = str(message.params["day"]), str(message.params["source"])
        named = {"day": date_format(date.fromisoformat(day)), "source": gettext(source)}
        message = Message(message.code, rate=message.params["rate"], **named)
    return message.translated()


@dataclass(frozen=True)
class Holding:
    """Which orders hold the reserved units: some by number, the newest first, and how many more."""

    numbers: tuple[str, ...] = ()
    others: int = 0

    @property
    def unnamed(self) -> Holding:
        """The same for who may not see orders."""
        return Holding(others=len(self.numbers) + self.others)


#: Of a number whose orders nobody asks for.
NOBODY = Holding()


def sum_in_words(
    name: str, value: FieldValue, reckoning: Reckoning, say: Say, holding: Holding = NOBODY
) -> str:
    """What a price or a quantity is made of; empty where nobody knows, or for another field."""
    quantity, price = reckoning.get("quantity"), reckoning.get("price")
    if name == QUANTITY and quantity is not None:
        return _quantity(quantity, say, holding)
    if name == QUANTITY and value == 0:
        return say(Message(Code.NOT_SOLD_NOW, units=0))
    if name == PRICE and value == REMOVED:
        return say(Message(Code.OFFER_ENDED))
    if name == PRICE and price:
        return f"{value} = {', '.join(say(_step(step)) for step in price)}"
    return ""


def _quantity(made_of: QuantityReckoning, say: Say, holding: Holding) -> str:
    value, stock = quantity_of(made_of), made_of["stock"]
    if stock is None:
        return f"{value} = {say(Message(Code.SET_BY_STAFF, units=value))}"
    parts = [say(Message(Code.IN_STOCK, units=stock))]
    if made_of["reserved"]:
        parts.append(_reserved(made_of["reserved"], say, holding))
    if made_of["kept_back"]:
        parts.append(say(Message(Code.KEPT_BACK, units=made_of["kept_back"])))
    text = f"{value} = {' - '.join(parts)}"
    if stock - made_of["reserved"] - made_of["kept_back"] < 0:
        text = say(Message(Code.NEVER_BELOW_ZERO, sum=text))
    return text


def _reserved(units: int, say: Say, holding: Holding) -> str:
    orders = list(holding.numbers)
    if holding.others:
        named = Message(Code.AND_OTHER_ORDERS, count=holding.others)
        orders.append(say(named if orders else Message(Code.ORDERS_UNNAMED, count=holding.others)))
    if not orders:
        return say(Message(Code.UNITS_RESERVED, units=units))
    return say(Message(Code.RESERVED_BY, units=units, orders=", ".join(orders)))


def _step(step: PriceStepRow) -> Message:
    if (rate := step["rate"]) is not None:
        return Message(Code.AT_RATE, rate=rate["rate"], day=rate["on"], source=rate["source"])
    match step:
        case {"kind": prices.OWN, "price": price}:
            return Message(Code.OWN_PRICE, price=price)
        case {"kind": prices.SHOP, "price": price}:
            return Message(Code.SHOP_PRICE, price=price)
        case {"kind": prices.MARKUP, "by": str(by)}:
            return Message(Code.WITH_MARKUP, by=by)
        case {"kind": prices.ENDING, "by": str(by)}:
            return Message(Code.WITH_ENDING, by=by)
        case {"kind": prices.FLOOR, "by": str(by)}:
            return Message(Code.AT_LEAST, by=by)
        case _:
            return Message(Code.ROUNDED)


def with_moments(text: str, say: Say, since: datetime | None, live: datetime | None) -> str:
    """The sentence with the moment since when it holds, and since when it is live."""
    if text and since is not None:
        text = say(Message(Code.SINCE, sum=text, at=since))
    if text and live is not None:
        text = say(Message(Code.LIVE_SINCE, sum=text, at=live))
    return text
