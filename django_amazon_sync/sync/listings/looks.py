"""Who may send: only who looked last.

A look is what comes before a decision to send, or to have done with a noted change. It takes the
SKU's next number before it reads anything, also when it then sends nothing. Whoever writes a
submission down proves under the lock that nobody has looked since; what an older look computed is
dropped, and its offer looked at again. So an older value never leaves after a newer one, however
many workers there are and whatever leases they hold.

The number is the SKU's over all marketplaces, as stores may share one quantity
(docs/amazon.md#stores-may-share-a-quantity).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from django_amazon_sync import clock
from django_amazon_sync.models import SellerSku
from django_amazon_sync.sync.listings.in_flight import LOOK_LASTS
from django_amazon_sync.sync.runs.bulk import lock_rows


@dataclass(frozen=True, slots=True)
class SkuLook:
    """One SKU in a look: its number, and its stock versions from before anything was read."""

    number: int
    stock_version: int
    explained_version: int


@dataclass(frozen=True, slots=True)
class Look:
    """A look at some SKUs (by pk); ``at`` is ``clock.monotonic()`` from before it."""

    at: float
    skus: Mapping[int, SkuLook]

    @property
    def ends(self) -> float:
        """When what was read is too old to be sent, by ``clock.monotonic()``."""
        return self.at + LOOK_LASTS.total_seconds()


def look_at(skus: Collection[int]) -> Look:
    """Look at these SKUs (pk): whoever looked before may not send any more."""
    at = clock.monotonic()
    these = SellerSku.objects.filter(pk__in=skus)
    with transaction.atomic():
        lock_rows(these)
        these.update(look=F("look") + 1)
        rows = these.values_list("pk", "look", "stock_version", "explained_version")
        return Look(at, {pk: SkuLook(*numbers) for pk, *numbers in rows})


def why_too_late(look: Look, sku: SellerSku) -> str:
    """Why what this look computed of a SKU may not be written down now; the row is locked."""
    mine = look.skus.get(sku.pk)
    if mine is None or sku.look != mine.number:
        return "It was looked at again meanwhile; the newer look sends it."
    if sku.stock_version != mine.stock_version:
        return "An order came in between; its quantity is computed anew."
    if clock.monotonic() >= look.ends:
        return "It took too long to come to its turn; it is computed anew."
    return ""


def forecast(skus: Collection[int]) -> Look:
    """As ``look_at``, for who sends nothing: no other look is made older by it."""
    rows = SellerSku.objects.filter(pk__in=skus)
    numbers = rows.values_list("pk", "look", "stock_version", "explained_version")
    return Look(clock.monotonic(), {pk: SkuLook(*its) for pk, *its in numbers})
