"""What Amazon or a shop says of an order, told without its buyer."""

from __future__ import annotations

from collections.abc import Iterator

from django_amazon_sync.amazon import orders as gateway
from django_amazon_sync.data import Json
from django_amazon_sync.errors import Misplaced, Unreadable
from django_amazon_sync.models import AmazonOrder
from django_amazon_sync.rules.buyers import without_buyer, without_words

#: The parts of a document that are about people.
OF_PEOPLE = ("buyer", "recipient")


def without_its_buyer(order: AmazonOrder, text: str) -> str:
    """The sentence without what identifies the order's buyer, also of one that cannot be read.

    Where nobody knows the buyer, as the document is another order's, that is what is told instead.
    """
    try:
        return without_buyer(text, gateway.read_order(order.document))
    except Misplaced as fault:
        return str(fault)
    except Unreadable:
        people = [order.document.get(part) for part in OF_PEOPLE]
        words = [said for part in people for said in _words(part)]
        names = [word for key, word in words if key.lower().endswith("name")]
        return without_words(text, [word for _key, word in words], names)


def _words(part: Json, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in it, with what it is called."""
    if isinstance(part, str):
        yield key, part
    elif isinstance(part, dict):
        for inner, value in part.items():
            yield from _words(value, inner)
    elif isinstance(part, list):
        for value in part:
            yield from _words(value, key)
