"""What is counted before offers end, and what is chosen when they do; the whole story is in
``tests/attacks/test_ended_offers.py``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from django_amazon_sync.models import AccountState, Job, Listing, Presence, Schedule, SellerSku
from django_amazon_sync.sync.export import ended_offers
from django_amazon_sync.testing.factories import MarketplaceFactory
from tests.factories_amazon import GERMANY, ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db

FAR = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def listing(db: None) -> Listing:
    account = LiveAccountFactory.create()
    store = MarketplaceFactory.create(account=account, code=GERMANY)
    return ListingInStepFactory.create(marketplace=store, sku__account=account, sku__sold_here=True)


def test_what_is_not_there_or_ended_already_does_not_end(listing: Listing) -> None:
    everything = Listing.objects.all()
    for changes in (
        {"presence": Presence.ABSENT}, {"presence": Presence.ENDED, "end_offer": True},
        {"end_offer": True},
    ):  # fmt: skip
        everything.update(**{"presence": Presence.PRESENT, "end_offer": False, **changes})
        assert ended_offers.ending(everything) == []
        assert ended_offers.end(everything) == 0
    everything.update(presence=Presence.UNREAD, end_offer=False)  # it may be on sale
    assert ended_offers.end(everything) == 1


def test_an_account_that_is_paused_is_counted_and_said(listing: Listing) -> None:
    account = listing.sku.account
    account.state = AccountState.PAUSED
    account.save()
    [counted] = ended_offers.ending(Listing.objects.all())
    assert (counted.now, counted.writes) == ({GERMANY: 1}, False)


def test_what_no_offer_stands_for_waits_for_no_daily_export(listing: Listing) -> None:
    SellerSku.objects.update(offer_pk="")
    Schedule.objects.filter(job=Job.EXPORT).delete()
    schedule = Schedule.objects.create(
        account=listing.sku.account, job=Job.EXPORT, every=timedelta(hours=1), next_due=FAR
    )
    ended_offers.end(Listing.objects.all())
    schedule.refresh_from_db()
    assert schedule.next_due < FAR
