"""What is known of buyers: whose an e-mail address is, and what never leaves an order."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django_amazon_sync.data import Address, OrderData

_RELAY = re.compile(r"@(?:[^@\s]*\.)?marketplace\.amazon\.", re.IGNORECASE)


def is_relay(email: str) -> bool:
    """Whether the address is Amazon's own, or missing: it says nothing of who the buyer is."""
    return not email.strip() or _RELAY.search(email) is not None


#: Shorter texts are words of the language as well, such as a town's or a house number.
_TELLING = 4


def without_buyer(text: str, order: OrderData) -> str:
    """A sentence without what identifies the order's buyer, whoever put it there.

    What a shop adapter says of an order goes into rows, logs and e-mails.
    """
    return without_words(text, _personal(order))


def without_words(text: str, words: Iterable[str]) -> str:
    """A sentence without these words."""
    telling = {word for said in words if len(word := said.strip()) >= _TELLING}
    for word in sorted(telling, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "…", text, flags=re.IGNORECASE)
    return text


def _personal(order: OrderData) -> list[str]:
    buyer, there = order.buyer, order.delivery or Address()
    texts = [buyer.name, buyer.email, buyer.company, buyer.purchase_order]
    texts += [there.name, there.company, there.line1, there.line2, there.line3, there.district]
    texts += [there.postcode, there.phone, order.delivery_instructions]
    for line in order.lines:
        texts += [line.gift_message, line.personalisation, line.personalisation_url]
    texts += [one.number for one in order.tax_registrations]
    names = [buyer.name, there.name]
    return texts + [word for name in names for word in name.split()]
