"""The admin's lists with 200,000 listings, runs, run lines and orders, against the same at 1,000.

Each page is asked for as a superuser would see it, with all that its templates need; what is
compared is the median of some requests of one process. First in the admin's own order, then as
staff look for something: by what is the matter, and by SKU or order.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.core.management.color import no_style
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from benchmarks.catalogue import fill, multiply
from benchmarks.ground import (
    GERMANY,
    Ratio,
    drop_database,
    in_child,
    make_database,
    seconds,
)
from django_amazon_sync.models import (
    AmazonOrder,
    Job,
    OrderState,
    Outcome,
    RunLine,
    RunState,
    SellerAccount,
    SyncRun,
)

AIM = 2.0
FEW, MANY, QUICK = 1_000, 200_000, 20_000
ROUNDS = 15

#: Name, list and what is asked of it.
PAGES = {
    "listings": ("listing", {}),
    "listings that drifted": ("listing", {"condition": "drifted"}),
    "a listing by its SKU": ("listing", {"q": "SKU-777"}),
    "runs": ("syncrun", {}),
    "runs of a job": ("syncrun", {"job__exact": Job.VERIFY.value}),
    "lines of runs": ("runline", {}),
    "a line by its SKU": ("runline", {"q": "SKU-777"}),
    "orders": ("amazonorder", {}),
    "orders in quarantine": ("amazonorder", {"state__exact": OrderState.QUARANTINED.value}),
    "an order by its number": ("amazonorder", {"q": "302-0000000-0000777"}),
}


def measure(*, quick: bool) -> Iterator[Ratio]:
    few, many = times_at(FEW), times_at(QUICK if quick else MANY)
    for what in PAGES:
        size = QUICK if quick else MANY
        yield Ratio(f"list of {what}, {size:,} rows / {FEW:,}", many[what], few[what], AIM)


def times_at(size: int) -> dict[str, float]:
    """The median seconds of each page in a database of that size."""
    in_child(make_database)
    try:
        in_child(fill_lists, size)
        found: dict[str, float] = in_child(times)
        return found
    finally:
        in_child(drop_database)


def times() -> dict[str, float]:
    client = Client(headers={"host": "localhost"})
    client.force_login(get_user_model().objects.get())
    taken = {}
    for what, (model, asked) in PAGES.items():
        address = reverse(f"admin:django_amazon_sync_{model}_changelist")

        def look(address: str = address, asked: dict[str, str] = asked) -> None:
            assert client.get(address, asked).status_code == 200

        look()  # templates are compiled, plans are made
        taken[what] = statistics.median(seconds(look) for _round in range(ROUNDS))
    return taken


# --- The rows -------------------------------------------------------------------------------------


def fill_lists(size: int) -> None:
    """So many listings, runs, lines and orders; one in ten wants staff."""
    fill(size)
    get_user_model().objects.create_superuser("staff", "staff@example.com", "staff")
    only = SellerAccount.objects.get()
    run = SyncRun.objects.create(
        pk=1, account=only, job=Job.EXPORT, state=RunState.DONE, counts={"sent": 1},
        started_at=timezone.now(), finished_at=timezone.now(),
    )  # fmt: skip
    line = RunLine.objects.create(
        pk=1, run=run, outcome=Outcome.SENT, sku="SKU-1", marketplace=GERMANY
    )
    order = AmazonOrder.objects.create(
        pk=1, account=only, number="302-0000000-0000001", marketplace=GERMANY, channel="AMAZON",
        status="UNSHIPPED", fulfilled_by="MERCHANT", state=OrderState.PLACED, shop_order_pk="1",
        ordered_at=timezone.now(), updated_at=timezone.now(), total=Decimal("25.80"),
        currency="EUR", document={},
    )  # fmt: skip
    job = f"CASE WHEN n % 10 = 0 THEN '{Job.VERIFY}' ELSE '{Job.EXPORT}' END"
    state = f"CASE WHEN n % 10 = 0 THEN '{OrderState.QUARANTINED}' ELSE '{OrderState.PLACED}' END"
    number = "'302-0000000-' || substr('0000000' || n, length('' || n) + 1)"
    multiply(run, size, job=job)
    multiply(line, size, run_id="n", sku="'SKU-' || n")
    moments = "one.ordered_at - n * INTERVAL '1 minute'"
    if connection.vendor == "sqlite":
        moments = "datetime(one.ordered_at, '-' || n || ' minutes')"
    multiply(order, size, number=number, state=state, shop_order_pk="'' || n", ordered_at=moments)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE django_amazon_sync_listing SET drift = %s WHERE id %% 10 = 0",
            ['{"price": {"ours": "12.90 EUR", "live": "11.90 EUR"}}'],
        )
        models = [SyncRun, RunLine, AmazonOrder]
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
