"""A report's rows, some thousand at a time, all rows of one SKU together.

A SKU may be in a report twice (docs/amazon.md#a-sku-may-be-in-a-report-twice), and what its rows
say together must not depend on where a list of rows ends. So those of such SKUs come by themselves,
at the end. Which they are the SKUs alone tell beforehand, by eight bytes for each.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from django_amazon_sync.data import ReportRow
from django_amazon_sync.rules.matching import contested
from django_amazon_sync.sync.runs.bulk import chunks

#: Rows of repeated SKUs that are kept in memory; of more, the report is read once for each so many.
KEPT = 50_000


def in_chunks(
    skus: Iterable[str], read: Callable[[], Iterator[ReportRow]], size: int
) -> Iterator[list[ReportRow]]:
    """The rows in lists of ``size``, or of a few more; ``read`` gives them from the beginning.

    ``skus`` are those of all rows, and perhaps of lines that are none. Rows without a SKU stand for
    themselves.
    """
    hashes = array("q", (hash(sku) for sku in skus if sku))
    repeated = contested(hashes)
    many = sum(each in repeated for each in hashes) if repeated else 0
    del hashes
    once = (row for row in read() if not row.sku or hash(row.sku) not in repeated)
    yield from chunks(once, size)
    parts = -(-many // KEPT)
    for part in range(parts):
        by_sku: dict[str, list[ReportRow]] = {}
        for row in read():
            if row.sku and (its := hash(row.sku)) in repeated and its % parts == part:
                by_sku.setdefault(row.sku, []).append(row)
        for some in chunks(by_sku.values(), max(1, size // 2)):
            yield list(chain.from_iterable(some))
