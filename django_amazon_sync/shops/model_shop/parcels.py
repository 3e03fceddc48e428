"""Parcels as a shop of plain models keeps them: one an order, or rows of what is in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Any

from django_amazon_sync.data import ShipmentData
from django_amazon_sync.shops.model_shop.fields import ParcelFields, Pk, ShopFields, model_of
from django_amazon_sync.shops.model_shop.offers import valid_pks

ORDERS_PER_QUERY = 500


def read_shipments(shop: ShopFields, order_pks: Iterable[str]) -> Iterator[ShipmentData]:
    """One parcel for each of these orders that was handed to the carrier, with all of its lines."""
    fields, orders = shop.order, model_of(shop.order)._base_manager.order_by("pk")
    sent = orders.exclude(**{fields.shipped_at: None})
    wanted = iter(sorted(valid_pks(orders.model, order_pks)))
    while chunk := list(islice(wanted, ORDERS_PER_QUERY)):
        items = items_of(shop, chunk)
        paths = [path for path in (fields.shipped_at, fields.carrier, fields.tracking) if path]
        for row in sent.filter(pk__in=chunk).values("pk", *paths):
            yield ShipmentData(
                pk=str(row["pk"]),
                order_pk=str(row["pk"]),
                shipped_at=row[fields.shipped_at],
                carrier=str(row.get(fields.carrier) or ""),
                tracking=str(row.get(fields.tracking) or ""),
                items=tuple(items.get(row["pk"], ())),
            )


def items_of(shop: ShopFields, order_pks: Iterable[Pk]) -> dict[Pk, list[tuple[str, int]]]:
    """What is in each of these orders, as (Amazon's item id, quantity)."""
    order, fields = f"{shop.line.order}__pk", shop.line
    lines = model_of(fields)._base_manager.filter(**{f"{order}__in": list(order_pks)})
    items: dict[Pk, list[tuple[str, int]]] = {}
    rows = lines.order_by("pk").values_list(order, fields.item_id, fields.quantity)
    for pk, item_id, quantity in rows:
        if item_id and quantity:
            items.setdefault(pk, []).append((item_id, quantity))
    return items


def read_parcels(
    shop: ShopFields, fields: ParcelFields, order_pks: Iterable[str]
) -> Iterator[ShipmentData]:
    """The parcels of these orders that left, by the rows of what is in them."""
    order, item = f"{fields.line}__{shop.line.order}__pk", f"{fields.line}__{shop.line.item_id}"
    rows = model_of(fields)._base_manager.exclude(**{fields.shipped_at: None})
    rows = rows.order_by(order, fields.parcel, "pk")
    wanted = iter(sorted(valid_pks(model_of(shop.order), order_pks)))
    paths = {order, fields.parcel, item, *fields.paths}
    while chunk := list(islice(wanted, ORDERS_PER_QUERY)):
        found = rows.filter(**{f"{order}__in": chunk}).values(*paths)
        for (order_pk, parcel), those in groupby(
            found, key=lambda row: (row[order], row[fields.parcel])
        ):
            yield _parcel(fields, str(order_pk), str(parcel), item, list(those))


def _parcel(
    fields: ParcelFields, order_pk: str, pk: str, item: str, rows: list[dict[str, Any]]
) -> ShipmentData:
    first = rows[0]
    return ShipmentData(
        pk=pk,
        order_pk=order_pk,
        shipped_at=first[fields.shipped_at],
        carrier=str(first.get(fields.carrier) or ""),
        tracking=str(first.get(fields.tracking) or ""),
        items=tuple(
            (row[item], row[fields.quantity]) for row in rows if row[item] and row[fields.quantity]
        ),
    )
