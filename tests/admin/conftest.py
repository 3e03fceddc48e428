"""What the tests of the screens share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse


class Staff:
    """A member of staff at the admin's screens."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def see(self, model: type[Model], pk: object = None, **filters: Any) -> str:
        """The page of a row, or the list of a model."""
        response = self.client.get(address(model, pk), filters)
        assert response.status_code == 200, response
        return response.content.decode()

    def press(self, model: type[Model], action: str, *rows: Model) -> list[str]:
        """Do an action on rows of a list; the messages it gives."""
        page = self.see(model)  # shows the messages of what was done before
        data = {
            "action": action,
            "_selected_action": [row.pk for row in rows],
            "lines_to": lines_to(page),
            "seen": seen_in(page),
            "seen_drift": seen_in(page, "seen_drift"),
        }
        response = self.client.post(address(model), data, follow=True)
        if not response.redirect_chain and "question" in response.context:
            response = self.confirm(response)
        assert response.redirect_chain, "The action was refused."
        return [str(message) for message in response.context["messages"]]

    def confirm(self, response: Any) -> Any:
        """Press the button of the page in between, which says what an action does."""
        data = sent_again(response)
        return self.client.post(response.context["back"], data, follow=True)

    def save(self, model: type[Model], pk: object = None, **data: Any) -> Any:
        """Post the form of a row, or of a new one."""
        return self.client.post(address(model, pk) if pk else address(model, "add"), data)


def sent_again(response: Any) -> dict[str, Any]:
    """What the page in between posts when its button is pressed."""
    data: dict[str, Any] = {}
    for name, value in response.context["again"]:
        data.setdefault(name, []).append(value)
    return {**data, "_told": response.context["question"].mark, "_confirmed": "1"}


def lines_to(page: str) -> str:
    """The newest line of any run when a list was shown, as its form says."""
    found = re.search(r'name="lines_to" value="([^"]+)"', page)
    return found[1] if found else ""


def seen_in(page: str, name: str = "seen") -> list[str]:
    """The marks of the rows of a list, as its form carries them."""
    return re.findall(rf'name="{name}" value="([^"]+)"', page)


def mark_of(page: str) -> str:
    """The marks of what a page shows, as its form carries them."""
    found = re.search(r'name="mark" value="([^"]*)"', page)
    return found[1] if found else ""


def address(model: type[Model], pk: object = None) -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    if pk == "add":
        return reverse(f"{name}_add")
    return reverse(f"{name}_change", args=[pk]) if pk else reverse(f"{name}_changelist")


@pytest.fixture
def staff(admin_client: Client) -> Staff:
    """Somebody who may do everything."""
    return Staff(admin_client)


@pytest.fixture
def staff_with(db: None) -> Callable[..., Staff]:
    """Somebody who may only do these things, named by the codenames of our permissions."""

    def log_in(*codenames: str) -> Staff:
        user = get_user_model().objects.create_user(
            username="packer", email="packer@example.com", password="packer", is_staff=True
        )
        permissions = Permission.objects.filter(
            content_type__app_label="django_amazon_sync", codename__in=codenames
        )
        assert permissions.count() == len(codenames)
        user.user_permissions.set(permissions)
        client = Client()
        client.force_login(user)
        return Staff(client)

    return log_in


#: A broker that takes everything, and an address where none answers.
TAKES_ALL, AWAY = "memory://", "amqp://127.0.0.1:9"
