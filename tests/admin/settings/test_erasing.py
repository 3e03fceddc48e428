"""The first erasing of an account waits for a person who saw its numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import AmazonOrder, SellerAccount
from django_amazon_sync.sync.privacy import erase
from django_amazon_sync.testing.factories import AmazonOrderFactory, SellerAccountFactory
from tests.admin.conftest import Staff, address, sent_again

pytestmark = pytest.mark.django_db


def old(account: SellerAccount, **columns: Any) -> AmazonOrder:
    then = clock.now() - timedelta(days=60)
    given = {"status": "SHIPPED", "state": "recorded", "ordered_at": then, **columns}
    return AmazonOrderFactory.create(account=account, **given)


def asked(staff: Staff, account: SellerAccount) -> Any:
    data = {"action": "let_erase", "_selected_action": [account.pk]}
    return staff.client.post(address(SellerAccount), data)


def test_the_numbers_are_shown_and_then_it_begins(staff: Staff) -> None:
    account = SellerAccountFactory.create(name="Our shop")
    old(account)
    old(account, status="UNSHIPPED", state="waiting")
    assert "kept until somebody looks at the numbers" in staff.see(SellerAccount, account.pk)
    page = asked(staff, account)
    said = page.content.decode()
    assert "The buyer&#x27;s data of 1 order go for good" in said
    assert "1 order that is as old stays" in said
    assert "30 days after the delivery" in said
    answer = staff.confirm(page)
    assert "Our shop erases buyers" in str([str(one) for one in answer.context["messages"]])
    account.refresh_from_db()
    assert account.erasing_allowed_by == "admin"
    assert "admin let it" in staff.see(SellerAccount, account.pk)
    erase.erase_due()
    assert AmazonOrder.objects.filter(erased_at=None).count() == 1
    assert "It erases buyers" in asked(staff, account).content.decode()


def test_what_was_let_by_mistake_is_stopped_and_begins_as_the_first_time(
    staff: Staff, staff_with: Callable[..., Staff]
) -> None:
    account = SellerAccountFactory.create(name="Our shop")
    old(account)
    erase.allow(account, "clerk")
    data = {"action": "stop_erasing", "_selected_action": [account.pk]}
    clerk = staff_with("view_selleraccount", "change_selleraccount")
    clerk.client.post(address(SellerAccount), data)
    account.refresh_from_db()
    assert account.erases_since is not None
    answer = staff.client.post(address(SellerAccount), data, follow=True)
    assert "erases no buyers" in str([str(one) for one in answer.context["messages"]])
    account.refresh_from_db()
    assert SellerAccount.objects.filter(erases_since=None, erasing_allowed_by="").exists()
    erase.erase_due()
    assert AmazonOrder.objects.get().erased_at is None
    again = staff.client.post(address(SellerAccount), data, follow=True)
    assert "erases no buyers" in str([str(one) for one in again.context["messages"]])
    staff.confirm(asked(staff, account))
    erase.erase_due()
    assert AmazonOrder.objects.get().erased_at is not None


def test_other_orders_by_then_make_the_page_come_again(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    old(account)
    page = asked(staff, account)
    old(account)
    again = staff.client.post(page.context["back"], sent_again(page))
    assert again.context["changed"]
    account.refresh_from_db()
    assert account.erases_since is None
