"""Steps that members of staff take on their way to a screen, and what goes on beside them."""

from __future__ import annotations

from threading import Thread

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from playwright.sync_api import Page, Response
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import SyncRun
from django_amazon_sync.sync import jobs
from tests.world import now_due


def hire() -> User:
    """Somebody who may do everything."""
    user: User = get_user_model().objects.create_superuser(
        username="staff", email="staff@example.com", password="staff"
    )
    return user


def log_in(page: Page, live_server: LiveServer, path: str = "/admin/") -> None:
    """Open a page of the admin as somebody who may do everything and has logged in before."""
    client = Client()
    client.force_login(hire())
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies(
        [{"name": session.key, "value": session.value, "url": live_server.url}]
    )
    page.goto(f"{live_server.url}{path}")


def log_in_by_form(page: Page, live_server: LiveServer, path: str = "/admin/") -> None:
    """Log in to a page of the admin as somebody who may do everything."""
    hire()
    page.goto(f"{live_server.url}{path}")
    page.get_by_label("Username").or_(page.get_by_label("Email")).fill("staff")
    page.get_by_label("Password").fill("staff")
    page.get_by_role("button", name="Log in").click()


def press(page: Page, action: str) -> None:
    """Do an action on what is chosen in a list."""
    page.get_by_label("Action:").select_option(label=action)
    run, go = (page.get_by_role("button", name=name, exact=True) for name in ("Run", "Go"))
    run.or_(go).click()


def faults_of(page: Page) -> list[str]:
    """What goes wrong in the page's scripts from now on."""
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    return faults


def broken(answer: Response) -> list[str]:
    """What the browser asked for and did not get; a favicon is the project's own affair."""
    missing = answer.status >= 400 and not answer.url.endswith("/favicon.ico")
    return [f"{answer.status} {answer.url}"] if missing else []


def at_work(run: SyncRun) -> Thread:
    """A worker that does the run beside the browser."""

    def work() -> None:
        jobs.perform(now_due(SyncRun.objects.get(pk=run.pk)), patience=5)
        connections.close_all()

    worker = Thread(target=work)
    worker.start()
    return worker
