"""Erasing single buyers' data, and the row that everybody leaves who opens a buyer's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from django_amazon_sync import clock
from django_amazon_sync.admin.orders import erasing
from django_amazon_sync.models import AmazonOrder, Erasure, PersonalDataView
from django_amazon_sync.testing.factories import AmazonOrderFactory
from tests.admin.conftest import Staff, address, sent_again
from tests.world import World, shop_order

pytestmark = pytest.mark.django_db


def shipped(**columns: Any) -> AmazonOrder:
    given = {"status": "SHIPPED", "state": "recorded", **columns}
    return AmazonOrderFactory.create(**given)


def asked(staff: Staff, *orders: AmazonOrder) -> Any:
    """The page in between."""
    data = {"action": "erase", "_selected_action": [order.pk for order in orders]}
    return staff.client.post(address(AmazonOrder), data)


def test_the_page_says_what_goes_and_what_stays_and_then_it_goes(staff: Staff) -> None:
    goes = shipped()
    stays = AmazonOrderFactory.create(account=goes.account)
    page = asked(staff, goes, stays)
    said = page.content.decode()
    assert "of the buyer of 1 order go for good" in said
    assert f"are still to be sent, or erased already: {stays.number}" in said
    assert AmazonOrder.objects.filter(erased_at=None).count() == 2
    answer = staff.confirm(page)
    messages = [str(message) for message in answer.context["messages"]]
    assert messages == ["The buyer's data of 1 order are erased."]
    assert list(AmazonOrder.objects.filter(erased_at=None)) == [stays]
    evidence = Erasure.objects.get()
    assert (evidence.by, evidence.orders) == ("admin", [goes.number])
    assert str(goes.number) in staff.see(Erasure, evidence.pk)
    assert "recipient" in AmazonOrder.objects.get(pk=stays.pk).document


def test_an_order_of_unknown_status_goes_and_the_page_says_so(staff: Staff) -> None:
    unknown = shipped(status="", state="quarantined")
    page = asked(staff, unknown, shipped(account=unknown.account))
    said = f"does not say whether these were sent: {unknown.number}."
    assert said in page.content.decode()
    staff.confirm(page)
    assert not AmazonOrder.objects.filter(erased_at=None).exists()


def test_where_another_order_may_go_by_then_the_page_comes_again(staff: Staff) -> None:
    first = shipped()
    second = AmazonOrderFactory.create(account=first.account)
    page = asked(staff, first, second)
    AmazonOrder.objects.filter(pk=second.pk).update(status="SHIPPED", state="recorded")
    again = staff.client.post(page.context["back"], sent_again(page))
    assert again.context["changed"]
    assert AmazonOrder.objects.filter(erased_at=None).count() == 2


def test_none_that_can_go_and_too_many_are_said(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = asked(staff, AmazonOrderFactory.create()).content.decode()
    assert "None of them can be erased" in none
    assert "go for good" not in none
    monkeypatch.setattr(erasing, "MOST_AT_ONCE", 1)
    first = shipped()
    page = asked(staff, first, shipped(account=first.account))
    assert "Choose at most 1 orders" in page.content.decode()
    assert page.context["question"].stopped
    two = asked(staff, first, shipped())
    assert two.context["question"].stopped, "of two accounts they are as many"


def test_an_erased_order_says_when(staff: Staff) -> None:
    order = shipped(erased_at=clock.now() - timedelta(days=1))
    assert "Buyer&#x27;s data erased at" in staff.see(AmazonOrder, order.pk)


# --- Who saw what ---------------------------------------------------------------------------------


def seen() -> list[tuple[str, str, str]]:
    rows = PersonalDataView.objects.order_by("pk")
    return list(rows.values_list("order_number", "where", "by"))


def test_who_opens_a_buyers_page_leaves_a_row(
    staff: Staff, staff_with: Callable[..., Staff]
) -> None:
    order = shipped()
    staff.see(AmazonOrder)
    staff_with("view_amazonorder").see(AmazonOrder, order.pk)
    assert seen() == []
    staff.see(AmazonOrder, order.pk)
    assert seen() == [(order.number, "order", "admin")]
    assert order.number in staff.see(PersonalDataView)


def test_an_erased_order_shows_nobody_and_leaves_no_row(staff: Staff) -> None:
    staff.see(AmazonOrder, shipped(erased_at=clock.now()).pk)
    assert seen() == []


def test_a_search_that_names_buyers_leaves_a_row_for_each(
    staff: Staff, staff_with: Callable[..., Staff], world: World
) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    number = world.buy("MUG")
    world.amazon.advance(180)
    url = reverse("admin:django_amazon_sync_amazonorder_search")
    data = {"account": world.account.pk, "period": "month", "number": number}
    staff_with("import_amazonorder", "view_amazonorder").client.post(url, data)
    assert seen() == []
    assert number in staff.client.post(url, data).content.decode()
    assert seen() == [(number, "search", "admin")]


def test_who_opens_the_shops_order_or_its_file_leaves_a_row(staff: Staff, world: World) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    number = world.buy("MUG")
    world.import_orders()
    order = shop_order(number)
    assert staff.client.get(f"/dashboard/orders/{number}/").status_code == 200
    assert seen() == [(number, "shop", "admin")]
    data = {"action": "download_selected_orders", "selected_order": [order.pk]}
    answer = staff.client.post("/dashboard/orders/", data)
    assert number in answer.content.decode()
    assert seen()[1:] == [(number, "file", "admin")]
    AmazonOrder.objects.update(erased_at=clock.now())
    staff.client.get(f"/dashboard/orders/{number}/")
    assert len(seen()) == 2
