"""The button of the storefront: when it is there, where it leads, and what a list of them costs."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.core.cache import cache
from django.db import connection
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.models import AccountState, Listing, Marketplace, Presence, SellerAccount
from django_amazon_sync.storefront import AmazonLink, distance, links_of_offers
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests import factories
from tests.factories_amazon import FRANCE, ListingInStepFactory, LiveAccountFactory
from tests.plainshop.models import Item, Vendor

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]

BUTTON = "{% load amazon %}{% amazon_button product %}"
LIST = (
    "{% load amazon %}{% amazon_links products %}"
    "{% for product in products %}{% amazon_button product %}{% endfor %}"
)


def render(source: str, **context: Any) -> str:
    context.setdefault("request", RequestFactory().get("/"))
    return Template(source).render(Context(context))


def sold(place: Marketplace, **columns: Any) -> Any:
    """A stock record whose listing can be bought."""
    record = factories.stock_record()
    sku = SellerSkuFactory.create(
        account=place.account, offer_pk=str(record.pk), channel=columns.pop("channel", "DEFAULT")
    )
    ListingInStepFactory.create(
        marketplace=place, sku=sku, **{"status": "BUYABLE DISCOVERABLE", **columns}
    )
    return record


@pytest.fixture
def germany(db: None) -> Marketplace:
    return MarketplaceFactory.create(account=LiveAccountFactory.create())


# --- When it is there ---------------------------------------------------------------------------


def test_what_can_be_bought_has_a_button(germany: Marketplace) -> None:
    record = sold(germany, asin="B0ABCDEFGH")
    shown = render(BUTTON, product=record.product)
    assert 'href="https://www.amazon.de/dp/B0ABCDEFGH"' in shown
    assert 'rel="nofollow noopener"' in shown
    assert "Available at Amazon" in shown
    assert 'aria-hidden="true"' in shown


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "DISCOVERABLE"},
        {"status": ""},
        {"status": "Inactive"},
        {"end_offer": True},
        {"presence": Presence.ABSENT},
        {"presence": Presence.UNREAD},
        {"asin": ""},
        {"believed": {"quantity": 0}},
        {"believed": {"quantity": 5}, "verified": {"quantity": 0}},
        {"believed": {"quantity": 5}, "drift": {"quantity": {"ours": 5, "live": 0}}},
        {"channel": "AMAZON_EU", "amazon_stock": {"fulfillable": 0}},
    ],
)
def test_what_cannot_be_bought_has_none(germany: Marketplace, columns: dict[str, Any]) -> None:
    record = sold(germany, **columns)
    assert render(BUTTON, product=record.product) == ""


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "Active"},
        {"believed": {}},
        {"channel": "AMAZON_EU", "believed": {}},
        {"channel": "AMAZON_EU", "amazon_stock": {"fulfillable": 3}},
    ],
)
def test_what_is_not_known_to_be_gone_has_one(
    germany: Marketplace, columns: dict[str, Any]
) -> None:
    record = sold(germany, **columns)
    assert "amazon.de" in render(BUTTON, product=record.product)


def test_a_marketplace_or_account_that_is_off_shows_nothing(germany: Marketplace) -> None:
    record = sold(germany)
    Marketplace.objects.update(active=False)
    assert render(BUTTON, product=record.product) == ""
    Marketplace.objects.update(active=True)
    SellerAccount.objects.update(state=AccountState.DISCONNECTED)
    assert render(BUTTON, product=record.product) == ""
    SellerAccount.objects.update(state=AccountState.PAUSED)
    assert "amazon.de" in render(BUTTON, product=record.product)


def test_a_shop_without_a_product_or_a_configuration_shows_nothing(
    germany: Marketplace, settings: Any
) -> None:
    record = sold(germany)
    assert render(BUTTON, product=factories.product()) == ""
    assert render("{% load amazon %}{% amazon_button nothing_there %}") == ""
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "SHOP": ""}
    assert render(BUTTON, product=record.product) == ""


# --- Of which offer, at which store -------------------------------------------------------------


def test_a_parent_shows_the_first_of_its_variants(germany: Marketplace) -> None:
    parent = factories.product()
    parent.structure = parent.PARENT
    parent.save()
    gone = factories.stock_record(product_=factories.product(parent=parent))
    there = factories.stock_record(product_=factories.product(parent=parent))
    for record, status in ((gone, ""), (there, "BUYABLE")):
        sku = SellerSkuFactory.create(account=germany.account, offer_pk=str(record.pk))
        ListingInStepFactory.create(
            marketplace=germany, sku=sku, status=status, asin=f"B00000000{record.pk % 10}"
        )
    assert Listing.objects.get(status="BUYABLE").asin in render(BUTTON, product=parent)


def test_products_of_a_shop_of_plain_models_have_it_too(
    germany: Marketplace, settings: Any
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "SHOP": "tests.shops.plain.RichShop"}
    vendor = Vendor.objects.create(code="bath")
    soap = Item.objects.create(code="soap", name="Soap", vendor=vendor)
    ListingInStepFactory.create(marketplace=germany, sku__offer_pk=str(soap.pk), status="BUYABLE")
    number, shown = queries_of(LIST, products=[soap])
    assert "amazon.de" in shown
    assert number == 1


def test_an_offer_is_named_by_its_pk(germany: Marketplace) -> None:
    record = sold(germany)
    source = "{% load amazon %}{% amazon_button offer_pk=record.pk %}"
    assert "amazon.de" in render(source, record=record)


def test_the_store_is_the_one_nearest_to_the_reader(germany: Marketplace) -> None:
    record = sold(germany)
    france = MarketplaceFactory.create(account=germany.account, code=FRANCE, language="fr_FR")
    ListingInStepFactory.create(marketplace=france, sku=Listing.objects.get().sku, status="BUYABLE")
    for language, store in (("fr", "amazon.fr"), ("de-at", "amazon.de"), ("ja", "amazon.de")):
        with translation.override(language):
            assert store in render(BUTTON, product=record.product), language
    for name, store in (("FR", "amazon.fr"), ("de", "amazon.de"), (FRANCE, "amazon.fr")):
        source = "{% load amazon %}{% amazon_button product marketplace=name %}"
        assert store in render(source, product=record.product, name=name)
    source = "{% load amazon %}{% amazon_button product marketplace='JP' %}"
    assert render(source, product=record.product) == ""


def test_an_associate_tag_is_told_to_amazon_and_to_search_engines(germany: Marketplace) -> None:
    record = sold(germany, asin="B0ABCDEFGH")
    Marketplace.objects.update(associate_tag='shop-21"&x')
    shown = render(BUTTON, product=record.product)
    assert 'href="https://www.amazon.de/dp/B0ABCDEFGH?tag=shop-21%22%26x"' in shown
    assert 'rel="sponsored nofollow noopener"' in shown


SOME_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(asin=SOME_TEXT, tag=SOME_TEXT, code=st.sampled_from(sorted(MARKETPLACES)))
def test_a_link_leads_to_the_store_whatever_its_parts_are(asin: str, tag: str, code: str) -> None:
    parts = urlsplit(AmazonLink(code, asin, tag).url)
    assert (parts.scheme, parts.netloc) == ("https", MARKETPLACES[code].store_domain)
    assert unquote(parts.path.removeprefix("/dp/")) == asin
    assert parts.path.count("/") == 2
    assert parse_qs(parts.query) == {"tag": [tag]}


@pytest.mark.parametrize(
    ("language", "country", "far"),
    [
        ("de", "DE", 1), ("de-de", "DE", 0), ("en-gb", "GB", 0), ("en-gb", "US", 1),
        ("fr-be", "BE", 0), ("fr", "BE", 1), ("nl", "DE", 2), ("", "DE", 2),
    ],
)  # fmt: skip
def test_how_far_a_store_is(language: str, country: str, far: int) -> None:
    facts = next(one for one in MARKETPLACES.values() if one.country == country)
    assert distance(facts, language) == far


# --- What it costs ------------------------------------------------------------------------------


def queries_of(source: str, **context: Any) -> tuple[int, str]:
    with CaptureQueriesContext(connection) as captured:
        shown = render(source, **context)
    return len(captured), shown


def test_a_list_of_products_costs_the_same_at_1_and_at_50(germany: Marketplace) -> None:
    products = [sold(germany).product for _ in range(50)]
    few, _shown = queries_of(LIST, products=products[:1])
    many, shown = queries_of(LIST, products=products)
    assert (few, many) == (2, 2)
    assert shown.count("Available at Amazon") == 50


def test_without_a_request_the_list_is_given_to_each_button(germany: Marketplace) -> None:
    products = [sold(germany).product for _ in range(5)]
    source = (
        "{% load amazon %}{% amazon_links products as links %}"
        "{% for product in products %}{% amazon_button product links=links %}{% endfor %}"
    )
    number, shown = queries_of(source, products=products, request=None)
    assert (number, shown.count("Available at Amazon")) == (2, 5)


def test_a_list_of_cached_buttons_asks_nothing(germany: Marketplace) -> None:
    products = [sold(germany).product for _ in range(5)]
    source = (
        "{% load amazon cache %}{% amazon_links products %}{% for product in products %}"
        "{% cache 60 amazon_button product.pk LANGUAGE_CODE %}{% amazon_button product %}"
        "{% endcache %}{% endfor %}"
    )
    cache.clear()
    first, shown = queries_of(source, products=products)
    again, same = queries_of(source, products=products)
    assert (first, again) == (2, 0)
    assert shown == same


def test_offers_are_read_in_one_query(germany: Marketplace) -> None:
    pks = [str(sold(germany).pk) for _ in range(5)]
    with CaptureQueriesContext(connection) as captured:
        assert set(links_of_offers(pks)) == set(pks)
    assert len(captured) == 1


def test_the_example_shop_shows_it_on_products_and_lists(
    germany: Marketplace, client: Client
) -> None:
    records = [sold(germany) for _ in range(3)]
    page = client.get(records[0].product.get_absolute_url()).content.decode()
    assert page.count("Available at Amazon") == 1
    assert "django_amazon_sync/storefront.css" in page
    with CaptureQueriesContext(connection) as captured:
        listed = client.get("/catalogue/").content.decode()
    assert listed.count("Available at Amazon") == 3
    asked = [one for one in captured.captured_queries if "amazon_sync_listing" in one["sql"]]
    assert len(asked) == 1
