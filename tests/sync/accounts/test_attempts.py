"""What the app can do without may fail in any way: it is said once, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from oscar.core.loading import get_model

from django_amazon_sync.amazon.client import Answer, Client
from django_amazon_sync.models import Lack, Listing, Proposal, RunState, SellerAccount
from django_amazon_sync.sync.accounts.connect import client_for
from django_amazon_sync.sync.alerts.attention import MatterKind, matters
from django_amazon_sync.testing.factories import SellerSkuFactory
from django_amazon_sync.testing.simulator import Fault
from tests import factories
from tests.factories_amazon import ListingInStepFactory
from tests.sync.amazon_reports.steps import take_in_listings
from tests.sync.matching.cases import EAN, matched, on_amazon
from tests.world import DE, World, lines_of

pytestmark = pytest.mark.django_db


def told(world: World, kind: MatterKind) -> list[str]:
    """What the overview says of the account."""
    found = matters(SellerAccount.objects.all()).get(world.account.pk, [])
    return [matter.sentence for matter in found if matter.kind == kind]


def odd(monkeypatch: pytest.MonkeyPatch, operation: str) -> Callable[[], None]:
    """Let Amazon answer this operation with an object that holds nothing; gives the end of it."""
    ask = Client.call

    def call(client: Client, name: str, *args: Any, **more: Any) -> Answer:
        if name == operation:
            ask(client, name, *args, **more)
            return Answer(name, {"strange": []}, 200, "", None, None)
        return ask(client, name, *args, **more)

    monkeypatch.setattr(Client, "call", call)
    return lambda: monkeypatch.setattr(Client, "call", ask)


def break_it(
    world: World, patch: pytest.MonkeyPatch, operation: str, how: str
) -> Callable[[], None]:
    if how == "odd":
        return odd(patch, operation)
    world.amazon.faults.add(Fault(operation, how, times=None))  # type: ignore[arg-type]
    return world.amazon.faults.clear


BROKEN = pytest.mark.parametrize("how", ["403", "500", "odd"])


def lacking(world: World) -> list[str]:
    return told(world, MatterKind.LACKING)


@BROKEN
def test_without_stock_at_amazon_the_listings_come_in(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    world.list_on_amazon("FBA", price="30.00", channel="AMAZON")
    mend = break_it(world, monkeypatch, "getInventorySummaries", how)
    for _ in range(2):
        run = take_in_listings(world)
        assert run.state == RunState.DONE
        assert lines_of(run, "code") == []
    [sentence] = lacking(world)
    assert "Stock in Amazon's warehouses" in sentence
    assert told(world, MatterKind.AUTHORISE) == []
    mend()
    take_in_listings(world)
    assert lacking(world) == []
    assert world.listing("FBA").amazon_stock["fulfillable"] == 25


@BROKEN
def test_without_the_catalogue_matching_does_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    world.sell("MUG")
    factories.stock_record("FORK", upc=EAN)
    row = SellerSkuFactory.create(account=world.account, sku="OLD", offer_pk="")
    place = world.account.marketplaces.get(code=DE)
    ListingInStepFactory.create(marketplace=place, sku=row, asin="B0FORK", condition="new_new")
    world.amazon.add_product(asin="B0FORK", title="A fork", ean=EAN)
    mend = break_it(world, monkeypatch, "searchCatalogItems", how)
    for _ in range(2):
        run = matched(world)
        assert run.state == RunState.DONE
        assert run.counts["linked"] == 1
        assert "catalogue could not be asked" in " ".join(lines_of(run, "message"))
        [sentence] = lacking(world)
        assert "catalogue" in sentence
    mend()
    assert matched(world).counts["linked"] == 2
    assert lacking(world) == []


@BROKEN
def test_without_pictures_there_are_proposals(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    factories.stock_record("MUG", upc=EAN)
    on_amazon(world, "AMZ-1", "B000000001", ean=EAN)
    on_amazon(world, "AMZ-2", "B000000002", ean=EAN)
    break_it(world, monkeypatch, "searchCatalogItems", how)
    assert matched(world).state == RunState.DONE
    assert Proposal.objects.count() == 2
    assert len(lacking(world)) == 1


@BROKEN
@pytest.mark.parametrize("operation", ["searchCatalogItems", "getListingsRestrictions"])
def test_without_what_a_new_offer_asks_for_the_others_are_sent(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str, operation: str
) -> None:
    world.sell("MUG", quantity=5)
    world.export()
    for number, ean in enumerate(("4006381333931", "4006381333948")):
        world.amazon.add_product(asin=f"B0NEW0000{number}", title="New", ean=ean)
        factories.stock_record(f"NEW-{number}", upc=ean, in_stock=3)
    record = get_model("partner", "StockRecord").objects.get(partner_sku="MUG")
    record.num_in_stock = 2
    record.save()
    mend = break_it(world, monkeypatch, operation, how)
    run = world.export()
    assert run.state == RunState.DONE
    assert world.live("MUG").quantity == 2
    assert len(lacking(world)) == 1
    assert not Listing.objects.exclude(refused={}).exists(), "that is no refusal of the offer"
    mend()
    world.export()
    assert world.live("NEW-0").quantity == 3
    assert lacking(world) == []


def test_a_rate_limit_is_no_lack(world: World) -> None:
    world.list_on_amazon("FBA", price="30.00", channel="AMAZON")
    world.amazon.faults.add(Fault("getInventorySummaries", "429", times=None))
    assert take_in_listings(world).state == RunState.DONE
    assert lacking(world) == []


def test_a_client_hears_nothing_of_the_time_that_it_asks_for(world: World) -> None:
    world.amazon.faults.add(Fault("searchDefinitionsProductTypes", "403", times=None))
    client_for(world.account).now()
    assert not Lack.objects.exists()
