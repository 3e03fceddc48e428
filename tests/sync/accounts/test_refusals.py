"""What Amazon refuses of sending is read once for each account of a page."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import Lack, Marketplace, SellerAccount
from django_amazon_sync.sync.accounts import refusals
from django_amazon_sync.testing.factories import MarketplaceFactory
from tests.factories_amazon import FRANCE, GERMANY, LiveAccountFactory

pytestmark = pytest.mark.django_db

Part = Lack.Part


def places_of(account: SellerAccount) -> dict[str, Marketplace]:
    """The marketplaces of an account, which all hold the same row of it."""
    for code in (GERMANY, FRANCE):
        if not account.marketplaces.filter(code=code).exists():
            MarketplaceFactory.create(account=account, code=code)
    read = SellerAccount.objects.get(pk=account.pk)
    found = {place.code: place for place in read.marketplaces.all()}
    for place in found.values():
        place.account = read
    return found


def lacks(account: SellerAccount, part: Part, marketplace: str = "", **columns: Any) -> Lack:
    now = clock.now()
    return Lack.objects.create(
        account=account, part=part, marketplace=marketplace, since=now, again_at=now, **columns
    )


def test_a_store_is_refused_where_what_sending_needs_is_refused() -> None:
    account = LiveAccountFactory.create()
    lack = lacks(account, Part.LISTINGS_OUT, FRANCE)
    lacks(account, Part.ORDERS, GERMANY)  # nothing waits for it that is sent
    lacks(account, Part.LISTINGS, GERMANY, works_since=clock.now())
    lacks(LiveAccountFactory.create(), Part.LISTINGS, GERMANY)
    places = places_of(account)
    assert refusals.refusal_of(places[FRANCE]) == lack
    assert refusals.refusal_of(places[GERMANY]) is None


def test_a_zero_is_sent_where_only_reading_is_refused() -> None:
    account = LiveAccountFactory.create()
    lack = lacks(account, Part.LISTINGS, GERMANY)
    written = lacks(account, Part.LISTINGS_OUT, FRANCE)
    places = places_of(account)
    assert refusals.refusal_of(places[GERMANY]) == lack
    assert refusals.refusal_of(places[GERMANY], of_zeros=True) is None
    assert refusals.refusal_of(places[FRANCE], of_zeros=True) == written


def test_what_is_refused_of_the_account_is_refused_in_each_store() -> None:
    account = LiveAccountFactory.create()
    lack = lacks(account, Part.AUTHORISATION)
    assert {refusals.refusal_of(place) for place in places_of(account).values()} == {lack}


def test_it_is_read_once_for_all_accounts(django_assert_num_queries: Any) -> None:
    places = [
        place
        for account in LiveAccountFactory.create_batch(3)
        for place in places_of(account).values()
    ]
    with django_assert_num_queries(1):
        refusals.read(place.account for place in places)
        assert [refusals.refusal_of(place) for place in places] == [None] * len(places)
