"""Applications and accounts: secrets are only written, actions say what happens next."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.urls import reverse
from django.views.debug import ExceptionReporter

from django_amazon_sync.errors import Unauthorized
from django_amazon_sync.models import (
    DEFAULT_PERIODS,
    AccessToken,
    AccountState,
    Application,
    Job,
    Marketplace,
    OrderState,
    OrderWindow,
    RunState,
    Schedule,
    SellerAccount,
    SyncRun,
    WindowState,
)
from django_amazon_sync.sync import doctor, jobs
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    ApplicationFactory,
    MarketplaceFactory,
    SellerAccountFactory,
    SyncRunFactory,
)
from tests.admin.conftest import TAKES_ALL, Staff
from tests.admin.forms import account_form
from tests.admin.settings.account_steps import new_account
from tests.factories_amazon import ORDERED, ListingInStepFactory, LiveAccountFactory
from tests.world import World

pytestmark = pytest.mark.django_db


# --- Deactivated ---------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["secret", "token"])
def test_new_credentials_leave_what_staff_deactivated_as_it_is(staff: Staff, what: str) -> None:
    account = LiveAccountFactory.create()
    cut_off = LiveAccountFactory.create(application=account.application)
    account.move(AccountState.DISCONNECTED, state_reason="By anna.", deactivated=True)
    cut_off.move(AccountState.DISCONNECTED, state_reason="The secret has expired.")
    app = account.application
    if what == "secret":
        data = {"name": app.name, "client_id": app.client_id, "new_secret": "new"}
        answer = staff.save(Application, app.pk, **data, secret_made_on="", application_id="")
    else:
        answer = staff.save(SellerAccount, account.pk, **account_form(account, new_secret="new"))
    assert answer.status_code == 302
    account.refresh_from_db()
    assert (account.state, account.deactivated) == (AccountState.DISCONNECTED, True)
    cut_off.refresh_from_db()
    assert (cut_off.state == AccountState.OBSERVING) is (what == "secret")
    assert {run.account_id for run in jobs.due_runs()} <= {cut_off.pk}


# --- Secrets -------------------------------------------------------------------------------------


def test_no_page_shows_a_secret(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    for page in (
        staff.see(Application, account.application_id),
        staff.see(SellerAccount, account.pk),
        staff.see(Application),
        staff.see(SellerAccount),
    ):
        assert "the-client-secret" not in page
        assert "the-refresh-token" not in page


# --- Making and changing an account --------------------------------------------------------------


def test_an_account_is_made_observing_with_schedules_and_the_language_of_its_store(
    staff: Staff,
) -> None:
    response = new_account(staff)
    assert response.status_code == 302, response.context["errors"]
    account = SellerAccount.objects.get()
    assert account.state == AccountState.OBSERVING
    assert account.refresh_token == "refresh"
    assert Marketplace.objects.get().language == "de_DE"
    assert dict(Schedule.objects.values_list("job", "every")) == DEFAULT_PERIODS


def test_an_account_cannot_be_deleted(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    page = staff.client.get(f"/admin/django_amazon_sync/selleraccount/{account.pk}/delete/")
    assert page.status_code == 403


# --- What the page shows -------------------------------------------------------------------------


def test_the_page_says_what_needs_attention_and_where(staff: Staff) -> None:
    account, other = LiveAccountFactory.create(), LiveAccountFactory.create()
    place = MarketplaceFactory.create(account=account)
    ListingInStepFactory.create(marketplace=place, held={"price": "99.00 EUR"})
    for _ in range(3):
        AmazonOrderFactory.create(account=account, state=OrderState.QUARANTINED)
    AmazonOrderFactory.create(account=other, state=OrderState.QUARANTINED)
    AmazonOrderFactory.create(placed=True, account=account, cancellation_requested=True)
    SyncRunFactory.create(account=account, reason="Amazon is away.")
    page = staff.see(SellerAccount, account.pk)
    assert "listings that wait for approval" in page
    assert f'amazonorder/?account={account.pk}&amp;state__exact=quarantined">3</a>' in page
    assert "orders whose buyer asks to cancel" in page
    assert "listings that drifted" not in page
    assert "Amazon is away." in page


def test_the_page_says_up_to_when_orders_are_complete(staff: Staff) -> None:
    account = LiveAccountFactory.create()
    assert "No search for orders has finished yet" in staff.see(SellerAccount, account.pk)
    OrderWindow.objects.create(
        account=account,
        state=WindowState.DONE,
        start=ORDERED - timedelta(hours=1),
        end=ORDERED,
    )
    assert "20 Nov 2026, 10:30" in staff.see(SellerAccount, account.pk)


def test_the_page_asks_as_often_whatever_there_is(
    staff: Staff, django_assert_max_num_queries: Any
) -> None:
    account = LiveAccountFactory.create()
    place = MarketplaceFactory.create(account=account)
    for _ in range(30):
        ListingInStepFactory.create(marketplace=place, held={"price": "1.00 EUR"})
        AmazonOrderFactory.create(account=account, state=OrderState.QUARANTINED)
        SyncRunFactory.create(account=account)
    staff.see(SellerAccount, account.pk)  # what a process asks once is asked
    with django_assert_max_num_queries(34):
        staff.see(SellerAccount, account.pk)


def test_the_page_says_up_to_when_orders_are_proven(staff: Staff) -> None:
    account = LiveAccountFactory.create()
    place = MarketplaceFactory.create(account=account)
    assert "Not compared with Amazon&#x27;s report yet." in staff.see(SellerAccount, account.pk)
    place.orders_proven_until = datetime(2026, 11, 29, 10, 42, tzinfo=UTC)
    place.orders_proven_by = "ID323"
    place.save()
    page = staff.see(SellerAccount, account.pk)
    assert "by Amazon&#x27;s report ID323" in page
    assert "29" in page.partition("by Amazon&#x27;s report")[0][-60:]


def test_the_page_says_what_amazon_refuses(staff: Staff) -> None:
    account = LiveAccountFactory.create()
    assert "Access that Amazon refuses" in staff.see(SellerAccount, account.pk)
    refused = Unauthorized("createFeed", "Give it the role Product Listing.", status=403)
    access.lacks(account, access.Part.LISTINGS_OUT, refused)
    page = staff.see(SellerAccount, account.pk)
    assert "Changing listings" in page
    assert "Give it the role Product Listing." in page
    assert "Where Amazon refuses changes, those of the shop are sent once it allows" in page
    assert "authorise-again" in page


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (AccountState.OBSERVING, "an export only reports what it would change"),
        (AccountState.LIVE, "the account was released by deployment"),
        (AccountState.PAUSED, "Nothing is sent until the account is released"),
        (AccountState.DISCONNECTED, "choose “Connect again” on its page"),
    ],
)
def test_each_state_says_what_happens_next(staff: Staff, state: str, sentence: str) -> None:
    account = SellerAccountFactory.create(state=state, deployment="elsewhere")
    assert sentence.casefold() in staff.see(SellerAccount, account.pk).casefold()


# --- Actions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "job", "dry_run"),
    [
        ("preview", Job.EXPORT, True),
        ("export", Job.EXPORT, False),
        ("verify", Job.VERIFY, False),
        ("import_listings", Job.IMPORT_LISTINGS, False),
        ("match", Job.MATCH, False),
        ("import_orders", Job.IMPORT_ORDERS, False),
        ("confirm_shipments", Job.CONFIRM_SHIPMENTS, False),
    ],
)
def test_a_button_queues_a_run_and_links_to_it(
    staff: Staff, use_broker: Callable[[str], None], action: str, job: Job, dry_run: bool
) -> None:
    use_broker(TAKES_ALL)
    account = LiveAccountFactory.create()
    [message] = staff.press(SellerAccount, action, account)
    run = SyncRun.objects.get()
    assert (run.account, run.job, run.dry_run) == (account, job, dry_run)
    assert run.state == RunState.QUEUED
    assert run.asked_by is not None
    assert "1 run is queued." in message
    assert f'href="/admin/django_amazon_sync/syncrun/{run.pk}/change/"' in message


def test_release_observe_pause_and_deactivate(staff: Staff) -> None:
    account = SellerAccountFactory.create(import_orders=False)
    SyncRunFactory.create(account=account, job=Job.EXPORT, dry_run=True, state=RunState.DONE)
    for action, state in (
        ("release", AccountState.LIVE),
        ("pause", AccountState.PAUSED),
        ("observe", AccountState.OBSERVING),
        ("deactivate", AccountState.DISCONNECTED),
        ("activate", AccountState.OBSERVING),
    ):
        [message] = staff.press(SellerAccount, action, account)
        account.refresh_from_db()
        assert account.state == state, message
        assert str(AccountState(state).label) in message
    assert account.deployment == "tests"


def test_check_tries_each_role_at_amazon(
    staff: Staff,
    connect: Callable[..., World],
) -> None:
    world = connect()
    [message] = staff.press(SellerAccount, "check_connection", world.account)
    for what in ("account", "listings", "catalogue", "orders", "writing"):
        assert f"<br>{what}: works" in message


def test_check_says_that_no_worker_answers(
    staff: Staff, connect: Callable[..., World], use_broker: Callable[[str], None]
) -> None:
    use_broker("memory://")
    account = connect().account
    [message] = staff.press(SellerAccount, "check_connection", account)
    assert "<br>workers: No Celery worker answers" in message
    page = reverse("admin:django_amazon_sync_connect_check", args=[account.pk])
    assert "No Celery worker answers" in staff.client.post(page).content.decode()


def test_check_says_what_to_do_when_amazon_refuses(
    staff: Staff,
    connect: Callable[..., World],
) -> None:
    world = connect()
    world.amazon.revoke(world.seller)
    world.amazon.expire_access_tokens()
    AccessToken.objects.all().delete()
    [message] = staff.press(SellerAccount, "check_connection", world.account)
    assert "<br>orders: works" not in message
    assert "authorise the account again" in message


def test_a_check_of_several_accounts_ends_as_soon_as_one_of_one(
    staff: Staff, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes each call and never answers."""
    accounts = [LiveAccountFactory.create(name=name) for name in ("A", "B")]
    for account in accounts:
        MarketplaceFactory.create(account=account)
    monkeypatch.setattr(doctor, "ENDS_AFTER", 0.3)
    monkeypatch.setattr(doctor, "TIMEOUT", (0.5, 0.5))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "LWA_ENDPOINT": address}
        said = staff.press(SellerAccount, "check_connection", *accounts)
    late = [one for one in said if "account: Not tried: Amazon answers slowly" in one]
    assert (len(said), len(late)) == (2, 1)


def test_no_secret_stands_in_an_error_report(staff: Staff, settings: Any) -> None:
    reports: list[str] = []

    def report(request: HttpRequest, **rest: Any) -> None:
        reports.append(ExceptionReporter(request, *sys.exc_info()).get_traceback_text())

    rows: tuple[SellerAccount | Application, ...] = (
        SellerAccountFactory.create(),
        ApplicationFactory.create(),
    )
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "ENCRYPTION_KEYS": ["no key"]}
    staff.client.raise_request_exception = False
    got_request_exception.connect(report)
    try:
        for row in rows:
            data = account_form(row) if isinstance(row, SellerAccount) else {"name": "A"}
            data |= {"client_id": "amzn1.x", "new_secret": "WHAT-NOBODY-READS"}
            assert staff.save(type(row), row.pk, **data).status_code == 500
    finally:
        got_request_exception.disconnect(report)
    assert len(reports) == 2
    for text in reports:
        assert "new_secret" in text
        assert "WHAT-NOBODY-READS" not in text
