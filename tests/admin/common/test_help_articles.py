"""Help: every state and every code has its article, and each link in an article leads somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from django_amazon_sync import errors
from django_amazon_sync.admin.common import help_articles, help_links
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    AccountState,
    OrderState,
    Presence,
    ShipmentState,
    SubmissionState,
)
from django_amazon_sync.sync.alerts import attention
from tests.admin.conftest import Staff

pytestmark = pytest.mark.wheel

PACKAGE = Path(help_articles.__file__).parents[2]
ROOT = Path(__file__).parents[3]
ARTICLES = sorted((PACKAGE / "help").glob("*.md"))


def text_of(name: str) -> str:
    return (PACKAGE / "help" / f"{name}.md").read_text(encoding="utf-8")


def test_every_article_is_listed_in_the_documentation_with_its_title() -> None:
    listed = (ROOT / "docs/why.md").read_text(encoding="utf-8")
    for file in ARTICLES:
        title = text_of(file.stem).partition("\n")[0].removeprefix("# ")
        assert f"| {title} | [{file.stem}](../django_amazon_sync/help/{file.name}) |" in listed
    assert listed.count("](../") == len(ARTICLES)


@pytest.mark.parametrize("file", ARTICLES, ids=lambda path: path.stem)
def test_links_of_an_article_lead_to_articles(file: Path) -> None:
    names = {one.name for one in ARTICLES}
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(file.stem)):
        assert target in names, f"{file.name} links to {target}"


def test_every_state_is_told_in_its_article() -> None:
    tables: tuple[tuple[Any, str], ...] = (
        (OrderState, "order-not-imported"),
        (ShipmentState, "shipment-refused"),
        (SubmissionState, "sent-and-then"),
        (Presence, "listing-not-on-amazon"),
        (AccountState, "account-observes"),
    )
    for states, name in tables:
        told = text_of(name).lower()
        for state in states:
            assert f"| {state.label} |".lower() in told or state == OrderState.PLACED, state


def test_what_wants_staff_has_an_article() -> None:
    assert set(attention.ARTICLES) == set(attention.MatterKind)
    assert set(attention.ARTICLES.values()) <= set(help_articles.articles())


# --- Codes ---------------------------------------------------------------------------------------


#: Codes that no article tells yet; docs/how/matching.md has two of them.
UNTOLD = {Code.CONTRADICTION, Code.CREATION, Code.SHARED}


def own_codes() -> set[str]:
    """Every code that our own code gives orders, lines and runs, read from the source."""
    codes = {
        str(kind.code)
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.AmazonSyncError)
    }
    for room in ("sync", "rules"):
        for file in (PACKAGE / room).rglob("*.py"):
            codes |= _codes_in(ast.parse(file.read_text(encoding="utf-8")))
    return codes - UNTOLD


def _codes_in(module: ast.Module) -> set[str]:
    """The codes that a module names, but those of sentences whose code no row keeps yet."""
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    kept = {id(value) for call in calls if _is(call, "Decision") for value in call.args}
    unkept = {id(call.args[0]) for call in calls if _is(call, "Message") and id(call) not in kept}
    names = [
        node.attr
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value) == "Code"
        and id(node) not in unkept
    ]
    return {Code[name].value for name in names}


def _is(call: ast.Call, name: str) -> bool:
    return ast.unparse(call.func) == name


def test_every_code_has_an_article_that_tells_it() -> None:
    assert own_codes() <= set(help_links.OF_CODE), "Tell the code in an article, and name it here."
    for code, name in help_links.OF_CODE.items():
        assert f"`{code}`" in text_of(name), (code, name)


# --- Pages ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_articles_are_read_in_the_admin(staff: Staff) -> None:
    index = staff.client.get(reverse("admin:django_amazon_sync_help_index")).content.decode()
    for name, article in help_articles.articles().items():
        url = help_articles.url_of(name)
        assert f'<a href="{url}">{article.title}</a>' in index
        page = staff.client.get(url).content.decode()
        assert f"<h1>{article.title}</h1>" in page
        for other in re.findall(r'href="(/admin/[^"#]*help/[^"#]*)', page):
            assert staff.client.get(other).status_code == 200, other
        assert ".md" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["no-such-article", "..", "%2e%2e", "alarms.md"])
def test_what_is_no_article_is_not_found(staff: Staff, name: str) -> None:
    answer = staff.client.get(f"/admin/django_amazon_sync/selleraccount/help/{name}/", follow=True)
    assert answer.status_code == 404 or "doesn’t exist" in answer.content.decode()
