"""A member of staff sets how often a job runs, is told what makes no sense, and runs it now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Job, Schedule, SyncRun
from tests.browser.steps import log_in, press
from tests.factories_amazon import LiveAccountFactory


def test_a_schedule_is_changed_and_run_now(
    page: Page, live_server: LiveServer, transactional_db: None, use_broker: Callable[[str], None]
) -> None:
    use_broker("")
    LiveAccountFactory.create(name="Shop in Germany")
    log_in(page, live_server)
    page.get_by_role("link", name="Schedules").first.click()
    expect(page.get_by_role("row", name="Import orders")).to_contain_text("5 minutes")
    page.get_by_role("row", name="Import orders").get_by_role("link").first.click()

    page.get_by_label("every: how many").fill("0")
    page.get_by_label("every: the unit").select_option("days")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".field-every .errorlist")).to_contain_text("at least once a year")

    page.get_by_label("every: how many").fill("2")
    page.get_by_label("every: the unit").select_option("hours")
    page.get_by_role("button", name="Save", exact=True).click()
    row = page.get_by_role("row", name="Import orders")
    expect(row).to_contain_text("2 hours")
    assert Schedule.objects.get(job=Job.IMPORT_ORDERS).every == timedelta(hours=2)

    row.get_by_role("checkbox").check()
    press(page, "Run now")
    expect(page.get_by_text("1 run is queued")).to_be_visible()
    row = page.get_by_role("row", name="Import orders")
    row.get_by_role("link", name="Import orders 1").or_(
        row.get_by_role("link", name=str(SyncRun.objects.get()))
    ).first.click()
    expect(page.get_by_text("A worker does it, or the command amazon_tick.")).to_be_visible()


def test_a_cron_key_is_made_shown_once_and_switched_off(
    page: Page, live_server: LiveServer, transactional_db: None, use_broker: Callable[[str], None]
) -> None:
    use_broker("memory://")
    LiveAccountFactory.create(name="Shop in Germany")
    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/django_amazon_sync/selleraccount/")
    page.get_by_role("link", name="Shop in Germany").click()
    page.get_by_role("link", name="Addresses that start jobs").click()
    page.get_by_role("button", name="Make a key").click()
    key = page.locator("#cron-key").inner_text()
    address = page.get_by_role("row", name="Import orders").locator("code").inner_text()
    answer = page.request.post(address, headers={"X-Cron-Key": key})
    assert (answer.status, answer.json()["run"]) == (202, SyncRun.objects.get().pk)
    page.set_viewport_size({"width": 375, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375

    page.get_by_role("link", name="Back to the account").click()
    page.get_by_role("link", name="Addresses that start jobs").click()
    expect(page.locator("#cron-key")).to_have_count(0)
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_text("The cron key of Shop in Germany is off.")).to_be_visible()
    assert page.request.get(address, headers={"X-Cron-Key": key}).status == 403
