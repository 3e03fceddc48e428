"""``amazon_purge_personal_data``: erase buyers' data that are due, or that somebody asked for.

What is due of an account goes by itself once a person saw its numbers. Until then this command says
the numbers and a mark of them; ``--seen MARK`` says that somebody looked, and lets it begin. On a
command line other users of the host could read a buyer's address, so that a person is named by one
of the orders.
"""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Q

from django_amazon_sync import clock
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import AmazonOrder, Erasure, SellerAccount
from django_amazon_sync.rules.identifiers import may_be_pk
from django_amazon_sync.sync.privacy import due, erase, old_data
from django_amazon_sync.sync.privacy.due import Numbers

from ._base import ALL_WELL, SOME_FAILED, AmazonCommand, Result

#: What is asked for with everything of an account, instead of the mark of what is due.
EVERYTHING = "everything"


class Command(AmazonCommand):
    """One account after the other; without a mark nothing goes for the first time."""

    help = "Erase buyers' data from every copy: what is due, or what somebody asked for."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--account", help="Its number, seller id or name; default: all, connected or not."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Only say the numbers, and their mark."
        )
        parser.add_argument(
            "--seen",
            metavar="MARK",
            default="",
            help="The mark of the numbers that you saw: lets the first erasing of --account begin.",
        )
        parser.add_argument(
            "--order",
            action="append",
            default=[],
            metavar="NUMBER",
            help="Erase this order's buyer's data now, also where its status is not known, unless "
            "it is to be placed or sent; may be repeated.",
        )
        parser.add_argument(
            "--same-buyer",
            metavar="NUMBER",
            default="",
            help="Erase the data of this order's buyer, in all orders of the account.",
        )
        parser.add_argument(
            "--everything",
            action="store_true",
            help="Erase all buyers' data and Amazon's other data of --account, whatever their age, "
            "but of orders that are to be placed or sent; needs --seen everything.",
        )

    def result(self, options: dict[str, Any]) -> Result:
        accounts = _accounts(options["account"])
        _check(options)
        if options["everything"]:
            return self._everything(accounts[0], options)
        if options["order"] or options["same_buyer"]:
            return self._orders(accounts, options)
        return self._due(accounts, options)

    def _due(self, accounts: list[SellerAccount], options: dict[str, Any]) -> Result:
        told, waiting = list[dict[str, object]](), list[str]()
        failed = False
        for account in accounts:
            numbers = due.numbers(account, due.shown_limit())
            _check_mark(account, numbers, options["seen"])
            if options["seen"] and not options["dry_run"]:
                erase.allow(account, _who())
            done = None
            if account.erases_since and not options["dry_run"]:
                done = erase.erase_due_of(account, by=_who(), most=None)
                failed = failed or bool(done and done.counts.get("failed"))
            elif numbers.due and not options["dry_run"]:
                waiting.append(str(account))
            told.append(_document(account, numbers, done))
        complaint = _complaint(waiting) if waiting else "Some orders could not be erased."
        return Result(
            SOME_FAILED if waiting or failed else ALL_WELL,
            {"accounts": told},
            [_sentence(each) for each in told],
            complaint=complaint,
        )

    def _orders(self, accounts: list[SellerAccount], options: dict[str, Any]) -> Result:
        named = [*options["order"], *filter(None, [options["same_buyer"]])]
        orders = [_order(accounts, number) for number in named]
        wanted: dict[int, set[str]] = {}
        for order in orders:
            same = order.number == options["same_buyer"]
            numbers = erase.orders_of_same_buyer(order) if same else [order.number]
            wanted.setdefault(order.account_id, set()).update(numbers)
        erased, kept = list[str](), list[str]()
        for account in accounts:
            asked = sorted(wanted.get(account.pk, ()))
            gone = erase.erasable(account)
            if asked and not options["dry_run"]:
                erase.erase_orders(account, asked, by=_who())
                gone = AmazonOrder.objects.filter(account=account).exclude(erased_at=None)
            have = set(gone.filter(number__in=asked).values_list("number", flat=True))
            erased += sorted(have)
            kept += [number for number in asked if number not in have]
        return Result(
            SOME_FAILED if kept else ALL_WELL,
            {"erased": erased, "kept": kept},
            [f"Erased: {', '.join(erased) or 'none'}.", f"Kept: {', '.join(kept) or 'none'}."],
            complaint="What is kept is still to be placed or sent, or could not be erased.",
        )

    def _everything(self, account: SellerAccount, options: dict[str, Any]) -> Result:
        said = options["seen"] == EVERYTHING
        counts: dict[str, int] = {"orders_left": erase.erasable(account).count()}
        if said and not options["dry_run"]:
            done = erase.erase_account(account, by=_who())
            counts = {**(done.counts if done else {}), **old_data.forget([account.pk], clock.now())}
        kept = list(erase.kept(account).order_by("number").values_list("number", flat=True))
        missing = not options["dry_run"] and not said
        told = ", ".join(f"{name} {number}" for name, number in counts.items())
        return Result(
            SOME_FAILED if missing or kept or counts.get("failed") else ALL_WELL,
            {"account": account.pk, "counts": counts, "kept": kept},
            [f"{account}: {told}.", f"Kept: {', '.join(kept) or 'none'}."],
            complaint=f"Nothing was erased: say --seen {EVERYTHING} if all of it may go."
            if missing
            else "What is kept is still to be placed or sent; some orders could not be erased."
            if counts.get("failed")
            else "What is kept is still to be placed or sent: ask again once it was.",
        )


def _check(options: dict[str, Any]) -> None:
    single = bool(options["order"] or options["same_buyer"])
    if options["everything"] and single:
        raise ConfigurationError("--everything is of a whole account; leave the orders out.")
    if (options["everything"] or options["seen"]) and options["account"] is None:
        raise ConfigurationError("Say with --account which account it is about.")


def _accounts(wanted: str | None) -> list[SellerAccount]:
    """The accounts of that number, seller id or name, or all: buyers' data of one that is
    disconnected go as well. Raises ConfigurationError."""
    accounts = SellerAccount.objects.defer("refresh_token").order_by("pk")
    if wanted is not None:
        number = Q(pk=int(wanted)) if may_be_pk(wanted) else Q(pk=None)
        accounts = accounts.filter(Q(seller_id=wanted) | Q(name=wanted) | number)
    if not accounts:
        raise ConfigurationError("There is no such account." if wanted else "There is no account.")
    if wanted is not None and len(accounts) > 1:
        raise ConfigurationError(f"Several accounts are named {wanted}; give the number of one.")
    return list(accounts)


def _order(accounts: list[SellerAccount], number: str) -> AmazonOrder:
    found = list(AmazonOrder.objects.filter(number=number, account__in=accounts)[:2])
    if not found:
        raise ConfigurationError(f"There is no order {number}.")
    if len(found) > 1:
        raise ConfigurationError(f"Say with --account which account has order {number}.")
    return found[0]


def _check_mark(account: SellerAccount, numbers: Numbers, seen: str) -> None:
    """Raises ConfigurationError where somebody saw other numbers than are true now."""
    if seen and not account.erases_since and seen != numbers.mark:
        raise ConfigurationError(
            f"Other orders of {account} are due now than those of the mark {seen}: look at the "
            "numbers again, with --dry-run."
        )


def _complaint(waiting: list[str]) -> str:
    return (
        f"Nothing was erased of {', '.join(waiting)}: nobody has seen the numbers yet. Look at "
        "them, then say --account ... --seen MARK, or use the account's page in the admin."
    )


def _who() -> str:
    """Who is at the command line, for the evidence."""
    try:
        return f"command, {getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return "command"


def _document(account: SellerAccount, numbers: Numbers, done: Erasure | None) -> dict[str, object]:
    return {
        "account": account.pk,
        "name": str(account),
        "allowed": account.erases_since,
        "due": numbers.due,
        "first": numbers.first,
        "last": numbers.last,
        "needed": numbers.needed,
        "erased_before": numbers.erased,
        "mark": numbers.mark,
        "erased": done.counts if done else {},
    }


def _sentence(told: dict[str, object]) -> str:
    erased = told["erased"]
    assert isinstance(erased, dict)
    done = ", ".join(f"{name} {number}" for name, number in erased.items()) or "nothing"
    return (
        f"{told['name']}: {told['due']} orders due (ordered {told['first']} to {told['last']}), "
        f"{told['needed']} as old still needed, {told['erased_before']} erased before; mark "
        f"{told['mark']}. Erased now: {done}."
    )
