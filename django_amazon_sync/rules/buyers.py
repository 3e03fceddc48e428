"""What is known of buyers: whose an e-mail address is, and what never leaves an order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django_amazon_sync.data import Address, OrderData

_RELAY = re.compile(r"@(?:[^@\s]*\.)?marketplace\.amazon\.", re.IGNORECASE)


def is_relay(email: str) -> bool:
    """Whether the address is Amazon's own, or missing: it says nothing of who the buyer is."""
    return not email.strip() or _RELAY.search(email) is not None


#: Shorter texts are words of the language as well, such as a town's or a house number.
_TELLING = 4

#: A first name of so many letters, such as Ann, is told from a word by its capital.
_SHORT_NAME = 3

#: What stands between the parts of a name.
_PARTS = re.compile(r"[\s.,\-\u2010-\u2015]+")

#: Of scripts other than Latin, where names have fewer signs, and ideographs one.
_TELLING_ELSEWHERE, _TELLING_IDEOGRAPHS = 2, 1

#: What a Latin word or a number cannot stand beside, being a part of it; blanks are not written
#: everywhere, so a sign of another script may be its neighbour.
_LATIN = "[0-9A-Za-z_\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]"

#: One ideograph is a part of many words; it is a name by itself, or before what names have.
_JAPANESE, _HONORIFIC = "[\u3005\u3040-\u30ff\u3400-\u9fff]", "(?:様|さま|さん|氏|先生)"

#: The genitive of a name.
_ENDING = "(?:['\u2019]?s|es)?"


def without_buyer(text: str, order: OrderData) -> str:
    """A sentence without what identifies the order's buyer, whoever put it there.

    What a shop adapter says of an order goes into rows, logs and e-mails.
    """
    delivery = order.delivery or Address()
    return without_words(text, _personal(order), [order.buyer.name, delivery.name])


def without_words(text: str, words: Iterable[str], names: Iterable[str] = ()) -> str:
    """A sentence without these words and names, and without each part of a name by itself: Latin
    ones also in the genitive, the others also as a part of what they are written together with;
    however they are split into lines, and in upper or lower case, save short parts of names.
    """
    text, names = unicodedata.normalize("NFC", text), list(names)
    parts = {part for name in names for part in _PARTS.split(_normal(name))}
    telling = {word for said in (*words, *names, *parts) if _is_telling(word := _normal(said))}
    for word in sorted(telling, key=len, reverse=True):
        text = re.sub(_pattern(word), "…", text, flags=re.IGNORECASE)
    for part in sorted(part for part in parts - telling if len(part) == _SHORT_NAME):
        text = re.sub(_pattern(part), "…", text)
    return text


def _normal(text: str) -> str:
    """As it is compared: letters in one piece with their accents, one blank between words."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _pattern(word: str) -> str:
    found = r"\s+".join(map(re.escape, word.split(" "))).replace("ß", "(?:ß|ss)")
    if _is_latin(word):
        return f"(?<!{_LATIN}){found}{_ENDING}(?!{_LATIN})"
    if len(word) == 1:
        return f"{found}(?={_HONORIFIC})|(?<!{_JAPANESE}){found}(?!{_JAPANESE})"
    return found


def _is_telling(word: str) -> bool:
    if _is_latin(word):
        return len(word) >= _TELLING
    ideographs = all("IDEOGRAPH" in unicodedata.name(sign, "") for sign in word)
    return len(word) >= (_TELLING_IDEOGRAPHS if ideographs else _TELLING_ELSEWHERE)


def _is_latin(word: str) -> bool:
    """Whether its letters are Latin, if it has any."""
    return all("LATIN" in unicodedata.name(sign, "") for sign in word if sign.isalpha())


def _personal(order: OrderData) -> list[str]:
    buyer, there = order.buyer, order.delivery or Address()
    texts = [buyer.email, buyer.company, buyer.purchase_order]
    texts += [there.company, there.line1, there.line2, there.line3, there.district]
    texts += [there.postcode, there.phone, order.delivery_instructions]
    for line in order.lines:
        texts += [line.gift_message, line.personalisation, line.personalisation_url]
    return texts + [one.number for one in order.tax_registrations]
