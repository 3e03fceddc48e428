"""Exchange rates: which one holds for a pair of currencies, or why none does.

The European Central Bank publishes one rate a working day for each of some thirty currencies, all
of them from the euro; any other pair is crossed by way of the euro.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal

from lxml import etree

from django_amazon_sync.data import Rate
from django_amazon_sync.errors import Unreadable

EURO = "EUR"

#: A crossed rate has so many significant digits: what is shown is what was reckoned with.
DIGITS = Context(prec=10)

#: A rate of the euro: a thousand times beyond any that there is.
LOWEST, HIGHEST, MOST_RATES = Decimal("0.00001"), Decimal(10**8), 300

#: How old a day may be when it is fetched, and how far the bank's day may be ahead of ours.
OLDEST, TIME_ZONES = timedelta(days=60), timedelta(days=1)

_WRITTEN_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WRITTEN_RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_CURRENCY = re.compile(r"[A-Z]{3}")

_CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
_ENVELOPE = "{http://www.gesmes.org/xml/2002-08-01}Envelope"


@dataclass(frozen=True)
class DayOfRates:
    """What one euro was worth on a day, by currency."""

    on: date
    rates: Mapping[str, Decimal]


class Rates:
    """The rates into one currency, each looked up once.

    ``find`` gives the newest rate from a currency, None where there is none, or a sentence why it
    cannot tell; ``source`` names where it comes from
    and ``remedy`` what staff do where there is none, both for people. A rate from more than
    ``max_age`` days before ``today`` no longer holds.
    """

    def __init__(
        self,
        currency: str,
        find: Callable[[str], Rate | str | None],
        *,
        source: str,
        remedy: str,
        today: date,
        max_age: int,
    ) -> None:
        self.currency = currency
        self._find, self._source, self._remedy = find, source, remedy
        self._today, self._max_age = today, max_age
        self._found: dict[str, Rate | str] = {}

    def of(self, base: str) -> Rate | str:
        """The rate from ``base``; a sentence where none holds."""
        if base not in self._found:
            self._found[base] = self._look_up(base)
        return self._found[base]

    def _look_up(self, base: str) -> Rate | str:
        rate = self._find(base)
        if isinstance(rate, str):
            return rate
        pair = f"rate from {base} to {self.currency}"
        if rate is None:
            return f"There is no {pair} in {self._source}; {self._remedy}"
        if not (rate.rate.is_finite() and rate.rate > 0):
            return f"The {pair} is {rate.rate} in {self._source}; it must be above 0."
        age = (self._today - rate.on).days
        if age < -TIME_ZONES.days:
            return (
                f"The {pair} in {self._source} is of {rate.on.isoformat()}, which has not come yet."
            )
        if age > self._max_age:
            return (
                f"The {pair} in {self._source} is {age} days old (of {rate.on.isoformat()}), and "
                f"{self._max_age} are allowed (AMAZON_SYNC['RATES_MAX_AGE']); {self._remedy}"
            )
        return rate


def crossed(day: DayOfRates, base: str, currency: str) -> Decimal | None:
    """How many units of ``currency`` one of ``base`` was, by way of the euro."""
    rates = {**day.rates, EURO: Decimal(1)}
    if base not in rates or currency not in rates:
        return None
    if base == EURO:
        return rates[currency]
    return DIGITS.divide(rates[currency], rates[base])


def read_day(document: bytes, today: date) -> DayOfRates:
    """The day in a document of the European Central Bank (eurofxref-daily.xml).

    All of it is right or nothing is taken: a day that has not come would hold until it has, before
    all that come meanwhile. Raises Unreadable.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        envelope = etree.fromstring(document, parser)
    except etree.XMLSyntaxError:
        raise Unreadable("The rates are no XML document.") from None
    if envelope.tag != _ENVELOPE or envelope.getroottree().docinfo.doctype:
        raise Unreadable("The document is none of the European Central Bank's.")
    days = envelope.findall(f"{_CUBE}/{_CUBE}")
    if len(days) != 1:
        raise Unreadable(f"The rates are of {len(days)} days; those of one day are asked for.")
    day = _day(days[0])
    if not today - OLDEST <= day <= today + TIME_ZONES:
        raise Unreadable(f"The rates are of {day.isoformat()}, which is not about now.")
    return DayOfRates(day, _rates(days[0]))


def _day(cube: etree._Element) -> date:
    text = cube.get("time", "")
    try:
        if not _WRITTEN_DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise Unreadable("The rates are of a day that is none.") from None


def _rates(day: etree._Element) -> dict[str, Decimal]:
    rates: dict[str, Decimal] = {}
    for cube in day:
        if cube.tag != _CUBE:
            continue
        currency, rate = cube.get("currency", ""), cube.get("rate", "")
        if not _CURRENCY.fullmatch(currency):
            raise Unreadable("There is a rate of what is not a currency.")
        if currency in rates or currency == EURO:
            raise Unreadable(f"There are several rates of {currency}.")
        rates[currency] = _number(currency, rate)
    if not rates:
        raise Unreadable("The document has no rates.")
    if len(rates) > MOST_RATES:
        raise Unreadable("The document has more rates than there are currencies.")
    return rates


def _number(currency: str, text: str) -> Decimal:
    number = Decimal(text) if _WRITTEN_RATE.fullmatch(text) else Decimal(0)
    if not LOWEST <= number <= HIGHEST:
        raise Unreadable(f"The rate of {currency} is none.")
    return number
