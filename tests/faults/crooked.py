"""An Oscar shop whose offers say what no sound shop says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

from django_amazon_sync.data import Offer
from django_amazon_sync.shops.oscar import OscarShop


class CrookedShop(OscarShop):
    """``LIES`` are by the SKU of the stock record: fields of the offer and their values."""

    LIES: ClassVar[dict[str, dict[str, Any]]] = {}

    def offers(self, scope: str = "", pks: Iterable[str] | None = None) -> Iterator[Offer]:
        return map(self._lie, super().offers(scope, pks))

    def find(self, code: str, scope: str = "") -> list[Offer]:
        return [self._lie(offer) for offer in super().find(code, scope)]

    def _lie(self, offer: Offer) -> Offer:
        return replace(offer, **self.LIES.get(offer.sku, {}))
