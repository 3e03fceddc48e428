"""Edit selected: one value for many rows, looked at before, saved in one transaction."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_amazon_sync.admin.products import edit_many
from django_amazon_sync.models import Listing, OfferChange, SellerSku
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests.admin.conftest import Staff
from tests.admin.products.edit_steps import edit, edited
from tests.admin.rows import waiting_listings
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db


CONDITION = {"edit_field": ["condition"], "condition_how": "set", "condition": "used_good"}


def test_the_pages_one_by_one(staff: Staff) -> None:
    waiting_listings(3)
    SellerSku.objects.filter(sku="S000002").update(condition="used_good")
    page = edit(staff, SellerSku, "", *SellerSku.objects.all()).content.decode()
    assert "3 rows are chosen." in page
    assert "Condition" in page
    page = edit(staff, SellerSku, "values", edit_field=["condition"]).content.decode()
    assert "leave as is" in page
    answer = edit(staff, SellerSku, "look", **CONDITION)
    page = answer.content.decode()
    assert "2 of 3 would change." in page
    assert "<del>new_new</del>" in page
    assert "<ins>used_good</ins>" in page
    assert not SellerSku.objects.filter(condition="used_good", sku__lt="S000002").exists()
    answer = edit(staff, SellerSku, "save", mark=answer.context["outlook"].seen.text, **CONDITION)
    assert [str(one) for one in answer.context["messages"]] == ["2 rows are changed."]
    assert SellerSku.objects.filter(condition="used_good").count() == 3


def test_the_history_says_what_it_was_and_offers_are_looked_at_soon(staff: Staff) -> None:
    waiting_listings(2)
    edited(staff, SellerSku, **CONDITION)
    assert list(LogEntry.objects.order_by("pk").values_list("object_repr", "change_message")) == [
        (f"S00000{one}", "Edited together. condition: new_new → used_good.") for one in (0, 1)
    ]
    assert OfferChange.objects.count() == 2
    assert edited(staff, SellerSku, **CONDITION).status_code == 200
    assert LogEntry.objects.count() == 2, "What does not change has no history."


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({"own_price_how": "set", "own_price": "-1"}, "own_price", "Write a price"),
        ({"own_price_how": "set", "own_price": "abc"}, "own_price", "Write a price"),
        ({"own_price_how": "set", "own_price": ""}, "own_price", "Give a value"),
        ({"own_price_how": "leave", "own_price": "5"}, "own_price", "choose “set to”"),
        ({"own_price_how": "sideways"}, "own_price_how", "Select a valid choice"),
        ({"own_price_how": "leave"}, "__all__", "nothing to save"),
    ],
)
def test_bad_input_is_told_at_the_field_and_nothing_is_saved(
    staff: Staff, data: dict[str, str], field: str, words: str
) -> None:
    waiting_listings(1)
    for step in ("look", "save"):
        form = edit(staff, Listing, step, edit_field=["own_price"], **data).context["form"]
        assert words in str(form.errors[field])
    assert Listing.objects.get().own_price is None


def test_one_row_that_cannot_have_the_value_stops_all(staff: Staff) -> None:
    """An amount for two currencies names its own; the other marketplace's listings stay too."""
    account = LiveAccountFactory.create(region="fe")
    yen, dollars = (
        MarketplaceFactory.create(account=account, code=code)
        for code in ("A1VC38T7YXB528", "A39IBJ37TRP1C6")
    )
    sku = SellerSkuFactory.create(account=account, sku="MUG")
    ListingInStepFactory.create(marketplace=yen, sku=sku)
    ListingInStepFactory.create(marketplace=dollars, sku=sku)
    price = {"edit_field": ["own_price"], "own_price_how": "set", "own_price": "9.99"}
    form = edit(staff, Listing, "look", **price).context["form"]
    assert "Write the currency too" in str(form.errors["own_price"])
    price["own_price"] = "9.99 AUD"
    answer = edit(staff, Listing, "look", **price)
    told = "The price is in AUD, and the marketplace&#x27;s currency is JPY."
    assert told in answer.content.decode()
    assert "Save all" not in answer.content.decode()
    edit(staff, Listing, "save", mark=answer.context["outlook"].seen.text, **price)
    assert not Listing.objects.exclude(own_price=None).exists()


def test_rows_that_came_to_match_since_are_named_and_not_saved(staff: Staff) -> None:
    waiting_listings(2)
    mark = edit(staff, SellerSku, "look", **CONDITION).context["outlook"].seen.text
    SellerSkuFactory.create(account=SellerSku.objects.first().account, sku="LATER")  # type: ignore[union-attr]
    answer = edit(staff, SellerSku, "save", mark=mark, **CONDITION)
    assert [str(each) for each in answer.context["messages"]] == [
        "2 rows are changed.",
        "Not saved, as they are no longer what you saw: LATER. Look again.",
    ]
    edited_now = SellerSku.objects.filter(condition="used_good")
    assert set(edited_now.values_list("sku", flat=True)) == {"S000000", "S000001"}
    mark = answer.context["outlook"].seen.text
    edit(staff, SellerSku, "save", mark=mark, **CONDITION)
    assert edited_now.count() == 3


def test_a_value_that_changed_since_stays_and_its_row_is_named(staff: Staff) -> None:
    waiting_listings(2)
    price = {"edit_field": ["own_price"], "own_price_how": "set", "own_price": "8.00"}
    mark = edit(staff, Listing, "look", **price).context["outlook"].seen.text
    _first, second = Listing.objects.order_by("pk")
    Listing.objects.filter(pk=second.pk).update(own_price="19.00")
    answer = edit(staff, Listing, "save", mark=mark, **price)
    assert (
        f"no longer what you saw: {second}" in [str(one) for one in answer.context["messages"]][1]
    )
    assert list(Listing.objects.order_by("pk").values_list("own_price", flat=True)) == [8, 19]
    page = answer.content.decode()
    assert "<del>19.00 EUR</del>" in page
    assert "<ins>8.00 EUR</ins>" in page


def test_a_page_without_marks_saves_nothing(staff: Staff) -> None:
    waiting_listings(2)
    for mark in ("", "x" * 16):
        edit(staff, SellerSku, "save", mark=mark, **CONDITION)
    assert not SellerSku.objects.filter(condition="used_good").exists()


def test_more_rows_than_a_page_can_vouch_for_are_not_saved(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edit_many, "MOST_ROWS", 1)
    waiting_listings(2)
    page = edit(staff, SellerSku, "look", **CONDITION).content.decode()
    assert "At most 1 rows can be edited at once" in page
    assert "Save all" not in page


def test_prices_need_the_permission_to_change_prices(staff_with: Callable[..., Staff]) -> None:
    waiting_listings(1)
    packer = staff_with("view_listing", "change_listing")
    assert "own Amazon price" not in edit(packer, Listing, "").content.decode().lower()
    price = {"edit_field": ["own_price"], "own_price_how": "set", "own_price": "9.99"}
    for step in ("values", "look", "save"):
        assert edit(packer, Listing, step, **price).status_code == 403
    assert Listing.objects.get().own_price is None


def test_who_may_not_change_gets_no_page(staff_with: Callable[..., Staff]) -> None:
    waiting_listings(1)
    packer = staff_with("view_sellersku")
    edit(packer, SellerSku, "save", **CONDITION)
    assert not SellerSku.objects.filter(condition="used_good").exists()


def test_saving_takes_as_many_queries_for_1500_as_for_200(staff: Staff) -> None:
    ContentType.objects.get_for_model(SellerSku)  # is remembered from the first time on
    counted = []
    for number in (200, 1500):
        Listing.objects.all().delete()
        SellerSku.objects.all().delete()
        waiting_listings(number)
        mark = edit(staff, SellerSku, "look", **CONDITION).context["outlook"].seen.text
        with CaptureQueriesContext(connection) as captured:
            edit(staff, SellerSku, "save", mark=mark, **CONDITION)
        assert SellerSku.objects.filter(condition="used_good").count() == number
        counted.append(len(captured))
    assert counted[0] == counted[1]
