"""What a person let leave, and what buyers pay."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.models import Job, Listing
from django_amazon_sync.sync import jobs
from tests.admin.conftest import Staff, address
from tests.attacks.steps import Era, change
from tests.sync.export.steps import feeds
from tests.world import DE

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_a_verification_before_the_export_uses_up_no_approval(held: Era, staff: Staff) -> None:
    """An approval ends when Amazon accepts or shows *the approved value*, never by something else.
    A verification that waits beside the approving export comes first, sees the old price as
    believed, and the export holds what staff have just approved. ``listing_state.seen`` (and
    ``_keep`` of reports) ends the approval of each field that is as believed, whatever was
    approved."""
    jobs.request(held.world.account, Job.VERIFY)
    held.time.sleep(1)
    staff.press(Listing, "approve", held.world.listing("MUG"))
    held.minutes(3)
    assert held.price() == "20.00"


def test_the_lanes_own_reading_uses_up_no_approval(era: Era, staff: Staff) -> None:
    """As above, and nobody asked for a verification: two prices left within an hour, so the lane
    reads the listing once more, in the very tick after staff approved a third. The lane goes before
    the approving export, which finds no approval and holds the price again. Staff have read "The
    next export sends it"."""
    era.sold()
    for price in ("10.50", "11.00", "20.00"):
        change("MUG", price=Decimal(price))
        era.minutes(2)
    listing = era.world.listing("MUG")
    assert listing.held == {"price": "20.00 EUR"}
    assert listing.check_at is not None
    era.time.sleep((listing.check_at - era.time.now()).total_seconds() + 1)
    staff.press(Listing, "approve", listing)
    era.minutes(3)
    assert era.price() == "20.00"


def test_a_feed_with_an_older_price_uses_up_no_approval(
    era: Era, staff: Staff, settings: Any
) -> None:
    """An approval ends when Amazon accepts the approved value. A feed carries 11.00, the shop goes
    on to 20.00, staff approve that, and the feed is settled in the same tick: the approval is gone
    and the price waits again. ``listing_state.answered`` ends it for any accepted value of the
    field."""
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "FEED_THRESHOLD": 2, "RUN_MOVE_COUNT": 100}
    colours = ("RED", "BLUE", "GREEN")
    for sku in colours:
        era.world.sell(sku, price="10.00", quantity=40)
    era.minutes(3)
    for sku in colours:
        change(sku, price=Decimal("11.00"))
    era.world.export()
    assert len(feeds()) == 1
    change("RED", price=Decimal("20.00"))
    era.world.send_changes()
    assert era.world.listing("RED").held == {"price": "20.00 EUR"}
    era.time.sleep(300)
    staff.press(Listing, "approve", era.world.listing("RED"))
    era.minutes(3)
    assert era.price("RED") == "20.00"


def test_a_page_from_a_host_whose_clock_is_ahead_approves_only_what_it_showed(
    held: Era, staff: Staff
) -> None:
    """An approval is of what that person saw, and hosts' clocks differ by minutes. The web host is
    ten minutes ahead of the worker's; the page shows 20.00, the worker holds 0.20 a minute later,
    staff press approve, and 0.20 is sold. What was seen was compared by two hosts' moments, where
    the request could carry the values."""
    ahead = 600
    held.time.seconds += ahead
    page = staff.see(Listing)
    held.time.seconds -= ahead
    change("MUG", price=Decimal("0.20"))
    held.minutes(1)
    assert held.world.listing("MUG").held == {"price": "0.20 EUR"}
    data = {
        "action": "approve",
        "_selected_action": [held.world.listing("MUG").pk],
        "seen": re.findall(r'name="seen" value="([^"]+)"', page),
    }
    held.time.seconds += ahead
    staff.client.post(address(Listing), data, follow=True)
    held.time.seconds -= ahead
    held.minutes(3)
    assert held.price() == "10.00"


@pytest.mark.parametrize("how", ["Amazon wins", "switched off meanwhile"])
def test_an_old_price_of_ours_is_held_after_a_take_over(era: Era, how: str) -> None:
    """A price that moves by more than 30 % from the one that was live last waits for a person; only
    who mends another hand's price needs none. Staff took Amazon's 22.00 over into the shop, a day
    later an import writes the 11.00 of before, and half the price leaves without a word.
    ``taken_over`` remembers no price as ours, so the old 11.00 is still "the very price that Amazon
    accepted from us last"."""
    wins = how == "Amazon wins"
    marketplaces = era.world.account.marketplaces
    era.sold()
    change("MUG", price=Decimal("11.00"))
    era.minutes(3)
    marketplaces.update(**({"amazon_wins": ["price"]} if wins else {"sync_price": False}))
    era.minutes(65, every=10)
    era.world.amazon.change_by_hand(era.world.seller, "MUG", DE, price="22.00")
    era.minutes(3)
    era.world.verify()
    era.world.do(Job.TAKE_OVER, skus=["MUG"], fields=["price"])
    assert change("MUG").price == Decimal("22.00")
    marketplaces.update(sync_price=True)
    era.minutes(26 * 60, every=120)
    change("MUG", price=Decimal("11.00"))
    era.minutes(3)
    assert (era.world.listing("MUG").held, era.price()) == ({"price": "11.00 EUR"}, "22.00")


def test_another_hands_price_of_a_busy_listing_is_mended(era: Era) -> None:
    """What was accepted more than an hour ago and is not live has drifted, and the shop's price
    goes out again. Another hand sets 1.00 while the stock changes every half hour, and each
    verification says that Amazon still has time, so 1.00 stays for as long as the thing sells well.
    ``propagation_time_passed`` asks when *anything* of the listing was accepted, not that field."""
    era.sold(quantity=50)
    era.minutes(60, every=10)
    era.world.amazon.change_by_hand(era.world.seller, "MUG", DE, price="1.00")
    for half_hour in range(8):
        change("MUG", num_in_stock=49 - half_hour)
        era.minutes(30, every=10)
        era.world.verify()
    era.minutes(5)
    assert era.price() == "10.00"
