"""The files of feeds that change price and quantity of every listing, against orjson alone.

Ours makes the patches of each listing and writes them into files of at most 25,000 messages and
10 MiB, with their digest. orjson writes the same bytes from the same values.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import orjson

from benchmarks.catalogue import price_of, stock_of
from benchmarks.ground import GERMANY, QUICK, SIZES, Ratio, alternately, in_child
from django_amazon_sync.amazon.feeds import FeedFile
from django_amazon_sync.data import Money
from tests.patches import price_patch, quantity_patch

AIM = 2.0
SELLER = "A0BENCHMARK"


def measure(*, quick: bool) -> Iterator[Ratio]:
    for size, rounds in (QUICK if quick else SIZES).items():
        yield in_child(at_size, size, rounds)


def at_size(size: int, rounds: int) -> Ratio:
    check(1000)
    written, plain, memory = alternately(partial(ours, size), partial(orjsons, size), rounds)
    return Ratio(f"feed files of {size:,} messages / orjson", written, plain, AIM, memory)


def changes(size: int) -> Iterator[tuple[str, Decimal, int]]:
    """SKU, price and quantity of so many listings."""
    for number in range(1, size + 1):
        yield f"SKU-{number}", Decimal(price_of(number)), stock_of(number)


def ours(size: int, keep: BinaryIO | None = None) -> None:
    left = changes(size)
    waiting = next(left, None)
    while waiting is not None:
        with TemporaryFile() as file:
            written = FeedFile(file, SELLER)
            while waiting is not None and add(written, *waiting):
                waiting = next(left, None)
            written.close()
            if keep is not None:
                file.seek(0)
                keep.write(file.read())


def add(written: FeedFile, sku: str, price: Decimal, quantity: int) -> bool:
    patches = [quantity_patch(quantity, None, ""), price_patch(GERMANY, Money(price, "EUR"))]
    return written.add(sku, "PRODUCT", patches) is not None


def orjsons(size: int, keep: BinaryIO | None = None) -> None:
    with TemporaryFile() as file:
        for number, (sku, price, quantity) in enumerate(changes(size), 1):
            file.write(orjson.dumps(message(number, sku, price, quantity)))
            file.write(b",")
        if keep is not None:
            file.seek(0)
            keep.write(file.read())


def message(number: int, sku: str, price: Decimal, quantity: int) -> dict[str, Any]:
    return {
        "messageId": number,
        "sku": sku,
        "operationType": "PATCH",
        "productType": "PRODUCT",
        "patches": [
            {
                "op": "replace",
                "path": "/attributes/fulfillment_availability",
                "value": [{"quantity": quantity, "fulfillment_channel_code": "DEFAULT"}],
            },
            {
                "op": "merge",
                "path": "/attributes/purchasable_offer",
                "value": [
                    {
                        "our_price": [{"schedule": [{"value_with_tax": float(price)}]}],
                        "marketplace_id": GERMANY,
                        "currency": "EUR",
                        "audience": "ALL",
                    }
                ],
            },
        ],
    }


def check(size: int) -> None:
    """Both write the same messages."""
    with TemporaryFile() as file, TemporaryFile() as other:
        ours(size, file)
        orjsons(size, other)
        file.seek(0)
        other.seek(0)
        _head, _sign, messages = file.read().partition(b'"messages":[')
        assert messages.removesuffix(b"]}") == other.read().removesuffix(b",")
