"""Accounts are connected, released and paused; who connects again finds the same account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_amazon_sync.amazon import sellers
from django_amazon_sync.errors import ConfigurationError, Disconnected
from django_amazon_sync.models import AccountState, Job, Schedule, SellerAccount
from django_amazon_sync.sync.accounts.connect import (
    client_for,
    consent_url,
    pause,
    refresh_token_for,
    release,
)
from django_amazon_sync.testing.factories import ApplicationFactory, SellerAccountFactory
from tests.factories_amazon import LiveAccountFactory
from tests.world import DE, FR, World

pytestmark = pytest.mark.django_db


def test_connecting_again_updates_the_account_that_is_there(
    connect: Callable[..., World],
) -> None:
    first = connect(name="Germany").account
    sellers.marketplace_participations(client_for(first))
    assert first.access_tokens.exists()
    again = connect(marketplaces=(DE, FR), live=False).account
    assert (again.pk, again.name, again.state) == (first.pk, "Germany", AccountState.LIVE)
    assert set(again.marketplaces.values_list("code", flat=True)) == {DE, FR}
    assert not again.access_tokens.exists(), "tokens of the earlier authorisation are void"
    assert SellerAccount.objects.count() == 1


def test_what_an_account_sells_elsewhere_or_besides_is_sent_soon(
    connect: Callable[..., World],
) -> None:
    def due() -> list[str]:
        found = Schedule.objects.filter(next_due__lte=timezone.now())
        jobs = [schedule.job for schedule in found]
        Schedule.objects.update(next_due=timezone.now() + timedelta(days=1))
        return jobs

    connect()
    due()
    connect()
    assert due() == [], "a new token is no reason"
    connect(marketplaces=(DE, FR))
    assert due() == [Job.EXPORT]
    connect(synchronise_all=False)
    assert due() == [Job.EXPORT]


def test_a_release_sends_soon_what_changed_meanwhile(connect: Callable[..., World]) -> None:
    account = connect(live=False).account
    later = timezone.now() + timedelta(days=1)
    Schedule.objects.filter(account=account).update(next_due=later)
    release(account)
    assert account.state == AccountState.LIVE
    due = Schedule.objects.filter(account=account, next_due__lte=timezone.now())
    assert [schedule.job for schedule in due] == [Job.EXPORT]


def test_only_a_deployment_with_a_name_releases(settings: Any) -> None:
    account = SellerAccountFactory.create()
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DEPLOYMENT": ""}
    with pytest.raises(ConfigurationError, match="DEPLOYMENT"):
        release(account)
    account.refresh_from_db()
    assert account.state == AccountState.OBSERVING


def test_a_disconnected_account_is_connected_before_it_is_released(
    connect: Callable[..., World],
) -> None:
    account = connect().account
    account.move(AccountState.DISCONNECTED, state_reason="The token is void.")
    with pytest.raises(ConfigurationError, match="connect it again"):
        release(account)
    assert connect(live=False).account.state == AccountState.OBSERVING


def test_a_paused_account_says_why_and_is_released_again() -> None:
    account = LiveAccountFactory.create()
    assert pause(account, "We count our stock.")
    account.refresh_from_db()
    assert (account.state, account.state_reason) == (AccountState.PAUSED, "We count our stock.")
    release(account)
    account.refresh_from_db()
    assert (account.state, account.state_reason) == (AccountState.LIVE, "")


def test_a_seller_authorises_where_its_marketplace_is(settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "SELLER_CENTRAL": "https://{host}"}
    application = ApplicationFactory.create(application_id="amzn1.sp.solution.1", draft=True)
    url = consent_url(application, FR, "the-state", "https://shop.example/back")
    assert url.startswith("https://sellercentral.amazon.fr/apps/authorize/consent?")
    assert "amzn1.sp.solution.1" in url
    assert "the-state" in url
    assert "version=beta" in url


def test_a_code_of_nobody_authorises_nothing(world: World) -> None:
    with pytest.raises(Disconnected, match="authorise once more"):
        refresh_token_for(world.account.application, "a-code-of-nobody", "https://shop.example/")
