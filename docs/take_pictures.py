"""Take the pictures of the documentation from a shop that is being served.

    make demo ARGS="--port 8123"
    .venv/bin/python docs/take_pictures.py http://127.0.0.1:8123 USER PASSWORD

The demo prints user and password. Needs Playwright and chromium (Debian: apt install chromium).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parent / "images"
OURS = "/admin/django_amazon_sync"

#: Picture, list that it starts from, and the link that is followed from there ("" for the list).
PICTURES = (
    ("account", f"{OURS}/selleraccount/", "#result_list tbody th a"),
    ("listings", f"{OURS}/listing/", ""),
    ("listing", f"{OURS}/listing/?q=TEAPOT", "#result_list tbody th a"),
    ("run", f"{OURS}/syncrun/?job__exact=export", "#result_list tbody tr:last-child th a"),
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
        page = browser.new_page(viewport={"width": 1440, "height": 860})
        page.add_init_script("localStorage['django.admin.navSidebarIsOpen'] = 'false'")
        log_in(page, options.shop, options.user, options.password)
        for name, address, link in PICTURES:
            take(page, name, options.shop + address, link)
        browser.close()
    return 0


def log_in(page: Page, shop: str, user: str, password: str) -> None:
    page.goto(f"{shop}/admin/login/?next=/admin/")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", password)
    page.click("input[type=submit]")


def take(page: Page, name: str, address: str, link: str) -> None:
    """One picture of a screen."""
    page.goto(address)
    if link:
        page.click(f"{link} >> nth=0")
        page.wait_for_load_state()
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
