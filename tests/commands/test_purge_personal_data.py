"""``amazon_purge_personal_data``: numbers first, then what is due, or what somebody asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import AmazonOrder, AmazonReport, Erasure, SellerAccount
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    AmazonReportFactory,
    SellerAccountFactory,
)
from tests.commands.conftest import Said, manage, manage_json

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]

PURGE = "amazon_purge_personal_data"
THEN = clock.now() - timedelta(days=60)


def order(account: SellerAccount, **columns: Any) -> AmazonOrder:
    """An order of sixty days ago that Amazon's channel recorded as shipped."""
    given = {"status": "SHIPPED", "state": "recorded", "ordered_at": THEN, **columns}
    return AmazonOrderFactory.create(account=account, **given)


@pytest.fixture
def account() -> SellerAccount:
    return SellerAccountFactory.create(name="Shop of ours")


def left(account: SellerAccount) -> int:
    """Orders that still have their buyers' data."""
    return AmazonOrder.objects.filter(account=account, erased_at=None).count()


def purge(account: SellerAccount, *options: str) -> Said:
    return manage_json(PURGE, "--account", str(account.pk), *options)


def test_a_dry_run_says_the_numbers_and_erases_nothing(account: SellerAccount) -> None:
    order(account)
    order(account, status="UNSHIPPED", state="waiting")
    said = purge(account, "--dry-run")
    assert said.exit == 0
    [told] = said.document["accounts"]
    assert (told["due"], told["needed"], told["erased"]) == (1, 1, {})
    assert left(account) == 2
    assert "1 orders due" in manage(PURGE, "--dry-run").out


def test_nothing_goes_before_somebody_names_the_mark_of_the_numbers(
    account: SellerAccount,
) -> None:
    order(account)
    said = purge(account)
    assert said.exit == 1
    assert "nobody has seen the numbers" in said.err
    assert left(account) == 1
    mark = said.document["accounts"][0]["mark"]
    order(account)
    other = purge(account, "--seen", mark)
    assert other.exit == 2
    assert "look at the numbers again" in other.document["error"]["message"]
    assert left(account) == 2
    mark = purge(account, "--dry-run").document["accounts"][0]["mark"]
    done = purge(account, "--seen", mark)
    assert done.exit == 0
    assert done.document["accounts"][0]["erased"]["orders"] == 2
    assert left(account) == 0
    assert Erasure.objects.get().by.startswith("command")
    order(account)
    assert purge(account).exit == 0
    assert left(account) == 0


def test_a_disconnected_account_is_erased_too(account: SellerAccount) -> None:
    order(account)
    SellerAccount.objects.update(state="disconnected", erases_since=clock.now())
    assert manage_json(PURGE).exit == 0
    assert left(account) == 0


def test_single_orders_go_at_once_and_what_is_to_be_sent_stays(account: SellerAccount) -> None:
    gone = order(account, ordered_at=clock.now())
    stays = order(account, status="UNSHIPPED", state="waiting")
    dry = purge(account, "--order", gone.number, "--dry-run")
    assert (dry.exit, dry.document["erased"], left(account)) == (0, [gone.number], 2)
    said = manage_json(PURGE, "--order", gone.number, "--order", stays.number)
    assert (said.exit, said.document["erased"]) == (1, [gone.number])
    assert said.document["kept"] == [stays.number]
    assert Erasure.objects.get().orders == [gone.number]
    unknown = manage_json(PURGE, "--order", "302-9")
    assert (unknown.exit, left(account)) == (2, 1)


def test_one_person_goes_from_all_orders_of_the_account(account: SellerAccount) -> None:
    first = order(account)
    second = order(account, document=first.document)
    other = order(account)
    said = purge(account, "--same-buyer", first.number)
    assert said.document["erased"] == sorted([first.number, second.number])
    assert list(AmazonOrder.objects.filter(erased_at=None)) == [other]


def test_everything_of_an_account_needs_a_word_and_leaves_the_others(
    account: SellerAccount,
) -> None:
    order(account, ordered_at=clock.now())
    AmazonReportFactory.create(account=account, asked_at=clock.now())
    other = order(SellerAccountFactory.create())
    assert purge(account, "--everything").exit == 1
    assert left(account) == 1
    said = purge(account, "--everything", "--seen", "everything")
    assert said.exit == 0
    assert said.document["counts"]["orders"] == 1
    assert left(account) == 0
    assert not AmazonReport.objects.exists()
    assert left(other.account) == 1
    assert manage_json(PURGE, "--everything").exit == 2


#: What needs its buyer still, whoever asks.
NEEDED: list[dict[str, Any]] = [
    {"status": "UNSHIPPED", "state": "recorded"},
    {"status": "PARTIALLY_SHIPPED", "state": "quarantined"},
    {"status": "PENDING", "state": "held"},
    {"status": "PENDING_AVAILABILITY", "state": "held"},
    {"status": "UNSHIPPED", "state": "waiting"},
    {"status": "SHIPPED", "state": "waiting"},
    {"status": "", "state": "waiting"},
    {"status": "", "state": "seen"},
]


def test_everything_leaves_and_names_what_is_still_to_be_placed_or_sent(
    account: SellerAccount,
) -> None:
    goes = [order(account), order(account, status="NEW_WORD"), order(account, status="CANCELLED")]
    stays = [order(account, **columns).number for columns in NEEDED]
    dry = purge(account, "--everything", "--dry-run")
    assert (dry.exit, dry.document["counts"]) == (1, {"orders_left": len(goes)})
    said = purge(account, "--everything", "--seen", "everything")
    assert said.exit == 1
    assert said.document["kept"] == sorted(stays)
    assert said.document["counts"]["orders"] == len(goes)
    assert "still to be placed or sent" in said.err
    assert left(account) == len(stays)


@pytest.mark.parametrize("status", ["", "A_NEW_WORD"])
@pytest.mark.parametrize("state", ["quarantined", "recorded"])
def test_an_order_of_unknown_status_goes_on_request(
    account: SellerAccount, status: str, state: str
) -> None:
    unknown = order(account, status=status, state=state)
    assert purge(account, "--seen", purge(account).document["accounts"][0]["mark"]).exit == 0
    assert left(account) == 1
    said = purge(account, "--order", unknown.number)
    assert (said.exit, said.document["erased"]) == (0, [unknown.number])


@pytest.mark.parametrize("columns", NEEDED)
def test_no_request_for_an_order_takes_what_is_still_to_be_placed_or_sent(
    account: SellerAccount, columns: dict[str, Any]
) -> None:
    number = order(account, **columns).number
    for option in ("--order", "--same-buyer"):
        said = purge(account, option, number)
        assert (said.exit, said.document["kept"]) == (1, [number])
    assert left(account) == 1


def test_a_name_that_no_account_has_ends_it(account: SellerAccount) -> None:
    assert manage_json(PURGE, "--account", "nobody").exit == 2
