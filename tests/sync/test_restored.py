"""After a restored backup nothing of the rows is believed, and nothing is lost by it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from django_amazon_sync.models import AccountState, Listing, Presence, SubmissionState
from django_amazon_sync.sync.accounts.connect import release
from django_amazon_sync.sync.restored import restore
from tests.factories_amazon import SubmissionFactory
from tests.world import World, lines_of

pytestmark = pytest.mark.django_db


def test_what_is_live_is_read_anew_and_what_differs_is_sent(world: World) -> None:
    record = world.sell("MUG", price="10.00", quantity=9)
    world.export()
    world.import_orders()
    # Since the backup was made: a price was sent, and a buyer came.
    world.amazon.change_by_hand(world.seller, "MUG", "A1PA6795UKMFR9", price="11.00")
    world.amazon.advance(7200)
    world.buy("MUG", 4)

    done = restore(world.account)
    assert (done.listings, done.submissions) == (1, 0)
    assert world.account.state == AccountState.OBSERVING
    assert world.listing("MUG").presence == Presence.UNREAD
    world.import_orders()
    writes = world.writes()
    dry = world.export()
    assert dry.dry_run
    assert lines_of(dry, "values") == [{"price": "10.00 EUR"}]
    assert world.writes() == writes

    release(world.account)
    world.export()
    assert (world.live("MUG").price, world.live("MUG").quantity) == (Decimal("10.00"), 5)
    record.refresh_from_db()


def test_a_price_that_broke_meanwhile_meets_the_guard(world: World) -> None:
    record = world.sell("MUG", price="10.00", quantity=9)
    world.export()
    record.price = Decimal("0.10")
    record.save()
    restore(world.account)
    release(world.account)
    world.export()
    assert world.live("MUG").price == Decimal("10.00")
    assert world.listing("MUG").held == {"price": "0.10 EUR"}


def test_what_was_on_its_way_counts_as_silent(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=9)
    world.export()
    sent = SubmissionFactory.create(
        listing=world.listing("MUG"), state=SubmissionState.SENT, item__values={"quantity": 3}
    )
    assert restore(world.account).submissions == 1
    assert restore(world.account).submissions == 0
    sent.refresh_from_db()
    assert sent.state == SubmissionState.FAILED
    assert Listing.objects.get().believed == {}


def test_what_staff_deactivated_stays_so(world: World) -> None:
    world.account.move(AccountState.DISCONNECTED, state_reason="By anna.", deactivated=True)
    restore(world.account)
    world.account.refresh_from_db()
    assert (world.account.state, world.account.deactivated) == (AccountState.DISCONNECTED, True)
