"""Runs about any number of SKUs, which one statement chooses."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_amazon_sync.models import (
    Job,
    Listing,
    OfferChange,
    Outcome,
    RunSelection,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.runs import selection
from django_amazon_sync.testing.factories import (
    MarketplaceFactory,
    SellerSkuFactory,
)
from tests import factories
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory
from tests.world import World, approve_all, lines_of

MANY = selection.BY_NAME + 20


def many_skus(number: int, **columns: object) -> list[SellerSku]:
    account = LiveAccountFactory.create()
    rows = [
        SellerSku(account=account, sku=f"S{one:06}", offer_pk=str(one), **columns)
        for one in range(number)
    ]
    return SellerSku.objects.bulk_create(rows)


@pytest.mark.django_db
def test_a_few_are_named_and_many_are_selected() -> None:
    account = many_skus(MANY)[0].account
    few = SellerSku.objects.filter(sku__lt="S000003")
    assert jobs.request(account, Job.EXPORT, options={"skus": few}).options == {
        "skus": ["S000000", "S000001", "S000002"]
    }
    run = jobs.request(account, Job.EXPORT, options={"skus": SellerSku.objects.all()})
    assert run.options == {"selected": MANY}
    assert RunSelection.objects.filter(run=run).count() == MANY
    assert sum(len(some) for some in selection.skus_in_chunks(run)) == MANY


@pytest.mark.django_db
def test_a_query_that_finds_none_is_about_none_and_not_about_all() -> None:
    account = many_skus(1)[0].account
    run = jobs.request(account, Job.EXPORT, options={"skus": SellerSku.objects.none()})
    assert run.options == {"selected": 0}
    assert selection.is_about_some(run)
    assert not selection.within(run, SellerSku.objects.all()).exists()


@pytest.mark.django_db
def test_skus_of_another_account_are_never_selected() -> None:
    mine, other = many_skus(MANY)[0].account, many_skus(MANY)[0].account
    run = jobs.request(mine, Job.EXPORT, options={"skus": SellerSku.objects.all()})
    assert run.options == {"selected": MANY}
    skus = SellerSku.objects.filter(account=other)
    assert SellerSku.objects.count() == 2 * MANY
    assert jobs.request(mine, Job.EXPORT, options={"skus": skus}).options == {"selected": 0}


@pytest.mark.django_db
def test_selecting_takes_as_many_queries_for_5000_as_for_200() -> None:
    counted = []
    for number in (200, 5000):
        account = many_skus(number)[0].account
        with CaptureQueriesContext(connection) as captured:
            jobs.request(account, Job.EXPORT, options={"skus": account.skus.all()})
        counted.append(len(captured))
    assert counted[0] == counted[1] <= 6


def test_an_export_is_about_the_selected_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linked ones, one that no row is linked to yet, and one that the shop has no more."""
    monkeypatch.setattr(selection, "BY_NAME", 1)
    monkeypatch.setattr(selection, "SKUS_PER_CHUNK", 2)
    for sku in ("A", "B", "C", "NEW"):
        world.sell(sku)
    world.export(skus=["A", "B", "C"])
    SellerSkuFactory.create(account=world.account, sku="NEW", offer_pk="", channel="")
    gone = SellerSkuFactory.create(
        account=world.account, sku="GONE", offer_pk="987654", managed=True
    )
    ListingInStepFactory.create(
        marketplace=world.account.marketplaces.get(), sku=gone, believed={"quantity": 4}
    )
    world.list_on_amazon("GONE", price="1.00", quantity=4)
    for record in factories.partner().stockrecords.all():
        record.num_in_stock = 3
        record.save()
    OfferChange.objects.all().delete()

    chosen = SellerSku.objects.filter(sku__in=["A", "B", "NEW", "GONE"])
    run = world.do(Job.EXPORT, skus=chosen)
    assert run.options["selected"] == 4
    assert sorted(lines_of(run, "sku", "outcome")) == [
        (sku, Outcome.SENT) for sku in ("A", "B", "GONE", "NEW")
    ]
    assert world.live("GONE").quantity == 0
    assert world.live("C").quantity == 5
    assert not RunSelection.objects.exists(), "What has ended needs its selection no more."


def test_a_verification_is_about_the_selected_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "BY_NAME", 1)
    for sku in ("A", "B", "C"):
        world.sell(sku)
    world.export()
    world.amazon.advance(7200)
    run = world.verify(skus=SellerSku.objects.filter(sku__in=["A", "B"]))
    assert run.counts["read"] == 2


@pytest.mark.django_db
def test_what_was_selected_is_looked_at_soon_by_one_statement() -> None:
    live = many_skus(3)
    SellerSkuFactory.create(offer_pk="77")
    SellerSkuFactory.create(account=live[0].account, offer_pk="")
    with CaptureQueriesContext(connection) as captured:
        changed_offers.note_skus(SellerSku.objects.all())
    assert len(captured) <= 2
    assert sorted(OfferChange.objects.values_list("account", "offer_pk")) == [
        (live[0].account_id, str(one)) for one in range(3)
    ]


@pytest.mark.django_db
def test_approving_takes_as_many_queries_for_many_as_for_few() -> None:
    counted = []
    for number in (5, 500):
        skus = many_skus(number)
        place = MarketplaceFactory.create(account=skus[0].account)
        rows = [Listing(sku=sku, marketplace=place, held={"price": "9.00 EUR"}) for sku in skus]
        Listing.objects.bulk_create(rows)
        with CaptureQueriesContext(connection) as captured:
            assert approve_all(Listing.objects.all()) == number
        counted.append(len(captured))
        assert not Listing.objects.exclude(held={}).exists()
    assert counted[0] == counted[1]
    assert set(SyncRun.objects.values_list("pk")) == set()
