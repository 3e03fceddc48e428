"""Whether the machines around the heart find what they are for: faults of links, runs, alarms and
clocks.

    python -m tests.histories.machine_faults              all of them, three tries each
    python -m tests.histories.machine_faults alarms --tries 5

Each try is the machine's own test in a process of its own, in which one module is read with the
fault in it, with as many examples as ``.ci/run`` tries, from a seed. A fault is found where the
test fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tests.histories.sabotage import PROJECT, Fault

QUEUE, ALARMS, CLOCKS, LINKS = (
    f"tests/histories/{name}.py"
    for name in (
        "test_queued_runs",
        "test_alarm_histories",
        "test_host_clocks",
        "test_link_histories",
    )
)


@dataclass(frozen=True)
class MachineFault(Fault):
    """A fault, and the tests that have to find it."""

    test: str


MACHINE_FAULTS = [
    # Queued runs
    MachineFault(
        "runs: a dead one of a part is done by one of everything",
        "sync/runs/dead_runs.py",
        "if heir.whole and run.whole:",
        "if heir.whole:",
        QUEUE,
    ),
    MachineFault(
        "runs: dead ones of everything are left",
        "sync/runs/dead_runs.py",
        "        held = leases.take(leases.lease_key(job, account_pk))",
        "        held = None",
        QUEUE,
    ),
    MachineFault(
        "runs: what is asked for meanwhile is at work already",
        "sync/jobs.py",
        "job=job, whole=True, started_at=None)",
        "job=job, whole=True)",
        QUEUE,
    ),
    MachineFault(
        "runs: their time is not waited for",
        "sync/jobs.py",
        "not_before__gt=clock.now()).exists():",
        "not_before__gt=clock.now()).exists() and not run.pk:",
        QUEUE,
    ),
    MachineFault(
        "runs: those of an account that is off stay",
        "sync/queue.py",
        "due = Q(not_before=None) | Q(not_before__lte=clock.now()) | _OFF",
        "due = Q(not_before=None) | Q(not_before__lte=clock.now())",
        QUEUE,
    ),
    MachineFault(
        "runs: imports that are switched off are done",
        "sync/jobs.py",
        "    if run.job in BRING_ORDERS_IN and by_itself and not account.import_orders:",
        "    if False:",
        QUEUE,
    ),
    MachineFault(
        "runs: those of a lane without a cause stay",
        "sync/jobs.py",
        "        _forget(in_vain)",
        "        pass",
        QUEUE,
    ),
    MachineFault(
        "runs: one is done by whoever comes",
        "sync/runs/leases.py",
        "free = Lease.objects.filter(_over(LASTS), key=key)",
        "free = Lease.objects.filter(key=key)",
        QUEUE,
    ),
    MachineFault(
        "runs: leases go by the host's clock",
        "sync/runs/database_clock.py",
        """def database_now() -> Expression:
    \"\"\"Now as the database has it, or as a clock has it that stands in for the database's.\"\"\"
    moment = clock.stores_now()""",
        """def database_now() -> Expression:
    moment = clock.now()""",
        QUEUE,
    ),
    MachineFault(
        "runs: a schedule waits for a clock's day",
        "sync/queue.py",
        "            Q(next_due__lte=now) | ahead, active=True",
        "            Q(next_due__lte=now), active=True",
        QUEUE,
    ),
    MachineFault(
        "runs: a run waits for a clock's day",
        "sync/clock_steps.py",
        'columns = {"not_before": PAUSE, ',
        "columns = {",
        QUEUE,
    ),
    # Buckets
    MachineFault(
        "buckets: each host has its own time",
        "sync/accounts/tokens_and_buckets.py",
        "    return bucket, bucket.now.timestamp()",
        "    return bucket, clock.now().timestamp()",
        CLOCKS,
    ),
    MachineFault(
        "buckets: they hold one call more",
        "amazon/limits.py",
        "    wait = full_at - now - interval * (plan.burst - 1)",
        "    wait = full_at - now - interval * (plan.burst + 1)",
        CLOCKS,
    ),
    MachineFault(
        "buckets: a full one counts on",
        "amazon/limits.py",
        "    if not now < full_at <= now + interval * plan.burst + CLOCKS:",
        "    if not full_at <= now + interval * plan.burst + CLOCKS:",
        CLOCKS,
    ),
    MachineFault(
        "buckets: one waits for a clock's day",
        "amazon/limits.py",
        "    if not now < full_at <= now + interval * plan.burst + CLOCKS:",
        "    if not now < full_at:",
        CLOCKS,
    ),
    # Alarms
    MachineFault(
        "alarms: what comes and goes is told each time",
        "sync/alerts/alarms.py",
        "SETTLES = timedelta(minutes=15)",
        "SETTLES = timedelta(minutes=0)",
        ALARMS,
    ),
    MachineFault(
        "alarms: rows of a kind do not wait for others",
        "sync/alerts/alarms.py",
        "if matter.subjects is None or last is None or last <= now - rests:",
        "if matter:",
        ALARMS,
    ),
    MachineFault(
        "alarms: rows of a kind wait for long",
        "sync/alerts/alarms.py",
        "RESTS, RESTS_LONGER = timedelta(hours=1), timedelta(hours=4)",
        "RESTS, RESTS_LONGER = timedelta(hours=9), timedelta(hours=9)",
        ALARMS,
    ),
    MachineFault(
        "alarms: what no mail server took is told",
        "sync/alerts/alarms.py",
        '    _record(begins, "mailed_at", now if sent else None)',
        '    _record(begins, "mailed_at", now)',
        ALARMS,
    ),
    MachineFault(
        "alarms: who died at a mail has it for ever",
        "sync/alerts/alarms.py",
        "    return Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM_LASTS)",
        "    return Q(claimed_at=None)",
        ALARMS,
    ),
    MachineFault(
        "alarms: an end waits for a clock's day",
        "sync/clock_steps.py",
        '    (Alarm, "mended_at", HAPPENED),\n',
        "",
        ALARMS,
    ),
    MachineFault(
        "alarms: one that was claimed waits for a clock's day",
        "sync/clock_steps.py",
        '    (Alarm, "claimed_at", HAPPENED),\n',
        "",
        ALARMS,
    ),
    MachineFault(
        "alarms: chores wait for a clock's day",
        "sync/runs/database_clock.py",
        """def database_now() -> Expression:
    \"\"\"Now as the database has it, or as a clock has it that stands in for the database's.\"\"\"
    moment = clock.stores_now()""",
        """def database_now() -> Expression:
    moment = clock.now()""",
        ALARMS,
    ),
    # Links
    MachineFault(
        "links: an equal number takes what was linked",
        "sync/listings/link.py",
        'return row.matched and row.offer_pk not in ("", offer_pk)',
        "return False",
        LINKS,
    ),
    MachineFault(
        "links: matching takes what was linked",
        "sync/listings/link.py",
        "            if not reason and not by_staff and is_kept(target, wanted.offer_pk):",
        "            if False:",
        LINKS,
    ),
    MachineFault(
        "links: a file takes another product's SKU",
        "sync/listings/link.py",
        "        if _is_anothers(account, shop, row, offer):",
        "        if False:",
        LINKS,
    ),
    MachineFault(
        "links: the SKU of before is for sale",
        "sync/listings/link.py",
        "        old.synchronise, old.managed, old.matched = False, True, True",
        "        old.synchronise, old.managed, old.matched = True, True, True",
        LINKS,
    ),
    MachineFault(
        "links: an order's line is of the product of that name",
        "sync/orders/saving.py",
        "    offers = _linked_offers(account, skus)\n    named",
        "    offers = {}\n    named",
        LINKS,
    ),
    MachineFault(
        "links: what is gone is for sale",
        "sync/offers/desired.py",
        "ours = (sku.managed or sku.sold_here) and rules.sends(QUANTITY, chosen)",
        "ours = False",
        LINKS,
    ),
]


def what_finds(fault: MachineFault, seed: int) -> str:
    """The first line of what a try says; empty where its tests go well."""
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-n0", "-q", "-x", "-m", "", "-p", "no:cacheprovider",
            "-p", "tests.histories.put_in", "--hypothesis-profile=ci",
            f"--hypothesis-seed={seed}", fault.test,
        ],
        capture_output=True, text=True, cwd=PROJECT, check=False,
        env={**os.environ, "SABOTAGE": fault.name, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    if not done.returncode:
        return ""
    said = [line[1:].strip(" |+") for line in done.stdout.splitlines() if line.startswith("E ")]
    return next(iter(said), "") or (done.stdout + done.stderr)[-100:]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.histories.machine_faults")
    parser.add_argument("about", nargs="?", default="", help="only faults with this in their name")
    parser.add_argument("--tries", type=int, default=3)
    asked = parser.parse_args(arguments)
    missed = 0
    for fault in MACHINE_FAULTS:
        if asked.about not in fault.name:
            continue
        tries = ((number, what_finds(fault, number)) for number in range(1, asked.tries + 1))
        found = next((f"at try {number}: {said[:90]}" for number, said in tries if said), "")
        missed += not found
        sys.stdout.write(f"{fault.name}: {found or 'NOT FOUND'}\n")
        sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
