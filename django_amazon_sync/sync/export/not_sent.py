"""Offers that cannot be made at Amazon by what the shop says of them: Amazon is not asked.

Thousands may lack the same, so many of one kind are one line with their number and some names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stdnum import ean, isbn

from django_amazon_sync import clock
from django_amazon_sync.data import Identifier, Offer
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import Listing, Outcome
from django_amazon_sync.rules import listing_state
from django_amazon_sync.rules.listing_state import CREATION
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.offers.identifiers import AMAZON_KINDS
from django_amazon_sync.sync.runs.work import Work, about_listing

#: So many that lack the same are one line, which names the first few.
SUMMED_FROM, NAMED = 10, 3


def lack_of(listing: Listing, offer: Offer) -> Code | None:
    """What an offer lacks to be found in Amazon's catalogue; nothing where that may have it."""
    codes = offer.identifiers
    if listing.sku.asin or any(code.kind == "asin" for code in codes):
        return None
    barcodes = [code for code in codes if code.kind in AMAZON_KINDS]
    if not barcodes:
        return Code.NO_CODE
    return None if all(map(is_valid, barcodes)) else Code.BAD_BARCODE


def is_valid(barcode: Identifier) -> bool:
    """Whether the check digit of a barcode is right."""
    check = isbn if barcode.kind == "isbn" else ean
    return bool(check.is_valid(barcode.value))


@dataclass(frozen=True)
class Lacking:
    """A listing that cannot be made, why, and of what it would be made (its creation key)."""

    listing: Listing
    lack: Code
    key: str

    @property
    def reason(self) -> Message:
        return Message(self.lack, count=1, skus=self.listing.sku.sku)


class NotSent:
    """What a run says of those that it does not send."""

    def __init__(self, work: Work) -> None:
        self._work = work
        #: Of each marketplace and lack how many, and the first of them.
        self._number: Counter[tuple[str, Code]] = Counter()
        self._first: dict[tuple[str, Code], list[Lacking]] = {}

    def note(self, lacking: Sequence[Lacking]) -> None:
        """Remember of these what they lack, so that they are tried again when that changes."""
        if lacking and not self._work.run.dry_run:
            _keep_reasons({each.listing.pk: each for each in lacking})
        for each in lacking:
            kind = each.listing.marketplace.code, each.lack
            self._number[kind] += 1
            first = self._first.setdefault(kind, [])
            if len(first) < SUMMED_FROM:
                first.append(each)

    def say(self) -> None:
        """Say it: of many that lack the same in one line."""
        for (marketplace, lack), number in self._number.items():
            first = self._first[marketplace, lack]
            if number >= SUMMED_FROM:
                names = ", ".join(each.listing.sku.sku for each in first[:NAMED])
                said = Message(lack, count=number, skus=names)
                about = {"marketplace": marketplace, "code": lack, "message": str(said)}
                self._work.line(Outcome.NOT_SENT, **about)
                self._work.run.count(Outcome.NOT_SENT, number - 1)  # the line counts as one
                continue
            for each in first:
                about = {"code": lack, "message": str(each.reason)}
                self._work.line(Outcome.NOT_SENT, **about_listing(each.listing), **about)


def _keep_reasons(lacking: Mapping[int, Lacking]) -> None:
    with state.changing(lacking) as rows:
        for pk, row in rows.items():
            listing_state.refused(
                row,
                {CREATION: lacking[pk].key},
                code=lacking[pk].lack,
                reason=str(lacking[pk].reason),
                at=clock.now(),
                falls=False,
                about_value=True,
            )
