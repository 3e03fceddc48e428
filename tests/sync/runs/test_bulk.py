"""Writing many rows at once leaves in the database what saving each of them would."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import django_amazon_sync
from django_amazon_sync.data import FieldValues
from django_amazon_sync.models import Application, Listing, Outcome, RunLine, SellerSku
from django_amazon_sync.sync.runs.bulk import in_pages, insert_rows, update_rows
from django_amazon_sync.testing.factories import (
    ApplicationFactory,
    MarketplaceFactory,
    SellerSkuFactory,
    SyncRunFactory,
)
from tests.examples import examples
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
whole = st.integers(-(2**63), 2**63 - 1)
plain = texts | st.integers(-(2**53), 2**53) | st.booleans() | st.none()
json_values = st.dictionaries(texts, plain | st.lists(plain, max_size=3), max_size=3)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
prices = st.decimals(Decimal(0), Decimal("9999999999.99"), places=2)
listings = st.fixed_dictionaries(
    {
        "reason": texts,
        "believed": json_values,
        "issues": st.lists(json_values, max_size=2),
        "quantity_version": whole,
        "own_price": prices | st.none(),
        "read_at": moments | st.none(),
    }
)


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(wanted=st.lists(listings, min_size=1, max_size=4))
def test_each_row_gets_its_own_values_of_every_kind(wanted: list[dict[str, object]]) -> None:
    account = LiveAccountFactory.create()
    shop = MarketplaceFactory.create(account=account)
    rows = [
        ListingInStepFactory.create(marketplace=shop, sku__sku=f"SKU {number}", title="as it was")
        for number in range(len(wanted) + 1)
    ]
    untouched = Listing.objects.values().get(pk=rows[-1].pk)
    for row, values in zip(rows, wanted, strict=False):
        row.title = "not stored"
        for name, value in values.items():
            setattr(row, name, value)

    update_rows(rows[:-1], list(wanted[0]))

    for row, values in zip(rows, wanted, strict=False):
        stored = Listing.objects.get(pk=row.pk)
        assert {name: getattr(stored, name) for name in values} == values
        assert stored.title == "as it was"
        assert Listing.objects.filter(pk=row.pk, believed=values["believed"]).exists()
    assert Listing.objects.values().get(pk=rows[-1].pk) == untouched


def test_truths_and_what_is_unknown() -> None:
    account = LiveAccountFactory.create()
    one, other = (
        SellerSkuFactory.create(account=account, sku="ONE"),
        SellerSkuFactory.create(account=account, sku="OTHER"),
    )
    one.synchronise, one.managed, one.set_quantity = True, True, None
    other.synchronise, other.managed, other.set_quantity = None, False, 7
    update_rows([one, other], ["synchronise", "managed", "set_quantity"])
    rows = SellerSku.objects.filter(account=account).order_by("pk")
    assert list(rows.values_list("synchronise", "managed", "set_quantity")) == [
        (True, True, None),
        (None, False, 7),
    ]
    assert SellerSku.objects.filter(managed=True).count() == 1


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(said=st.lists(st.tuples(texts, json_values), min_size=1, max_size=4))
def test_new_rows_are_stored_in_their_order(said: list[tuple[str, FieldValues]]) -> None:
    run = SyncRunFactory.create(account=LiveAccountFactory.create())
    before = timezone.now()
    insert_rows([RunLine(run=run, outcome=Outcome.SENT, sku=sku, values=one) for sku, one in said])
    lines = list(RunLine.objects.filter(run=run).order_by("pk"))
    assert [(line.sku, line.values) for line in lines] == said
    assert {line.outcome for line in lines} == {Outcome.SENT}
    assert all(before <= line.at <= timezone.now() for line in lines)


def test_what_the_database_forbids_is_not_stored() -> None:
    run = SyncRunFactory.create(account=LiveAccountFactory.create())
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows([RunLine(run=run, outcome="none of them")])
    assert not RunLine.objects.exists()


def test_no_rows_are_no_work(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        update_rows([], ["title"])
        insert_rows([])


# --- Long reads -----------------------------------------------------------------------------------


def test_each_row_is_read_once_and_each_page_is_one_query(
    db: None, django_assert_num_queries: Any
) -> None:
    pks = [ApplicationFactory.create(name=f"{number}").pk for number in range(5)]
    rows = Application.objects.order_by("-pk")
    with django_assert_num_queries(3):
        assert [row.pk for row in in_pages(rows, 2)] == pks
    assert list(in_pages(rows.values_list("pk", flat=True), 2)) == pks
    named = list(in_pages(rows.values_list("pk", "name"), 2))
    assert named == [(pk, f"{number}") for number, pk in enumerate(pks)]
    with django_assert_num_queries(2):  # a page that is full may not be the last
        assert len(list(in_pages(rows.filter(pk__in=pks[:2]), 2))) == 2


def test_rows_that_leave_while_they_are_read_hide_no_other(db: None) -> None:
    pks = [ApplicationFactory.create(name="waits").pk for _number in range(5)]
    seen = []
    for row in in_pages(Application.objects.filter(name="waits"), 2):
        seen.append(row.pk)
        Application.objects.filter(pk=row.pk).update(name="done")
    assert seen == pks


def test_no_cursor_stays_open_in_the_database() -> None:
    package = Path(django_amazon_sync.__file__).parent
    kept = [path for path in package.rglob("*.py") if ".iterator(" in path.read_text("utf-8")]
    assert kept == []
