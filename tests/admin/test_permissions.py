"""Who may do what: each action has its permission, and looking needs no more than to look."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin

from django_amazon_sync.models import (
    AmazonOrder,
    Application,
    Listing,
    Proposal,
    SellerAccount,
    SellerSku,
    Shipment,
    SyncRun,
)
from django_amazon_sync.testing.factories import SellerAccountFactory
from tests.admin.conftest import Staff, address
from tests.admin.rows import OURS, fill

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("model", "codename", "actions"),
    [
        (SellerAccount, "check_selleraccount", {"check_connection"}),
        (
            SellerAccount,
            "release_selleraccount",
            {"release", "observe", "pause", "deactivate", "activate"},
        ),
        (SellerAccount, "export_listing", {"preview", "export"}),
        (SellerAccount, "match_listing", {"match"}),
        (SellerAccount, "verify_listing", {"verify", "import_listings"}),
        (SellerAccount, "import_amazonorder", {"import_orders", "reconcile"}),
        (SellerAccount, "confirm_shipment", {"confirm_shipments"}),
        (SellerAccount, "erase_personal_data", {"let_erase", "stop_erasing"}),
        (SellerSku, "export_listing", {"export"}),
        (SellerSku, "change_sellersku", {"synchronise", "leave_alone", "edit_selected"}),
        (Listing, "approve_listing", {"approve"}),
        (Listing, "export_listing", {"export", "send_ours"}),
        (Listing, "take_over_listing", {"take_over"}),
        (Listing, "change_listing", {"edit_selected", "end_offers", "offer_again"}),
        (SellerSku, "take_over_listing", {"take_over"}),
        (SyncRun, "take_over_listing", {"take_over_shown"}),
        (SyncRun, "approve_listing", {"approve"}),
        (AmazonOrder, "replay_amazonorder", {"replay", "place_as_it_is"}),
        (AmazonOrder, "import_amazonorder", {"look_again"}),
        (AmazonOrder, "confirm_shipment", {"ship_anyway"}),
        (AmazonOrder, "erase_personal_data", {"erase"}),
        (Shipment, "confirm_shipment", {"send_again", "take_as_done"}),
        (Proposal, "match_listing", {"accept", "refuse", "propose_again"}),
    ],
)
def test_a_permission_gives_its_actions_and_no_others(
    staff_with: Callable[..., Staff], model: type, codename: str, actions: set[str]
) -> None:
    fill(1)
    packer = staff_with(f"view_{model.__name__.lower()}", codename)
    form = packer.client.get(address(model)).context["action_form"]
    assert {name for name, _label in form.fields["action"].choices if name} == actions


def test_an_action_without_its_permission_is_refused(staff_with: Callable[..., Staff]) -> None:
    account = SellerAccountFactory.create()
    packer = staff_with("view_selleraccount")
    data = {"action": "release", "_selected_action": [account.pk]}
    packer.client.post(address(SellerAccount), data)
    account.refresh_from_db()
    assert account.state == "observing"


def test_every_action_needs_a_permission() -> None:
    for model in OURS:
        for name in admin.site._registry[model].actions or ():
            action = getattr(admin.site._registry[model], str(name))
            assert action.allowed_permissions, (model, name)


def test_who_may_only_look_sees_every_page(staff_with: Callable[..., Staff]) -> None:
    fill(1)
    rows = {str((model._meta.concrete_model or model)._meta.model_name) for model in OURS}
    packer = staff_with(*(f"view_{name}" for name in rows))
    for model in OURS:
        pk = model._default_manager.values_list("pk", flat=True)[0]
        page = packer.see(model, pk)
        assert 'name="_save"' not in page
        assert "the-client-secret" not in page
        assert "the-refresh-token" not in page
    assert "never shown" in packer.see(Application, Application.objects.get().pk)
