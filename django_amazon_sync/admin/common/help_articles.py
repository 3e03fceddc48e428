"""Articles that answer what staff ask, shipped as Markdown and read where the app runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import markdown
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: A link from one article to another, as it stands in the files.
_TO_ARTICLE = re.compile(r'href="([a-z-]+)\.md(#[^"]*)?"')


@dataclass(frozen=True, slots=True)
class Article:
    """One article: its name in addresses, its title, and its text as HTML without the title."""

    name: str
    title: str
    body: str


@cache
def articles() -> dict[str, Article]:
    """All articles by name, read once a process."""
    folder = files("django_amazon_sync") / "help"
    found = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name, _dot, kind = file.name.partition(".")
        if kind == "md":
            title, _line, text = file.read_text(encoding="utf-8").partition("\n")
            body = markdown.markdown(text, extensions=["tables", "sane_lists"])
            found[name] = Article(name, title.removeprefix("# "), body)
    return found


def url_of(name: str) -> str:
    """Where staff read an article; empty where the project has no admin."""
    try:
        return reverse("admin:django_amazon_sync_help", args=[name])
    except NoReverseMatch:
        return ""


def article_link(name: str) -> SafeString:
    """A link to an article."""
    return format_html('<a href="{}">{}</a>', url_of(name), _("Why, and what to do"))


def explained(sentence: object, name: str) -> str:
    """A sentence with a link to the article that says more."""
    return format_html("{} {}", sentence, article_link(name))


def index(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The list of all articles."""
    return _page(request, site, "help_index", _("Help for Amazon"), articles=articles().values())


def article(request: HttpRequest, site: AdminSite, name: str) -> HttpResponse:
    """One article."""
    found = articles().get(name)
    if found is None:
        raise Http404
    return _page(request, site, "help", found.title, body=_linked(found.body))


def _page(
    request: HttpRequest, site: AdminSite, template: str, title: StrOrPromise, **context: object
) -> HttpResponse:
    context |= {**site.each_context(request), "title": title}
    return TemplateResponse(request, f"django_amazon_sync/admin/{template}.html", context)


def _linked(body: str) -> SafeString:
    """Links between the files become links between the pages. The files are our own."""

    def address(found: re.Match[str]) -> str:
        return f'href="{url_of(found[1])}{found[2] or ""}"'

    return mark_safe(_TO_ARTICLE.sub(address, body))  # noqa: S308 -- text of this package
