"""What staff see and do under the theme; test_unfold.py runs it with the settings of that theme."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Application, Listing, SellerAccount
from tests import factories
from tests.admin import rows
from tests.browser.pages import pages
from tests.browser.steps import broken, faults_of, hire

#: What of a page's form cannot be told from the page behind it: no edge and no ground of its own.
INVISIBLE = """() => {
  const clear = (colour) => colour === "transparent" || /, 0\\)$|\\/ 0\\)$/.test(colour);
  const behind = (element) => {
    let above = element.parentElement;
    while (above && clear(getComputedStyle(above).backgroundColor)) above = above.parentElement;
    return above ? getComputedStyle(above).backgroundColor : "rgb(255, 255, 255)";
  };
  const seen = (element) => {
    const style = getComputedStyle(element), ground = behind(element);
    const edge = parseFloat(style.borderBottomWidth) > 0 && style.borderBottomStyle !== "none"
      && !clear(style.borderBottomColor) && style.borderBottomColor !== ground;
    const own = !clear(style.backgroundColor) && style.backgroundColor !== ground;
    return edge || own || style.appearance === "auto" && /checkbox|radio|file/.test(element.type);
  };
  const parts = "input:not([type=hidden]), select, textarea, button, a.button, [type=submit]";
  return [...document.querySelectorAll("#content :is(" + parts + ")")]
    .filter((element) => element.checkVisibility() && element.getBoundingClientRect().width > 1)
    .filter((element) => element.closest("form, #content-main") && !element.closest("[x-data] nav"))
    .filter((element) => !element.closest(".select2, .datetimeshortcuts, #changelist-filter"))
    .filter((element) => !/material-symbols/.test(element.innerHTML) && !seen(element))
    .map((element) => element.outerHTML.slice(0, 160));
}"""


@pytest.mark.usefixtures("staff_user")
def test_every_page_opens_and_an_action_works(page: Page, live_server: LiveServer) -> None:
    assert settings.INSTALLED_APPS[0] == "unfold"
    faults = faults_of(page)
    page.on("response", lambda answer: faults.extend(broken(answer)))
    log_in(page, live_server)
    for address in dict.fromkeys(pages()):
        answer = page.request.get(f"{live_server.url}{address}")
        assert answer.status in (200, 404, 405), address  # files, and what only a form asks for

    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("link", name="Amazon at a glance").last.click()
    expect(page.get_by_role("heading", name="To do")).to_be_visible()
    heard = page.locator(".visually-hidden").first  # a link's name for those who only hear it
    assert heard.evaluate("element => element.offsetWidth") == 1

    page.goto(f"{live_server.url}/admin/django_amazon_sync/listing/")
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").first.select_option("approve")
    page.locator("button[name=index]").first.click()
    expect(page.get_by_text("1 listing is approved.")).to_be_visible()
    assert Listing.objects.get().approved == {"price": "1.00 EUR"}
    assert not faults


@pytest.mark.usefixtures("staff_user")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_inputs_and_buttons_are_seen(page: Page, live_server: LiveServer, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    log_in(page, live_server)
    found = {}
    for address in with_forms():
        page.goto(f"{live_server.url}{address}")
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        if invisible := page.evaluate(INVISIBLE):
            found[address] = invisible
    assert found == {}


def with_forms() -> list[str]:
    """The pages on which staff fill something in or press something."""
    account = SellerAccount.objects.defer("refresh_token")[0]
    application = Application.objects.defer("client_secret")[0]
    listing = Listing.objects.all()[0]
    product = factories.stock_record(listing.sku.sku).product
    named = (
        ("connect", ()), ("connect_region", ("eu",)), ("connect_check", (account.pk,)),
        ("cron_key", (account.pk,)), ("product", (product.pk,)),
        ("listing_take_over", (listing.pk,)), ("selleraccount_change", (account.pk,)),
        ("application_change", (application.pk,)), ("sellersku_change", (listing.sku_id,)),
        ("listing_change", (listing.pk,)), ("marketplace_change", (listing.marketplace_id,)),
        ("ordermappings_change", (account.pk,)), ("overview", ()),
    )  # fmt: skip
    return [reverse(f"admin:django_amazon_sync_{name}", args=args) for name, args in named]


def log_in(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/admin/login/?next=/admin/")
    page.fill("input[name=username]", "staff")
    page.fill("input[name=password]", "staff")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)


@pytest.fixture
def staff_user(transactional_db: None) -> None:
    rows.fill(1)
    hire()
