"""Edit selected: one value for many rows, looked at before, saved in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_amazon_sync.models import Listing, OfferChange, SellerSku
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests.admin.conftest import Staff, address
from tests.admin.rows import waiting_listings
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db


def edit(staff: Staff, model: type[Any], step: str, *rows: Any, **data: Any) -> Any:
    """Post one page of the editing; without rows it is about all that match."""
    across = not rows
    chosen = rows or [model.objects.order_by("pk")[0]]
    posted = {
        "action": "edit_selected", "select_across": str(int(across)), "step": step,
        "_selected_action": [row.pk for row in chosen], **data,
    }  # fmt: skip
    return staff.client.post(address(model), posted, follow=True)


def edited(staff: Staff, model: type[Any], *rows: Any, **data: Any) -> Any:
    """Look, then save what was looked at."""
    outlook = edit(staff, model, "look", *rows, **data).context["outlook"]
    return edit(staff, model, "save", *rows, mark=outlook.mark, **data)


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
    answer = edit(staff, SellerSku, "save", mark=answer.context["outlook"].mark, **CONDITION)
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


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({"own_price_how": "set", "own_price": "-1"}, "own_price", "greater than or equal"),
        ({"own_price_how": "set", "own_price": "abc"}, "own_price", "Enter a number"),
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
    """Yen have no decimals; the other marketplace's listings stay too."""
    account = LiveAccountFactory.create(region="fe")
    yen, dollars = (
        MarketplaceFactory.create(account=account, code=code)
        for code in ("A1VC38T7YXB528", "A39IBJ37TRP1C6")
    )
    sku = SellerSkuFactory.create(account=account, sku="MUG")
    ListingInStepFactory.create(marketplace=yen, sku=sku)
    ListingInStepFactory.create(marketplace=dollars, sku=sku)
    price = {"edit_field": ["own_price"], "own_price_how": "set", "own_price": "9.99"}
    answer = edit(staff, Listing, "look", **price)
    assert "A price in JPY has no decimal places." in answer.content.decode()
    assert "Save all" not in answer.content.decode()
    edit(staff, Listing, "save", mark=answer.context["outlook"].mark, **price)
    assert not Listing.objects.exclude(own_price=None).exists()


def test_rows_that_came_to_match_since_are_not_saved(staff: Staff) -> None:
    waiting_listings(2)
    mark = edit(staff, SellerSku, "look", **CONDITION).context["outlook"].mark
    SellerSkuFactory.create(account=SellerSku.objects.first().account, sku="LATER")  # type: ignore[union-attr]
    answer = edit(staff, SellerSku, "save", mark=mark, **CONDITION)
    assert "Other rows match by now" in answer.content.decode()
    assert not SellerSku.objects.filter(condition="used_good").exists()


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
        mark = edit(staff, SellerSku, "look", **CONDITION).context["outlook"].mark
        with CaptureQueriesContext(connection) as captured:
            edit(staff, SellerSku, "save", mark=mark, **CONDITION)
        assert SellerSku.objects.filter(condition="used_good").count() == number
        counted.append(len(captured))
    assert counted[0] == counted[1]


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
    edit(staff, Listing, "save", mark=answer.context["outlook"].mark, **sale)
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
