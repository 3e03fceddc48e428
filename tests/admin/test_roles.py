"""Every address and every action of ours, tried as every role, against a declared table.

The addresses come from the resolver, so that a new one without a line in
tests/admin/permission_table.py fails here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client, RequestFactory

from tests.admin import permission_table as table
from tests.admin.conftest import address
from tests.admin.people import (
    ADDRESSES,
    EDIT,
    MODELS,
    Address,
    all_permissions,
    client_with,
    give,
    short,
    tried,
    url_of,
)
from tests.admin.rows import fill

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.django_db


def test_every_address_is_in_the_table() -> None:
    assert len(ADDRESSES) > 60
    for one in ADDRESSES:
        if short(one) in table.ELSEWHERE:
            assert (ROOT / table.ELSEWHERE[short(one)]).exists()
        else:
            assert table.allowed(short(one)) is not None, f"{one.name}: {EDIT}"


def test_the_table_names_nothing_that_is_gone() -> None:
    names = {short(one) for one in ADDRESSES}
    assert {*table.PAGES, *table.POSTS, *table.ELSEWHERE, *table.ARGUMENTS} <= names
    assert set(table.SCREENS) == set(MODELS)


def test_every_permission_of_the_table_exists() -> None:
    named = set(table.ACTIONS.values()).union(
        *(who for who in (*table.PAGES.values(), *table.POSTS.values()) if who != table.STAFF)
    )
    assert named <= set(all_permissions())


# --- Pages ---------------------------------------------------------------------------------------


def asked(client: Client, one: Address) -> int:
    ask = client.post if short(one) in table.POSTS else client.get
    return ask(url_of(one)).status_code


@pytest.mark.parametrize("staff", [None, False], ids=["nobody", "customer"])
def test_who_may_not_enter_the_admin_is_sent_to_the_login(staff: bool | None) -> None:
    fill(1)
    client = Client() if staff is None else client_with(*all_permissions(), is_staff=False)
    for one in tried():
        answer = client.get(url_of(one))
        assert answer.status_code in (302, 403), one.name
        assert answer.status_code == 403 or "login" in answer["Location"], one.name


def test_a_superuser_may_all_that_anybody_may() -> None:
    fill(1)
    client = client_with(is_superuser=True)
    for one in tried():
        shut = table.allowed(short(one)) == table.NOBODY
        assert (asked(client, one) == 403) == shut, one.name


def test_plain_staff_may_only_what_everybody_may() -> None:
    fill(1)
    client = client_with()
    for one in tried():
        open_to_all = table.allowed(short(one)) == table.STAFF
        assert (asked(client, one) != 403) == open_to_all, one.name


def test_each_page_opens_by_each_of_its_permissions_alone() -> None:
    fill(1)
    client = client_with()
    for one in tried():
        for codename in sorted((table.allowed(short(one)) or table.NOBODY) - table.STAFF):
            give(codename)
            assert asked(client, one) != 403, (codename, one.name)


def test_each_page_is_shut_to_who_has_every_other_permission() -> None:
    fill(1)
    client = client_with()
    for one in tried():
        who = table.allowed(short(one)) or table.NOBODY
        if who != table.STAFF:
            give(*(codename for codename in all_permissions() if codename not in who))
            assert asked(client, one) == 403, one.name


# --- Actions -------------------------------------------------------------------------------------


def actions_of(model: str) -> set[str]:
    """All actions that a superuser is offered."""
    screen = admin.site._registry[MODELS[model]]
    request = RequestFactory().get("/")
    request.user = get_user_model()(is_superuser=True, is_active=True, is_staff=True)
    return set(screen.get_actions(request))


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_action_is_in_the_table(model: str) -> None:
    told = {action for name, action in (*table.ACTIONS, *table.ACTIONS_ELSEWHERE) if name == model}
    assert actions_of(model) == told, EDIT


@pytest.mark.parametrize(("model", "action"), sorted(table.ACTIONS))
def test_an_action_is_refused_without_its_one_permission(model: str, action: str) -> None:
    """Asked for by who has every other permission, as a forged request would."""
    fill(1)
    needed = table.ACTIONS[model, action]
    client = client_with(*(name for name in all_permissions() if name != needed))
    row = MODELS[model]._default_manager.values_list("pk", flat=True)[0]
    data = {"action": action, "_selected_action": [row]}
    answer = client.post(address(MODELS[model]), data, follow=True)
    if answer.status_code != 403:  # whose list is shut to this role
        said = [str(one) for one in answer.context["messages"]]
        assert said in ([], ["No action selected."])  # nothing, where the list offers no action


@pytest.mark.parametrize("model", sorted({name for name, _action in table.ACTIONS}))
def test_a_permission_offers_its_actions_and_no_others(model: str) -> None:
    fill(1)
    for needed in {table.ACTIONS[one] for one in table.ACTIONS if one[0] == model}:
        get_user_model().objects.all().delete()
        client = client_with(f"view_{model}", needed)
        form = client.get(address(MODELS[model])).context["action_form"]
        offered = {name for name, _label in form.fields["action"].choices if name}
        wanted = {
            action
            for (name, action), codename in table.ACTIONS.items()
            if name == model and codename == needed
        }
        assert offered == wanted, needed
