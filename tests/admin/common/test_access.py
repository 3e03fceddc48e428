"""Who sees which accounts: all, those of the own part of the shop, or none."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from django_amazon_sync.admin.common.access import scopes_of, visible_accounts, within_scopes
from django_amazon_sync.models import SellerAccount, SyncRun
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.testing.factories import SellerAccountFactory, SyncRunFactory
from tests import factories

pytestmark = pytest.mark.django_db


def asked_by(name: str, *, superuser: bool = False, of: str = "") -> HttpRequest:
    """A request of a member of staff, who is one of the people of this partner."""
    user = get_user_model().objects.create_user(
        username=name, email=f"{name}@example.com", is_staff=True, is_superuser=superuser
    )
    if of:
        factories.partner(of).users.add(user)
    request = HttpRequest()
    request.user = user
    return request


def vendor() -> HttpRequest:
    """One of the people of the partner whose scope is "mine"."""
    return asked_by("vendor", of="mine")


@pytest.fixture
def accounts(db: None) -> dict[str, SellerAccount]:
    return {
        scope: SellerAccountFactory.create(shop_scope=scope) for scope in ("mine", "theirs", "")
    }


def test_a_superuser_sees_all(accounts: dict[str, SellerAccount]) -> None:
    request = asked_by("boss", superuser=True)
    assert scopes_of(request) is None
    assert set(visible_accounts(request)) == set(accounts.values())


def test_a_partners_people_see_their_own(accounts: dict[str, SellerAccount]) -> None:
    request = vendor()
    assert scopes_of(request) == frozenset({"mine"})
    assert list(visible_accounts(request)) == [accounts["mine"]]


def test_rows_are_those_of_accounts_that_are_seen(accounts: dict[str, SellerAccount]) -> None:
    request = vendor()
    runs = {scope: SyncRunFactory.create(account=account) for scope, account in accounts.items()}
    assert list(within_scopes(SyncRun.objects.all(), request, "account")) == [runs["mine"]]
    assert not within_scopes(SyncRun.objects.all(), request, "").exists()


def test_where_the_shop_cannot_say_it_nobodys_accounts_show(
    accounts: dict[str, SellerAccount], settings: Any
) -> None:
    request = asked_by("clerk")
    settings.AMAZON_SYNC = {"SHOP": "no.such.Shop"}
    assert scopes_of(request) == frozenset()
    assert not visible_accounts(request).exists()


def test_the_shop_is_asked_once_a_request(
    accounts: dict[str, SellerAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked_by("clerk")
    asked: list[str] = []

    def scopes(shop: object, user_pk: str) -> frozenset[str]:
        asked.append(user_pk)
        return frozenset()

    monkeypatch.setattr(type(configured_shop()), "scopes_of", scopes)
    scopes_of(request)
    scopes_of(request)
    assert asked == [str(request.user.pk)]


def test_the_secret_that_opens_an_account_is_not_read(accounts: dict[str, SellerAccount]) -> None:
    [account] = visible_accounts(vendor())
    assert "refresh_token" in account.get_deferred_fields()
