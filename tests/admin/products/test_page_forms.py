"""The forms of a product's page: each fault at its field, and nothing half saved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from lxml import html

from django_amazon_sync.models import Listing, OfferIdentifier, SellerAccount, SellerSku
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
        ("new-set_quantity", "-1", "Write a whole number"),
        ("new-synchronise", "perhaps", "not one of the available"),
        ("german-business_price_price", "12.00", "above the price 10.00"),
        ("german-minimum_price", "11", "below the minimum price"),
        ("german-maximum_price", "x", "price"),
        ("new-handling_time", "99", "from 0 to 30"),
        ("german-switch_name", "often", "not one of the available"),
        ("price", "-3", "Write a price"),
        ("price", "NaN", "Write a price"),
        ("price", "1.234", "can be read as 1234"),
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
    assert at == name.removesuffix("_price" if "business" in name else "")
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


# --- A tab that was opened long ago --------------------------------------------------------------


def german_of(listing: Listing) -> str:
    return f"sku{listing.sku_id}-{listing.marketplace.code}"


@pytest.fixture
def mug(record: Any, account: SellerAccount) -> Listing:
    """The record's listing in Germany, with values of staff."""
    sku = SellerSkuFactory.create(account=account, sku="MUG", offer_pk=str(record.pk))
    return ListingInStepFactory.create(
        marketplace=account.marketplaces.get(code=GERMANY),
        sku=sku,
        own_price=Decimal("12.50"),
        locked=True,
        own_values={
            "condition_note": "A scratch.",
            "sale_price": {"price": "9.00 EUR", "start": "2026-12-01", "end": "2026-12-24"},
            "browse_nodes": ["3167641", "3167651"],
        },
    )


def test_what_a_colleague_saved_since_stays_where_nobody_typed(
    staff: Staff, record: Any, mug: Listing
) -> None:
    german = german_of(mug)
    old = typed(staff.client, record, **{f"{german}-condition_note": "Two scratches."})
    colleagues = {
        "codes-ean": EAN, f"sku{mug.sku_id}-synchronise": "yes", f"{german}-own_price": "11.00",
        f"{german}-locked": "", f"{german}-switch_name": "no", f"{german}-sale_price_price": "8.00",
        f"{german}-browse_nodes": "1", f"sku{mug.sku_id}-handling_time": "3",
    }  # fmt: skip
    assert save(staff.client, record, **colleagues).status_code == 302
    assert staff.client.post(address_of(record), old).status_code == 302
    mug.refresh_from_db()
    assert (mug.own_price, mug.locked, mug.switches) == (Decimal("11.00"), False, {"name": False})
    assert mug.own_values["condition_note"] == "Two scratches."
    until = {"start": "2026-12-01", "end": "2026-12-24"}
    assert mug.own_values["sale_price"] == {"price": "8.00 EUR", **until}
    assert mug.own_values["browse_nodes"] == ["1"]
    mug.sku.refresh_from_db()
    assert (mug.sku.synchronise, mug.sku.own_values) == (True, {"handling_time": 3})
    assert OfferIdentifier.objects.get().value == EAN


@pytest.mark.parametrize(
    ("field", "theirs", "mine", "said"),
    [
        ("own_price", "11.00", "13.00", "11.00"),
        ("condition_note", "", "Mine.", "–"),
        ("sale_price_end", "2026-12-30", "2026-12-31", "9.00, 2026-12-01, 2026-12-30"),
        ("switch_price", "no", "yes", "Do not send it"),
    ],
)
def test_what_both_typed_is_said_at_its_field_and_holds_once_saved_again(
    staff: Staff, record: Any, mug: Listing, field: str, theirs: str, mine: str, said: str
) -> None:
    german = german_of(mug)
    old = typed(
        staff.client, record, **{f"{german}-{field}": mine, f"sku{mug.sku_id}-handling_time": "5"}
    )
    assert save(staff.client, record, **{f"{german}-{field}": theirs}).status_code == 302
    stored = Listing.objects.get()
    response = staff.client.post(address_of(record), old)
    [(at, [error])] = errors_of(response).items()
    assert at == f"{german}-{field.removesuffix('_end')}"
    assert f"another value since you opened the page: {said}." in error
    page = html.fromstring(response.content.decode())
    [form] = [form for form in page.forms if "shown" in form.fields]
    sent = {name: value.removeprefix("\n") for name, value in form.form_values()}
    assert sent[f"{german}-{field}"] == mine, "the page shows both"
    now = Listing.objects.get()
    assert (now.own_price, now.own_values, now.switches) == (
        stored.own_price, stored.own_values, stored.switches,
    )  # fmt: skip
    assert SellerSku.objects.get().own_values == {}, "nothing of it is saved"

    again = staff.client.post(address_of(record), {**sent, "do": "save"})
    assert again.status_code == 302
    assert SellerSku.objects.get().own_values == {"handling_time": 5}
    assert str(typed(staff.client, record)[f"{german}-{field}"]) == mine


def test_what_has_no_place_any_more_is_not_lost_in_silence(
    staff: Staff, record: Any, account: SellerAccount
) -> None:
    old = typed(staff.client, record, **{f"new{account.pk}-{GERMANY}-own_price": "11.00"})
    untouched = typed(staff.client, record)
    save(staff.client, record, **{f"new{account.pk}-synchronise": "yes"})
    response = staff.client.post(address_of(record), old)
    assert "sold under other SKUs than when you opened the page" in response.content.decode()
    assert SellerSku.objects.get().synchronise is True
    assert staff.client.post(address_of(record), untouched).status_code == 302


def test_codes_are_saved_for_the_offer_that_was_shown(
    staff: Staff, record: Any, account: SellerAccount
) -> None:
    data = typed(staff.client, record, **{"codes-ean": EAN}) | {"offer": "77"}
    response = staff.client.post(address_of(record), data)
    assert "Nothing is saved" in response.content.decode()
    assert not OfferIdentifier.objects.exists()


def test_a_request_that_does_not_say_what_it_showed_overwrites_nothing(
    staff: Staff, record: Any, mug: Listing
) -> None:
    data = typed(staff.client, record, **{f"{german_of(mug)}-own_price": "13.00"})
    for shown in ("", "[]", "nonsense"):
        response = staff.client.post(address_of(record), {**data, "shown": shown})
        assert f"{german_of(mug)}-own_price" in errors_of(response)
    mug.refresh_from_db()
    assert mug.own_price == Decimal("12.50")
