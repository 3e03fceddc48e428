"""The overview: is all well, and if not, what do I do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from django_amazon_sync import conf
from django_amazon_sync.models import (
    AccountState,
    Alarm,
    AmazonOrder,
    Job,
    Listing,
    OrderState,
    OrderWindow,
    Presence,
    SellerAccount,
    ShipmentState,
    WindowState,
)
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    MarketplaceFactory,
    ShipmentFactory,
    SyncRunFactory,
)
from tests import factories
from tests.admin.conftest import Staff
from tests.admin.todo.overview_steps import URL, page_of, wants
from tests.factories_amazon import AlarmFactory, ListingInStepFactory, LiveAccountFactory

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


def well(**columns: Any) -> SellerAccount:
    """A live account that nothing is the matter with."""
    account = LiveAccountFactory.create(**{"alarm_recipients": "a@example.com", **columns})
    now = timezone.now()
    OrderWindow.objects.create(
        account=account, state=WindowState.DONE, start=now - timedelta(hours=1), end=now
    )
    return account


def test_it_says_that_all_is_well(staff: Staff) -> None:
    account = well(name="Germany")
    ListingInStepFactory.create(marketplace__account=account)
    page = page_of(staff)
    assert "Nothing: all is well." in page
    assert "What changes in the shop is sent. Orders come in." in page
    assert "Orders are complete up to" in page


def test_what_a_deactivated_account_leaves_on_sale_is_no_all_is_well(staff: Staff) -> None:
    account = well(name="Germany")
    place = MarketplaceFactory.create(account=account)
    ListingInStepFactory.create_batch(2, marketplace=place)
    ListingInStepFactory.create(marketplace=place, believed={})  # not known: as on sale
    ListingInStepFactory.create(marketplace=place, believed={"quantity": 0})
    staff.press(SellerAccount, "deactivate", account)
    assert "all is well" not in page_of(staff)
    [(said, url)] = wants(staff).items()
    assert said == (
        "Deactivated: nothing is sent and no order comes in, and 3 offers stay on sale on Amazon "
        "(Amazon.de 3). Take the deactivation back, or end the offers in Seller Central."
    )
    assert url.endswith(f"/selleraccount/{account.pk}/change/")
    staff.press(SellerAccount, "activate", account)
    assert not any(said.startswith("Deactivated") for said in wants(staff))


def test_a_deactivated_account_that_sells_nothing_wants_nobody(staff: Staff) -> None:
    account = well(state=AccountState.DISCONNECTED, deactivated=True)
    ListingInStepFactory.create(marketplace__account=account, believed={"quantity": 0})
    assert "Nothing: all is well." in page_of(staff)


def test_without_accounts_it_says_so(staff: Staff) -> None:
    assert "There is no account to look at yet." in page_of(staff)


def test_every_matter_leads_to_where_it_is_mended(staff: Staff) -> None:
    account = well()
    place = MarketplaceFactory.create(account=account)
    ListingInStepFactory.create(marketplace=place, held={"price": "1.00 EUR"})
    ListingInStepFactory.create(marketplace=place, refused={"price": "1.00 EUR"})
    ListingInStepFactory.create(marketplace=place, drift={"quantity": {"live": 1}})
    AmazonOrderFactory.create(account=account, state=OrderState.QUARANTINED)
    AmazonOrderFactory.create(placed=True, account=account, cancellation_requested=True)
    AmazonOrderFactory.create(
        placed=True, account=account, ship_by=timezone.now() + timedelta(hours=3)
    )
    order = AmazonOrderFactory.create(placed=True, account=account)
    ShipmentFactory.create(order=order, state=ShipmentState.REFUSED)
    ShipmentFactory.create(order=order, state=ShipmentState.WAITING)
    found = wants(staff)
    assert len(found) == 9
    del found["3 orders are to be shipped."]  # see test_work.py
    for url in found.values():
        rows = staff.client.get(url).context["cl"]
        assert rows.result_count == 1, url
    settings = account.application
    settings.secret_made_on = timezone.localdate() - timedelta(days=179)
    settings.save()
    account.move(AccountState.DISCONNECTED, state_reason="The token is void.")
    more = {text: url for text, url in wants(staff).items() if text not in found}
    more.pop("3 orders are to be shipped.", None)
    assert len(more) == 2
    for url in more.values():
        assert staff.client.get(url).status_code == 200


def test_what_was_mended_is_gone(staff: Staff) -> None:
    account = well()
    ListingInStepFactory.create(marketplace__account=account, held={"price": "1.00 EUR"})
    [(text, _url)] = wants(staff).items()
    assert text == "The changes of 1 listing wait for approval."
    Listing.objects.update(held={})
    assert wants(staff) == {}


def test_accounts_that_want_somebody_come_first(staff: Staff) -> None:
    well(name="A")
    OrderWindow.objects.filter(account=well(name="B")).delete()
    SellerAccount.objects.filter(name="B").update(cut_over=timezone.now() - timedelta(days=1))
    page = page_of(staff)
    assert page.index(">B</a>: live") < page.index(">A</a>: live")


def test_listings_are_counted_once_each_by_the_most_pressing(staff: Staff) -> None:
    account = well()
    place = MarketplaceFactory.create(account=account)
    held, refused, drift = {"price": "1.00 EUR"}, {"name": "x"}, {"quantity": {"live": 1}}
    for columns in (
        {}, {}, {"held": held, "refused": refused, "drift": drift}, {"refused": refused},
        {"refused": refused, "drift": drift}, {"drift": drift}, {"presence": Presence.ABSENT},
        {"presence": Presence.UNREAD}, {"presence": Presence.ABSENT, "refused": refused},
    ):  # fmt: skip
        ListingInStepFactory.create(marketplace=place, **columns)
    page = page_of(staff)
    shown = {
        label: int(number)
        for number, label in re.findall(r'">(\d+) ([^<]+)</a></li>', page.split("amazon-shares")[1])
    }
    assert shown == {
        "on Amazon, in step": 2, "wait for approval": 1, "refused by Amazon": 3, "drifted": 1,
        "not on Amazon": 1, "not read yet": 1,
    }  # fmt: skip
    chart = page.split('<svg class="amazon-chart"')[1].split("</svg>")[0]
    widths = [float(width) for width in re.findall(r' width="([\d.]+)"', chart)]
    assert sum(widths) == pytest.approx(100, abs=0.01)
    assert len(widths) == 6


def test_the_last_run_of_each_job_is_shown(staff: Staff) -> None:
    account = well()
    earlier = SyncRunFactory.create(account=account, job=Job.EXPORT)
    refused = SyncRunFactory.create(account=account, job=Job.EXPORT, counts={"refused": 1})
    verified = SyncRunFactory.create(account=account, job=Job.VERIFY)
    SyncRunFactory.create(account=account, job=Job.EXPORT, dry_run=True)
    page = page_of(staff)
    assert f">{earlier}</a>" not in page
    row = page.split(f">{refused}</a>")[1].split("</tr>")[0]
    assert "<td>no</td>" in row
    assert "<td>yes</td>" in page.split(f">{verified}</a>")[1].split("</tr>")[0]


def test_it_takes_as_many_queries_for_many_accounts_and_listings(staff: Staff) -> None:
    def fill(number: int) -> None:
        for _ in range(number):
            account = well()
            place = MarketplaceFactory.create(account=account)
            ListingInStepFactory.create(marketplace=place, held={"price": "1.00 EUR"})
            ListingInStepFactory.create(marketplace=place, drift={"quantity": {"live": 1}})
            AmazonOrderFactory.create(account=account, state=OrderState.QUARANTINED)
            SyncRunFactory.create(account=account)
            off = well(state=AccountState.DISCONNECTED, deactivated=True)
            ListingInStepFactory.create(marketplace__account=off)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(staff)
        return len(captured)

    fill(2)
    few = queries()
    fill(20)
    assert queries() == few
    assert few <= 38


def test_budgets_are_shown_and_redis_that_is_away_is_said(staff: Staff, settings: Any) -> None:
    well()
    assert "patchListingsItem" in page_of(staff)
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "REDIS_URL": "redis://127.0.0.1:9/0"}
    page = page_of(staff)
    assert "Redis does not answer" in page
    assert "patchListingsItem" not in page
    assert conf.get("REDIS_URL")


def test_no_secret_is_opened(staff: Staff, settings: Any) -> None:
    account = well()
    AmazonOrderFactory.create(
        account=account, state=OrderState.QUARANTINED, document={"buyer": {"buyerName": "Anna"}}
    )
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "ENCRYPTION_KEYS": []}
    assert "in quarantine" in page_of(staff)


def test_who_may_not_see_accounts_may_not_see_it(staff_with: Callable[..., Staff]) -> None:
    packer = staff_with("view_amazonorder")
    assert packer.client.get(URL).status_code == 403


def test_a_partners_people_see_their_own(staff_with: Callable[..., Staff]) -> None:
    mine, other = well(name="Mine", shop_scope="mine"), well(name="Other", shop_scope="other")
    for account in (mine, other):
        AmazonOrderFactory.create(account=account, state=OrderState.QUARANTINED)
    packer = staff_with("view_selleraccount", "view_amazonorder")
    factories.partner("mine").users.add(get_user_model().objects.get(username="packer"))
    page = page_of(packer)
    assert "Mine" in page
    assert "Other" not in page
    assert AmazonOrder.objects.count() == 2
    assert len(wants(packer)) == 1


def test_the_apps_index_and_the_list_of_accounts_link_to_it(staff: Staff) -> None:
    for url in (
        "/admin/django_amazon_sync/",
        reverse("admin:django_amazon_sync_selleraccount_changelist"),
    ):
        assert f'href="{URL}"' in staff.client.get(url).content.decode()


def test_what_was_told_is_listed(staff: Staff) -> None:
    account = LiveAccountFactory.create()
    AlarmFactory.create(account=account, kind=Alarm.Kind.SHIP_BY, key="2026-11-25")
    AlarmFactory.create(
        account=account, kind=Alarm.Kind.SHIP_BY, key="2026-11-24", mended_at=timezone.now()
    )
    for mended, shown in (("", {"24", "25"}), ("no", {"25"}), ("yes", {"24"})):
        page = staff.see(Alarm, mended=mended)
        assert {day for day in ("24", "25") if f"2026-11-{day}" in page} == shown
    [pk] = Alarm.objects.filter(mended_at=None).values_list("pk", flat=True)
    assert reverse("admin:django_amazon_sync_help", args=["alarms"]) in staff.see(Alarm, pk)


def test_a_vendor_reads_the_alarms_of_its_own_accounts(staff_with: Callable[..., Staff]) -> None:
    clerk = staff_with("view_alarm")
    factories.partner("vendor").users.add(clerk.client.session["_auth_user_id"])
    AlarmFactory.create(account=LiveAccountFactory.create(), key="foreign")
    AlarmFactory.create(account=LiveAccountFactory.create(shop_scope="vendor"), key="their own")
    page = clerk.see(Alarm)
    assert "their own" in page
    assert "foreign" not in page
