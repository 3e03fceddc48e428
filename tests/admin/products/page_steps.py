"""Steps of whoever works on the page of a product."""

from __future__ import annotations

from typing import Any

from django.forms import CheckboxInput, MultiWidget
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from django_amazon_sync.models import Listing, ProductType

EAN, ISBN10, ISBN13 = "4006381333931", "0-306-40615-2", "9780306406157"


def address_of(record: Any, **query: str) -> str:
    return reverse(
        "admin:django_amazon_sync_product", args=[record.product.pk], query=query or None
    )


def typed(client: Client, record: Any, **changed: Any) -> dict[str, Any]:
    """The page's form as a browser sends it, with these fields changed."""
    context = client.get(address_of(record)).context
    forms = [context["codes"]]
    for account in context["accounts"]:
        for part in account.skus:
            forms += part.forms()
    data: dict[str, Any] = {
        "do": "save", "shown": context["stored"], "offer": context["offer"].pk,
    }  # fmt: skip
    for form in forms:
        for field in form:
            value = field.value()
            if isinstance(field.field.widget, MultiWidget):
                data |= {
                    one["name"]: one["value"] or ""
                    for one in field.subwidgets[0].data["subwidgets"]
                }
            elif isinstance(field.field.widget, CheckboxInput):
                data[field.html_name] = "on" if value else ""
            else:
                data[field.html_name] = "" if value is None else value
    assert changed.keys() <= data.keys() | {"sure"}, data
    return data | changed


def save(client: Client, record: Any, **changed: Any) -> Any:
    return client.post(address_of(record), typed(client, record, **changed))


def errors_of(response: Any) -> dict[str, list[str]]:
    forms = [response.context["codes"]]
    for account in response.context["accounts"]:
        for part in account.skus:
            forms += part.forms()
    return {form.add_prefix(name): errors for form in forms for name, errors in form.errors.items()}


def keep_type(listing: Listing, **facts: Any) -> None:
    listing.product_type = "MUG_TYPE"
    listing.save()
    ProductType.objects.create(
        marketplace=listing.marketplace, name="MUG_TYPE", facts=facts, read_at=timezone.now()
    )
