"""Ending offers in a store says first, in numbers, what ends and what stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_amazon_sync.models import Lack, Listing, Marketplace, OfferChange, Presence, SellerSku
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests.admin.conftest import Staff, address, sent_again
from tests.factories_amazon import FRANCE, GERMANY, ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def germany(db: None) -> Marketplace:
    """Three SKUs of ours and two that are not in Germany, one of ours in France too."""
    account = LiveAccountFactory.create()
    stores = [MarketplaceFactory.create(account=account, code=c) for c in (GERMANY, FRANCE)]
    ours = SellerSkuFactory.create_batch(3, account=account, sold_here=True)
    others = SellerSkuFactory.create_batch(2, account=account)
    for sku in [*ours, *others]:
        ListingInStepFactory.create(marketplace=stores[0], sku=sku)
    ListingInStepFactory.create(marketplace=stores[1], sku=ours[0])
    return stores[0]


def ended() -> int:
    return Listing.objects.filter(end_offer=True).count()


def test_a_store_ends_after_a_page_that_says_what_ends(staff: Staff, germany: Marketplace) -> None:
    data = {"action": "end_offers", "_selected_action": [germany.pk]}
    response = staff.client.post(address(Marketplace), data)
    page = response.content.decode()
    assert "3 offers end: Amazon.de 3." in page
    assert "2 that are not ours stay: Amazon.de 2." in page
    assert ended() == 0
    staff.client.post(address(Marketplace), sent_again(response))
    assert ended() == 3
    assert not Listing.objects.filter(end_offer=True, marketplace__code=FRANCE).exists()
    ours = SellerSku.objects.filter(sold_here=True).values_list("offer_pk", flat=True)
    assert {row.offer_pk for row in OfferChange.objects.all()} == set(ours)


def test_single_listings_end(staff: Staff, germany: Marketplace) -> None:
    one = germany.listings.order_by("pk")[0]
    assert staff.press(Listing, "end_offers", one) == ["1 offer ends."]
    assert list(Listing.objects.filter(end_offer=True)) == [one]


def test_where_nothing_is_ended_it_is_said_once(staff: Staff, germany: Marketplace) -> None:
    data = {"action": "offer_again", "_selected_action": [germany.pk]}
    page = staff.client.post(address(Marketplace), data).content.decode()
    assert page.count("Nothing changes on Amazon.") == 1


def test_what_is_not_ours_has_no_button(staff: Staff, germany: Marketplace) -> None:
    other = Listing.objects.filter(sku__sold_here=False)[0]
    data = {"action": "end_offers", "_selected_action": [other.pk]}
    response = staff.client.post(address(Listing), data)
    assert "Nothing changes on Amazon." in response.content.decode()
    assert response.context["question"].stopped
    staff.confirm(response)
    assert ended() == 0


def test_the_page_comes_again_where_another_offer_would_end(
    staff: Staff, germany: Marketplace
) -> None:
    data = {"action": "end_offers", "_selected_action": [germany.pk]}
    response = staff.client.post(address(Marketplace), data)
    SellerSku.objects.filter(sold_here=False).update(sold_here=True)
    again = staff.confirm(response)
    assert "another thing than you saw" in again.content.decode()
    assert ended() == 0


def test_it_says_what_waits_until_amazon_allows_it(staff: Staff, germany: Marketplace) -> None:
    Lack.objects.create(
        account=germany.account,
        part=Lack.Part.LISTINGS_OUT,
        marketplace=GERMANY,
        since="2026-01-01T00:00Z",
        again_at="2026-01-01T00:00Z",
    )
    data = {"action": "end_offers", "_selected_action": [germany.pk]}
    page = staff.client.post(address(Marketplace), data).content.decode()
    assert "3 offers end once Amazon allows changes there again: Amazon.de 3." in page


def test_it_is_offered_again_where_its_store_is_on(staff: Staff, germany: Marketplace) -> None:
    listings = Listing.objects.filter(sku__sold_here=True)
    listings.update(end_offer=True, presence=Presence.ENDED)
    Marketplace.objects.filter(code=FRANCE).update(active=False)
    data = {"action": "offer_again", "_selected_action": [row.pk for row in listings]}
    response = staff.client.post(address(Listing), data)
    page = response.content.decode()
    assert "3 are offered again: Amazon.de 3." in page
    assert "1 stays ended, as its store is switched off: Amazon.fr 1." in page
    assert ended() == 4
    staff.confirm(response)
    assert [row.marketplace.code for row in Listing.objects.filter(end_offer=True)] == [FRANCE]


def test_the_pages_say_what_becomes_of_it(staff: Staff, germany: Marketplace) -> None:
    one = germany.listings.filter(sku__sold_here=True)[0]
    Listing.objects.filter(pk=one.pk).update(end_offer=True)
    assert "is being ended" in staff.see(Listing, one.pk)
    Listing.objects.filter(pk=one.pk).update(presence=Presence.ENDED)
    assert "nothing is sent until it is offered again" in staff.see(Listing, one.pk)


def test_who_may_only_look_ends_nothing(
    staff_with: Callable[..., Staff], germany: Marketplace
) -> None:
    looks = staff_with("view_listing", "view_marketplace")
    for model, pk in ((Listing, germany.listings.all()[0].pk), (Marketplace, germany.pk)):
        looks.client.post(address(model), {"action": "end_offers", "_selected_action": [pk]})
    assert ended() == 0
