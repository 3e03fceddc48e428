"""The page in between: nothing happens without its button, nor where it says another thing now."""

from __future__ import annotations

import pytest
from django.utils import timezone

from django_amazon_sync.models import (
    AccountState,
    Job,
    Listing,
    Presence,
    RunState,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.testing.factories import SellerAccountFactory, SyncRunFactory
from tests.admin.conftest import Staff, address, sent_again
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db


def test_nothing_happens_without_its_button(staff: Staff) -> None:
    account = LiveAccountFactory.create()
    data = {"action": "deactivate", "_selected_action": [account.pk]}
    response = staff.client.post(address(SellerAccount), data)
    assert "Nothing has happened yet." in response.content.decode()
    # Who knows the name of the button and not what the page says has not seen the page.
    again = staff.client.post(address(SellerAccount), {**data, "_confirmed": "1"})
    assert again.status_code == 200
    account.refresh_from_db()
    assert account.state == AccountState.LIVE


def test_the_page_comes_again_where_it_says_another_thing_by_now(staff: Staff) -> None:
    account = LiveAccountFactory.create()
    data = {"action": "deactivate", "_selected_action": [account.pk]}
    response = staff.client.post(address(SellerAccount), data)
    ListingInStepFactory.create(marketplace__account=account)
    again = staff.client.post(address(SellerAccount), sent_again(response))
    assert "another thing than you saw" in again.content.decode()
    account.refresh_from_db()
    assert account.state == AccountState.LIVE
    assert staff.client.post(address(SellerAccount), sent_again(again)).status_code == 302
    account.refresh_from_db()
    assert account.state == AccountState.DISCONNECTED


def test_a_sale_is_no_other_thing_and_another_offer_is_one(staff: Staff) -> None:
    mug = ListingInStepFactory.create(marketplace__account=LiveAccountFactory.create())
    account = mug.marketplace.account
    ListingInStepFactory.create(marketplace=mug.marketplace)
    data = {"action": "deactivate", "_selected_action": [account.pk]}
    response = staff.client.post(address(SellerAccount), data)
    Listing.objects.filter(pk=mug.pk).update(presence=Presence.ABSENT)
    ListingInStepFactory.create(marketplace=mug.marketplace)
    again = staff.client.post(address(SellerAccount), sent_again(response))
    assert again.status_code == 200, "two are on sale as before, and they are others"

    Listing.objects.exclude(pk=mug.pk).update(believed={"quantity": 0})
    assert staff.client.post(address(SellerAccount), sent_again(again)).status_code == 302
    account.refresh_from_db()
    assert account.state == AccountState.DISCONNECTED


def test_an_account_is_let_write_for_the_offers_that_the_page_was_about(staff: Staff) -> None:
    account = SellerAccountFactory.create(
        default_shipping_method="dhl", default_payment_method="amazon"
    )
    sku = ListingInStepFactory.create(marketplace__account=account, sku__offer_pk="1").sku
    look = {"account": account, "job": Job.EXPORT, "dry_run": True, "state": RunState.DONE}
    SyncRunFactory.create(**look, finished_at=timezone.now())
    data = {"action": "release", "_selected_action": [account.pk]}
    response = staff.client.post(address(SellerAccount), data)
    SellerSku.objects.filter(pk=sku.pk).update(offer_pk="2")
    again = staff.client.post(address(SellerAccount), sent_again(response))
    assert "another thing than you saw" in again.content.decode()
    account.refresh_from_db()
    assert account.state == AccountState.OBSERVING
    assert staff.client.post(address(SellerAccount), sent_again(again)).status_code == 302
    account.refresh_from_db()
    assert account.state == AccountState.LIVE
