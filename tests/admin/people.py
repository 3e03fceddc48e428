"""People with permissions, and the addresses of ours that they may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db.models import Q
from django.test import Client
from django.urls import get_resolver, reverse

from tests.admin import permission_table as table
from tests.admin.rows import OURS

EDIT = "Add a line to tests/admin/permission_table.py; its head says how."


MODELS = {model._meta.model_name or "": model for model in OURS}


@dataclass(frozen=True)
class Address:
    """A named address of ours: ``takes`` are the names of its arguments."""

    name: str
    route: str
    takes: tuple[str, ...]


def walk(resolver: Any, route: str = "", names: str = "") -> Iterator[Address]:
    for one in resolver.url_patterns:
        whole = route + str(one.pattern)
        if hasattr(one, "url_patterns"):
            inner = f"{names}{one.namespace}:" if one.namespace else names
            yield from walk(one, whole, inner)
        elif one.name and is_ours(one, whole):
            # The nameless one of each model is Django's own: it leads to the page of the row.
            takes = tuple(one.pattern.converters) or tuple(one.pattern.regex.groupindex)
            yield Address(f"{names}{one.name}", whole, takes)


def is_ours(pattern: Any, route: str) -> bool:
    module = getattr(pattern.callback, "__module__", "") or ""
    return module.startswith("django_amazon_sync") or "django_amazon_sync/" in route


def short(one: Address) -> str:
    return one.name.removeprefix("admin:")


#: All of ours; Django's index of the app is for whoever may see one of its screens.
ADDRESSES = [
    one
    for one in walk(get_resolver())
    if short(one) not in table.SHOPS_OWN and one.name != "admin:app_list"
]


def all_permissions() -> list[str]:
    ours = Permission.objects.filter(content_type__app_label="django_amazon_sync")
    return list(ours.order_by("codename").values_list("codename", flat=True))


def client_with(*codenames: str, **columns: Any) -> Client:
    """Somebody who may enter the admin, with these permissions."""
    user = get_user_model().objects.create_user(
        username="somebody", email="somebody@example.com", **{"is_staff": True, **columns}
    )
    give(*codenames)
    client = Client()
    client.force_login(user)
    return client


def url_of(one: Address) -> str:
    """The address with the arguments of a row that is there."""
    model = next((model for name, model in MODELS.items() if f"/{name}/" in f"/{one.route}"), None)
    arguments = {}
    for name in one.takes:
        if name in (told := table.ARGUMENTS.get(short(one), {})):
            arguments[name] = given() if callable(given := told[name]) else given
        else:
            assert model is not None, f"{one.name}: {EDIT}"
            assert name in ("object_id", "pk"), f"{one.name}: {EDIT}"
            arguments[name] = model._default_manager.values_list("pk", flat=True)[0]
    return reverse(one.name, kwargs=arguments)


def tried() -> list[Address]:
    return [one for one in ADDRESSES if short(one) not in table.ELSEWHERE]


def give(*codenames: str) -> None:
    """Let somebody have these permissions of ours and no others; of the shop's, those for products.

    Without the latter Oscar's dashboard is shut before ours are asked for.
    """
    user = get_user_model().objects.get(username="somebody")
    ours = Q(content_type__app_label="django_amazon_sync", codename__in=codenames)
    user.user_permissions.set(
        Permission.objects.filter(ours | Q(content_type__app_label__in=("catalogue", "partner")))
    )
