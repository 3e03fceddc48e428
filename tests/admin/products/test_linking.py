"""A SKU on sale gets another product only once staff have read what that changes on Amazon."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import Listing, Presence, SellerSku
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests.admin.conftest import Staff
from tests.factories import stock_record
from tests.factories_amazon import FRANCE, GERMANY, ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug(db: None) -> Any:
    return stock_record("MUG-WHITE", title="White mug", price="8.00")


@pytest.fixture
def book(mug: Any) -> SellerSku:
    """A book that is on sale in Germany and France; the mug is linked to no SKU."""
    record: Any = stock_record("BOOK-TIDES", title="Tides", price="24.00")
    account = LiveAccountFactory.create(synchronise_all=True)
    sku = SellerSkuFactory.create(
        account=account, sku="BOOK-TIDES", offer_pk=str(record.pk), sold_here=True
    )
    for code in (GERMANY, FRANCE):
        ListingInStepFactory.create(
            marketplace=MarketplaceFactory.create(account=account, code=code), sku=sku
        )
    return sku


def choose(staff: Staff, sku: SellerSku, shop_sku: str, synchronise: str = "unknown") -> Any:
    return staff.save(SellerSku, sku.pk, shop_sku=shop_sku, synchronise=synchronise,
                      condition="new_new")  # fmt: skip


def told(response: Any) -> list[str]:
    """What the page in between says."""
    assert response.status_code == 200, "It was saved at once."
    return [text for part in response.context["question"].parts for text in part.sentences]


def test_another_product_is_asked_about_first(staff: Staff, book: SellerSku, mug: Any) -> None:
    before = book.offer_pk
    response = choose(staff, book, "MUG-WHITE")
    assert told(response) == [
        "BOOK-TIDES is on sale in 2 stores (Amazon.de, Amazon.fr).",
        "It gets the price and the stock of MUG-WHITE (White mug) instead of those of "
        "BOOK-TIDES (Tides).",
    ]
    assert SellerSku.objects.get().offer_pk == before
    staff.confirm(response)
    assert SellerSku.objects.get().offer_pk == str(mug.pk)


def test_a_product_that_has_a_sku_already_is_said_to(
    staff: Staff, book: SellerSku, mug: Any
) -> None:
    SellerSkuFactory.create(account=book.account, sku="MUG-WHITE", offer_pk=str(mug.pk))
    sentence = "MUG-WHITE is sold as MUG-WHITE already; it has 2 SKUs then."
    assert sentence in told(choose(staff, book, "MUG-WHITE"))


def test_taking_the_product_away_says_what_goes_to_zero(staff: Staff, book: SellerSku) -> None:
    SellerSku.objects.update(sku="OLD", matched=True)
    response = choose(staff, book, "")
    assert told(response) == [
        "OLD is on sale in 2 stores (Amazon.de, Amazon.fr).",
        "It is linked to no product of the shop then, and an export sends what follows.",
        "2 offers go to 0: Amazon.de 1, Amazon.fr 1.",
    ]
    assert SellerSku.objects.get().offer_pk == book.offer_pk
    staff.confirm(response)
    assert SellerSku.objects.get().offer_pk == ""


def test_taking_away_says_that_a_product_of_the_same_sku_takes_its_place(
    staff: Staff, book: SellerSku, mug: Any
) -> None:
    sentences = told(choose(staff, book, ""))
    again = "BOOK-TIDES (Tides) has the same SKU, so it is linked to that one by itself."
    assert sentences[1:] == [again]
    SellerSku.objects.update(offer_pk=str(mug.pk), matched=True)
    sentences = told(choose(staff, book, ""))
    assert sentences[1:] == [
        again,
        "It gets the price and the stock of BOOK-TIDES (Tides) instead of those of "
        "MUG-WHITE (White mug).",
    ]


def test_the_first_product_of_a_sku_on_sale_is_asked_about(
    staff: Staff, book: SellerSku, mug: Any
) -> None:
    SellerSku.objects.update(offer_pk="")
    sentences = told(choose(staff, book, "MUG-WHITE"))
    assert sentences[1:] == ["It gets the price and the stock of MUG-WHITE (White mug)."]


def test_switching_off_with_it_says_both(staff: Staff, book: SellerSku, mug: Any) -> None:
    response = choose(staff, book, "MUG-WHITE", synchronise="false")
    assert told(response)[1:] == [
        "It is linked to MUG-WHITE (White mug) then; nothing is sent while it is switched off.",
        "2 offers go to 0: Amazon.de 1, Amazon.fr 1.",
    ]
    staff.confirm(response)
    sku = SellerSku.objects.get()
    assert (sku.offer_pk, sku.synchronise) == (str(mug.pk), False)


def test_what_amazon_ships_gets_the_price_alone(staff: Staff, book: SellerSku) -> None:
    SellerSku.objects.update(channel="AMAZON_EU")
    sentences = told(choose(staff, book, "MUG-WHITE"))
    assert sentences[1:] == ["It gets the price of MUG-WHITE (White mug)."]


def test_nothing_is_asked_of_a_sku_that_is_nowhere_on_amazon(
    staff: Staff, book: SellerSku, mug: Any
) -> None:
    Listing.objects.update(presence=Presence.ABSENT)
    assert choose(staff, book, "MUG-WHITE").status_code == 302
    assert SellerSku.objects.get().offer_pk == str(mug.pk)


def test_nothing_is_asked_of_a_form_that_is_not_saved(staff: Staff, book: SellerSku) -> None:
    response = staff.save(SellerSku, book.pk, shop_sku="MUG-WHITE", asin="nope",
                          condition="new_new")  # fmt: skip
    assert list(response.context["adminform"].form.errors) == ["asin"]


def test_the_question_comes_again_where_somebody_linked_it_meanwhile(
    staff: Staff, book: SellerSku, mug: Any
) -> None:
    response = choose(staff, book, "MUG-WHITE")
    cup: Any = stock_record("CUP")
    SellerSku.objects.update(offer_pk=str(cup.pk), matched=True)
    again = staff.confirm(response)
    assert "another thing than you saw" in again.content.decode()
    assert SellerSku.objects.get().offer_pk == str(cup.pk)
    staff.confirm(again)
    assert SellerSku.objects.get().offer_pk == str(mug.pk)
