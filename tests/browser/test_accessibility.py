"""Every page of ours for everybody: axe finds nothing serious, and nothing is cut off at 375 px."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page
from pytest_django.live_server_helper import LiveServer

from tests.admin import rows
from tests.browser.pages import OF_DJANGO, SERIOUS, pages
from tests.browser.steps import log_in

pytestmark = pytest.mark.any_database

#: A telephone held upright.
NARROW = {"width": 375, "height": 720}


@pytest.fixture
def visitor(transactional_db: None, page: Page, live_server: LiveServer) -> Page:
    """Somebody who may do everything, logged in, with one row of everything there."""
    rows.fill(1)
    log_in(page, live_server)
    return page


def html_pages(visitor: Page, live_server: LiveServer) -> Iterator[str]:
    """Visit each page in turn; files, and what only a form may ask for, are none."""
    for address in dict.fromkeys(pages()):
        try:
            answer = visitor.goto(f"{live_server.url}{address}")
        except Error:  # a browser shows neither
            file_or_refusal = visitor.request.get(f"{live_server.url}{address}")
            assert file_or_refusal.status in (200, 404, 405), (address, file_or_refusal.status)
            continue
        assert answer is not None
        assert answer.status in (200, 404, 405), (address, answer.status)
        if "text/html" in answer.headers.get("content-type", "") and answer.ok:
            yield address


def test_axe_finds_nothing_serious(visitor: Page, live_server: LiveServer) -> None:
    axe, found = Axe(), []
    for address in html_pages(visitor, live_server):
        for one in axe.run(visitor, context=OF_DJANGO).response["violations"]:
            if one["impact"] in SERIOUS:
                where = [node["html"][:150] for node in one["nodes"]][:3]
                found.append((address, one["id"], where))
    assert not found, "\n".join(map(str, found))


def test_nothing_is_cut_off_on_a_telephone(visitor: Page, live_server: LiveServer) -> None:
    visitor.set_viewport_size(NARROW)  # type: ignore[arg-type]  # a plain dict is one
    wide = {}
    for address in html_pages(visitor, live_server):
        width = visitor.evaluate("document.documentElement.scrollWidth")
        if width > NARROW["width"]:
            wide[address] = (width, visitor.evaluate(WIDEST))
    assert not wide, "\n".join(map(str, wide.items()))


#: The elements that stand out of the page, for the one who mends it.
WIDEST = """
() => [...document.querySelectorAll("body *")]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 4).map(one => one.outerHTML.slice(0, 120))
"""
