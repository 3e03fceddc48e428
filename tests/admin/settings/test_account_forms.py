"""Forms of accounts and applications: secrets, addresses, marketplaces."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import (
    AccessToken,
    AccountState,
    Application,
    Marketplace,
    SellerAccount,
)
from django_amazon_sync.testing.factories import ApplicationFactory, SellerAccountFactory
from tests.admin.conftest import Staff
from tests.admin.forms import account_form
from tests.admin.settings.account_steps import new_account
from tests.factories_amazon import ORDERED, UNITED_STATES

pytestmark = pytest.mark.django_db


def test_a_secret_left_empty_stays(staff: Staff) -> None:
    application = ApplicationFactory.create(client_secret="the-client-secret")
    response = staff.save(Application, application.pk, name="Renamed", client_id="c", new_secret="")
    assert response.status_code == 302
    application = Application.objects.get()
    assert (application.name, application.client_secret) == ("Renamed", "the-client-secret")


def test_a_new_client_secret_replaces_the_old_and_its_tokens(staff: Staff) -> None:
    account = SellerAccountFactory.create(
        state=AccountState.DISCONNECTED, state_reason="The secret is too old."
    )
    AccessToken.objects.create(account=account, token="old", expires_at=ORDERED)
    application = account.application
    staff.save(Application, application.pk, name="A", client_id="c", new_secret="fresh")
    application.refresh_from_db()
    account.refresh_from_db()
    assert application.client_secret == "fresh"
    assert not AccessToken.objects.exists()
    assert (account.state, account.state_reason) == (AccountState.OBSERVING, "")


def test_a_new_refresh_token_connects_the_account_again(staff: Staff) -> None:
    account = SellerAccountFactory.create(state=AccountState.DISCONNECTED)
    AccessToken.objects.create(account=account, token="old", expires_at=ORDERED)
    response = staff.save(SellerAccount, account.pk, **account_form(account, new_secret="fresh"))
    assert response.status_code == 302, response.context["errors"]
    account.refresh_from_db()
    assert account.refresh_token == "fresh"
    assert account.state == AccountState.OBSERVING
    assert not AccessToken.objects.exists()


def test_a_new_account_needs_its_secret(staff: Staff) -> None:
    response = staff.save(Application, name="A", client_id="c", new_secret="")
    assert response.status_code == 200
    assert not Application.objects.exists()


def test_a_language_tag_that_is_not_of_amazons_form_is_refused(staff: Staff) -> None:
    for odd in ("klingon", "xx"):
        response = new_account(staff, **{"marketplaces-0-language": odd})
        words = f"“{odd}” is no language tag of Amazon&#x27;s; write it as in de_DE."
        assert words in response.content.decode()
        assert not SellerAccount.objects.exists()
    assert new_account(staff, **{"marketplaces-0-language": "nl_BE"}).status_code == 302
    assert Marketplace.objects.get().language == "nl_BE"


def test_a_marketplace_of_another_region_is_refused(staff: Staff) -> None:
    response = new_account(staff, code=UNITED_STATES)
    assert "US is not in the region of the account (Europe)" in response.content.decode()
    assert not SellerAccount.objects.exists()


def test_payment_and_shipping_are_chosen_from_the_shop(staff: Staff) -> None:
    account = SellerAccountFactory.create(default_payment_method="gone-from-the-shop")
    page = staff.see(SellerAccount, account.pk)
    assert '<option value="amazon">Amazon</option>' in page
    assert '<option value="gone-from-the-shop" selected>' in page
    response = staff.save(
        SellerAccount, account.pk, **account_form(account, default_payment_method="nonsense")
    )
    assert "nonsense is not one of the available choices" in response.content.decode()


def test_without_a_shop_the_page_still_works(staff: Staff, settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "SHOP": ""}
    account = SellerAccountFactory.create()
    assert 'name="default_payment_method"' in staff.see(SellerAccount, account.pk)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("anna@example.com", "anna@example.com"),
        (" anna@example.com \r\n\r\nben@example.com\r\nanna@example.com",
         "anna@example.com\nben@example.com"),
        ("", ""),
    ],
)  # fmt: skip
def test_alarms_go_to_addresses_one_a_line(staff: Staff, written: str, stored: str) -> None:
    account = SellerAccountFactory.create()
    form = account_form(account, alarm_recipients=written)
    assert staff.save(SellerAccount, account.pk, **form).status_code == 302
    account.refresh_from_db(fields=["alarm_recipients"])
    assert account.alarm_recipients == stored


@pytest.mark.parametrize("written", ["anna", "anna@example.com, ben@example.com", "a@b\nBcc: x"])
def test_what_is_no_address_is_named_and_nothing_is_saved(staff: Staff, written: str) -> None:
    account = SellerAccountFactory.create(name="Before")
    form = account_form(account, name="After", alarm_recipients=written)
    answer = staff.save(SellerAccount, account.pk, **form)
    assert "is not a valid e-mail address" in answer.content.decode()
    account.refresh_from_db(fields=["alarm_recipients", "name"])
    assert (account.alarm_recipients, account.name) == ("", "Before")
