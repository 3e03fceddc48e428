"""Alarms and sentences say what is so where stores are refused or switched off."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse

from django_amazon_sync.models import (
    Job,
    Listing,
    RunState,
    SellerAccount,
    SellerSku,
    Starter,
    SyncRun,
)
from django_amazon_sync.sync.alerts import alarms
from django_amazon_sync.testing.simulator.switches import Switches
from tests.admin.conftest import Staff, address
from tests.attacks.steps import Era, change, fail, sentences
from tests.world import DE, FR

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

#: An Amazon where each store has a quantity of its own, as where stores do not share it.
separate = pytest.mark.parametrize(
    "amazon", [{"switches": Switches(quantity_shared=False)}], indirect=True
)


def test_an_order_fetched_by_number_ends_no_alarm_of_imports_that_stop(era: Era) -> None:
    """A run of a part never counts as the whole, though it keeps how far it is as one about
    everything does: each import stops, which is told, and a clerk fetches one order by its
    number."""
    era.sold()
    number = era.world.buy("MUG", 1)
    era.minutes(10)
    fail(era, "searchOrders", "500")
    era.minutes(90, every=5)
    assert sentences("stopping")
    era.world.do(Job.IMPORT_ORDERS, orders=[number])
    assert sentences("stopping")


def test_an_alarm_of_a_lane_that_stopped_ends_with_its_first_good_run(
    era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop was away for an hour and the lane's runs stopped; then it works again. The first
    good run says so, though it had nothing to send; those after it leave nothing behind."""
    era.sold()
    with monkeypatch.context() as broken:

        def away(*args: object, **options: object) -> Any:
            raise RuntimeError("The shop's database is away.")

        broken.setattr(type(era.world.shop), "offers", away)
        change("MUG", num_in_stock=4)
        change("MUG", num_in_stock=5)
        era.minutes(60, every=2)
        assert sentences("stopping")
    era.minutes(30)
    assert sentences("stopping") == []
    change("MUG", num_in_stock=4)
    change("MUG", num_in_stock=5)
    era.minutes(4)
    assert SyncRun.objects.filter(job=Job.CHANGES, state=RunState.DONE, counts={}).count() == 1


def test_no_mail_says_that_access_is_mended_while_another_store_is_refused(both: Era) -> None:
    """The end of each alarm is told as what it was: both stores were refused, Germany is allowed
    again, and France is refused still."""
    SellerAccount.objects.update(alarm_recipients="ann@example.com")
    for code in (DE, FR):
        fail(both, "patchListingsItem", "403", code)
    change("MUG", num_in_stock=4)
    for _minute in range(6):
        both.minutes(1)
        alarms.ring()
    both.world.amazon.faults.clear()
    fail(both, "patchListingsItem", "403", FR)
    for _minute in range(40):
        both.minutes(3)
        alarms.ring()
    assert sentences("authorise")
    said = [line for each in mail.outbox for line in each.body.splitlines() if "Mended" in line]
    assert said == ["Mended: Amazon refuses access (Changing listings, Amazon.de)."]


def test_a_deployment_that_may_not_write_begins_no_lane(era: Era, settings: Any) -> None:
    """A copy of the deployment writes nothing. Changes of its shop make no run of the lane, as
    each would stop at once, with every tick and for ever; the overview says why nothing leaves."""
    era.sold()
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DEPLOYMENT": "staging"}
    change("MUG", num_in_stock=1)
    era.minutes(70)
    assert not SyncRun.objects.filter(state=RunState.STOPPED, started_by=Starter.SHOP).exists()
    [why] = sentences("not_sent")
    assert "released by deployment 'tests' and this is 'staging'" in why


def test_that_no_search_has_finished_is_not_said_of_one_store(both: Era, staff: Staff) -> None:
    """France refuses its orders; Germany's come in every five minutes."""
    fail(both, "searchOrders", "403", FR)
    both.minutes(120, every=5)
    assert sentences("orders_stale") == ["Orders are not searched in Amazon.fr now."]
    page = staff.client.get(reverse("admin:django_amazon_sync_overview")).content.decode()
    assert "<p>Orders are not searched in Amazon.fr now.</p>" in page
    assert "No search for orders has finished yet." not in page
    page = staff.see(SellerAccount, both.world.account.pk)
    assert "Orders are not searched in Amazon.fr now.<br>" in page
    assert "No search for orders has finished yet." not in page


def test_that_all_else_goes_on_is_not_said_where_no_quantity_rises(both: Era) -> None:
    """While France refuses its orders no quantity rises in any store, as nobody knows what was
    sold there."""
    change("MUG", num_in_stock=0)
    both.minutes(10)
    fail(both, "searchOrders", "403", FR)
    both.minutes(20)
    change("MUG", num_in_stock=5)
    both.minutes(60)
    assert both.units("MUG", DE) == 0
    [said] = sentences("authorise")
    assert "until then quantities only fall, in all stores." in said
    assert "all else goes on" not in said
    SellerAccount.objects.update(import_orders=False)
    [said] = sentences("authorise")
    assert "all else goes on" in said


@separate
def test_that_nothing_is_sent_is_not_said_of_a_store_that_gets_quantities(
    both: Era, staff: Staff
) -> None:
    """What is on sale in a store that is switched off keeps its quantity in step."""
    both.world.account.marketplaces.filter(code=FR).update(active=False)
    page = staff.see(Listing, both.world.listing("MUG", FR).pk)
    change("MUG", num_in_stock=2)
    both.minutes(5)
    assert both.units("MUG", FR) == 2
    assert "Nothing is sent, as its store is switched off." not in page
    assert "Only the quantity is sent, as its store is switched off." in page


def test_that_changes_are_sent_is_not_said_of_a_store_that_refuses_them(
    both: Era, staff: Staff
) -> None:
    """France has refused changes for two hours: its price is the one of before."""
    fail(both, "patchListingsItem", "403", FR)
    change("MUG", price=Decimal("11.00"))
    both.minutes(120, every=2)
    page = staff.see(Listing, both.world.listing("MUG", FR).pk)
    assert both.price() == "11.00"
    assert "What changes in the shop is sent." not in page
    assert "until then nothing is sent here" in page
    german = staff.see(Listing, both.world.listing("MUG", DE).pk)
    assert "What changes in the shop is sent." in german
    of_sku = staff.see(SellerSku, both.world.listing("MUG", FR).sku_id)
    assert "What changes in the shop is sent." in of_sku
    assert "until then nothing is sent here" in of_sku


@separate
def test_that_an_offer_goes_to_zero_is_not_said_of_a_store_that_refuses_it(
    both: Era, staff: Staff
) -> None:
    """Before a SKU is switched off staff are told what that changes, and France refuses changes."""
    fail(both, "patchListingsItem", "403", FR)
    change("MUG", price=Decimal("11.00"))
    both.minutes(10)
    row = SellerSku.objects.get(sku="MUG")
    data = {"action": "leave_alone", "_selected_action": [row.pk]}
    [part] = staff.client.post(address(SellerSku), data).context["question"].parts
    assert part.sentences == [
        "1 offer goes to 0: Amazon.de 1.",
        "1 offer stays on sale until Amazon allows changes there again, then goes to 0: "
        "Amazon.fr 1.",
    ]
    SellerSku.objects.update(synchronise=False)
    both.minutes(10)
    both.world.export()
    both.minutes(3)
    assert (both.units("MUG", DE), both.units("MUG", FR)) == (0, 5)
    both.world.amazon.faults.clear()
    both.minutes(90, every=5)
    assert both.units("MUG", FR) == 0
