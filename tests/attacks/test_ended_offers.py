"""Offers that staff end in one store: over only when Amazon shows none, and in no other store."""

from __future__ import annotations

from decimal import Decimal

import pytest

from django_amazon_sync.models import Job, Listing, Marketplace, Presence, SellerSku
from django_amazon_sync.sync.accounts.access import is_in_use
from django_amazon_sync.sync.accounts.connect import release
from django_amazon_sync.sync.restored import restore
from django_amazon_sync.testing.simulator import Fault
from django_amazon_sync.testing.simulator.switches import Switches
from tests.admin.conftest import Staff
from tests.attacks.steps import Era, change
from tests.world import DE, FR, lines_of

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

either_way = pytest.mark.parametrize(
    "amazon",
    [{"switches": Switches(quantity_shared=shared)} for shared in (True, False)],
    indirect=True,
    ids=["shared", "separate"],
)


def end(staff: Staff, marketplace: str = DE) -> None:
    staff.press(Marketplace, "end_offers", Marketplace.objects.get(code=marketplace))


def prices(era: Era) -> tuple[str, str]:
    """What buyers and businesses pay for the mug in Germany."""
    live = era.world.amazon.live(era.world.seller, "MUG", DE)
    assert live is not None
    return str(live.price), str(live.business_price)


def buyable(era: Era, marketplace: str, sku: str = "MUG") -> bool:
    live = era.world.amazon.live(era.world.seller, sku, marketplace)
    return live is not None and live.buyable


@either_way
def test_an_offer_ends_in_one_store_alone(both: Era, staff: Staff) -> None:
    both.world.account.marketplaces.filter(code=DE).update(active=False)
    end(staff)
    both.minutes(5)
    assert (buyable(both, DE), buyable(both, FR)) == (False, True)
    assert both.world.listing("MUG").presence == Presence.PRESENT  # Amazon has its hour
    change("MUG", num_in_stock=3)
    both.minutes(5)
    assert both.units() == both.units(marketplace=FR) == 3
    both.minutes(70, every=5)
    listing = both.world.listing("MUG")
    assert listing.presence == Presence.ENDED
    assert listing.believed == {}
    assert not Marketplace.objects.filter(is_in_use(), code=DE).exists()
    writes = both.world.writes()
    both.world.export()
    both.world.verify()
    assert both.world.writes() == writes
    change("MUG", num_in_stock=2)
    both.minutes(5)
    assert both.world.writes() == writes + 1  # France alone
    assert both.units(marketplace=FR) == 2


@either_way
def test_an_ended_offer_is_let_on_again(both: Era, staff: Staff) -> None:
    end(staff)
    both.minutes(80, every=5)
    assert not buyable(both, DE)
    change("MUG", num_in_stock=2, price=Decimal("10.50"))
    both.minutes(5)
    assert not buyable(both, DE)
    staff.press(Listing, "offer_again", both.world.listing("MUG"))
    both.minutes(5)
    assert buyable(both, DE)
    assert (both.units(), both.price()) == (2, "10.50")
    both.minutes(70, every=5)
    writes = both.world.writes()
    both.world.export()
    both.world.verify()
    assert both.world.writes() == writes
    assert both.world.listing("MUG").verified == both.world.listing("MUG").believed


@pytest.mark.parametrize("amazon", [{"switches": Switches(quantity_shared=False)}], indirect=True)
def test_an_offer_is_not_let_on_again_with_an_older_number(both: Era, staff: Staff) -> None:
    """Separate numbers: Germany still has the 5 of before, and its new number is refused."""
    end(staff)
    both.minutes(80, every=5)
    change("MUG", num_in_stock=1)
    both.minutes(5)
    both.world.amazon.faults.add(
        Fault("patchListingsItem", "400", times=None, about="fulfillment_availability")
    )
    staff.press(Listing, "offer_again", both.world.listing("MUG"))
    both.minutes(5)
    assert not buyable(both, DE)
    both.world.amazon.faults.clear()
    both.minutes(70, every=5)
    assert buyable(both, DE)
    assert both.units() == 1


@pytest.mark.parametrize("amazon", [{"switches": Switches(quantity_shared=False)}], indirect=True)
def test_an_offer_that_is_just_ending_is_let_on_with_no_older_number(
    both: Era, staff: Staff
) -> None:
    """Amazon accepted the end and shows no offer, but had not its hour yet."""
    end(staff)
    both.minutes(10)
    assert not buyable(both, DE)
    both.world.amazon.faults.add(
        Fault("patchListingsItem", "400", times=None, about="fulfillment_availability")
    )
    change("MUG", num_in_stock=1)
    both.minutes(5)
    staff.press(Listing, "offer_again", both.world.listing("MUG"))
    both.minutes(5)
    assert not buyable(both, DE)
    both.world.amazon.faults.clear()
    both.minutes(70, every=5)
    assert buyable(both, DE)
    assert both.units() == 1


def test_what_amazon_ignored_is_sent_again(both: Era, staff: Staff) -> None:
    both.world.amazon.ignore_changes(both.world.seller, "MUG", DE)
    end(staff)
    both.minutes(30, every=5)
    assert buyable(both, DE)
    assert both.world.listing("MUG").believed["price"] == ""
    both.world.amazon.heed_changes(both.world.seller, "MUG", DE)
    both.minutes(150, every=5)
    assert not buyable(both, DE)
    assert both.world.listing("MUG").presence == Presence.ENDED


def test_a_refused_end_is_said_and_its_quantity_goes_on(both: Era, staff: Staff) -> None:
    both.world.amazon.faults.add(
        Fault("patchListingsItem", "400", times=None, about="purchasable_offer")
    )
    end(staff)
    both.minutes(5)
    listing = both.world.listing("MUG")
    assert listing.refused == {"price": ""}
    assert "Amazon refused" in staff.see(Listing, listing.pk)
    change("MUG", num_in_stock=2)
    both.minutes(5)
    assert both.units() == 2


def test_a_silent_end_is_read_back(both: Era, staff: Staff) -> None:
    both.world.amazon.faults.add(Fault("patchListingsItem", "drop_after", times=1))
    end(staff)
    both.minutes(10)
    assert not buyable(both, DE)
    both.minutes(150, every=5)
    assert both.world.listing("MUG").presence == Presence.ENDED


def test_another_hands_new_offer_is_ended_again(both: Era, staff: Staff) -> None:
    end(staff)
    both.minutes(80, every=5)
    both.world.amazon.change_by_hand(both.world.seller, "MUG", DE, price="9.00")
    both.minutes(5)
    assert buyable(both, DE)
    both.world.verify()
    both.minutes(5)
    assert not buyable(both, DE)


def test_a_business_offer_ends_too(both: Era, staff: Staff) -> None:
    listing = both.world.listing("MUG")
    listing.own_values = {"business_price": {"price": "9.00 EUR", "tiers": []},
                          "minimum_price": "8.00 EUR"}  # fmt: skip
    listing.save()
    both.world.export()
    both.minutes(5)
    assert prices(both) == ("10.00", "9.00")
    end(staff)
    both.minutes(80, every=5)
    assert prices(both) == ("None", "None")
    staff.press(Listing, "offer_again", both.world.listing("MUG"))
    both.minutes(10)
    assert prices(both) == ("10.00", "9.00")


def test_after_a_restore_it_stays_ended(both: Era, staff: Staff) -> None:
    end(staff)
    both.minutes(80, every=5)
    restore(both.world.account)
    both.world.account.refresh_from_db()
    both.world.export(dry_run=True)
    release(both.world.account)
    both.minutes(30, every=5)
    assert both.world.listing("MUG").presence == Presence.ENDED
    assert not buyable(both, DE)


def test_a_report_makes_no_ended_offer_ours_again(both: Era, staff: Staff) -> None:
    end(staff)
    both.minutes(80, every=5)
    both.world.do(Job.IMPORT_LISTINGS)
    both.minutes(10)
    writes = both.world.writes()
    both.world.export()
    assert both.world.listing("MUG").presence == Presence.ENDED
    assert both.world.writes() == writes


def test_a_listing_that_amazon_shows_no_more_is_made_anew(both: Era, staff: Staff) -> None:
    SellerSku.objects.update(asin=both.world.listing("MUG").asin)
    end(staff)
    both.minutes(5)
    both.world.amazon.remove_listing(both.world.seller, "MUG", DE)
    both.minutes(80, every=5)
    assert both.world.listing("MUG").presence == Presence.ENDED
    staff.press(Listing, "offer_again", both.world.listing("MUG"))
    both.minutes(10)
    assert buyable(both, DE)


def test_ending_waits_for_no_price_that_amazon_wins(both: Era, staff: Staff) -> None:
    """Another hand changed the price where Amazon wins: the offer ends all the same."""
    both.world.account.marketplaces.filter(code=DE).update(amazon_wins=["price"])
    both.world.amazon.change_by_hand(both.world.seller, "MUG", DE, price="11.00")
    both.minutes(70, every=10)
    both.world.verify()
    assert both.world.listing("MUG").drift
    end(staff)
    both.minutes(80, every=5)
    assert both.world.listing("MUG").presence == Presence.ENDED


def test_an_observing_account_only_says_it(both: Era, staff: Staff) -> None:
    end(staff)
    run = both.world.export(dry_run=True)
    assert lines_of(run, "outcome", "values") == [("planned", {"price": ""})]
