"""The conditions that an offer may have."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.admin.products.conditions import CONDITIONS
from django_amazon_sync.models import Listing, Presence
from django_amazon_sync.testing.simulator import attribute_values
from tests.admin.conftest import Staff
from tests.admin.products.page_steps import address_of, errors_of, keep_type, save

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


def test_the_product_type_says_which_conditions_there_are(
    staff: Staff, record: Any, listing: Listing
) -> None:
    keep_type(listing, conditions=["new_new", "used_good"])
    context = staff.client.get(address_of(record)).context
    [choices] = [
        part.form.fields["condition"].choices
        for account in context["accounts"] for part in account.skus
    ]  # fmt: skip
    assert [one for one, _name in choices] == ["new_new", "used_good"]
    response = save(staff.client, record, **{f"sku{listing.sku_id}-condition": "club_club"})
    assert list(errors_of(response)) == [f"sku{listing.sku_id}-condition"]


def test_every_condition_of_amazons_has_a_name() -> None:
    assert set(CONDITIONS) == set(attribute_values.CONDITIONS)
    names = [str(name) for name in CONDITIONS.values()]
    assert len(set(names)) == len(names)


def test_what_is_on_amazon_keeps_its_condition_and_the_page_says_so(
    staff: Staff, record: Any, listing: Listing
) -> None:
    word = "Amazon keeps the condition that a listing was made with."
    assert word in staff.client.get(address_of(record)).content.decode()
    listing.presence = Presence.ABSENT
    listing.save()
    assert word not in staff.client.get(address_of(record)).content.decode()
