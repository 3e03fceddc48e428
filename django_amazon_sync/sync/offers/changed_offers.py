"""Offers that changed in the shop, as the shop told us, and those whose quantity is in doubt.

A row for each is written in the transaction that changed the offer; ``tick`` works them first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, Q, QuerySet, Value
from django.dispatch import receiver

from django_amazon_sync import clock
from django_amazon_sync.models import AccountState, OfferChange, SellerAccount, SellerSku
from django_amazon_sync.signals import offers_changed, offers_sold
from django_amazon_sync.sync.runs.bulk import chunks, insert_rows, insert_select

#: Rows of one DELETE; a database takes only so many parameters in a statement.
DELETED_TOGETHER = 5000


@receiver(offers_changed, dispatch_uid="django_amazon_sync.changes")
def note_changes(sender: object, pks: Iterable[str], **kwargs: Any) -> None:
    """Write down, in the shop's own transaction, that these offers changed."""
    _note_everywhere(pks)


@receiver(offers_sold, dispatch_uid="django_amazon_sync.sales")
def note_sales(sender: object, pks: Iterable[str], **kwargs: Any) -> None:
    """Write down that the shop's own customers bought these offers."""
    _note_everywhere(pks, sold=True)


def _note_everywhere(pks: Iterable[str], *, sold: bool = False) -> None:
    offers = list(pks)
    OfferChange.objects.bulk_create(
        OfferChange(account_id=account, offer_pk=offer, told=True, sold=sold)
        for account in _live_accounts()
        for offer in offers
    )


def note(changes: Iterable[tuple[int, str]]) -> None:
    """Let the offers of these (account pk, offer pk) be looked at soon."""
    live = _live_accounts()
    insert_rows(
        [
            OfferChange(account_id=account, offer_pk=offer)
            for account, offer in dict.fromkeys(changes)
            if offer and account in live
        ]
    )


def note_skus(skus: QuerySet[SellerSku], *, at: datetime | None = None) -> None:
    """Let the offers of these SKUs be looked at soon, or at a later moment, however many they are:
    one statement."""
    now = Value(at or clock.now(), output_field=DateTimeField())
    known = skus.filter(account__in=_live_accounts()).exclude(offer_pk="").order_by()
    no = Value(False)
    offers = known.values_list("account", "offer_pk", now, no, no).distinct()
    insert_select(OfferChange, ("account", "offer_pk", "at", "told", "sold"), offers)


def _live_accounts() -> set[int]:
    """The accounts that may write; the others begin with a whole export when they are released."""
    live = SellerAccount.objects.filter(state=AccountState.LIVE)
    return set(live.values_list("pk", flat=True))


def due() -> QuerySet[OfferChange]:
    """The notes whose time has come; some of ours are of a later moment.

    What the shop tells is of the host that sold, whose clock may be ahead: it waits for nothing.
    """
    return OfferChange.objects.filter(Q(told=True) | Q(at__lte=clock.now()))


class Noted:
    """The changes of an account that were noted so far."""

    def __init__(self, account: SellerAccount) -> None:
        rows = list(due().filter(account=account).values_list("pk", "offer_pk", "told"))
        self.offer_pks: Sequence[str] = list(dict.fromkeys(offer for _pk, offer, _told in rows))
        #: Those of which the shop told itself.
        self.told: Collection[str] = {offer for _pk, offer, told in rows if told}
        self._rows = [(pk, offer) for pk, offer, _told in rows]

    def put_off(self, offers: Collection[str], until: datetime) -> None:
        """Look at these of them again at a later moment; what the shop told is taken in."""
        rows = [pk for pk, offer in self._rows if offer in offers]
        for some in chunks(rows, DELETED_TOGETHER):
            OfferChange.objects.filter(pk__in=some).update(at=until, told=False)
        self._rows = [(pk, offer) for pk, offer in self._rows if offer not in offers]

    def done_with(self, *, but: set[str]) -> None:
        """Forget them, but for these offers, which have to be looked at again."""
        done = [pk for pk, offer in self._rows if offer not in but]
        for some in chunks(done, DELETED_TOGETHER):
            OfferChange.objects.filter(pk__in=some).delete()
