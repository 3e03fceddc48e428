"""A member of staff connects an account: with a pasted token, and on Amazon's website."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import AccountState, Application, SellerAccount
from django_amazon_sync.testing.simulator import Simulator
from tests.browser.steps import log_in
from tests.world import World

pytestmark = pytest.mark.over_http


@pytest.fixture
def amazon_there(
    transactional_db: None,
    connect: Callable[..., World],
    amazon: Simulator,
) -> Simulator:
    """Amazon, where nobody of ours is connected yet."""
    return amazon


def begin(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/admin/django_amazon_sync/selleraccount/")
    page.get_by_role("link", name="Connect an account").click()
    page.get_by_label("Europe").check()
    page.get_by_role("button", name="Go on").click()


def describe(page: Page, amazon_there: Simulator) -> None:
    """Stores and application."""
    seller = amazon_there.seller("eu")
    page.get_by_label("DE", exact=True).check()
    page.get_by_label("FR", exact=True).check()
    page.get_by_label("look back: how far").select_option(label="a week")
    page.get_by_label("Its name").fill("Our application")
    page.get_by_label("Client id").fill(seller.client_id)
    page.get_by_label("Client secret").fill(seller.client_secret)


def test_with_a_pasted_token(page: Page, live_server: LiveServer, amazon_there: Simulator) -> None:
    seller = amazon_there.seller("eu")
    log_in(page, live_server)
    begin(page, live_server)
    expect(page.get_by_role("row", name="SE www.amazon.se SEK sv_SE")).to_be_visible()
    describe(page, amazon_there)
    page.get_by_label("Seller id").fill(seller.seller_id)
    page.get_by_role("textbox", name="Refresh token").fill("Atzr|mistyped")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("authorise the account again")).to_be_visible()
    assert not SellerAccount.objects.exists()
    assert not Application.objects.exists()

    page.get_by_label("Client secret").fill(seller.client_secret)
    page.get_by_role("textbox", name="Refresh token").fill(seller.refresh_token)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text(f"{seller.seller_id} (EU) is connected.")).to_be_visible()

    page.get_by_role("button", name="Check connectivity").click()
    found = page.locator(".amazon-connect")
    expect(found.get_by_role("row", name="orders yes")).to_contain_text("orders can be read")
    expect(found.get_by_role("row", name="writing no")).to_contain_text("is observing")
    page.set_viewport_size({"width": 375, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    account = SellerAccount.objects.get()
    assert account.state == AccountState.OBSERVING
    assert account.marketplaces.count() == 2


def test_on_amazons_website(page: Page, live_server: LiveServer, amazon_there: Simulator) -> None:
    seller = amazon_there.seller("eu")
    log_in(page, live_server)
    begin(page, live_server)
    describe(page, amazon_there)
    page.get_by_label("Application id").fill(
        f"amzn1.sp.solution.{seller.client_id.rsplit('.', 1)[-1]}"
    )
    page.get_by_label("Draft").check()
    page.get_by_label("on Amazon's website").check()
    page.set_viewport_size({"width": 375, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.get_by_role("button", name="Connect", exact=True).click()

    expect(page.get_by_role("heading", name="Authorize the application")).to_be_visible()
    assert page.url.startswith(amazon_there.endpoint)
    page.get_by_role("button", name="(eu)").click()

    expect(page.get_by_text("is connected.")).to_be_visible()
    assert "spapi_oauth_code" not in page.url
    page.get_by_role("link", name="Look through the account's settings").click()
    expect(page.get_by_role("link", name="Connect again")).to_be_visible()
    assert SellerAccount.objects.get().seller_id == seller.seller_id
