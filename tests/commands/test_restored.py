"""``amazon_restored`` from the command line."""

from __future__ import annotations

import pytest

from django_amazon_sync.models import AccountState
from tests.commands.conftest import manage, manage_json
from tests.world import World

pytestmark = pytest.mark.wheel


def test_each_account_observes_and_says_what_is_read_anew(world: World) -> None:
    world.sell("MUG")
    world.export()
    said = manage_json("amazon_restored", "--account", world.seller.seller_id)
    assert said.exit == 0
    assert said.document["accounts"] == [
        {"account": world.account.pk, "listings": 1, "submissions": 0, "state": "observing"}
    ]
    world.account.refresh_from_db()
    assert world.account.state == AccountState.OBSERVING
    assert "1 listings are read anew" in manage("amazon_restored").out
