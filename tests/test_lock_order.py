"""The watch over the order of locks sees a module of the package that leaves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from django_amazon_sync.models import Listing, SellerSku
from django_amazon_sync.testing.factories import ListingFactory
from tests import lock_order
from tests.faults.racing import needs_postgresql
from tests.lock_order import ORDER, PACKAGE, OutOfOrder, Statement, read

L, S = "django_amazon_sync_listing", "django_amazon_sync_sellersku"


@pytest.fixture
def listing(db: None) -> Iterator[Listing]:
    yield ListingFactory.create()
    lock_order.found_so_far.clear()


def of_the_package(source: str) -> Callable[..., Any]:
    """The function ``work`` of a module that would stand in the package."""
    module = compile(source, f"{PACKAGE}sync/odd.py", "exec")
    names: dict[str, Any] = {"transaction": transaction, "Listing": Listing, "Sku": SellerSku}
    exec(module, names)
    work: Callable[..., Any] = names["work"]
    return work


LISTING_FIRST = """
def work(row):
    with transaction.atomic():
        Listing.objects.select_for_update().get(pk=row.pk)
        Sku.objects.filter(pk=row.sku_id).update(problem="Odd.")
"""
SKU_FIRST = """
def work(row):
    with transaction.atomic():
        Sku.objects.select_for_update().get(pk=row.sku_id)
        Listing.objects.filter(pk=row.pk).update(title="Odd")
"""
WRITTEN_FIRST = """
def work(row):
    with transaction.atomic():
        Sku.objects.filter(pk=row.sku_id).update(problem="Odd.")
        with transaction.atomic():
            Listing.objects.select_for_update().get(pk=row.pk)
"""
ROLLED_BACK_FIRST = """
def work(row):
    with transaction.atomic():
        try:
            with transaction.atomic():
                Sku.objects.select_for_update().get(pk=row.sku_id)
                raise KeyError
        except KeyError:
            Listing.objects.select_for_update().get(pk=row.pk)
"""
TWO_TRANSACTIONS = """
def work(row):
    for model, pk in ((Sku, row.sku_id), (Listing, row.pk)):
        with transaction.atomic():
            model.objects.select_for_update().get(pk=pk)
"""


@pytest.mark.parametrize("source", [LISTING_FIRST, ROLLED_BACK_FIRST, TWO_TRANSACTIONS])
def test_what_locks_in_the_order_goes_on(listing: Listing, source: str) -> None:
    of_the_package(source)(listing)
    assert lock_order.found_so_far == []


@pytest.mark.parametrize("source", [SKU_FIRST, WRITTEN_FIRST])
def test_what_locks_otherwise_is_named_with_what_it_held(listing: Listing, source: str) -> None:
    expected = rf"(?s)^sync/odd.py:\d locks {L}, after.*{S} by sync/odd.py:\d"
    with pytest.raises(OutOfOrder, match=expected):
        of_the_package(source)(listing)
    assert len(lock_order.found_so_far) == 1, "for whoever catches what is raised"


def test_a_test_may_lock_as_it_likes(listing: Listing) -> None:
    with transaction.atomic():
        SellerSku.objects.select_for_update().get(pk=listing.sku_id)
        Listing.objects.filter(pk=listing.pk).update(title="Odd")
    assert lock_order.found_so_far == []


@pytest.mark.parametrize(
    "line",
    [
        "Listing.objects.update(title='Odd')",
        "list(Listing.objects.select_for_update())",
        "list(Listing.objects.order_by('-pk').select_for_update())",
    ],
)
def test_several_rows_are_locked_by_pk(listing: Listing, line: str) -> None:
    needs_postgresql()
    ListingFactory.create(marketplace=listing.marketplace)
    work = of_the_package(f"def work():\n    with transaction.atomic():\n        {line}\n")
    with pytest.raises(OutOfOrder, match=f"locks rows of {L} in no order"):
        work()


def test_each_table_has_its_place() -> None:
    tables = {
        table.removeprefix(lock_order.OURS)
        for table in connection.introspection.django_table_names()
        if table.startswith(lock_order.OURS)
    }
    assert tables == set(ORDER) - {lock_order.SHOP}
    assert len(set(ORDER)) == len(ORDER)


@pytest.mark.parametrize(
    ("sql", "does"),
    [
        (f'UPDATE "{L}" SET "title" = %s WHERE "{L}"."id" = %s', Statement((L,))),
        (f'UPDATE "{L}" SET "title" = %s', Statement((L,), in_order=False)),
        (f'DELETE FROM "{S}" WHERE "{S}"."id" = %s', Statement((S,))),
        (f'INSERT INTO "{S}" ("sku") VALUES (%s)', Statement(inserts=S)),
        (f"INSERT INTO {S} (sku) SELECT 1 ON CONFLICT DO NOTHING", Statement(inserts=S)),
        (
            f"WITH given AS (SELECT 1) INSERT INTO {S} (sku) SELECT 1 "
            "ON CONFLICT (sku) DO UPDATE SET sku = excluded.sku",
            Statement((S,), in_order=False),
        ),
        (
            f'SELECT "{L}"."id" FROM "{L}" INNER JOIN "{S}" ON ("{S}"."id" = 1) '
            f'ORDER BY "{L}"."id" ASC FOR UPDATE',
            Statement((L, S), asks=True),
        ),
        (
            f'SELECT "{L}"."id" FROM "{L}" INNER JOIN "{S}" ON ("{S}"."id" = 1) '
            f'LIMIT 21 FOR NO KEY UPDATE OF "{L}"',
            Statement((L,), asks=True),
        ),
        (
            f'SELECT "{L}"."id" FROM "{L}" WHERE "{L}"."id" IN (SELECT "{S}"."id" FROM "{S}") '
            "/* FOR UPDATE */",
            Statement((L,), asks=True, in_order=False),
        ),
        (f'SELECT "{L}"."id" FROM "{L}"', Statement()),
        ("SAVEPOINT s1", Statement()),
    ],
)
def test_what_a_statement_locks(sql: str, does: Statement) -> None:
    assert read(sql) == does
