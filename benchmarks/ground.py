"""What the benchmarks stand on: a database of their own, a connected account, a stopwatch."""

from __future__ import annotations

import gc
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar

from django.db import connection

from django_amazon_sync.models import (
    AccountState,
    Application,
    Job,
    Marketplace,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.accounts.connect import client_for
from django_amazon_sync.sync.runs.work import Work, at_work

GERMANY = "A1PA6795UKMFR9"

Given = ParamSpec("Given")
Result = TypeVar("Result")


#: How many listings the benchmarks of a whole catalogue take, and with how many rounds of each.
SIZES = {100_000: 3, 1_000_000: 1}
QUICK = {10_000: 1}


@dataclass(frozen=True)
class Ratio:
    """What was measured: seconds of ours, seconds of what it is held against, and the aim.

    ``memory`` is what ours took at its peak on top of an idle process, in MiB.
    """

    what: str
    ours: float
    held_against: float
    aim: float
    memory: float | None = None
    remark: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.held_against


def in_child(act: Callable[Given, Result], *arguments: Given.args, **named: Given.kwargs) -> Result:
    """What ``act`` returns, from a forked process: its memory starts as small as ours is."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sending.send(act(*arguments, **named)))
    child.start()
    sending.close()
    try:
        result: Result = receiving.recv()
        return result
    except EOFError:
        raise RuntimeError(f"{act.__module__}.{act.__name__} failed; see above.") from None
    finally:
        child.join()


def make_database() -> None:
    """An empty database with all tables."""
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)


def drop_database() -> None:
    """Remove what make_database made."""
    connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


def peak_memory() -> float:
    """The most that this process has held so far, in MiB (getrusage counts KiB on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alternately(
    ours: Callable[[], object],
    held_against: Callable[[], object],
    rounds: int,
    before: Callable[[], object] | None = None,
) -> tuple[float, float, float]:
    """The median seconds of both, and the MiB that ours takes on top of what the process had.

    They are taken in turns, so that a busy machine slows both. ``before`` is done before each
    turn, in a process of its own, and not counted.
    """
    times: tuple[list[float], list[float]] = ([], [])
    memory = []
    for _round in range(rounds):
        for act, taken in zip((ours, held_against), times, strict=True):
            if before is not None:
                connection.close()
                in_child(before)
            idle = peak_memory()
            taken.append(seconds(act))
            memory.append(peak_memory() - idle)
    return statistics.median(times[0]), statistics.median(times[1]), memory[0]


def seconds(act: Callable[[], object]) -> float:
    gc.collect()
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def account() -> SellerAccount:
    """A released account in Germany, made without asking Amazon."""
    menu = configured_shop().menu()
    application = Application.objects.create(
        name="Benchmark", client_id="benchmark", client_secret="secret"
    )
    made = SellerAccount.objects.create(
        application=application,
        name="Benchmark",
        seller_id="A0BENCHMARK",
        region="eu",
        refresh_token="token",
        state=AccountState.LIVE,
        deployment="benchmark",
        synchronise_all=True,
        cut_over=datetime(2020, 1, 1, tzinfo=UTC),
        default_shipping_method=menu.shipping_methods[0].code,
        default_payment_method=menu.payment_methods[0].code,
    )
    Marketplace.objects.create(account=made, code=GERMANY, language="de_DE")
    return made


@contextmanager
def working(job: Job) -> Iterator[Work]:
    """A run of the only account at work, as the task would do it."""
    only = SellerAccount.objects.get()
    run = SyncRun.objects.create(account=only, job=job)
    with at_work(run, configured_shop(), client_for(only)) as work:
        yield work
