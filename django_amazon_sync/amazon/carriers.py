"""Amazon's carrier codes for confirmShipment (ordersV0.json, PackageDetail).

Amazon publishes no list by API; ``carriers.csv`` has those of its feed schema, each once, with the
countries that a carrier is at home in, where that is known, and what people write instead. One
that is spelled otherwise, by a letter or its case, is not recognised by Amazon
(docs/amazon.md#carriers-are-spelt-as-amazon-spells-them), so what people type is read leniently
here: without regard to case, accents and signs, and to the words for a service after the name.
"""

from __future__ import annotations

import csv
import unicodedata
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

#: Amazon's word for a carrier that its list does not have; it needs the carrier's name beside it.
OTHER = "Other"

#: The words for it in Amazon's own list, and in shops.
_OTHER_WORDS = frozenset(
    "other otro otra andere anderer sonstige sonstiger autre altro interno inny その他".split()
)

#: What follows a carrier's name for one of its services, folded.
_SERVICES = frozenset(
    """
    business businessparcel b2b b2c classic courier domestic economy eu europe european express
    expresssaver germany ground home innight international kleinpaket next day nextday overnight
    paket paeckchen parcel parcels parcelshop priority retoure saver service shop shop2shop standard
    tracked untracked versand warenpost world worldwide 24 48 12 10 9 18
    """.split()
)

#: As alike as a word and one with a letter wrong; less would take other carriers for mistyped ones.
_ALIKE = 0.8

#: Of so few letters one with two of them swapped is alike, too.
_SHORT = 5


class Carrier(NamedTuple):
    """One carrier of Amazon's list: its code, and the countries (ISO 3166-1) it is at home in."""

    code: str
    countries: frozenset[str]


def _folded(name: str) -> str:
    """A name without case, accents and signs; umlauts as Germans write them without."""
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        name = name.casefold().replace(umlaut, letters)
    return "".join(sign for sign in unicodedata.normalize("NFKD", name) if sign.isalnum())


def _read() -> tuple[tuple[str, ...], dict[str, list[Carrier]], dict[str, list[Carrier]]]:
    """The codes; carriers by their folded codes, and by what people write instead."""
    codes: list[str] = []
    by_code: dict[str, list[Carrier]] = {}
    by_name: dict[str, list[Carrier]] = {}
    path = Path(__file__).with_name("carriers.csv")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            carrier = Carrier(row["code"], frozenset(filter(None, row["countries"].split("|"))))
            codes.append(carrier.code)
            by_code.setdefault(_folded(carrier.code), []).append(carrier)
            for name in filter(None, row["also"].split("|")):
                by_name.setdefault(_folded(name), []).append(carrier)
    return tuple(codes), by_code, by_name


CARRIERS, _BY_CODE, _BY_NAME = _read()


def spelled(carrier: str, country: str = "") -> str:
    """The code as Amazon spells it; empty where Amazon's list, as it is known here, has none.

    ``country`` is that of the marketplace (ISO 3166-1): "Post" is another carrier in each.
    """
    if carrier in CARRIERS:
        return carrier
    words = carrier.split()
    if _folded(carrier) in _OTHER_WORDS:
        return OTHER
    for end in range(len(words), 0, -1):
        service = all(_folded(word) in _SERVICES for word in words[end:])
        if service and (code := _code_of(_folded(" ".join(words[:end])), country)):
            return code
    return ""


def _code_of(folded: str, country: str) -> str:
    """The code of a name; of one that carriers of several countries have, that of this country."""
    if own := _BY_CODE.get(folded):
        return own[0].code
    named = _BY_NAME.get(folded, [])
    if len(named) == 1:
        return named[0].code
    return next((carrier.code for carrier in named if country in carrier.countries), "")


def nearest(carrier: str) -> str:
    """The code that is almost spelled so; empty where none is, as for a carrier of its own."""
    folded = _folded(carrier)
    known = {**_BY_NAME, **_BY_CODE}
    if len(folded) < _SHORT:
        swapped = (name for name in known if sorted(name) == sorted(folded))
        return next((known[name][0].code for name in swapped), "")
    alike = get_close_matches(folded, known, n=1, cutoff=_ALIKE)
    return known[alike[0]][0].code if alike else ""
