"""Releasing and deactivating say first what they do; deactivating can be taken back."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from django_amazon_sync.models import AccountState, Job, Outcome, RunState, SellerAccount
from django_amazon_sync.testing.factories import MarketplaceFactory as Store
from django_amazon_sync.testing.factories import SellerAccountFactory, SyncRunFactory
from tests.admin.conftest import Staff, address
from tests.factories_amazon import (
    FRANCE,
    GERMANY,
    ListingInStepFactory,
    LiveAccountFactory,
)

pytestmark = pytest.mark.django_db

CHOSEN = {"default_shipping_method": "dhl", "default_payment_method": "amazon"}


def looked_at(account: SellerAccount) -> None:
    """An export of all that only looked."""
    SyncRunFactory.create(
        account=account, job=Job.EXPORT, dry_run=True, state=RunState.DONE,
        counts={Outcome.PLANNED: 12, Outcome.HELD: 3}, finished_at=timezone.now(),
    )  # fmt: skip


def page_of(staff: Staff, action: str, *accounts: SellerAccount) -> str:
    data = {"action": action, "_selected_action": [account.pk for account in accounts]}
    response = staff.client.post(address(SellerAccount), data)
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_release_is_blocked_with_all_reasons_at_once(staff: Staff, settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DEPLOYMENT": ""}
    account = SellerAccountFactory.create()
    page = page_of(staff, "release", account)
    for reason in (
        "AMAZON_SYNC[&#x27;DEPLOYMENT&#x27;] is not set", "Choose a default shipping method",
        "Choose a default payment method", "Look at what an export would send",
    ):  # fmt: skip
        assert reason in page, reason
    assert "_confirmed" not in page


def test_a_hand_made_request_releases_nothing_that_is_blocked(staff: Staff) -> None:
    ready, blocked = SellerAccountFactory.create(**CHOSEN), SellerAccountFactory.create()
    looked_at(ready)
    with pytest.raises(AssertionError):
        staff.press(SellerAccount, "release", blocked)
    staff.press(SellerAccount, "release", ready, blocked)
    states = dict(SellerAccount.objects.values_list("pk", "state"))
    assert states == {ready.pk: AccountState.LIVE, blocked.pk: AccountState.OBSERVING}


def test_a_release_shows_the_difference_in_numbers(staff: Staff) -> None:
    account = SellerAccountFactory.create(**CHOSEN)
    looked_at(account)
    ListingInStepFactory.create(marketplace__account=account)
    page = page_of(staff, "release", account)
    assert "would be sent 12, waits for approval 3" in page
    assert "1 offer is on sale on Amazon: Amazon.de 1." in page
    staff.press(SellerAccount, "release", account)
    account.refresh_from_db()
    assert (account.state, account.deployment) == (AccountState.LIVE, "tests")


def test_an_account_without_orders_wants_no_methods(staff: Staff) -> None:
    account = SellerAccountFactory.create(import_orders=False)
    looked_at(account)
    staff.press(SellerAccount, "release", account)
    account.refresh_from_db()
    assert account.state == AccountState.LIVE


def test_deactivating_says_what_stays_on_sale_and_can_be_taken_back(staff: Staff) -> None:
    account = LiveAccountFactory.create()
    for code, number in ((GERMANY, 2), (FRANCE, 1)):
        store = Store.create(account=account, code=code)
        ListingInStepFactory.create_batch(number, marketplace=store)
        ListingInStepFactory.create(marketplace=store, believed={"quantity": 0})
    page = page_of(staff, "deactivate", account)
    assert "3 offers stay on sale on Amazon as they are" in page
    assert "Amazon.de 2, Amazon.fr 1" in page
    assert "without a new token: it only observes then, and is released anew." in page
    staff.press(SellerAccount, "deactivate", account)
    account.refresh_from_db()
    assert (account.state, account.deactivated) == (AccountState.DISCONNECTED, True)
    [message] = staff.press(SellerAccount, "activate", account)
    account.refresh_from_db()
    assert (account.state, account.deactivated) == (AccountState.OBSERVING, False)
    assert account.refresh_token.startswith("the-refresh-token")
    assert "is observing" in message


def test_what_amazon_disconnected_is_not_activated_without_a_token(staff: Staff) -> None:
    account = SellerAccountFactory.create(disconnected=True)
    [message] = staff.press(SellerAccount, "activate", account)
    account.refresh_from_db()
    assert account.state == AccountState.DISCONNECTED
    assert "connected again" in message


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            {"state": AccountState.DISCONNECTED, "deactivated": True},
            "It is deactivated: take that back first; no new token is needed.",
        ),
        (
            {"state": AccountState.DISCONNECTED},
            "Amazon does not accept the account&#x27;s credentials: connect it again.",
        ),
        ({"state": AccountState.LIVE, "deployment": "tests"}, "It is released already."),
    ],
)
def test_a_release_promises_nothing_where_there_is_nothing_to_release(
    staff: Staff, columns: dict[str, Any], said: str
) -> None:
    account = SellerAccountFactory.create(**CHOSEN, **columns)
    looked_at(account)
    page = page_of(staff, "release", account)
    assert said in page
    assert "From then on" not in page
    assert "_confirmed" not in page


def test_what_another_deployment_released_is_released_from_here(staff: Staff) -> None:
    account = LiveAccountFactory.create(deployment="staging", **CHOSEN)
    looked_at(account)
    staff.press(SellerAccount, "release", account)
    account.refresh_from_db()
    assert account.deployment == "tests"
