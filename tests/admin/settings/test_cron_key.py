"""The page of an account's cron key: shown once, replaced, switched off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from django_amazon_sync.models import Job, SellerAccount
from tests.admin.conftest import Staff
from tests.factories_amazon import LiveAccountFactory

pytestmark = pytest.mark.django_db


def address(account: SellerAccount) -> str:
    """Where the host's cron calls."""
    return reverse("django_amazon_sync:cron", args=[account.pk, Job.IMPORT_ORDERS])


def key_page(account: SellerAccount) -> str:
    return reverse("admin:django_amazon_sync_cron_key", args=[account.pk])


def test_a_key_is_shown_once_replaced_and_switched_off(
    staff: Staff,
    client: Client,
    use_broker: Callable[[str], None],
) -> None:
    use_broker("memory://")
    account = LiveAccountFactory.create()
    assert "There is no key" in staff.client.get(key_page(account)).content.decode()
    first = staff.client.post(key_page(account), {"new": "1"})
    assert "no-store" in first["Cache-Control"]
    key = first.context["key"]
    account.refresh_from_db()
    assert key not in account.cron_key_hash
    assert key not in staff.client.get(key_page(account)).content.decode()
    assert client.get(address(account), {"key": key}).status_code == 202

    second = staff.client.post(key_page(account), {"new": "1"}).context["key"]
    assert client.get(address(account), {"key": key}).status_code == 403
    assert client.get(address(account), {"key": second}).status_code == 202
    staff.client.post(key_page(account), {"off": "1"})
    assert client.get(address(account), {"key": second}).status_code == 403


def test_only_those_who_change_accounts_make_a_key(
    staff_with: Callable[..., Staff],
) -> None:
    account = LiveAccountFactory.create()
    viewer = staff_with("view_selleraccount")
    assert viewer.client.get(key_page(account)).status_code == 403
    assert viewer.client.post(key_page(account), {"new": "1"}).status_code == 403
    account.refresh_from_db()
    assert account.cron_key_hash == ""


def test_making_a_key_needs_the_csrf_token(admin_user: Any) -> None:
    account = LiveAccountFactory.create()
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.post(key_page(account), {"new": "1"}).status_code == 403
