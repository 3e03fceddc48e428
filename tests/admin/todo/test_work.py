"""Everyday work on the overview, and the ways to the overview."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_amazon_sync.models import (
    Application,
    Job,
    Lack,
    OrderState,
    Outcome,
    Overview,
    RunLine,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    SellerSkuFactory,
    SyncRunFactory,
)
from tests.admin.conftest import Staff
from tests.admin.todo.overview_steps import URL, page_of, wants
from tests.factories_amazon import (
    ORDERED,
    ListingInStepFactory,
    LiveAccountFactory,
    ProposalFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(db: None) -> SellerAccount:
    made: SellerAccount = LiveAccountFactory.create(
        synchronise_all=True, alarm_recipients="a@example.com"
    )
    return made


def an_order(account: SellerAccount) -> None:
    columns: dict[str, Any] = {"status": "UNSHIPPED", "state": OrderState.PLACED}
    AmazonOrderFactory.create(account=account, shop_order_pk="1", **columns)
    AmazonOrderFactory.create(account=account, shop_order_pk="2", fulfilled_by="AMAZON", **columns)


def a_stopped_product(account: SellerAccount) -> None:
    SellerSkuFactory.create(account=account, problem="The shop has no price.")
    SellerSkuFactory.create(account=account, problem="It is off.", synchronise=False)
    SellerSkuFactory.create(account=account)


def a_proposal(account: SellerAccount) -> None:
    ProposalFactory.create(sku__account=account)
    ProposalFactory.create(sku__account=account, refused=True)


def nobody_reads(account: SellerAccount) -> None:
    SellerAccount.objects.update(alarm_recipients="")


def a_report_that_differs(account: SellerAccount) -> None:
    counts = {Outcome.DRIFTED.value: 1}
    run = SyncRunFactory.create(account=account, job=Job.RECONCILE, counts=counts)
    RunLine.objects.create(run=run, outcome=Outcome.DRIFTED, order_number="302-1")
    RunLine.objects.create(run=run, outcome=Outcome.WAITING, order_number="302-1")


@pytest.mark.parametrize(
    ("make", "sentence", "rows"),
    [
        (an_order, "1 order is to be shipped.", 1),
        (
            a_stopped_product,
            "Something stops 1 product: its page says what, and where to mend it.",
            1,
        ),
        (a_proposal, "1 proposal of matching waits for your decision.", 1),
        (
            a_report_that_differs,
            "Amazon's report says something else of 1 order than Amazon's answer: look at it in "
            "Seller Central.",
            1,
        ),
        (nobody_reads, "Nobody gets the alarms of this account by e-mail.", None),
    ],
)
def test_the_overview_tells_of_work_and_leads_to_it(
    staff: Staff,
    account: SellerAccount,
    make: Callable[[SellerAccount], None],
    sentence: str,
    rows: int | None,
) -> None:
    make(account)
    told = {unescape(text): path for text, path in wants(staff).items()}
    response = staff.client.get(told[sentence])
    assert response.status_code == 200
    if rows is not None:
        assert response.context["cl"].result_count == rows


def test_it_links_to_no_page_that_is_shut_to_whoever_looks(
    staff_with: Callable[..., Staff], account: SellerAccount
) -> None:
    an_order(account)
    a_stopped_product(account)
    SyncRunFactory.create(account=account)
    ListingInStepFactory.create(marketplace__account=account)
    looker = staff_with("view_selleraccount", "view_sellersku")
    page = page_of(looker)
    for sentence in ("1 order is to be shipped.", "Something stops 1 product"):
        assert sentence in unescape(page)
    own = page.split("amazon-overview")[1]
    links = {unescape(path) for path in re.findall(r'href="(/admin/[^"]+)"', own)}
    assert len(links) > 2
    assert {path: looker.client.get(path).status_code for path in links} == dict.fromkeys(
        links, 200
    )


def test_it_tells_that_nobody_can_buy(staff: Staff, account: SellerAccount) -> None:
    Lack.objects.create(
        account=account, part=access.Part.SELLING, code="not-selling", since=ORDERED,
        again_at=ORDERED, reason="The account is suspended.",
    )  # fmt: skip
    assert any("The account is suspended." in text for text in wants(staff))


def test_one_more_account_asks_no_more_queries(staff: Staff, account: SellerAccount) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            staff.client.get(URL)
        return len(queries)

    for make in (an_order, a_stopped_product, a_proposal):
        make(account)
    asked()
    before = asked()
    for make in (an_order, a_stopped_product, a_proposal):
        make(LiveAccountFactory.create(synchronise_all=True))
    assert asked() == before
    assert SellerSku.objects.exists()


def test_an_empty_overview_says_what_to_do_first(staff: Staff) -> None:
    page = page_of(staff)
    assert "First connect one:" in page
    assert reverse("admin:django_amazon_sync_connect") in page


def test_an_empty_overview_names_who_connects(staff_with: Callable[..., Staff]) -> None:
    page = page_of(staff_with("view_selleraccount"))
    assert "Somebody who may add seller accounts does that." in page
    assert reverse("admin:django_amazon_sync_connect") not in page


@pytest.mark.parametrize("page", ["admin:index", "dashboard:index"])
def test_the_admin_and_oscars_menu_lead_to_it(
    staff: Staff, staff_with: Callable[..., Staff], page: str
) -> None:
    def leads(client: Client) -> bool:
        return URL in client.get(reverse(page)).content.decode()

    assert leads(staff.client)
    assert not leads(staff_with("view_sellersku").client)


@pytest.mark.parametrize("page", ["index", "app_list"])
def test_it_is_an_entry_of_the_admin_to_look_at(
    staff: Staff, staff_with: Callable[..., Staff], page: str
) -> None:
    """Among the models of any project's admin, without a template of the project's."""

    def entry(client: Client) -> dict[str, Any] | None:
        takes = {"app_label": "django_amazon_sync"} if page == "app_list" else {}
        response = client.get(reverse(f"admin:{page}", kwargs=takes))
        apps = response.context["app_list"]
        entries = [one for app in apps for one in app["models"] if one["model"] is Overview]
        return entries[0] if entries else None

    for client in (staff.client, staff_with("view_selleraccount").client):
        found = entry(client)
        assert found is not None
        assert (found["name"], found["admin_url"]) == ("Amazon at a glance", URL)
        assert found["view_only"]
        assert not found["add_url"]
    get_user_model().objects.get(username="packer").delete()
    assert entry(staff_with("view_sellersku").client) is None


def test_nobody_is_given_a_permission_for_it() -> None:
    assert not Permission.objects.filter(content_type__model="overview").exists()


def test_where_it_was_before_leads_to_it(staff: Staff) -> None:
    before = reverse("admin:django_amazon_sync_selleraccount_changelist") + "overview/"
    assert staff.client.get(before)["Location"] == URL


def test_a_far_day_breaks_no_page(staff: Staff, account: SellerAccount) -> None:
    account.application.secret_made_on = account.authorised_on = date.max
    account.application.public = True
    account.application.save()
    account.save()
    assert "Nothing: all is well." in page_of(staff) or wants(staff)
    response = staff.save(
        Application, account.application_id, name="A", client_id="amzn1", new_secret="",
        secret_made_on="9999-12-31",
    )  # fmt: skip
    assert "This day has not come yet." in response.content.decode()
