"""Who may open which page and do which action: the table that test_roles.py holds the code to.

You added a page, an address or an action? Add one line here:

- a page of a model's own screen (list, add, change, history, delete): the model is in ``SCREENS``;
- any other address with a name: ``PAGES``, or ``POSTS``, by its name. What it takes goes into
  ``ARGUMENTS``, unless that is the primary key of its screen's model;
- an address that people do not reach by permissions, such as one with a secret in it:
  ``ELSEWHERE``, with the file of the tests that hold it;
- an admin action: ``ACTIONS``.

A page is open to who has one of its permissions; ``STAFF`` may everybody who may enter the admin,
``NOBODY`` stays shut for superusers too.
"""

from __future__ import annotations

from dataclasses import dataclass

from django_amazon_sync.models import SyncRun
from tests import factories

#: Everybody who may enter the admin.
STAFF = frozenset({"*"})

#: Not even a superuser: rows that the app makes itself and that stay.
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Screen:
    """A model's own pages; by default its rows are only looked at, and nobody adds or deletes."""

    adds: bool = False
    deletes: bool = False
    #: A permission of ours that gives all of it, instead of Django's own.
    all_by: str = ""


SCREENS = {
    "alarm": Screen(),
    "amazonorder": Screen(),
    "application": Screen(adds=True, deletes=True),
    "erasure": Screen(),
    "exchangerate": Screen(adds=True, deletes=True, all_by="change_price_listing"),
    "listing": Screen(),
    "marketplace": Screen(),
    "ordermappings": Screen(),
    "personaldataview": Screen(),
    "proposal": Screen(),
    "runline": Screen(),
    "schedule": Screen(),
    "selleraccount": Screen(
        adds=True,
    ),
    "sellersku": Screen(),
    "shipment": Screen(),
    "submission": Screen(),
    "syncrun": Screen(),
    "taxrecord": Screen(),
}

#: Who may look at an account looks at its mappings.
_LOOKS_AT_ACCOUNTS = frozenset({"view_selleraccount", "change_selleraccount"})

#: Other pages, and those of screens with rules of their own: who may open them (GET), by name.
PAGES: dict[str, frozenset[str]] = {
    "dashboard:amazon-product": frozenset({"view_sellersku"}),
    "dashboard:amazon-run": frozenset({"view_syncrun"}),
    "dashboard:amazon-run-state": frozenset({"view_syncrun"}),
    "django_amazon_sync_amazonorder_search": frozenset({"import_amazonorder"}),
    "django_amazon_sync_amazonorder_shop": frozenset({"view_amazonorder", "change_amazonorder"}),
    "django_amazon_sync_connect": frozenset({"add_selleraccount"}),
    "django_amazon_sync_connect_check": frozenset({"check_selleraccount"}),
    "django_amazon_sync_connect_region": frozenset({"add_selleraccount"}),
    "django_amazon_sync_cron_key": frozenset({"change_selleraccount"}),
    "django_amazon_sync_help": STAFF,
    "django_amazon_sync_help_index": STAFF,
    "django_amazon_sync_listing_take_over": frozenset({"take_over_listing", "export_listing"}),
    "django_amazon_sync_ordermappings_change": _LOOKS_AT_ACCOUNTS,
    "django_amazon_sync_ordermappings_changelist": _LOOKS_AT_ACCOUNTS,
    "django_amazon_sync_ordermappings_history": _LOOKS_AT_ACCOUNTS,
    "django_amazon_sync_order_units": frozenset({"replay_amazonorder"}),
    "django_amazon_sync_overview": frozenset({"view_selleraccount"}),
    "django_amazon_sync_overview_changelist": frozenset({"view_selleraccount"}),
    "django_amazon_sync_product": frozenset({"view_sellersku"}),
    "django_amazon_sync_runline_about": frozenset({"view_runline", "change_runline"}),
    "django_amazon_sync_runline_file": frozenset({"view_runline", "change_runline"}),
    "django_amazon_sync_spreadsheet": frozenset({"view_sellersku", "change_sellersku"}),
    "django_amazon_sync_spreadsheet_export": frozenset({"view_sellersku", "change_sellersku"}),
    "django_amazon_sync_syncrun_lines": frozenset({"view_syncrun", "change_syncrun"}),
    "django_amazon_sync_syncrun_state": frozenset({"view_syncrun", "change_syncrun"}),
}

#: Addresses that only take POST: their name, and who may send there.
POSTS: dict[str, frozenset[str]] = {
    "django_amazon_sync_listing_approve": frozenset({"approve_listing"}),
    "django_amazon_sync_proposal_start": frozenset({"match_listing"}),
}

#: What addresses take that are no page of a row of ours, by the address; a callable makes it.
ARGUMENTS: dict[str, dict[str, object]] = {
    "django_amazon_sync_connect_region": {"region": "eu"},
    "django_amazon_sync_help": {"name": "alarms"},
    "dashboard:amazon-product": {"pk": lambda: factories.product().pk},
    "dashboard:amazon-run": {"pk": lambda: SyncRun.objects.all()[0].pk},
    "dashboard:amazon-run-state": {"pk": lambda: SyncRun.objects.all()[0].pk},
}

#: Pages of the shop's own that show something of ours more: the shop decides who opens them.
SHOPS_OWN = frozenset({
    "dashboard:catalogue-product", "dashboard:catalogue-product-create",
    "dashboard:catalogue-product-create-child", "dashboard:catalogue-product-list",
    "dashboard:order-list", "dashboard:order-detail", "dashboard:order-detail-note",
    "dashboard:order-shipping-address",
})  # fmt: skip

#: Addresses that are tried by tests of their own.
ELSEWHERE: dict[str, str] = {
    "django_amazon_sync:cron": "tests/sync/accounts/test_cron_key.py",
    "django_amazon_sync_connect_back": "tests/admin/settings/test_connecting.py",
}

#: Actions of lists: the model and the action, and the permission that it needs.
ACTIONS = {
    ("amazonorder", "look_again"): "import_amazonorder",
    ("amazonorder", "replay"): "replay_amazonorder",
    ("amazonorder", "place_as_it_is"): "replay_amazonorder",
    ("amazonorder", "ship_anyway"): "confirm_shipment",
    ("amazonorder", "erase"): "erase_personal_data",
    ("application", "delete_selected"): "delete_application",
    ("exchangerate", "delete_selected"): "change_price_listing",
    ("listing", "approve"): "approve_listing",
    ("listing", "edit_selected"): "change_listing",
    ("listing", "end_offers"): "change_listing",
    ("listing", "export"): "export_listing",
    ("listing", "offer_again"): "change_listing",
    ("listing", "send_ours"): "export_listing",
    ("listing", "take_over"): "take_over_listing",
    ("listing", "verify"): "verify_listing",
    ("marketplace", "end_offers"): "change_marketplace",
    ("marketplace", "offer_again"): "change_marketplace",
    ("proposal", "accept"): "match_listing",
    ("proposal", "propose_again"): "match_listing",
    ("proposal", "refuse"): "match_listing",
    ("selleraccount", "check_connection"): "check_selleraccount",
    ("selleraccount", "confirm_shipments"): "confirm_shipment",
    ("selleraccount", "activate"): "release_selleraccount",
    ("selleraccount", "deactivate"): "release_selleraccount",
    ("selleraccount", "export"): "export_listing",
    ("selleraccount", "import_listings"): "verify_listing",
    ("selleraccount", "import_orders"): "import_amazonorder",
    ("selleraccount", "let_erase"): "erase_personal_data",
    ("selleraccount", "match"): "match_listing",
    ("selleraccount", "observe"): "release_selleraccount",
    ("selleraccount", "pause"): "release_selleraccount",
    ("selleraccount", "preview"): "export_listing",
    ("selleraccount", "reconcile"): "import_amazonorder",
    ("selleraccount", "release"): "release_selleraccount",
    ("selleraccount", "stop_erasing"): "erase_personal_data",
    ("selleraccount", "verify"): "verify_listing",
    ("sellersku", "edit_selected"): "change_sellersku",
    ("sellersku", "export"): "export_listing",
    ("sellersku", "leave_alone"): "change_sellersku",
    ("sellersku", "synchronise"): "change_sellersku",
    ("sellersku", "take_over"): "take_over_listing",
    ("sellersku", "verify"): "verify_listing",
    ("shipment", "send_again"): "confirm_shipment",
    ("shipment", "take_as_done"): "confirm_shipment",
    ("syncrun", "approve"): "approve_listing",
    ("syncrun", "take_over_shown"): "take_over_listing",
}

#: Actions that look at the permission for each row by themselves, with the file of their tests.
ACTIONS_ELSEWHERE = {("schedule", "run_now"): "tests/admin/settings/test_schedules.py"}


def allowed(name: str) -> frozenset[str] | None:
    """Who may open the page of that name; None where the table has no line for it."""
    if name in PAGES or name in POSTS:
        return PAGES.get(name, POSTS.get(name, NOBODY))
    model, _last, page = name.removeprefix("django_amazon_sync_").rpartition("_")
    screen = SCREENS.get(model)
    if screen is None:
        return None
    looks = frozenset({f"view_{model}", f"change_{model}", screen.all_by}) - {""}
    return {
        "changelist": looks,
        "add": frozenset({screen.all_by or f"add_{model}"}) if screen.adds else NOBODY,
        "change": looks,
        "history": looks,
        "delete": frozenset({screen.all_by or f"delete_{model}"}) if screen.deletes else NOBODY,
    }.get(page)
