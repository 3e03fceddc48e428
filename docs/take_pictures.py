"""Take the pictures of the documentation from a shop that is being served.

    make demo ARGS="--port 8123"
    .venv/bin/python docs/take_pictures.py http://127.0.0.1:8123 USER PASSWORD

The demo prints user and password; its teapot is looked at. Needs Playwright, Pillow and chromium
(Debian: apt install chromium).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parent / "images"
OURS = "/admin/django_amazon_sync"
WIDTH = 1200

#: So many colours show a screen well, and make its file a third as large.
COLOURS = 128


@dataclass(frozen=True)
class Picture:
    """A screen: its address, what is done there before the picture, and the picture's height."""

    name: str
    address: str
    before: Callable[[Page], None] = lambda _page: None
    height: int = 800


def into_the_first(page: Page) -> None:
    page.locator("#result_list tbody th a").first.click()


def into_the_oldest(page: Page) -> None:
    page.locator("#result_list tbody tr:last-child th a").click()


def into_britain(page: Page) -> None:
    """The listing that has a price and a sale of its own."""
    page.locator("#result_list tbody tr").filter(has_text="GBP").get_by_role("link").first.click()


def to_the_tab(page: Page) -> None:
    page.locator("table tbody tr").get_by_role("link", name="teapot").first.click()
    page.get_by_role("link", name="Amazon", exact=True).click()


def to_the_product(page: Page) -> None:
    """By the link from its SKU to the product's page."""
    into_the_first(page)
    page.locator("#content").get_by_role("link", name="All that is set for this product").click()


def search(page: Page) -> None:
    page.get_by_label("Ordered").select_option("the last 7 days")
    page.get_by_role("button", name="Search on Amazon").click()
    page.locator("table").first.scroll_into_view_if_needed()


def to_the_teapot(page: Page) -> None:
    page.locator("h3").get_by_role("link", name="teapot").click()


PICTURES = (
    Picture("overview", f"{OURS}/selleraccount/overview/"),
    Picture("account", f"{OURS}/selleraccount/", into_the_first),
    Picture("listings", f"{OURS}/listing/"),
    Picture("listing", f"{OURS}/listing/?q=TEAPOT", into_britain, 1250),
    Picture("run", f"{OURS}/syncrun/?job__exact=export", into_the_oldest),
    Picture("product", f"{OURS}/sellersku/?q=TEAPOT", to_the_product, 1000),
    Picture("orders", f"{OURS}/amazonorder/search/", search, 1000),
    Picture("tab", "/dashboard/catalogue/", to_the_tab),
    Picture("button", "/catalogue/", to_the_teapot, 700),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("shop", help="address of the shop, such as http://127.0.0.1:8123")
    parser.add_argument("user")
    parser.add_argument("password")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("There is no chromium; Debian: apt install chromium.", file=sys.stderr)  # noqa: T201
        return 2
    IMAGES.mkdir(exist_ok=True)
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page()
        page.add_init_script("localStorage['django.admin.navSidebarIsOpen'] = 'false'")
        log_in(page, options.shop, options.user, options.password)
        for picture in PICTURES:
            take(page, options.shop, picture)
        browser.close()
    return 0


def log_in(page: Page, shop: str, user: str, password: str) -> None:
    page.goto(f"{shop}/admin/login/?next=/admin/")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", password)
    page.click("input[type=submit]")


def take(page: Page, shop: str, picture: Picture) -> None:
    """One picture of a screen."""
    page.set_viewport_size({"width": WIDTH, "height": picture.height})
    page.goto(shop + picture.address)
    picture.before(page)
    page.wait_for_load_state()
    screen = Image.open(BytesIO(page.screenshot())).convert("RGB")
    screen.quantize(COLOURS, dither=Image.Dither.NONE).save(
        IMAGES / f"{picture.name}.png", optimize=True
    )


if __name__ == "__main__":
    sys.exit(main())
