"""The doctor: each role is tried by itself, and nothing is concluded from another."""

from __future__ import annotations

import time

import pytest

from django_amazon_sync.errors import Unauthorized
from django_amazon_sync.sync import doctor
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.doctor import check_account
from django_amazon_sync.testing.simulator import Fault
from tests.sync.orders.answers import answering
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("shown", "works", "sentence"),
    [(True, True, "names and addresses of buyers are there"),
     (False, False, "restricted role Direct-to-Consumer Delivery")],
)  # fmt: skip
def test_buyers_data_is_looked_for_in_an_order(
    world: World, shown: bool, works: bool, sentence: str
) -> None:
    """A missing role takes it away without an error."""
    world.amazon.switch(personal_data=shown)
    world.sell("MUG")
    world.buy("MUG")
    world.amazon.advance(180)
    [found] = [one for one in check_account(world.account) if one.what == "buyers' data"]
    assert found.works is works
    assert sentence in found.sentence


def test_an_order_of_whom_amazon_says_nothing_is_the_merchants(world: World) -> None:
    with answering(world) as answers:
        answers.found = [answers.order(fulfillment={"fulfillmentStatus": "UNSHIPPED"})]
        [found] = [one for one in check_account(world.account) if one.what == "buyers' data"]
    assert found.works is True


@pytest.mark.parametrize(
    ("operation", "what"),
    [
        ("getMarketplaceParticipations", "account"),
        ("getListingsItem", "listings"),
        ("patchListingsItem", "changes"),
        ("searchDefinitionsProductTypes", "product types"),
        ("getCatalogItem", "catalogue"),
        ("searchOrders", "orders"),
        ("getInventorySummaries", "inventory"),
        ("getReport", "reports"),
        ("getFeeds", "feeds"),
    ],
)
def test_each_role_is_missed_by_itself(world: World, operation: str, what: str) -> None:
    world.amazon.faults.add(Fault(operation, "403", times=None))
    refused = [one for one in check_account(world.account) if one.works is False]
    assert [one.what for one in refused] == [what]
    assert "lacks the role" in refused[0].sentence


def test_it_ends_soon_where_amazon_is_busy_or_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = time.monotonic()
    world.amazon.faults.add(Fault("*", "429", times=None))
    busy = [one.works for one in check_account(world.account)]
    assert set(busy[:-1]) == {None}
    world.amazon.faults.clear()
    world.amazon.faults.add(Fault("*", "503", times=None))
    away = check_account(world.account)
    assert [one.works for one in away[:3]] == [False, None, None]
    assert "Not tried" in away[1].sentence
    monkeypatch.setattr(doctor, "ENDS_AFTER", -1.0)
    assert "Amazon answers slowly" in check_account(world.account)[0].sentence
    assert time.monotonic() - began < 10


def test_a_check_changes_nothing(world: World) -> None:
    check_account(world.account)
    writes = [one for one in world.amazon.requests if one.method not in ("GET", "POST")]
    assert {(one.operation, *one.query["mode"]) for one in writes} == {
        ("patchListingsItem", "VALIDATION_PREVIEW")
    }
    assert {one.operation for one in world.amazon.requests if one.method == "POST"} == {"token"}


def test_what_works_again_ends_what_was_lacking(world: World) -> None:
    for operation in ("getCatalogItem", "patchListingsItem"):
        world.amazon.faults.add(Fault(operation, "403", times=None))
    refused = Unauthorized("searchCatalogItems", "Amazon denies access.", status=403)
    access.lacks(world.account, access.Part.CATALOGUE, refused)
    check_account(world.account)
    assert {lack.part for lack in access.refused()} == {"catalogue", "listings_out"}
    world.amazon.faults.clear()
    check_account(world.account)
    assert not access.refused().exists()
