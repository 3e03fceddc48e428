"""What Amazon refuses is noted once, tried again, and ended by itself; the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync import clock
from django_amazon_sync.errors import Unauthorized
from django_amazon_sync.models import (
    AccountState,
    Alarm,
    Job,
    Lack,
    RunState,
    Schedule,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts import access, tokens_and_buckets
from django_amazon_sync.sync.accounts.connect import Credentials, connect_account
from django_amazon_sync.sync.alerts import alarms
from django_amazon_sync.sync.alerts.attention import MatterKind, matters
from django_amazon_sync.testing.simulator import Fault
from tests.world import DE, World

pytestmark = pytest.mark.django_db

SECONDS = timedelta(seconds=10)

WRITES = ("patchListingsItem", "putListingsItem", "createFeed", "createFeedDocument")


def told(world: World, kind: MatterKind) -> list[str]:
    """What the overview says of the account."""
    found = matters(SellerAccount.objects.all()).get(world.account.pk, [])
    return [matter.sentence for matter in found if matter.kind == kind]


def refuse_writes(world: World) -> None:
    for operation in WRITES:
        world.amazon.faults.add(Fault(operation, "403", times=None))


def due(world: World) -> list[str]:
    """The jobs that are done now."""
    return [jobs.perform(run, patience=5).job for run in jobs.due_runs([world.account])]


def change(sku: str, quantity: int) -> None:
    record = get_model("partner", "StockRecord").objects.get(partner_sku=sku)
    record.num_in_stock = quantity
    record.save()


# --- The role for changes ------------------------------------------------------------------------


def test_an_account_that_only_lacks_the_write_role_imports_and_verifies(world: World) -> None:
    world.sell("MUG")
    world.export()
    refuse_writes(world)
    change("MUG", 3)
    assert world.send_changes().reason_code == "unauthorized"
    number = world.buy("MUG")
    assert world.import_orders().state == RunState.DONE
    assert world.account.orders.filter(number=number).exists()
    assert world.verify().state == RunState.DONE
    world.account.refresh_from_db()
    assert world.account.state == AccountState.LIVE
    [sentence] = told(world, MatterKind.AUTHORISE)
    assert "Product Listing" in sentence
    assert "authorise it again" in sentence


def test_a_refused_write_is_told_by_mail_once(world: World, mailoutbox: list[Any]) -> None:
    SellerAccount.objects.update(alarm_recipients="anna@example.com")
    world.sell("MUG")
    world.export()
    refuse_writes(world)
    change("MUG", 3)
    for _ in range(3):
        world.send_changes()
        alarms.ring()
    [mail] = mailoutbox
    assert "Product Listing" in mail.body
    assert Lack.objects.count() == 1


def test_it_is_tried_again_after_growing_pauses_and_not_between(
    world: World, later: Callable[[timedelta], None]
) -> None:
    Schedule.objects.all().delete()
    world.sell("MUG")
    world.export()
    refuse_writes(world)
    change("MUG", 3)
    assert due(world) == [Job.CHANGES]
    for pause in (*access.PAUSES, access.PAUSES[-1]):
        later(pause - timedelta(seconds=20))
        assert due(world) == []
        later(timedelta(seconds=30))
        assert due(world) == [Job.CHANGES]
    assert Lack.objects.get().tries == len(access.PAUSES) + 2


def test_when_it_works_again_what_waited_is_sent_by_itself(
    world: World, later: Callable[[timedelta], None], mailoutbox: list[Any]
) -> None:
    world.sell("MUG")
    world.export()
    Schedule.objects.update(next_due=timezone.now() + timedelta(days=1))
    refuse_writes(world)
    change("MUG", 3)
    due(world)
    alarms.ring()
    assert Alarm.objects.get(kind="authorise").mended_at is None
    world.amazon.faults.clear()
    later(access.PAUSES[0])
    assert set(due(world)) == {Job.CHANGES, Job.EXPORT}
    assert world.live("MUG").quantity == 3
    assert not access.refused().exists()
    assert told(world, MatterKind.AUTHORISE) == []
    alarms.ring()
    assert Alarm.objects.get(kind="authorise").mended_at is not None


def test_it_ends_also_where_nothing_waits_and_changes_nothing(
    world: World, later: Callable[[timedelta], None]
) -> None:
    world.sell("MUG")
    world.export()
    refuse_writes(world)
    change("MUG", 3)
    due(world)
    change("MUG", 5)  # as Amazon has it
    world.amazon.faults.clear()
    later(access.PAUSES[0])
    due(world)
    assert not access.refused().exists()
    assert world.live("MUG").quantity == 5


def test_an_export_that_was_refused_is_due_again_at_once(
    world: World, later: Callable[[timedelta], None]
) -> None:
    world.sell("MUG", quantity=5)
    world.export()
    refuse_writes(world)
    get_model("partner", "StockRecord").objects.update(num_in_stock=2)  # nobody noted it
    assert world.export().reason_code == "unauthorized"
    world.amazon.faults.clear()
    later(access.PAUSES[0])
    due(world)
    assert world.live("MUG").quantity == 2


def test_an_account_that_may_read_nothing_says_so_too(
    world: World, later: Callable[[timedelta], None]
) -> None:
    world.sell("MUG")
    world.amazon.faults.add(Fault("searchListingsItems", "403", times=None))
    world.amazon.faults.add(Fault("getListingsItem", "403", times=None))
    assert world.export().reason_code == "unauthorized"
    assert "Reading listings" in told(world, MatterKind.AUTHORISE)[0]
    world.amazon.faults.clear()
    later(access.PAUSES[0])
    due(world)
    assert told(world, MatterKind.AUTHORISE) == []


def test_refused_orders_are_told_and_listings_go_out(world: World) -> None:
    world.sell("MUG")
    world.amazon.faults.add(Fault("searchOrders", "403", times=None))
    assert world.import_orders().reason_code == "unauthorized"
    assert "Inventory and Order Tracking" in told(world, MatterKind.AUTHORISE)[0]
    world.amazon.faults.clear()
    world.import_orders()
    assert told(world, MatterKind.AUTHORISE) == []


# --- Login with Amazon ---------------------------------------------------------------------------


def refuse_once(world: World) -> None:
    world.amazon.expire_access_tokens()
    world.account.access_tokens.all().delete()
    world.amazon.revoke(world.seller)


def test_one_refusal_of_the_credentials_disconnects_nothing(
    world: World, later: Callable[[timedelta], None]
) -> None:
    world.sell("MUG")
    refuse_once(world)
    assert world.import_orders().reason_code == "disconnected"
    world.account.refresh_from_db()
    assert world.account.state == AccountState.LIVE
    [sentence] = told(world, MatterKind.AUTHORISE)
    assert "credentials" in sentence
    Schedule.objects.update(next_due=timezone.now())
    assert due(world) == [], "it is left alone meanwhile"
    world.amazon._world.seller(world.seller).revoked = False  # it was a fault of Amazon's
    later(access.PAUSES[0])
    assert Job.IMPORT_ORDERS in due(world)
    assert not access.refused().exists()
    assert told(world, MatterKind.AUTHORISE) == []


def test_a_refusal_that_lasts_for_a_day_disconnects(
    world: World, later: Callable[[timedelta], None]
) -> None:
    refuse_once(world)
    for _ in range(40):
        Schedule.objects.update(next_due=timezone.now())
        due(world)
        later(timedelta(hours=1))
        world.account.refresh_from_db()
        if world.account.state == AccountState.DISCONNECTED:
            break
    assert world.account.state == AccountState.DISCONNECTED
    assert "revoked" in world.account.state_reason
    tried = SyncRun.objects.filter(reason_code="disconnected")  # by whichever job came first
    assert tried.count() in (25, 26), "once an hour"
    assert not access.refused().exists(), "its state says it now"


def test_new_credentials_end_it_at_once(world: World) -> None:
    refuse_once(world)
    world.import_orders()
    assert access.refused().exists()
    world.amazon.authorise_again(world.seller)
    _connect(world)
    assert not access.refused().exists()


def test_a_run_that_is_older_than_the_credentials_asks_with_the_new_ones(world: World) -> None:
    run = an_older_run(world)
    assert jobs.perform(run).state == RunState.DONE
    assert not access.refused().exists()


def test_a_token_of_credentials_that_were_replaced_meanwhile_is_not_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be of another application, or lack the roles that the new authorisation has."""
    really_ask = tokens_and_buckets.ask_for_token
    asked: list[str] = []

    def staff_are_faster(account: SellerAccount, *args: Any) -> Any:
        token = really_ask(account, *args)
        asked.append(token.access_token)
        if len(asked) == 1:
            world.amazon.authorise_again(world.seller)
            _connect(world)
        return token

    world.account.access_tokens.all().delete()
    monkeypatch.setattr(tokens_and_buckets, "ask_for_token", staff_are_faster)
    account = SellerAccount.objects.select_related("application").get()
    first = tokens_and_buckets.DatabaseTokens(account).token()
    assert not world.account.access_tokens.exists()
    assert tokens_and_buckets.DatabaseTokens(account).token() != first
    assert world.account.access_tokens.get().token == asked[-1]


def test_a_refusal_of_old_credentials_says_nothing_of_new_ones(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Staff enter new ones while the question with the old ones is on its way."""
    monkeypatch.setattr(tokens_and_buckets.DatabaseTokens, "_read_credentials", lambda tokens: None)
    run = an_older_run(world)
    assert jobs.perform(run).reason_code == "disconnected"
    assert not access.refused().exists()
    world.account.refresh_from_db()
    assert world.account.state == AccountState.LIVE


def an_older_run(world: World) -> SyncRun:
    """A run whose worker read the account before staff entered new credentials."""
    run = jobs.request(SellerAccount.objects.select_related("application").get(), Job.IMPORT_ORDERS)
    str(run.account.refresh_token + run.account.application.client_secret)  # the run's own, read
    refuse_once(world)
    world.amazon.authorise_again(world.seller)
    _connect(world)
    world.account.access_tokens.all().delete()
    return run


def _connect(world: World) -> None:
    seller = world.amazon.seller("eu")
    connect_account(
        world.shop,
        Credentials(seller.client_id, seller.client_secret, seller.refresh_token),
        region="eu",
        seller_id=seller.seller_id,
        marketplaces=[DE],
    )


def test_a_part_that_works_now_and_then_is_tried_ever_more_seldom(
    world: World, later: Callable[[timedelta], None]
) -> None:
    """Such as a seller who is suspended in one marketplace of two."""
    error = Unauthorized("patchListingsItem", "Amazon denies access.", status=403)
    part = access.Part.LISTINGS_OUT
    for pause in (*access.PAUSES, access.PAUSES[-1]):
        access.lacks(world.account, part, error)
        assert Lack.objects.get().again_at == pytest.approx(clock.now() + pause, abs=SECONDS)
        later(pause)
        access.works(world.account, part)
    later(access.FORGOTTEN_AFTER)
    access.lacks(world.account, part, error)
    assert Lack.objects.get().tries == 1
