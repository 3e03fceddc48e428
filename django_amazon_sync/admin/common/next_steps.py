"""What happens next with a row in its state, and what staff can do: one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import conf
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    HOLDING_STATES,
    AccountState,
    AmazonOrder,
    OrderState,
    RunState,
    SellerAccount,
    Shipment,
    ShipmentState,
    Submission,
    SubmissionState,
    SyncRun,
)
from django_amazon_sync.sync.offers.reserved_units import units_held
from django_amazon_sync.sync.orders.mappings import MAPPING_CODES
from django_amazon_sync.sync.orders.placing import NOT_WHOLE, PLACED_AS_IT_IS
from django_amazon_sync.sync.runs.work import why_not_writing

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def of_account(account: SellerAccount) -> StrOrPromise:
    """What an account does by itself, and what it waits for."""
    if account.state == AccountState.DISCONNECTED:
        return _DEACTIVATED if account.deactivated else _DISCONNECTED
    if account.state == AccountState.LIVE and not account.writes_from(conf.get("DEPLOYMENT")):
        return why_not_writing(account)
    return f"{_ACCOUNT[AccountState(account.state)]} {of_import(account)}"


def of_import(account: SellerAccount) -> StrOrPromise:
    """Whether the orders of an account come in."""
    return _("Orders come in.") if account.import_orders else _("No orders come in, as you chose.")


_ACCOUNT: dict[AccountState, StrOrPromise] = {
    AccountState.OBSERVING: _(
        "Nothing is sent: an export only reports what it would change. "
        "Look at such a run, then release the account."
    ),
    AccountState.LIVE: _("What changes in the shop is sent."),
    AccountState.PAUSED: _("Nothing is sent until the account is released."),
}
_DISCONNECTED = _(
    "Nothing happens until the account is connected again: choose “Connect again” on its page, "
    "or enter a new client secret on its application."
)
_DEACTIVATED = _(
    "Nothing happens, as somebody deactivated the account. Choose the action to take that back; "
    "no new token is needed."
)


def of_order(order: AmazonOrder) -> StrOrPromise:
    """What becomes of an order next."""
    if order.account.state == AccountState.DISCONNECTED and order.state in NOT_PLACED:
        return _("Nothing, until its account is connected again.")
    if order.state == OrderState.PLACED:
        return _of_placed(order)
    if order.state == OrderState.RECORDED and order.reason_code == Code.BEFORE_CUT_OVER:
        return _("Nothing, unless you choose the action to place it; that takes no stock.")
    if order.state == OrderState.CANCELLED and not order.takes_stock:
        return _("Nothing: it is cancelled.")
    if order.state == OrderState.QUARANTINED:
        return f"{_what_mends(order)} {_what_it_holds(order)}"
    if order.state in NOT_PLACED and not order.account.import_orders:
        return _("Nothing by itself, as no orders are imported for its account.")
    return _ORDER[OrderState(order.state)]


#: The states of an order that an import may place yet.
NOT_PLACED = frozenset(HOLDING_STATES)


def _of_placed(order: AmazonOrder) -> StrOrPromise:
    if order.cancellation_requested and not order.ship_anyway:
        return _(
            "The buyer asks to cancel, so no shipment is confirmed until you decide: cancel it on "
            "Amazon, or choose the action to ship anyway."
        )
    if order.fulfilled_by == "AMAZON":
        return _("Nothing: Amazon ships it.")
    return _("The shop's shipments of it are confirmed to Amazon.")


def _what_mends(order: AmazonOrder) -> StrOrPromise:
    """What ends the quarantine of an order."""
    if order.reason_code in MAPPING_CODES and order.account.import_orders:
        return _(
            "Choose what the reason names in the order mappings, and the next import places it by "
            "itself."
        )
    if order.reason_code in PLACED_AS_IT_IS:
        return _(
            "Amazon is asked for it once a day: place it when Amazon says what is missing, or "
            "choose the action to place it as it is, at the sum of its lines."
        )
    if order.reason_code in NOT_WHOLE:
        return _(
            "Amazon is asked for it again and again: less and less often, and at once if you "
            "replay it."
        )
    return _("Mend what the reason names, then replay it.")


def _what_it_holds(order: AmazonOrder) -> str:
    """What an order that is not placed keeps from sale."""
    if order.units_unknown_since:
        return gettext("Which units it holds back from sale is not known.")
    units = units_held(order)
    if not units:
        return gettext("It holds no stock of the shop back.")
    return ngettext(
        "Until then %(units)d unit of the shop's stock is held back from sale.",
        "Until then %(units)d units of the shop's stock are held back from sale.",
        units,
    ) % {"units": units}


_ORDER: dict[OrderState, StrOrPromise] = {
    OrderState.SEEN: _("The next import asks Amazon for what is missing."),
    OrderState.HELD: _("It waits for Amazon and is placed in the shop then."),
    OrderState.WAITING: _("The next import places it in the shop."),
    OrderState.CANCELLED: _("Nothing: its units are on sale again."),
    OrderState.RECORDED: _("Nothing: it is kept for the record."),
}


def of_shipment(shipment: Shipment) -> StrOrPromise:
    """What becomes of a shipment's confirmation next."""
    return _SHIPMENT[ShipmentState(shipment.state)]


_SHIPMENT: dict[ShipmentState, StrOrPromise] = {
    ShipmentState.WAITING: _("It is sent once nothing is missing; the reason says what is."),
    ShipmentState.NEW: _("The next run confirms it to Amazon."),
    ShipmentState.SENT: _("It waits for Amazon's answer."),
    ShipmentState.UNKNOWN: _("Amazon's answer was lost; the next run settles it."),
    ShipmentState.CONFIRMED: _("Amazon accepted it; a later run looks whether it shows it."),
    ShipmentState.REFUSED: _("Mend what the reason names, then send it again."),
    ShipmentState.SEEN: _("Nothing: Amazon has it."),
    ShipmentState.UNSEEN: _("Nothing by itself: send it again, or take it as done."),
    ShipmentState.DONE: _("Nothing."),
}


def of_submission(submission: Submission) -> StrOrPromise:
    """What becomes of a submission next."""
    state = SubmissionState(submission.state)
    if submission.kind == Submission.Kind.FEED:
        return _FEED[state]
    return _SUBMISSION[state]


_SUBMISSION: dict[SubmissionState, StrOrPromise] = {
    SubmissionState.NEW: _("It goes out now, or the next run takes it over."),
    SubmissionState.UPLOADED: _("It goes out now, or the next run takes it over."),
    SubmissionState.SENT: _("It waits for Amazon's answer."),
    SubmissionState.UNKNOWN: _("The next export reads back whether Amazon has it."),
    SubmissionState.DONE: _("Amazon took it; a verification reads back whether it is live."),
    SubmissionState.FAILED: _("The next export computes again what to send."),
}


_FEED: dict[SubmissionState, StrOrPromise] = {
    SubmissionState.NEW: _("Its file is being written; should the worker die, it is given up."),
    SubmissionState.UPLOADED: _("It is handed in as soon as Amazon's limit has room for it."),
    SubmissionState.SENT: _(
        "Amazon processes it, which takes from minutes to many hours; what changes meanwhile is "
        "sent by patch."
    ),
    SubmissionState.UNKNOWN: _("It is looked for at Amazon, or its listings are read back."),
    SubmissionState.DONE: _("Each listing is settled; a verification reads back what is live."),
    SubmissionState.FAILED: _("What Amazon has not received of it is sent again by patch."),
}


def of_run(run: SyncRun) -> StrOrPromise:
    """What becomes of a run next."""
    return _RUN[RunState(run.state)]


_RUN: dict[RunState, StrOrPromise] = {
    RunState.QUEUED: _("A worker does it, or the command amazon_tick."),
    RunState.RUNNING: _("It is at work; should its worker die, the next run takes it over."),
    RunState.DONE: _("Nothing: it is finished."),
    RunState.STOPPED: _("The reason says what stopped it; the next run goes on from there."),
}
