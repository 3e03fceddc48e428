"""The guards of rules/guards.py, with what was written down within the last hour."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import cached_property

from django_amazon_sync import clock, conf
from django_amazon_sync.models import Listing, Presence, SellerAccount, SubmissionItem
from django_amazon_sync.rules import guards
from django_amazon_sync.rules.listing_state import PRICE
from django_amazon_sync.sync.runs.bulk import in_pages

#: Over so long the guards count.
COUNTED = timedelta(hours=1)


class Guards:
    """How much may still leave, over all runs and lanes of the account."""

    def __init__(self, account: SellerAccount, marketplaces: Collection[int]) -> None:
        self._account = account
        self._marketplaces = list(marketplaces)

    @cached_property
    def limits(self) -> guards.Limits:
        """What is too much, of the listings of which Amazon has something."""
        listings = Listing.objects.filter(
            sku__account=self._account, marketplace__in=self._marketplaces
        )
        known = listings.filter(presence=Presence.PRESENT).exclude(believed={}).count()
        return guards.Limits(
            known=known,
            count=conf.get("RUN_MOVE_COUNT"),
            percent=conf.get("RUN_MOVE_PERCENT"),
        )

    def written_lately(self, kind: str) -> set[int]:
        """The listings (pk) of which a change of this kind was written down within the hour."""
        items = SubmissionItem.objects.filter(
            submission__account=self._account,
            submission__created_at__gte=clock.now() - COUNTED,
            moves=kind,
        )
        return set(items.values_list("listing", flat=True))

    def _held(self) -> tuple[dict[str, set[int]], dict[str, str]]:
        """The listings (pk) of which each guard holds something now, and since when it does."""
        listings = Listing.objects.filter(
            sku__account=self._account, marketplace__in=self._marketplaces
        )
        held: dict[str, set[int]] = {}
        since: dict[str, str] = {}
        for pk, stops in in_pages(listings.exclude(held={}).values_list("pk", "stops")):
            for stop in stops.values():
                kind = stop["kind"]
                if kind in guards.KINDS:
                    held.setdefault(kind, set()).add(pk)
                    since[kind] = min(stop["since"], since.get(kind, stop["since"]))
        return held, since

    def _let_leave(self, kind: str, since: datetime) -> set[int]:
        """The listings (pk) of which staff let something leave, or of which something of this kind
        left, since so much is held: what they chose says nothing of the others."""
        items = SubmissionItem.objects.filter(
            submission__account=self._account, submission__created_at__gte=since
        )
        if kind == guards.ZEROS:
            items = items.filter(values__quantity=0)
        elif kind == guards.PRICES:
            items = items.filter(values__has_key=PRICE)
        approved = Listing.objects.filter(sku__account=self._account).exclude(approved={})
        return {*items.values_list("listing", flat=True), *approved.values_list("pk", flat=True)}

    def too_much(self, about_to_move: Mapping[str, Collection[int]]) -> dict[str, str]:
        """The kinds of which a run that is about to move these listings (pk) would move too many,
        and why."""
        moved = {
            kind: len(self.written_lately(kind).union(listings))
            for kind, listings in about_to_move.items()
            if listings
        }
        return guards.too_much(self.limits, moved)

    def held_back(self, about_to_move: Mapping[str, Collection[int]]) -> dict[str, str]:
        """The kinds of which too many would move if all that is held left as well, and why: what a
        guard held leaves once it is little, as the rest was mended; not bit by bit, nor as staff
        approved some of it."""
        all_held, since = self._held()
        moved = {}
        for kind, held in all_held.items():
            others = self._let_leave(kind, datetime.fromisoformat(since[kind]))
            lately = self.written_lately(kind)
            moved[kind] = len(held.union(lately, others, about_to_move.get(kind, ())))
        return guards.too_much(self.limits, moved)

    def why_not(self, kind: str, listing: int, others: Collection[int] = ()) -> str:
        """Why one more change of this kind, of this listing (pk), may not be written down now;
        ``others`` are written down with it."""
        if not kind:
            return ""
        moved = self.written_lately(kind).union([listing], others)
        return self.limits.too_much(kind, len(moved))
