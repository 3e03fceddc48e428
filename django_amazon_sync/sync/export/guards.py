"""The guards of rules/guards.py, with what was written down within the last hour."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import cached_property

from django_amazon_sync import clock, conf
from django_amazon_sync.models import Listing, Presence, SellerAccount, SubmissionItem
from django_amazon_sync.rules import guards

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

    @cached_property
    def _held(self) -> dict[str, set[int]]:
        """The listings (pk) of which each guard holds something now."""
        listings = Listing.objects.filter(
            sku__account=self._account, marketplace__in=self._marketplaces
        )
        held: dict[str, set[int]] = {kind: set() for kind in guards.KINDS}
        for pk, stops in listings.exclude(held={}).values_list("pk", "stops").iterator():
            for kind in {stop["kind"] for stop in stops.values()} & held.keys():
                held[kind].add(pk)
        return held

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
        guard held leaves once it is little, not bit by bit."""
        moved = {
            kind: len(self.written_lately(kind).union(about_to_move.get(kind, ()), held))
            for kind, held in self._held.items()
            if held
        }
        return guards.too_much(self.limits, moved)

    def why_not(self, kind: str, listing: int, others: Collection[int] = ()) -> str:
        """Why one more change of this kind, of this listing (pk), may not be written down now;
        ``others`` are written down with it."""
        if not kind:
            return ""
        moved = self.written_lately(kind).union([listing], others)
        return self.limits.too_much(kind, len(moved))
