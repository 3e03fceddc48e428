"""What staff set of an offer: each kind of value is set and taken away alike."""

from __future__ import annotations

from decimal import Decimal

import pytest

from django_amazon_sync.models import Listing, SellerSku
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests.admin.conftest import Staff
from tests.admin.products.edit_steps import edit, edited
from tests.admin.rows import waiting_listings
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db


def test_each_kind_of_value_is_set_and_taken_away(staff: Staff) -> None:
    waiting_listings(2)
    many = {
        "edit_field": ["synchronise", "set_quantity"],
        "synchronise_how": "set", "synchronise": "no",
        "set_quantity_how": "set", "set_quantity": "7",
    }  # fmt: skip
    edited(staff, SellerSku, **many)
    assert set(SellerSku.objects.values_list("synchronise", "set_quantity")) == {(False, 7)}
    edited(staff, SellerSku, edit_field=["synchronise", "set_quantity"],
           synchronise_how="nothing", set_quantity_how="leave")  # fmt: skip
    assert set(SellerSku.objects.values_list("synchronise", "set_quantity")) == {(None, 7)}
    price = {"edit_field": ["own_price", "locked"], "own_price_how": "set", "own_price": "9.99",
             "locked_how": "set", "locked": "yes"}  # fmt: skip
    edited(staff, Listing, **price)
    assert set(Listing.objects.values_list("own_price", "locked")) == {(Decimal("9.99"), True)}
    edited(staff, Listing, edit_field=["own_price"], own_price_how="nothing")
    assert set(Listing.objects.values_list("own_price", "locked")) == {(None, True)}


def test_the_declared_fields_of_an_offer_and_their_switches(staff: Staff) -> None:
    waiting_listings(2)
    own = {
        "edit_field": ["sale_price", "max_order_quantity", "send_name"],
        "sale_price_how": "set", "sale_price_price": "9.90", "sale_price_start": "2026-12-01",
        "sale_price_end": "2026-12-24", "max_order_quantity_how": "set", "max_order_quantity": "3",
        "send_name_how": "set", "send_name": "no",
    }  # fmt: skip
    page = edit(staff, Listing, "look", **own).content.decode()
    assert "<ins>9.90 EUR 2026-12-01/2026-12-24</ins>" in page
    assert 'name="sale_price_end" value="2026-12-24"' in page
    edited(staff, Listing, **own)
    sale = {"price": "9.90 EUR", "start": "2026-12-01", "end": "2026-12-24"}
    for listing in Listing.objects.all():
        assert listing.own_values == {"sale_price": sale, "max_order_quantity": 3}
        assert listing.switches == {"name": False}
    edited(staff, Listing, edit_field=["sale_price", "send_name"], sale_price_how="nothing",
           send_name_how="nothing")  # fmt: skip
    assert [one.own_values for one in Listing.objects.all()] == [{"max_order_quantity": 3}] * 2
    assert [one.switches for one in Listing.objects.all()] == [{}] * 2


def test_what_does_not_fit_the_other_values_of_a_row_stops_all(staff: Staff) -> None:
    waiting_listings(2)
    Listing.objects.filter(sku__sku="S000001").update(own_price="5.00")
    sale = {
        "edit_field": ["sale_price"], "sale_price_how": "set", "sale_price_price": "9.90",
        "sale_price_start": "2026-12-01", "sale_price_end": "2026-12-24",
    }  # fmt: skip
    answer = edit(staff, Listing, "look", **sale)
    assert answer.context["outlook"].faulty == 1
    assert "S000001" in answer.content.decode()
    edit(staff, Listing, "save", mark=answer.context["outlook"].seen.text, **sale)
    assert not Listing.objects.exclude(own_values={}).exists()


def test_prices_of_several_currencies_name_theirs(staff: Staff) -> None:
    account = LiveAccountFactory.create()
    sku = SellerSkuFactory.create(account=account)
    ListingInStepFactory.create(marketplace__account=account, sku=sku)
    ListingInStepFactory.create(
        marketplace__account=account, marketplace__code="A1F83G8C2ARO7P", sku=sku
    )
    listed = {"edit_field": ["list_price"], "list_price_how": "set"}
    form = edit(staff, Listing, "look", list_price="20", **listed).context["form"]
    assert "Write the currency too" in str(form.errors["list_price"])
    answer = edit(staff, Listing, "look", list_price="20 EUR", **listed)
    assert "currency is GBP" in answer.content.decode()
