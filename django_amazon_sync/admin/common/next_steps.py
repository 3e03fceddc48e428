"""What happens next with a row in its state, and what staff can do: one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import conf
from django_amazon_sync.admin.common.formatting import moment
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    AccountState,
    AmazonOrder,
    Listing,
    OrderState,
    Presence,
    RunState,
    SellerAccount,
    Shipment,
    ShipmentState,
    Submission,
    SubmissionState,
    SyncRun,
)
from django_amazon_sync.sync.offers.desired import amazon_wins, kept_by_amazon
from django_amazon_sync.sync.orders.mappings import MAPPING_CODES
from django_amazon_sync.sync.orders.placing import NOT_WHOLE, PLACED_AS_IT_IS
from django_amazon_sync.sync.runs.work import why_not_writing

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def of_account(account: SellerAccount) -> StrOrPromise:
    """What an account does by itself, and what it waits for."""
    if account.state == AccountState.LIVE and not account.writes_from(conf.get("DEPLOYMENT")):
        return why_not_writing(account)
    return _ACCOUNT[AccountState(account.state)]


_ACCOUNT: dict[AccountState, StrOrPromise] = {
    AccountState.OBSERVING: _(
        "Orders come in and nothing is sent: an export only reports what it would change. "
        "Look at such a run, then release the account."
    ),
    AccountState.LIVE: _("What changes in the shop is sent, and orders come in."),
    AccountState.PAUSED: _("Nothing is sent until the account is released; orders still come in."),
    AccountState.DISCONNECTED: _(
        "Nothing happens until the account is connected again: choose “Connect again” on its page, "
        "or enter a new client secret on its application."
    ),
}


def of_order(order: AmazonOrder) -> StrOrPromise:
    """What becomes of an order next."""
    if order.state == OrderState.PLACED and order.cancellation_requested and not order.ship_anyway:
        return _(
            "The buyer asks to cancel, so no shipment is confirmed until you decide: cancel it on "
            "Amazon, or choose the action to ship anyway."
        )
    if order.state == OrderState.RECORDED and order.reason_code == Code.BEFORE_CUT_OVER:
        return _("Nothing, unless you choose the action to place it; that takes no stock.")
    if order.state == OrderState.QUARANTINED and order.reason_code in MAPPING_CODES:
        return _(
            "It holds its stock until it is placed: choose what the reason names in the order "
            "mappings, and the next import places it by itself."
        )
    if order.state == OrderState.QUARANTINED and order.reason_code in PLACED_AS_IT_IS:
        return _(
            "Amazon is asked for it once a day: place it when Amazon says what is missing, or "
            "choose the action to place it as it is, at the sum of its lines."
        )
    if order.state == OrderState.QUARANTINED and order.reason_code in NOT_WHOLE:
        return _(
            "What can be read of it holds its stock, and Amazon is asked for it again and again: "
            "less and less often, and at once if you replay it."
        )
    return _ORDER[OrderState(order.state)]


_ORDER: dict[OrderState, StrOrPromise] = {
    OrderState.SEEN: _("The next import asks Amazon for what is missing."),
    OrderState.HELD: _("It waits for Amazon and is placed in the shop then."),
    OrderState.WAITING: _("The next import places it in the shop."),
    OrderState.PLACED: _("The shop's shipments of it are confirmed to Amazon."),
    OrderState.QUARANTINED: _(
        "It holds its stock until it is placed: mend what the reason names, then replay it."
    ),
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
    ShipmentState.CONFIRMED: _("Nothing: Amazon has it."),
    ShipmentState.REFUSED: _("Mend what the reason names, then send it again."),
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


def of_listing(listing: Listing) -> StrOrPromise:
    """What an export does with a listing next; the most pressing first."""
    if listing.held:
        return _("Its changes wait until you approve them.")
    if listing.refused and listing.again_at:
        return gettext(
            "What Amazon refused is tried again by itself on %(again)s, and before that when the "
            "value changes in the shop, or when you export this SKU."
        ) % {"again": moment(listing.again_at)}
    if listing.refused:
        return _(
            "What Amazon refused goes again when the value changes in the shop, or when you "
            "export this SKU."
        )
    if not _is_synchronised(listing):
        if listing.sku.managed or listing.sku.sold_here:
            return _("Nothing is sent but a quantity of 0: it is not synchronised, or gone.")
        return _("Nothing is sent: it is not synchronised, and was never sold from here.")
    if listing.synchronise_here is False:
        return _("Only the quantity is sent: it is not synchronised in this marketplace.")
    if kept_by_amazon(listing.drift, amazon_wins(listing.marketplace)):
        return _(
            "Another hand changed it on Amazon, and Amazon wins here: it stays until you take it "
            "over or send the shop's value."
        )
    if listing.drift:
        return _("Amazon shows something other than what it accepted; the next export mends it.")
    return _PRESENCE[Presence(listing.presence)]


_PRESENCE: dict[Presence, StrOrPromise] = {
    Presence.UNREAD: _("The next export reads it from Amazon before anything is sent."),
    Presence.ABSENT: _("The next export creates it, where its ASIN or barcode is known."),
    Presence.PRESENT: _("What changes in the shop is sent."),
}


def _is_synchronised(listing: Listing) -> bool:
    sku = listing.sku
    wanted = sku.account.synchronise_all if sku.synchronise is None else sku.synchronise
    return wanted and bool(sku.offer_pk)
