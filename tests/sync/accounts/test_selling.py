"""Whether buyers can buy at all: said by the check, the command and the overview."""

from __future__ import annotations

import pytest

from django_amazon_sync.models import SellerAccount
from django_amazon_sync.sync.alerts.attention import MatterKind, matters
from django_amazon_sync.sync.doctor import check_account
from django_amazon_sync.testing.simulator import Fault
from tests.commands.conftest import manage
from tests.sync.amazon_reports.steps import take_in_listings
from tests.world import DE, World

pytestmark = pytest.mark.django_db

TAKES_NO_PART = pytest.param(
    {"isParticipating": False}, "amazon.de: the seller does not take part", id="takes no part"
)
SUSPENDED = pytest.param(
    {"hasSuspendedListings": True}, "amazon.de: the seller's listings are suspended", id="suspended"
)


def told(world: World) -> list[str]:
    """What the overview says."""
    found = matters(SellerAccount.objects.all()).get(world.account.pk, [])
    return [matter.sentence for matter in found if matter.kind == MatterKind.SELLING]


@pytest.mark.parametrize(("participation", "said"), [TAKES_NO_PART, SUSPENDED])
def test_it_is_said_wherever_staff_look_until_it_is_over(
    world: World, participation: dict[str, bool], said: str
) -> None:
    world.amazon.set_participation(world.seller, DE, **participation)
    [finding] = [one for one in check_account(world.account) if one.what == "account"]
    assert finding.works is False
    assert said in finding.sentence
    assert said in manage("amazon_check").out
    [sentence] = told(world)
    assert said in sentence
    world.amazon.set_participation(world.seller, DE)
    check_account(world.account)
    assert told(world) == []


@pytest.mark.parametrize(("participation", "said"), [TAKES_NO_PART, SUSPENDED])
def test_the_daily_import_of_listings_sees_it_and_goes_on(
    world: World, participation: dict[str, bool], said: str
) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    world.amazon.set_participation(world.seller, DE, **participation)
    run = take_in_listings(world)
    assert run.went_well
    assert world.listing("MUG").believed["price"] == "10.00 EUR"
    [sentence] = told(world)
    assert said in sentence
    world.amazon.set_participation(world.seller, DE)
    take_in_listings(world)
    assert told(world) == []


@pytest.mark.parametrize("fault", ["403", "500", "empty"])
def test_where_amazon_does_not_say_nothing_is_said_of_it(world: World, fault: str) -> None:
    world.amazon.faults.add(Fault("getMarketplaceParticipations", fault, times=None))  # type: ignore[arg-type]
    assert take_in_listings(world).went_well
    assert told(world) == []
