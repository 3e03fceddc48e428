"""Steps that members of staff take on their way to a screen."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer


def log_in(page: Page, live_server: LiveServer) -> None:
    """Log in to the admin as somebody who may do everything."""
    get_user_model().objects.create_superuser(
        username="staff", email="staff@example.com", password="staff"
    )
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Username").or_(page.get_by_label("Email")).fill("staff")
    page.get_by_label("Password").fill("staff")
    page.get_by_role("button", name="Log in").click()


def press(page: Page, action: str) -> None:
    """Do an action on what is chosen in a list."""
    page.get_by_label("Action:").select_option(label=action)
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).click()
