"""The forms of a product's page: each fault at its field, and nothing half saved."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import OfferIdentifier, SellerAccount, SellerSku
from django_amazon_sync.sync.listings import link
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.admin.conftest import Staff
from tests.admin.products.page_steps import EAN, address_of, errors_of, save, typed
from tests.factories_amazon import GERMANY, ListingInStepFactory

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


def test_codes_that_another_offer_has_are_saved_and_named(
    staff: Staff, record: Any, account: SellerAccount
) -> None:
    factories.stock_record("CUP", upc=EAN, title="Red cup")
    response = staff.client.post(
        address_of(record), typed(staff.client, record, **{"codes-ean": EAN}), follow=True
    )
    warnings = [str(one) for one in response.context["messages"]]
    assert any("4006381333931 is also a code of CUP (Red cup)" in one for one in warnings)
    assert OfferIdentifier.objects.get().value == EAN


def test_own_values_a_lock_and_switches_are_saved_where_they_belong(
    staff: Staff, record: Any, account: SellerAccount
) -> None:
    new = f"new{account.pk}"
    german = f"{new}-{GERMANY}"
    changed = {
        f"{new}-handling_time": "3",
        f"{german}-sale_price_price": "9.00",
        f"{german}-sale_price_start": "2026-12-01",
        f"{german}-sale_price_end": "2026-12-24",
        f"{german}-condition_note": "A scratch.",
        f"{german}-browse_nodes": "3167641, 3167651",
        f"{german}-locked": "on",
        f"{german}-switch_price": "no",
    }
    assert save(staff.client, record, **changed).status_code == 302
    sku = SellerSku.objects.get()
    listing = sku.listings.get()
    assert sku.own_values == {"handling_time": 3}
    assert listing.own_values["condition_note"] == "A scratch."
    assert listing.own_values["browse_nodes"] == ["3167641", "3167651"]
    assert "sale_price" in listing.own_values
    assert (listing.locked, listing.switches) == (True, {"price": False})

    german = f"sku{sku.pk}-{GERMANY}"
    changed = {f"{german}-condition_note": "", f"{german}-switch_price": ""}
    assert save(staff.client, record, **changed).status_code == 302
    listing.refresh_from_db()
    assert listing.own_values.keys() == {"sale_price", "browse_nodes"}
    assert listing.switches == {}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("codes-ean", "4006381333932", "check digit"),
        ("codes-upc", "12x", "characters"),
        ("codes-asin", "B0001", "too few"),
        ("codes-isbn", "0-306-40615-3", "check digit"),
        ("new-asin", "B0001", "too few"),
        ("new-sku", "x" * 300, "255"),
        ("new-sku", "CUP", "another product"),
        ("new-condition", "nearly_new", "not one of the available"),
        ("new-set_quantity", "-1", "greater than or equal to 0"),
        ("new-synchronise", "perhaps", "not one of the available"),
        ("german-business_price_price", "12.00", "above the price 10.00"),
        ("german-minimum_price", "11", "below the minimum price"),
        ("german-maximum_price", "x", "price"),
        ("new-handling_time", "99", "from 0 to 30"),
        ("german-switch_name", "often", "not one of the available"),
        ("price", "-3", "above 0"),
        ("price", "NaN", "number"),
        ("price", "1.234", "2 decimal places"),
    ],
)
def test_a_bad_value_is_said_at_its_field_and_nothing_is_saved(
    staff: Staff, record: Any, account: SellerAccount, field: str, value: str, said: str
) -> None:
    factories.stock_record("CUP")
    name = field.replace("new-", f"new{account.pk}-")
    if field.startswith("german-"):
        name = field.replace("german-", f"new{account.pk}-{GERMANY}-")
    if field == "price":
        name = f"new{account.pk}-{GERMANY}-own_price"
    changed = {"codes-asin": "B000000042", f"new{account.pk}-set_quantity": 5, name: value}
    response = save(staff.client, record, **changed)
    assert response.status_code == 200
    [(at, [message])] = errors_of(response).items()
    # Bounds hold, and the price gives way.
    at_price = name.replace("minimum_price", "own_price")
    assert at == at_price.removesuffix("_price" if "business" in name else "")
    assert said in message
    assert not OfferIdentifier.objects.exists()
    assert not SellerSku.objects.exists()


def test_a_sku_that_amazon_has_is_changed_only_where_that_is_meant(
    staff: Staff, record: Any, account: SellerAccount
) -> None:
    sku = SellerSkuFactory.create(account=account, sku="MUG", offer_pk=str(record.pk))
    ListingInStepFactory.create(marketplace=account.marketplaces.all()[0], sku=sku)
    response = save(staff.client, record, **{f"sku{sku.pk}-sku": "AMZ-MUG"})
    assert list(errors_of(response)) == [f"sku{sku.pk}-sure"]
    assert SellerSku.objects.count() == 1
    changed = {f"sku{sku.pk}-sku": "AMZ-MUG", f"sku{sku.pk}-sure": "on"}
    assert save(staff.client, record, **changed).status_code == 302
    assert set(SellerSku.objects.values_list("sku", "synchronise", "offer_pk")) == {
        ("MUG", False, str(record.pk)),
        ("AMZ-MUG", None, str(record.pk)),
    }


def test_a_sku_that_is_taken_meanwhile_is_said_at_its_field(
    staff: Staff, record: Any, account: SellerAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    cup = factories.stock_record("CUP")
    data = typed(staff.client, record, **{f"new{account.pk}-sku": "AMZ", "codes-ean": EAN})

    def first_another(*arguments: Any) -> Any:
        SellerSkuFactory.create(account=account, sku="AMZ", offer_pk=str(cup.pk), matched=True)
        return link.sell_under(*arguments)

    monkeypatch.setattr("django_amazon_sync.admin.products.page_forms.sell_under", first_another)
    response = staff.client.post(address_of(record), data)
    assert list(errors_of(response)) == [f"new{account.pk}-sku"]
    assert not OfferIdentifier.objects.exists()
