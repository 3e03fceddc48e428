"""Buttons ask for runs: one for each account, and one message that leads to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_amazon_sync.models import (
    AccountState,
    Job,
    Listing,
    RunState,
    SellerAccount,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.testing.factories import SellerAccountFactory, SellerSkuFactory
from tests.admin.conftest import AWAY, TAKES_ALL, Staff
from tests.factories_amazon import FRANCE, GERMANY, ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing(db: None) -> Listing:
    account = LiveAccountFactory.create(synchronise_all=True)
    return ListingInStepFactory.create(marketplace__account=account, sku__sku="a/b c%2F+#,ü")


def test_chosen_skus_are_exported_and_verified_by_a_run_for_each_account(
    staff: Staff, listing: Listing, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    other = SellerSkuFactory.create(account=LiveAccountFactory.create(), sku="OTHER")
    for action, job in (("export", Job.EXPORT), ("verify", Job.VERIFY)):
        [message] = staff.press(SellerSku, action, listing.sku, other)
        assert "2 runs are queued." in message
        runs = SyncRun.objects.filter(job=job)
        assert {run.account: run.options for run in runs} == {
            listing.sku.account: {"skus": ["a/b c%2F+#,ü"]},
            other.account: {"skus": ["OTHER"]},
        }


def test_chosen_listings_are_exported_in_their_marketplace_only(
    staff: Staff, listing: Listing, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    ListingInStepFactory.create(
        marketplace__account=listing.sku.account, marketplace__code=FRANCE, sku=listing.sku
    )
    staff.press(Listing, "export", listing)
    assert SyncRun.objects.get().options == {
        "skus": ["a/b c%2F+#,ü"],
        "marketplaces": [GERMANY],
    }


def test_several_accounts_get_a_run_each_and_one_message(
    staff: Staff, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    [message] = staff.press(
        SellerAccount, "export", LiveAccountFactory.create(), LiveAccountFactory.create()
    )
    assert "2 runs are queued." in message
    assert SyncRun.objects.count() == 2
    link = message.split('href="')[1].split('"')[0]
    assert staff.client.get(link).context["cl"].result_count == 2


@pytest.mark.parametrize("address", ["", AWAY])
def test_while_the_broker_is_away_the_run_stays_queued_and_says_so(
    staff: Staff, use_broker: Callable[[str], None], address: str
) -> None:
    use_broker(address)
    [message] = staff.press(SellerAccount, "export", LiveAccountFactory.create())
    assert "no broker could be reached" in message
    assert "amazon_tick" in message
    assert SyncRun.objects.get().state == RunState.QUEUED


@pytest.mark.parametrize(
    ("deactivated", "remedy"),
    [(True, "Choose the action to take that back"), (False, "choose “Connect again” on its page")],
)
def test_what_is_disconnected_is_refused_at_once_and_the_others_are_queued(
    staff: Staff, use_broker: Callable[[str], None], deactivated: bool, remedy: str
) -> None:
    use_broker(TAKES_ALL)
    works = LiveAccountFactory.create(name="Works")
    off = SellerAccountFactory.create(name="Off", disconnected=True, deactivated=deactivated)
    refused, queued = staff.press(SellerAccount, "export", off, works)
    assert refused.startswith("No run is queued for Off")
    assert remedy in refused
    assert "1 run is queued." in queued
    assert SyncRun.objects.get().account == works

    [refused] = staff.press(SellerAccount, "preview", off)
    assert refused.startswith("No run is queued for Off")
    assert SyncRun.objects.count() == 1


def test_of_a_disconnected_account_no_listing_is_exported(staff: Staff, listing: Listing) -> None:
    SellerAccount.objects.update(state=AccountState.DISCONNECTED, deactivated=True)
    for model, row in ((Listing, listing), (SellerSku, listing.sku)):
        [refused] = staff.press(model, "export", row)
        assert refused.startswith("No run is queued for")
    assert not SyncRun.objects.exists()
