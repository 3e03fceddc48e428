"""Finding the SKUs of offers, and what is looked at of them."""

from __future__ import annotations

import gc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_amazon_sync.models import SellerSku
from django_amazon_sync.sync.export.survey import gc_frozen, rows_of_offers
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests.examples import examples
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory

numbers = st.integers(0, 10**6).map(str)
uuids = st.uuids().map(str)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=5)
pks = st.lists(numbers | uuids | texts, unique=True, max_size=25)


@pytest.mark.django_db
@settings(
    max_examples=examples(50),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(linked=pks, asked=pks, data=st.data())
def test_the_rows_of_offers_are_found_whatever_their_pks_look_like(
    linked: list[str], asked: list[str], data: st.DataObject
) -> None:
    account = LiveAccountFactory.create()
    shops = [
        MarketplaceFactory.create(account=account, code=code)
        for code in ("A1PA6795UKMFR9", "A13V1IB3VIYZZH")
    ]
    asked += data.draw(st.lists(st.sampled_from(linked), unique=True)) if linked else []
    listings: dict[str, set[int | None]] = {}
    for pk in linked:
        sku = SellerSkuFactory.create(account=account, sku=f"SKU {pk}", offer_pk=pk)
        where = data.draw(st.lists(st.sampled_from(shops), unique_by=id))
        listings[pk] = (
            {ListingInStepFactory.create(marketplace=one, sku=sku).pk for one in where}
            if where
            else {None}
        )

    found: dict[str, set[int | None]] = {}
    for row in rows_of_offers(account, set(asked), [one.pk for one in shops]):
        found.setdefault(row.offer_pk, set()).add(row.listing_pk)
    assert found == {pk: listings[pk] for pk in linked if pk in asked}
    SellerSku.objects.all().delete()


def test_what_the_host_froze_stays_frozen() -> None:
    with gc_frozen():
        assert gc.get_freeze_count()
    assert not gc.get_freeze_count()
    gc.freeze()
    try:
        with gc_frozen():
            pass
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()
