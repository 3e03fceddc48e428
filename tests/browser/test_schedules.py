"""A member of staff sets how often a job runs, is told what makes no sense, and runs it now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Job, Schedule, SyncRun
from tests import factories_amazon as make
from tests.browser.steps import log_in, press


def test_a_schedule_is_changed_and_run_now(
    page: Page, live_server: LiveServer, transactional_db: None, use_broker: Callable[[str], None]
) -> None:
    use_broker("")
    make.live_account(name="Shop in Germany")
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
