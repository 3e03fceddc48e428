"""``amazon_rotate_keys``: every encrypted column goes under the newest key, whatever happens."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.db import connection
from django.utils import timezone

from django_amazon_sync.errors import Misplaced
from django_amazon_sync.management.commands import amazon_rotate_keys
from django_amazon_sync.models import (
    AccessToken,
    AmazonOrder,
    Application,
    OrderWindow,
    SellerAccount,
    fields,
)
from django_amazon_sync.testing.factories import AmazonOrderFactory, SellerAccountFactory
from tests.commands.conftest import Change, manage, manage_json
from tests.stored import copy_stored, store_unbound

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture
def rows(set_amazon: Change) -> SellerAccount:
    """A value in every encrypted column, under the old key; then the new key is put before it."""
    set_amazon(ENCRYPTION_KEYS=[OLD])
    account = SellerAccountFactory.create(
        application__client_secret="secret", refresh_token="refresh"
    )
    AccessToken.objects.create(account=account, token="access", expires_at=timezone.now())
    window = OrderWindow.objects.create(account=account, start=timezone.now())
    window.page_token = "page"
    window.save()
    for number in ("1", "2", "3"):
        AmazonOrderFactory.create(account=account, number=number, document={"name": "Jörg"})
    set_amazon(ENCRYPTION_KEYS=[NEW, OLD])
    return account


def stored() -> list[str]:
    """Every token as the database holds it."""
    tokens: list[str] = []
    with connection.cursor() as cursor:
        for model, column in amazon_rotate_keys.encrypted_columns():
            cursor.execute(f"SELECT {column} FROM {model._meta.db_table}")
            tokens += [row[0] for row in cursor.fetchall() if row[0]]
    return tokens


def under(key: str) -> int:
    """How many values this key alone opens."""
    return sum(_opens(key, token) for token in stored())


def _opens(key: str, token: str) -> bool:
    try:
        Fernet(key).decrypt(token)
    except InvalidToken:
        return False
    return True


def test_every_encrypted_column_is_known() -> None:
    columns = {(model.__name__, name) for model, name in amazon_rotate_keys.encrypted_columns()}
    assert columns >= {
        ("Application", "client_secret"),
        ("SellerAccount", "refresh_token"),
        ("AccessToken", "token"),
        ("OrderWindow", "page_token"),
        ("AmazonOrder", "document"),
    }


def test_all_is_readable_when_the_old_key_has_gone(rows: SellerAccount, set_amazon: Change) -> None:
    said = manage_json("amazon_rotate_keys")
    assert said.exit == 0
    assert said.document["counts"] == {"rotated": 7, "kept": 0, "lost": 0, "misplaced": 0}
    set_amazon(ENCRYPTION_KEYS=[NEW])
    assert Application.objects.get().client_secret == "secret"
    assert SellerAccount.objects.get().refresh_token == "refresh"
    assert AccessToken.objects.get().token == "access"
    assert OrderWindow.objects.get().page_token == "page"
    assert AmazonOrder.objects.first().document == {"name": "Jörg"}  # type: ignore[union-attr]


def test_a_second_time_nothing_changes(rows: SellerAccount) -> None:
    manage("amazon_rotate_keys")
    before = stored()
    assert manage_json("amazon_rotate_keys").document["counts"] == {
        "rotated": 0,
        "kept": 7,
        "lost": 0,
        "misplaced": 0,
    }
    assert stored() == before


@pytest.mark.parametrize("dies_after", range(7))
def test_killed_anywhere_it_goes_on_where_it_was(
    rows: SellerAccount, monkeypatch: pytest.MonkeyPatch, dies_after: int
) -> None:
    monkeypatch.setattr(amazon_rotate_keys, "ROWS_PER_BATCH", 2)
    rotate_one, done = amazon_rotate_keys._rotate_one, 0

    def dying(*args: Any) -> str:
        nonlocal done
        if done == dies_after:
            raise KeyboardInterrupt
        done += 1
        return rotate_one(*args)

    with monkeypatch.context() as patched:
        patched.setattr(amazon_rotate_keys, "_rotate_one", dying)
        with pytest.raises(KeyboardInterrupt):
            manage("amazon_rotate_keys")
    assert under(NEW) == dies_after
    assert manage_json("amazon_rotate_keys").document["counts"] == {
        "rotated": 7 - dies_after,
        "kept": dies_after,
        "lost": 0,
        "misplaced": 0,
    }
    assert under(NEW) == 7


def test_a_lost_key_is_loud_names_the_row_and_stops_nothing_else(
    rows: SellerAccount, set_amazon: Change
) -> None:
    set_amazon(ENCRYPTION_KEYS=[LOST])
    lost = AmazonOrderFactory.create(account=rows, number="4", document={"name": "Ada"})
    set_amazon(ENCRYPTION_KEYS=[NEW, OLD])
    said = manage_json("amazon_rotate_keys")
    assert said.exit == 1
    assert said.document["counts"] == {"rotated": 7, "kept": 0, "lost": 1, "misplaced": 0}
    assert f"AmazonOrder.document of row {lost.pk}" in said.document["lines"][0]
    assert "put the lost key back" in said.err
    assert "Ada" not in said.out + said.err
    set_amazon(ENCRYPTION_KEYS=[NEW, OLD, LOST])
    assert manage("amazon_rotate_keys").exit == 0


def test_what_was_written_meanwhile_is_not_overwritten(
    rows: SellerAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotate = fields.rotate

    def while_another_writes(token: str, place: fields.Place) -> str:
        row = AccessToken.objects.get()
        row.token = "renewed"
        row.save()
        return rotate(token, place)

    monkeypatch.setattr(amazon_rotate_keys, "rotate", while_another_writes)
    manage("amazon_rotate_keys")
    assert AccessToken.objects.get().token == "renewed"


def test_without_a_key_nothing_is_done(rows: SellerAccount, set_amazon: Change) -> None:
    before = stored()
    set_amazon(ENCRYPTION_KEYS=[])
    said = manage_json("amazon_rotate_keys")
    assert said.exit == 2
    assert "make a key with" in said.document["error"]["message"]
    assert stored() == before


# --- Values are bound to their places ------------------------------------------------------------


def test_what_was_stored_before_values_were_bound_is_bound(rows: SellerAccount) -> None:
    store_unbound(rows, "refresh_token")
    store_unbound(rows.application, "client_secret")
    for order in AmazonOrder.objects.all():
        store_unbound(order, "document")
    said = manage_json("amazon_rotate_keys")
    assert (said.exit, said.document["counts"]["rotated"]) == (0, 7)
    first, second, _third = AmazonOrder.objects.order_by("pk")
    assert first.document == {"name": "Jörg"}
    copy_stored((first, "document"), (second, "document"))
    with pytest.raises(Misplaced):
        fields.check_opens(AmazonOrder.objects.get(pk=second.pk), "document")
    assert SellerAccount.objects.get().refresh_token == "refresh"
    assert Application.objects.get().client_secret == "secret"


def test_under_the_newest_key_already_it_is_bound_all_the_same(
    rows: SellerAccount, set_amazon: Change
) -> None:
    manage("amazon_rotate_keys")
    store_unbound(rows, "refresh_token")
    assert manage_json("amazon_rotate_keys").document["counts"] == {
        "rotated": 1,
        "kept": 6,
        "lost": 0,
        "misplaced": 0,
    }


def test_what_was_moved_is_named_stays_refused_and_stops_nothing_else(rows: SellerAccount) -> None:
    first, second, _third = AmazonOrder.objects.order_by("pk")
    copy_stored((first, "document"), (second, "document"))
    said = manage_json("amazon_rotate_keys")
    assert said.exit == 1
    assert said.document["counts"] == {"rotated": 6, "kept": 0, "lost": 0, "misplaced": 1}
    [line] = said.document["lines"]
    assert line.startswith(f"AmazonOrder.document of row {second.pk} holds a value that was")
    assert "1 values were encrypted for another place" in said.err
    assert "lost key" not in said.err
    with pytest.raises(Misplaced):
        fields.check_opens(AmazonOrder.objects.get(pk=second.pk), "document")


def test_after_it_everything_still_opens_when_staff_rename(rows: SellerAccount) -> None:
    store_unbound(rows, "refresh_token")
    manage("amazon_rotate_keys")
    application = Application.objects.get()
    application.name, application.client_id = "renamed", "another-client"
    application.save()
    SellerAccount.objects.update(name="renamed", shop_scope="another")
    AmazonOrder.objects.update(reason="renamed", state="quarantined")
    account = SellerAccount.objects.select_related("application").get()
    assert (account.refresh_token, account.application.client_secret) == ("refresh", "secret")
    assert all(order.document == {"name": "Jörg"} for order in AmazonOrder.objects.all())
