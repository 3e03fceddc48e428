"""Connecting an account in the admin: by token, on Amazon's website, again, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from django_amazon_sync.admin.settings import connecting
from django_amazon_sync.amazon.sessions import session
from django_amazon_sync.models import AccountState, Application, Marketplace, SellerAccount
from django_amazon_sync.testing.factories import (
    ApplicationFactory,
    MarketplaceFactory,
    SellerAccountFactory,
)
from django_amazon_sync.testing.simulator import Seller
from tests import factories
from tests.admin.conftest import Staff
from tests.world import DE, FR, World

pytestmark = pytest.mark.django_db

EU = "/admin/django_amazon_sync/selleraccount/connect/eu/"
REGION = reverse("admin:django_amazon_sync_connect")


def filled(seller: Seller, **changes: Any) -> dict[str, Any]:
    """What the browser posts of a new account with a new application and a token."""
    form = {
        "marketplaces": [DE, FR],
        "name": "Shop in Europe",
        "scope": "",
        "orders_since_0": "week",
        "application": "",
        "application_name": "Our shop",
        "client_id": seller.client_id,
        "client_secret": seller.client_secret,
        "secret_made_on": "2026-11-01",
        "application_id": application_id(seller),
        "draft": "on",
        "way": "token",
        "seller_id": seller.seller_id,
        "refresh_token": seller.refresh_token,
    }
    return form | changes


def application_id(seller: Seller) -> str:
    return f"amzn1.sp.solution.{seller.client_id.rsplit('.', 1)[-1]}"


@pytest.fixture
def seller(connect: Callable[..., World], amazon: Any) -> Seller:
    """Amazon's seller in Europe, not connected yet; the settings lead to the simulator."""
    found: Seller = amazon.seller("eu")
    return found


# --- With a token --------------------------------------------------------------------------------


def test_the_region_leads_to_its_stores(staff: Staff) -> None:
    response = staff.client.post(REGION, {"region": "fe"})
    assert response.status_code == 302
    page = staff.client.get(response["Location"]).content.decode()
    for known in ("www.amazon.co.jp", "JPY", "ja_JP", "www.amazon.sg"):
        assert known in page
    assert "www.amazon.de" not in page


def test_an_account_is_connected_with_a_pasted_token(staff: Staff, seller: Seller) -> None:
    response = staff.client.post(EU, filled(seller), follow=True)
    account = SellerAccount.objects.get()
    assert [str(one) for one in response.context["messages"]] == ["Shop in Europe is connected."]
    assert account.state == AccountState.OBSERVING
    assert account.authorised_on == timezone.localdate()
    assert account.orders_since is not None
    assert timezone.now() - account.orders_since > timedelta(days=6)
    application = account.application
    assert (application.name, application.draft) == ("Our shop", True)
    assert application.application_id == application_id(seller)
    assert str(application.secret_made_on) == "2026-11-01"
    assert set(Marketplace.objects.values_list("code", flat=True)) == {DE, FR}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"marketplaces": []}, "marketplaces"),
        ({"client_id": "amzn1.sp.solution.1"}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"refresh_token": ""}, "refresh_token"),
        ({"seller_id": ""}, "seller_id"),
        ({"seller_id": "A1/../B"}, "seller_id"),
        ({"client_id": "amzn1.application-oa2-client.１"}, "client_id"),
        ({"way": "website", "application_id": "amzn1.sp.solution&x=1"}, "application_id"),
        ({"secret_made_on": "2999-01-01"}, "secret_made_on"),
        ({"orders_since_0": "date", "orders_since_1": "2001-01-01"}, "orders_since"),
        ({"refresh_token": "Atzr|another"}, "refresh_token"),
        ({"client_secret": "amzn1.oa2-cs.v1.another"}, "refresh_token"),
        ({"marketplaces": ["A28R8C7NBKEWEA"]}, "__all__"),
        ({"way": "website", "application_id": ""}, "application_id"),
    ],
)
def test_bad_input_is_told_at_its_field_and_nothing_is_made(
    staff: Staff, seller: Seller, changes: dict[str, Any], field: str
) -> None:
    response = staff.client.post(EU, filled(seller, **changes))
    assert response.status_code == 200
    assert field in response.context["form"].errors, response.context["form"].errors
    assert not Application.objects.exists()
    assert not SellerAccount.objects.exists()
    page = response.content.decode()
    assert seller.refresh_token not in page
    assert seller.client_secret not in page


def test_a_second_account_of_the_same_seller_is_warned_of(staff: Staff, seller: Seller) -> None:
    SellerAccountFactory.create(seller_id=seller.seller_id, region="eu", name="The first")
    response = staff.client.post(EU, filled(seller), follow=True)
    said = " ".join(str(one) for one in response.context["messages"])
    assert "is connected by The first too" in said


def test_accounts_of_two_regions_stand_side_by_side(
    staff: Staff,
    amazon: Any,
    seller: Seller,
) -> None:
    staff.client.post(EU, filled(seller))
    american = amazon.seller("na")
    form = filled(american, marketplaces=["ATVPDKIKX0DER"], name="Shop in America")
    if american.client_id == seller.client_id:
        form |= {"application": Application.objects.get().pk, "client_id": ""}
    response = staff.client.post(EU.replace("/eu/", "/na/"), form)
    assert response.status_code == 302, response.context["form"].errors
    regions = SellerAccount.objects.order_by("region").values_list("region", flat=True)
    assert list(regions) == ["eu", "na"]


# --- On Amazon's website -------------------------------------------------------------------------


def go_to_amazon(staff: Staff, seller: Seller, **changes: Any) -> tuple[str, str]:
    """Start the workflow; Seller Central's address, and where it sends the browser back to."""
    form = filled(seller, way="website", seller_id="", refresh_token="", **changes)
    response = staff.client.post(changes.pop("to", EU), form)
    assert response.status_code == 302, response.context["form"].errors
    consent = response["Location"]
    answer = session().post(
        consent, data={"seller": seller.seller_id}, allow_redirects=False, timeout=5
    )
    assert answer.status_code == 302, answer.text
    return consent, answer.headers["Location"].removeprefix("http://testserver")


def test_an_account_is_authorised_on_amazons_website(staff: Staff, seller: Seller) -> None:
    consent, back = go_to_amazon(staff, seller)
    asked = parse_qs(urlsplit(consent).query)
    assert asked["application_id"] == [application_id(seller)]
    assert asked["version"] == ["beta"]
    assert asked["redirect_uri"] == [
        f"http://testserver{reverse('admin:django_amazon_sync_connect_back')}"
    ]
    assert not SellerAccount.objects.exists()
    kept = str(dict(staff.client.session))
    assert seller.client_secret not in kept
    response = staff.client.get(back)
    assert response["Referrer-Policy"] == "no-referrer"
    account = SellerAccount.objects.get()
    assert response["Location"].endswith(f"/{account.pk}/check/")
    assert account.seller_id == seller.seller_id
    assert account.refresh_token == seller.refresh_token
    assert account.marketplaces.count() == 2


def test_what_comes_back_is_taken_once(staff: Staff, seller: Seller) -> None:
    _consent, back = go_to_amazon(staff, seller)
    staff.client.get(back)
    response = staff.client.get(back, follow=True)
    assert "This does not answer anything that you asked" in response.content.decode()


def test_a_forged_state_is_refused(staff: Staff, seller: Seller) -> None:
    _consent, back = go_to_amazon(staff, seller)
    response = staff.client.get(back.replace("state=", "state=x"), follow=True)
    assert "This does not answer anything that you asked" in response.content.decode()
    assert not SellerAccount.objects.exists()


def test_another_session_is_refused(staff: Staff, admin_user: Any, seller: Seller) -> None:
    _consent, back = go_to_amazon(staff, seller)
    other = Client()
    other.force_login(admin_user)
    response = other.get(back, follow=True)
    assert "This does not answer anything that you asked" in response.content.decode()
    assert not SellerAccount.objects.exists()


def test_the_way_ends_after_ten_minutes(
    staff: Staff, seller: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "WAITS", timedelta(seconds=-1))
    _consent, back = go_to_amazon(staff, seller)
    response = staff.client.get(back, follow=True)
    assert "It took longer than ten minutes" in response.content.decode()
    assert not SellerAccount.objects.exists()


def test_an_old_code_is_told_in_words(staff: Staff, seller: Seller, amazon: Any) -> None:
    _consent, back = go_to_amazon(staff, seller)
    amazon.advance(301)
    response = staff.client.get(back, follow=True)
    assert "has expired or was used already; authorise once more" in response.content.decode()
    assert not SellerAccount.objects.exists()


# --- Again ---------------------------------------------------------------------------------------


def test_a_disconnected_account_is_connected_again_and_keeps_its_rows(
    staff: Staff,
    connect: Callable[..., World],
    amazon: Any,
) -> None:
    world = connect()
    amazon.revoke("eu")
    token = amazon.authorise_again("eu")
    world.account.move(AccountState.DISCONNECTED, state_reason="revoked")
    again = connecting.connect_again_url(world.account)
    page = staff.client.get(again).content.decode()
    assert "its products, orders and settings stay as they are" in page
    response = staff.client.post(
        again,
        {"marketplaces": [DE], "application": world.account.application_id, "way": "token",
         "seller_id": "ANOTHER", "refresh_token": token},
    )  # fmt: skip
    assert response.status_code == 302, response.context["form"].errors
    account = SellerAccount.objects.get()
    assert (account.pk, account.state) == (world.account.pk, AccountState.OBSERVING)
    assert account.refresh_token == token


def test_another_seller_does_not_take_an_account_over(
    staff: Staff,
    connect: Callable[..., World],
    amazon: Any,
) -> None:
    world = connect()
    Application.objects.update(application_id=application_id(world.seller))
    world.account.seller_id = "A-FORMER-SELLER"
    world.account.save()
    form = {"marketplaces": [DE], "application": world.account.application_id, "way": "website"}
    response = staff.client.post(connecting.connect_again_url(world.account), form)
    answer = session().post(
        response["Location"], data={"seller": world.seller.seller_id},
        allow_redirects=False, timeout=5,
    )  # fmt: skip
    back = answer.headers["Location"].removeprefix("http://testserver")
    said = staff.client.get(back, follow=True).content.decode()
    assert f"You authorised as seller {world.seller.seller_id}" in said
    assert SellerAccount.objects.get().seller_id == "A-FORMER-SELLER"


# --- Who may -------------------------------------------------------------------------------------


def test_only_those_who_may_add_accounts_connect_one(
    staff_with: Callable[..., Staff], seller: Seller
) -> None:
    packer = staff_with("view_selleraccount", "view_application")
    assert packer.client.get(REGION).status_code == 403
    assert packer.client.post(EU, filled(seller)).status_code == 403
    assert not SellerAccount.objects.exists()


def test_without_the_right_to_make_applications_one_is_chosen(
    staff_with: Callable[..., Staff], seller: Seller
) -> None:
    adder = staff_with("add_selleraccount", "view_application")
    response = adder.client.post(EU, filled(seller))
    assert "application" in response.context["form"].errors
    assert not Application.objects.exists()


def test_the_account_says_when_secret_and_authorisation_end(staff: Staff) -> None:
    application = ApplicationFactory.create(secret_made_on=date(2026, 11, 1), public=True)
    account = SellerAccountFactory.create(application=application, authorised_on=date(2026, 11, 2))
    page = staff.see(SellerAccount, account.pk)
    assert f"ends on {date_format(date(2027, 4, 30))}" in page
    assert f"ends on {date_format(date(2027, 11, 2))}" in page
    assert "Connect again" in page


def test_a_partners_staff_connect_for_their_own_part_of_the_shop_only(
    staff_with: Callable[..., Staff],
    seller: Seller,
) -> None:
    ours, theirs = (factories.partner(code) for code in ("ours", "theirs"))
    other = SellerAccountFactory.create(seller_id="ANOTHER", shop_scope=theirs.code)
    vendor = staff_with(
        "add_selleraccount", "add_application", "change_selleraccount", "check_selleraccount"
    )
    ours.users.add(get_user_model().objects.get(username="packer"))
    response = vendor.client.post(EU, filled(seller, scope=theirs.code))
    assert "scope" in response.context["form"].errors
    assert not SellerAccount.objects.filter(seller_id=seller.seller_id).exists()
    assert other.application not in response.context["form"].fields["application"].queryset
    response = vendor.client.post(EU, filled(seller, scope=ours.code))
    assert response.status_code == 302, response.context["form"].errors
    mine = SellerAccount.objects.get(seller_id=seller.seller_id)
    assert mine.shop_scope == ours.code
    for name in ("connect_check", "cron_key"):
        page = f"admin:django_amazon_sync_{name}"
        assert vendor.client.get(reverse(page, args=[mine.pk])).status_code == 200
        assert vendor.client.get(reverse(page, args=[other.pk])).status_code == 404
        assert vendor.client.post(reverse(page, args=[other.pk])).status_code == 404
    assert vendor.client.get(connecting.connect_again_url(other)).status_code == 404


def test_an_account_of_others_is_not_connected_anew(
    staff_with: Callable[..., Staff], seller: Seller
) -> None:
    ours, theirs = (factories.partner(code) for code in ("ours", "theirs"))
    SellerAccountFactory.create(seller_id=seller.seller_id, region="eu", shop_scope=theirs.code)
    vendor = staff_with("add_selleraccount", "add_application")
    ours.users.add(get_user_model().objects.get(username="packer"))
    assert vendor.client.post(EU, filled(seller, scope=ours.code)).status_code == 403
    assert SellerAccount.objects.get().shop_scope == theirs.code


def test_the_account_offers_the_stores_of_its_region_with_their_currencies(staff: Staff) -> None:
    account = SellerAccountFactory.create(region="fe")
    MarketplaceFactory.create(account=account, code="A1VC38T7YXB528", language="ja_JP")
    page = staff.see(SellerAccount, account.pk)
    for known in ("www.amazon.co.jp", "JPY", "ja_JP", "Amazon SG", "Amazon AU"):
        assert known in page
    assert "Amazon DE" not in page


def test_who_may_only_add_accounts_writes_over_none(
    staff: Staff, staff_with: Callable[..., Staff], seller: Seller
) -> None:
    staff.client.post(EU, filled(seller, scope="first"))
    account = SellerAccount.objects.get()
    adder = staff_with("add_selleraccount", "view_application")
    again = filled(seller, application=account.application_id, scope="second")
    assert adder.client.post(EU, again).status_code == 403
    assert SellerAccount.objects.get().shop_scope == "first"


def test_a_lost_key_is_told_and_takes_no_page_of_connecting_away(
    staff: Staff, seller: Seller, settings: Any
) -> None:
    staff.client.post(EU, filled(seller))
    account = SellerAccount.objects.get()
    chosen = {"application": account.application_id, "client_id": ""}
    _consent, back = go_to_amazon(staff, seller, **chosen)
    another = {"ENCRYPTION_KEYS": [Fernet.generate_key().decode()]}
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, **another}
    check = reverse("admin:django_amazon_sync_connect_check", args=[account.pk])
    assert staff.client.get(check).status_code == 200
    assert "ENCRYPTION_KEYS" in staff.client.post(check).content.decode()
    assert "ENCRYPTION_KEYS" in staff.client.post(EU, filled(seller, **chosen)).content.decode()
    assert "ENCRYPTION_KEYS" in staff.client.get(back, follow=True).content.decode()
