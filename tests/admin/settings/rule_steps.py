"""Steps of whoever changes a rule: what a browser posts, page by page."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from lxml import html

from django_amazon_sync.models import Marketplace, OfferChange, SellerAccount
from tests.admin.conftest import Staff, address
from tests.world import DE, World


def typed(response: Any, form_id: str = "", **changes: Any) -> dict[str, list[str]]:
    """What the form of a page holds, with these changes; None takes a value away."""
    page = html.fromstring(response.content.decode())
    [form] = [
        form
        for form in page.forms
        if form.get("id") == form_id or (not form_id and form.xpath(".//*[@name='rules_seen']"))
    ]
    data: dict[str, list[str]] = {}
    for name, value in form.form_values():
        data.setdefault(name, []).append(value)
    for name, value in changes.items():
        data.pop(name, None)
        if value is not None:
            data[name] = [str(value)]
    return data


def change(staff: Staff, model: type[Model], pk: object, **changes: Any) -> Any:
    """Open the form of a row, type these values, and press Save."""
    where = address(model, pk)
    response = staff.client.get(where)
    data = typed(response, f"{model._meta.model_name}_form", **changes)
    return staff.client.post(where, {**data, "_save": "Save"})


def answer(staff: Staff, response: Any, button: str) -> Any:
    """Press a button of the page before saving."""
    where = response.request["PATH_INFO"]
    return staff.client.post(where, {**typed(response), button: "1"})


def confirm(staff: Staff, response: Any) -> Any:
    return answer(staff, response, "_confirm_rules")


def text_of(response: Any) -> str:
    """What people read on a page."""
    [body] = html.fromstring(response.content.decode()).xpath("//body")
    return " ".join(body.text_content().split())


# --- In a shop in step with Amazon ---------------------------------------------------------------


def three_on_sale(world: World) -> World:
    """Three products on sale, in step with Amazon; nothing is noted."""
    for name, price, quantity in (("CUP", "20.00", 1), ("MUG", "10.00", 5), ("POT", "30.00", 9)):
        world.sell(name, price=price, quantity=quantity)
    world.export()
    OfferChange.objects.all().delete()
    return world


def place_of(world: World, code: str = DE) -> Marketplace:
    return Marketplace.objects.get(account=world.account, code=code)


def change_place(staff: Staff, world: World, **changes: Any) -> Any:
    return change(staff, Marketplace, place_of(world).pk, **changes)


def change_account(staff: Staff, world: World, **changes: Any) -> Any:
    return change(staff, SellerAccount, world.account.pk, **changes)
