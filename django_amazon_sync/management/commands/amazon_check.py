"""``amazon_check``: is Amazon to be reached, and which role or setting is missing."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.core.management.base import CommandParser

from django_amazon_sync import tasks
from django_amazon_sync.errors import AmazonSyncError
from django_amazon_sync.messages import Code
from django_amazon_sync.models import SellerAccount
from django_amazon_sync.sync.doctor import Finding, check_account

from ._base import (
    ALL_WELL,
    NOTHING_RAN,
    SOME_FAILED,
    AmazonCommand,
    Result,
    add_account_arguments,
    chosen_accounts,
)

_MARKS = {True: "ok   ", False: "FAILS", None: "-    "}


class Command(AmazonCommand):
    """One call for each role that the app needs, for each account."""

    help = "Try the connection to Amazon: credentials, roles, and whether writing is released."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_account_arguments(parser)

    def result(self, options: dict[str, Any]) -> Result:
        accounts = chosen_accounts(options["account"], options["marketplace"])
        warnings = [
            f"{warning.msg} {warning.hint}" for warning in checks.run_checks(tags=["amazon_sync"])
        ]
        warnings += [why for why in [tasks.why_no_worker()] if why]
        found = [(account, _findings(account)) for account in accounts]
        faults = [
            (f"{account}, {finding.what}: {finding.sentence}")
            for account, findings in found
            for finding in findings
            if _counts(finding) and finding.works is False
        ]
        return Result(
            exit=_exit_of([finding for _account, findings in found for finding in findings]),
            document={
                "warnings": warnings,
                "accounts": [_account_document(*checked) for checked in found],
            },
            text=[*warnings, *(line for checked in found for line in _account_text(*checked))],
            complaint="\n".join(faults),
            code=Code.CHECK,
        )


def _findings(account: SellerAccount) -> list[Finding]:
    try:
        return check_account(account)
    except AmazonSyncError as error:
        return [Finding("connection", False, str(error))]


def _counts(finding: Finding) -> bool:
    """An account that only observes is connected well; what was not tried says nothing."""
    return finding.what != "writing" and finding.works is not None


def _exit_of(findings: list[Finding]) -> int:
    works = [finding.works for finding in findings if _counts(finding)]
    if works and all(works):
        return ALL_WELL
    return SOME_FAILED if any(works) else NOTHING_RAN


def _account_document(account: SellerAccount, findings: list[Finding]) -> dict[str, object]:
    return {
        "account": str(account),
        "state": account.state,
        "findings": [
            {"what": finding.what, "works": finding.works, "sentence": finding.sentence}
            for finding in findings
        ],
    }


def _account_text(account: SellerAccount, findings: list[Finding]) -> list[str]:
    lines = [f"{account}: {account.get_state_display()}"]
    return lines + [
        f"  {_MARKS[finding.works]}  {finding.what}: {finding.sentence}" for finding in findings
    ]
