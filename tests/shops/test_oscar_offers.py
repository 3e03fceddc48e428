"""Oscar's stock records as offers: stock, prices by the shop's strategy, identifiers, titles."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from oscar.apps.partner import strategy as oscars

from django_amazon_sync.data import Identifier, Money, Offer, OfferUpdate
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.shops.oscar import OscarShop, offers
from tests import factories

if TYPE_CHECKING:
    from oscar.apps.catalogue.models import Product
    from oscar.apps.partner.models import StockRecord

pytestmark = pytest.mark.django_db

shop = OscarShop()


def the_offer() -> Offer:
    (offer,) = shop.offers()
    return offer


@pytest.fixture
def sells_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[type], None]:
    """Let the shop's selector give this strategy."""

    def select(strategy: type) -> None:
        monkeypatch.setattr(
            oscars.Selector, "strategy", lambda self, **kwargs: strategy(), raising=True
        )

    return select


# --- Stock ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("in_stock", "allocated", "sellable"),
    [(7, None, 7), (7, 2, 5), (None, None, 0), (None, 3, 0), (2, 5, -3)],
)
def test_sellable_is_oscars_net_stock_level(
    in_stock: int | None, allocated: int | None, sellable: int
) -> None:
    record = factories.stock_record(in_stock=in_stock)
    type(record).objects.update(num_allocated=allocated)
    record.refresh_from_db()
    assert the_offer().quantity == record.net_stock_level == sellable


def test_stock_of_an_untracked_product_class_is_none_for_variants_too() -> None:
    parent = factories.product(track_stock=False, structure="parent")
    factories.stock_record(product_=factories.product(parent=parent), in_stock=3)
    assert the_offer().quantity is None


# --- What is sold -----------------------------------------------------------------------------


def test_a_variant_has_its_parents_title_and_publication() -> None:
    parent = factories.product(title="Linen shirt", structure="parent")
    factories.stock_record(product_=factories.product(parent=parent, title=""))
    assert (the_offer().title, the_offer().on_sale) == ("Linen shirt", True)
    parent.is_public = False
    parent.save()
    assert not the_offer().on_sale


@pytest.mark.parametrize("columns", [{"is_public": False}, {"structure": "parent"}])
def test_what_cannot_be_bought_is_not_on_sale(columns: dict[str, Any]) -> None:
    factories.stock_record(**columns)
    assert not the_offer().on_sale


def test_the_page_is_the_products_own() -> None:
    record = factories.stock_record(title="100 % wool")
    assert the_offer().url == record.product.get_absolute_url()


def test_a_second_partners_stock_is_an_offer_of_its_own() -> None:
    product = factories.product()
    factories.stock_record("A", product_=product)
    factories.stock_record("A", product_=product, partner_code="attic")
    assert [offer.sku for offer in shop.offers()] == ["A", "A"]
    assert len(shop.find("A")) == 2
    assert len(shop.find("A", "attic")) == 1


@pytest.mark.parametrize(
    ("upc", "expected"),
    [
        ("2000000000015", ("ean", "2000000000015")),
        ("96385074", ("ean", "96385074")),
        ("036000291452", ("upc", "036000291452")),
        ("10012345678902", ("gtin", "10012345678902")),
        ("9780306406157", ("isbn", "9780306406157")),
        ("978-0-306-40615-7", ("isbn", "9780306406157")),
        ("0306406152", ("isbn", "0306406152")),
        ("030640615X", ("isbn", "030640615X")),
        ("1234", None),
        ("house code 7", None),
        ("²000000000015", None),
        ("", None),
        (None, None),
    ],
)
def test_a_barcode_is_named_by_its_kind(upc: str | None, expected: tuple[str, str] | None) -> None:
    assert offers.identifiers(upc) == ((Identifier(*expected),) if expected else ())


# --- Prices -----------------------------------------------------------------------------------


class CustomTax(oscars.UK):
    """A shop's own strategy: books have another rate than the rest."""

    def get_rate(self, product: Product, stockrecord: StockRecord) -> Decimal:
        return Decimal("0.07") if product.title == "Book" else Decimal("0.19")


class WithoutStructure(oscars.Base):
    """A strategy that answers whole, as Oscar allows."""

    def fetch_for_product(
        self, product: Product, stockrecord: StockRecord | None = None
    ) -> oscars.PurchaseInfo:
        price = oscars.FixedPrice("EUR", Decimal("5.00"), tax=Decimal("0.35"))
        return oscars.PurchaseInfo(price, oscars.Available(), stockrecord)


@pytest.mark.parametrize(
    ("strategy", "price", "includes_tax"),
    [
        (oscars.Default, "9.99", True),
        (oscars.UK, "11.99", True),
        (oscars.US, "9.99", False),
        (CustomTax, "10.69", True),
        (WithoutStructure, "5.35", True),
    ],
)
def test_the_price_is_what_the_shops_strategy_makes_of_it(
    sells_by: Callable[[type], None], strategy: type, price: str, includes_tax: bool
) -> None:
    sells_by(strategy)
    factories.stock_record(price="9.99", title="Book")
    offer = the_offer()
    assert offer.price == Money(Decimal(price), "EUR")
    assert offer.price_includes_tax is includes_tax


@pytest.mark.parametrize("strategy", [oscars.Default, oscars.UK, oscars.US, CustomTax])
def test_columns_and_models_give_the_same_offer(
    sells_by: Callable[[type], None], monkeypatch: pytest.MonkeyPatch, strategy: type
) -> None:
    """The quick way to read is no other truth."""
    sells_by(strategy)
    parent = factories.product(structure="parent")
    factories.stock_record("A", price="7.35", in_stock=3, upc="2000000000015")
    factories.stock_record("B", product_=factories.product(parent=parent), in_stock=None)
    factories.stock_record("C", track_stock=False, is_public=False)
    quick = list(shop.offers())
    monkeypatch.setattr(offers, "models_are_plain", lambda: False)
    assert list(shop.offers()) == quick


def test_an_offer_without_price_has_none(sells_by: Callable[[type], None]) -> None:
    factories.stock_record(price=None)
    assert the_offer().price is None
    sells_by(CustomTax)
    assert the_offer().price is None


def test_a_taxed_price_is_rounded_to_the_currencys_units(
    sells_by: Callable[[type], None],
) -> None:
    sells_by(oscars.UK)
    factories.stock_record(price="1234", currency="JPY")
    assert the_offer().price == Money(Decimal("1481"), "JPY")


# --- Chunks -----------------------------------------------------------------------------------


def test_chunks_join_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "OFFERS_PER_CHUNK", 3)
    monkeypatch.setattr(offers, "PKS_PER_QUERY", 2)
    pks = [str(factories.stock_record().pk) for _ in range(7)]
    assert [offer.pk for offer in shop.offers()] == pks
    assert [offer.pk for offer in shop.offers(pks=pks)] == pks


# --- Taking over ------------------------------------------------------------------------------


def test_a_take_over_makes_the_offer_what_amazon_says() -> None:
    record = factories.stock_record(in_stock=10)
    record.allocate(4)
    shop.apply(OfferUpdate(str(record.pk), "New title", Money(Decimal("12.50"), "EUR"), quantity=9))
    offer = the_offer()
    assert (offer.title, offer.price, offer.quantity) == (
        "New title",
        Money(Decimal("12.50"), "EUR"),
        9,
    )


def test_a_price_is_taken_over_so_that_buyers_pay_it(sells_by: Callable[[type], None]) -> None:
    sells_by(oscars.UK)
    record = factories.stock_record()
    shop.apply(OfferUpdate(str(record.pk), price=Money(Decimal("11.99"), "EUR")))
    assert the_offer().price == Money(Decimal("11.99"), "EUR")


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"quantity": -1}, "-1"),
        ({"price": Money(Decimal(5), "USD")}, "USD"),
        ({"pk": "999999", "title": "x"}, "999999"),
    ],
)
def test_what_cannot_be_taken_over_is_refused(change: dict[str, Any], cause: str) -> None:
    record = factories.stock_record()
    before = the_offer()
    with pytest.raises(ShopRefused, match=cause):
        shop.apply(OfferUpdate(**({"pk": str(record.pk)} | change)))
    assert the_offer() == before


def test_a_computed_price_is_not_taken_over(sells_by: Callable[[type], None]) -> None:
    sells_by(CustomTax)
    record = factories.stock_record()
    with pytest.raises(ShopRefused, match="strategy"):
        shop.apply(OfferUpdate(str(record.pk), price=Money(Decimal(5), "EUR")))


def test_a_quantity_is_not_taken_over_into_untracked_stock() -> None:
    record = factories.stock_record(track_stock=False)
    with pytest.raises(ShopRefused, match="track stock"):
        shop.apply(OfferUpdate(str(record.pk), quantity=3))


# --- Products ---------------------------------------------------------------------------------


def test_a_products_offers_are_its_stock_records_and_those_of_its_variants() -> None:
    parent = factories.product(structure="parent")
    small = factories.stock_record(product_=factories.product(parent=parent))
    large = factories.stock_record(product_=factories.product(parent=parent))
    factories.stock_record()
    assert shop.offers_of_product(str(parent.pk)) == [str(small.pk), str(large.pk)]
    assert shop.offers_of_product(str(large.product.pk)) == [str(large.pk)]
    assert shop.offers_of_product("nonsense") == []
    assert shop.products_of([str(small.pk), "999999", "nonsense"]) == {
        str(small.pk): str(small.product.pk)
    }
    assert str(parent.pk) in shop.product_url(str(parent.pk))
    assert shop.product_url("nonsense") == ""
