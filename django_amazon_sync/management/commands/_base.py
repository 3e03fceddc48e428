"""What the commands share: formats, exit codes, and the choice of accounts.

Exit codes: 0 all well; 1 some lines failed; 2 nothing could run (configuration, credentials,
network). What went wrong is on stderr, one sentence each. With ``--format json`` stdout is one
JSON document, also where nothing could run.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.core import checks
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone
from tqdm import tqdm

from django_amazon_sync import clock
from django_amazon_sync.amazon.limits import Budget
from django_amazon_sync.errors import (
    AmazonSyncError,
    ConfigurationError,
    Halted,
    Misplaced,
    Unavailable,
)
from django_amazon_sync.models import (
    AccountState,
    Marketplace,
    RunLine,
    RunState,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.models.fields import check_opens
from django_amazon_sync.rules.identifiers import may_be_pk
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts.budget import budgets_of, how_far
from django_amazon_sync.sync.runs import dead_runs
from django_amazon_sync.sync.runs.bulk import in_pages

ALL_WELL, SOME_FAILED, NOTHING_RAN = 0, 1, 2

#: Seconds that a command in the foreground waits for its turn at Amazon.
PATIENCE = 600.0

#: Seconds after which it looks again whether another worker has done with the same job.
BUSY_FOR = 5.0

#: Shorter waits are part of the pace and not worth a word.
WORTH_A_WORD = 2.0


@dataclass(frozen=True)
class Result:
    """What a command has to say: ``document`` for programs, ``text`` for people.

    ``complaint`` is what is wrong where ``exit`` is not 0, and ``code`` its stable word.
    """

    exit: int
    document: dict[str, object] = field(default_factory=dict)
    text: Iterable[str] = ()
    complaint: str = ""
    code: str = ""


class AmazonCommand(BaseCommand, ABC):
    """A command that prints in two formats and ends with one of three exit codes."""

    requires_system_checks: list[str] = []  # ours are run below: an error of theirs is exit 2

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--format", choices=("text", "json"), default="text", help="How to print the result."
        )

    @abstractmethod
    def result(self, options: dict[str, Any]) -> Result:
        """Do it. Raises AmazonSyncError where nothing could run."""

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            _check_settings()
            result = self.result(options)
        except AmazonSyncError as error:
            result = Result(NOTHING_RAN, complaint=str(error), code=error.code)
        if options["format"] == "json":
            self.stdout.write(json.dumps(_document(result), default=str))
        else:
            for line in result.text:
                self.stdout.write(line)
        if result.exit != ALL_WELL:
            raise CommandError(result.complaint, returncode=result.exit)


def _check_settings() -> None:
    """Raises ConfigurationError with the first error of our system checks."""
    for message in checks.run_checks(tags=["amazon_sync"]):
        if message.is_serious():
            raise ConfigurationError(f"{message.msg} {message.hint}")


def _document(result: Result) -> dict[str, object]:
    document = {**result.document, "exit": result.exit}
    if result.exit == NOTHING_RAN:
        document["error"] = {"code": result.code, "message": result.complaint}
    return document


class RunCommand(AmazonCommand):
    """A command that does one job for one or more accounts, here and now.

    It waits no longer than ``patience`` at a time, where that is one; then a tick goes on.
    """

    patience: timedelta | None = None

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_account_arguments(parser)

    @abstractmethod
    def runs(self, accounts: list[SellerAccount], options: dict[str, Any]) -> Iterable[SyncRun]:
        """The runs that were asked for, each made when it is its turn.

        Raises ConfigurationError before the first is made.
        """

    def result(self, options: dict[str, Any]) -> Result:
        accounts = chosen_accounts(options["account"], options["marketplace"])
        for account in accounts:
            if account.state == AccountState.DISCONNECTED:
                raise ConfigurationError(
                    f"The account {account} is disconnected: {account.state_reason} "
                    "Connect it again with amazon_connect."
                )
        return result_of([self.perform(run) for run in self.runs(accounts, options)])

    def perform(self, run: SyncRun) -> SyncRun:
        """Do one run to its end, showing how far it is and what it waits for.

        While it waits for Amazon it is queued: who does not want to wait may press Ctrl-C, and
        the next tick goes on with it.
        """
        with progress_bar(self, f"{run.account}, {run.get_job_display()}") as (progress, say):
            patiently = partial(
                jobs.perform, patience=PATIENCE, on_wait=_waits_aloud(say), progress=progress
            )
            while True:
                try:
                    patiently(run)
                except Halted:  # a tick was faster
                    run.refresh_from_db()
                _follow(run)
                if run.state != RunState.QUEUED:
                    return run
                say(_why_it_waits(run))
                seconds = _seconds_until(run)
                if self.patience is not None and seconds > self.patience.total_seconds():
                    say("This command does not wait for it: the next amazon_tick goes on then.")
                    return run
                sleep(seconds)


def _why_it_waits(run: SyncRun) -> str:
    if run.not_before is None:
        return f"Another worker is busy with {run.get_job_display()}; this is done after it."
    return f"{run.reason} It goes on at {timezone.localtime(run.not_before):%H:%M:%S}."


def _seconds_until(run: SyncRun) -> float:
    if run.not_before is None:
        return BUSY_FOR
    return (run.not_before - clock.now()).total_seconds()


def sleep(seconds: float) -> None:
    """Wait so long for Amazon."""
    clock.sleep(max(0.0, seconds))


def _follow(run: SyncRun) -> None:
    """Wait while another worker does the run; where that one dies, the run is queued again."""
    while run.state == RunState.RUNNING:
        sleep(1)
        dead_runs.let_go_on([run.account])
        run.refresh_from_db()


@contextmanager
def progress_bar(
    command: BaseCommand, about: str, total: int | None = None
) -> Iterator[tuple[Callable[[int], None], Callable[[str], None]]]:
    """Count on stderr while it is a terminal: what counts, and what says a line meanwhile."""

    def say(line: str) -> None:
        with tqdm.external_write_mode():
            command.stderr.write(line, lambda text: text)

    with tqdm(desc=about, total=total, disable=None, leave=False) as bar:

        def count(number: int) -> None:
            bar.update(number)

        yield count, say


def _waits_aloud(say: Callable[[str], None]) -> Callable[[str, float], None]:
    def on_wait(operation: str, seconds: float) -> None:
        if seconds >= WORTH_A_WORD:
            say(f"{operation}: waits {seconds:.0f} s for its turn at Amazon.")

    return on_wait


# --- Accounts ------------------------------------------------------------------------------------


def add_account_arguments(parser: CommandParser) -> None:
    """The options that ``chosen_accounts`` takes."""
    parser.add_argument(
        "--account", help="Its number, seller id or name; default: all connected accounts."
    )
    parser.add_argument(
        "--marketplace",
        action="append",
        default=[],
        metavar="ID",
        help="Only accounts that sell in this marketplace; may be repeated.",
    )


def chosen_accounts(wanted: str | None, marketplaces: list[str]) -> list[SellerAccount]:
    """The accounts of that number, seller id or name, or all connected ones.

    ``marketplaces`` restricts them to those that sell there. Raises ConfigurationError.
    """
    accounts = SellerAccount.objects.order_by("pk")
    if wanted is None:
        accounts = accounts.exclude(state=AccountState.DISCONNECTED)
    else:
        number = Q(pk=int(wanted)) if may_be_pk(wanted) else Q()
        accounts = accounts.filter(Q(seller_id=wanted) | Q(name=wanted) | number)
    if not accounts:
        raise ConfigurationError(_no_account(wanted))
    for account in accounts:
        with suppress(Misplaced):  # a lost key is told before anything runs; this, by its own run
            check_opens(account, "refresh_token")
    if not marketplaces:
        return list(accounts)
    selling = accounts.filter(marketplaces__code__in=marketplaces).distinct()
    there = set(Marketplace.objects.filter(account__in=accounts).values_list("code", flat=True))
    if unknown := [code for code in marketplaces if code not in there]:
        raise ConfigurationError(
            f"No chosen account sells in marketplace {unknown[0]}; "
            f"there is {', '.join(sorted(there)) or 'none'}."
        )
    return list(selling)


def _no_account(wanted: str | None) -> str:
    names = [
        f"{account.name} ({account.seller_id})" for account in SellerAccount.objects.order_by("pk")
    ]
    if wanted is not None and names:
        return f"There is no account '{wanted}'; there is {', '.join(names)}."
    return "No seller account is connected; connect one with amazon_connect."


def accounts_with_skus(
    accounts: list[SellerAccount], skus: list[str], known: Callable[[SellerAccount, str], bool]
) -> dict[SellerAccount, list[str]]:
    """Which of these SKUs each account has; all accounts, with none, where none was named.

    Raises ConfigurationError where no account has one of them.
    """
    if not skus:
        return {account: [] for account in accounts}
    having = {account: [sku for sku in skus if known(account, sku)] for account in accounts}
    for sku in skus:
        if not any(sku in those for those in having.values()):
            names = ", ".join(str(account) for account in accounts)
            raise ConfigurationError(f"There is no SKU '{sku}' for {names}.")
    return {account: those for account, those in having.items() if those}


# --- Results of runs -----------------------------------------------------------------------------


def result_of(runs: list[SyncRun]) -> Result:
    """What to say of runs that have ended; those that found nothing to do are left out."""
    told = list({run.pk: run for run in runs if run.pk}.values())  # what found nothing was deleted
    stopped = [run for run in told if run.state == RunState.STOPPED]
    complaint = "\n".join(dict.fromkeys(filter(None, map(_complaint, told))))
    return Result(
        exit=_exit_of(told),
        document={"runs": [_run_document(run) for run in told]},
        text=(line for run in told for line in _run_text(run)),
        complaint=complaint,
        code=stopped[0].reason_code if stopped else "",
    )


def _exit_of(runs: list[SyncRun]) -> int:
    if all(run.went_well or run.state == RunState.QUEUED for run in runs):
        return ALL_WELL  # what is queued again waits, which is no failure
    if any(run.state == RunState.DONE or run.counts for run in runs):
        return SOME_FAILED
    return NOTHING_RAN


def _complaint(run: SyncRun) -> str:
    if run.state == RunState.QUEUED:
        return ""
    if run.state != RunState.DONE:
        return run.reason or f"{run} is {run.get_state_display()}."
    if run.went_well:
        return ""
    return f"{run} of {run.account} has lines that failed."


def _run_document(run: SyncRun) -> dict[str, object]:
    return {
        "run": run.pk,
        "account": str(run.account),
        "job": run.job,
        "dry_run": run.dry_run,
        "state": run.state,
        "reason": run.reason,
        "counts": run.counts,
        "planned": run.planned,
        "done": run.done,
        "finish_expected": run.finish_expected,
        "goes_on_at": run.not_before,
        "budget": [_budget_document(budget) for budget in _budgets(run)],
        "lines": [line.as_dict() for line in in_pages(run.lines.all())],
    }


def _budget_document(budget: Budget) -> dict[str, object]:
    return {
        "operation": budget.operation,
        "calls_per_second": budget.rate,
        "available": budget.available,
        "full_at": datetime.fromtimestamp(budget.full_at, UTC),
    }


def _budgets(run: SyncRun) -> list[Budget]:
    """What the run's job may ask of Amazon now; unknown while Redis is away, as the run says."""
    try:
        return budgets_of(run)
    except Unavailable:
        return []


def _run_text(run: SyncRun) -> Iterator[str]:
    counts = ", ".join(f"{name} {number}" for name, number in run.counted)
    dry = " (nothing is sent)" if run.dry_run else ""
    yield f"{run} of {run.account}{dry}: {run.get_state_display()}. {counts}".rstrip()
    if run.state != RunState.DONE:
        yield from _outlook(run)
    for line in in_pages(run.lines.all()):
        yield f"  {_line_text(line)}"


def _outlook(run: SyncRun) -> Iterator[str]:
    """Of a run that has not done everything: how far it is, and what may be asked of Amazon."""
    budgets = _budgets(run)
    if far := how_far(run, budgets):
        yield f"  {far}."
    for budget in budgets:
        full_at = timezone.localtime(datetime.fromtimestamp(budget.full_at, UTC))
        yield (
            f"  {budget.operation}: {budget.rate:g} calls a second permitted, "
            f"{budget.available} now, the whole burst at {full_at:%H:%M:%S}."
        )


def _line_text(line: RunLine) -> str:
    shown = {name: value for name, value in line.values.items() if not isinstance(value, list)}
    values = ", ".join(f"{name} {value}" for name, value in shown.items() if value != "")
    other = line.seller_sku if line.seller_sku != line.sku else ""
    code = f"[{line.code}]" if line.code else ""
    parts = (
        line.get_outcome_display(),
        line.sku or line.order_number,
        other,
        line.marketplace,
        values,
        code,
        line.message,
    )
    return "  ".join(str(part) for part in parts if part)
