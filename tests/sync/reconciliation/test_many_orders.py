"""Of many orders the search leaves out some and shows some late; each comes in once, and the report
finds exactly those that were left out.

``MANY_ORDERS=10000`` tries so many (some minutes).
"""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import AmazonOrder, Job, OrderState, SellerAccount
from django_amazon_sync.sync.reconciliation.proof import proven
from tests.world import World, lines_of, to_the_end

MANY = int(os.environ.get("MANY_ORDERS", "150"))

#: One in a hundred is never shown by a search, and one is late; of few orders, one in ten.
SHARE = 0.01 if MANY >= 1000 else 0.1


@pytest.mark.thorough
def test_each_order_is_there_once_and_the_report_found_what_no_search_showed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_amazon_sync.amazon.orders.ORDERS_A_PAGE", min(100, MANY // 5))
    SellerAccount.objects.update(cut_over=clock.now() - timedelta(days=1))
    world.account.refresh_from_db()
    world.sell("MUG", price="20.00", quantity=2 * MANY)
    world.amazon.switch(
        unsearchable_orders=SHARE, late_orders=SHARE, omitted_orders=0.1, repeated_orders=0.5
    )
    placed = {world.buy("MUG", at=world.amazon.now()) for _each in range(MANY)}
    world.import_orders()
    early = set(AmazonOrder.objects.values_list("number", flat=True))
    world.amazon.advance(3700)
    world.import_orders(since=(world.amazon.now() - timedelta(hours=3)).isoformat())
    searched = set(AmazonOrder.objects.values_list("number", flat=True))
    run = to_the_end(world, world.do(Job.RECONCILE))
    assert run.went_well, run.reason
    found = set(AmazonOrder.objects.values_list("number", flat=True))
    assert early < searched < found == placed
    told = lines_of(run, "code", "order_number")
    assert sorted(number for code, number in told if code == "reported") == sorted(found - searched)
    assert run.counts["missing"] == len(found - searched)
    assert AmazonOrder.objects.filter(state=OrderState.PLACED).count() == MANY
    assert world.in_stock("MUG") == MANY
    assert proven(world.account) is not None
