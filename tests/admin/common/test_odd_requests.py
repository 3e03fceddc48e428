"""Whatever staff send by hand is answered by a page, a form's error or 400, and never by 500."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse
from lxml import html

from django_amazon_sync.admin.common.odd_requests import refusing
from tests.admin.people import MODELS, Address, client_with, tried, url_of
from tests.admin.rows import fill

ODD = {
    "nul": "1\x00",
    "5,000 digits": "9" * 5000,
    "beyond the database": "9" * 25,
}

#: What lists read of an address beside their filters, and what other pages read.
LISTS = ("q", "p", "o", "e", "_to_field", "_changelist_filters", "pk", "id__in", "nonsense")
PAGES = ("account", "marketplace", "offer", "page", "run", "format", "number")

MANAGEMENT = ("TOTAL_FORMS", "INITIAL_FORMS")

ADDRESSES = list(tried())


@contextmanager
def undone() -> Iterator[None]:
    """Nothing of it stays."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def staff(db: None) -> Client:
    fill(1)
    client = client_with(is_superuser=True)
    client.raise_request_exception = False
    return client


def parameters(one: Address) -> list[str]:
    found = list(LISTS if one.name.endswith("_changelist") else PAGES)
    for name, model in MODELS.items():
        if one.name.endswith(f"_{name}_changelist"):
            for given in admin.site._registry[model].list_filter:
                column = given[0] if isinstance(given, tuple) else given
                found.append(getattr(column, "parameter_name", None) or f"{column}__exact")
    return found


def typed(client: Client, url: str) -> dict[str, str]:
    """What the forms of a page send as they stand."""
    answer = client.get(url)
    if answer.status_code != 200 or "html" not in answer["Content-Type"]:
        return {}
    forms = html.fromstring(answer.content).forms
    ours = [form for form in forms if "logout" not in str(form.action)]
    return {
        str(field.name): field.value if isinstance(field.value, str) else ""
        for form in ours
        for field in form.inputs
        if field.name
    }


@pytest.mark.thorough
@pytest.mark.parametrize(
    "one", ADDRESSES, ids=lambda one: one.name.removeprefix("admin:django_amazon_sync_")
)
def test_no_address_fails_over_what_it_is_asked_for(staff: Client, one: Address) -> None:
    """Each parameter by itself, and each in the place of the row."""
    url = url_of(one)
    for kind, odd in ODD.items():
        for name in parameters(one):
            with undone():
                answer = staff.get(f"{url}?{urlencode({name: odd})}")
            assert answer.status_code < 500, (name, kind)
            assert answer.status_code == 400 or kind != "nul", name
        with undone():
            answer = staff.get(path_of(one, odd))
        assert answer.status_code < 500, kind


def path_of(one: Address, odd: str) -> str:
    try:
        return reverse(one.name, kwargs=dict.fromkeys(one.takes, odd))
    except NoReverseMatch:
        return url_of(one)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "one", ADDRESSES, ids=lambda one: one.name.removeprefix("admin:django_amazon_sync_")
)
def test_no_form_fails_over_what_is_sent(staff: Client, one: Address) -> None:
    """All fields at once, the numbers of formsets, and nothing at all."""
    url = url_of(one)
    fields = typed(staff, url)
    counts = [name for name in fields if name.endswith(MANAGEMENT)]
    sent: list[dict[str, str]] = [{}]
    for odd in ODD.values():
        sent.append({name: value if name in counts else odd for name, value in fields.items()})
        sent += [fields | {name: odd} for name in counts]
    sent += [fields | {name: number} for name in counts for number in ("-1", "3000", "1000000000")]
    sent.append({name: value for name, value in fields.items() if name not in counts})
    for data in sent:
        with undone():
            answer = staff.post(url, data)
        assert answer.status_code < 500, data


@pytest.mark.parametrize("rows", ["3000", " 3000 ", "3_000", "3000.0", "9" * 4000])
@pytest.mark.parametrize("page", ["selleraccount_add", "ordermappings_change"])
def test_rows_of_a_form_that_nobody_sent_are_not_made(staff: Client, page: str, rows: str) -> None:
    """Two thousand forms cost a web worker a quarter of a minute."""
    one = next(one for one in ADDRESSES if one.name.endswith(page))
    fields = typed(staff, url_of(one))
    told = next(name for name in fields if name.endswith("TOTAL_FORMS"))
    assert staff.post(url_of(one), fields).status_code != 400
    assert staff.post(url_of(one), fields | {told: rows}).status_code == 400


def test_a_nul_is_refused_wherever_it_stands() -> None:
    view = refusing(lambda request, *args, **named: HttpResponse("seen"))

    def status(request: HttpRequest, **named: str) -> bool:
        try:
            return view(request, **named).status_code == 200
        except Exception as refusal:  # noqa: BLE001 - of any kind
            return type(refusal).__name__ != "BadRequest"

    make = RequestFactory()
    assert status(make.get("/?a=1"), pk="1")
    assert not status(make.get("/?a=%00"))
    assert not status(make.get("/?%00=1"))
    assert not status(make.post("/", {"a": "x\0"}))
    assert not status(make.get("/"), pk="1\0")
