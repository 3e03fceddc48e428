"""Which article explains a row in its state, and a reason by its code."""

from __future__ import annotations

from django_amazon_sync.models import (
    AccountState,
    AmazonOrder,
    Listing,
    OrderState,
    Presence,
    SellerAccount,
    Shipment,
    Submission,
    SubmissionState,
    SyncRun,
)


def of_account(account: SellerAccount) -> str:
    """Why an account does not do all."""
    disconnected = account.state == AccountState.DISCONNECTED
    return "disconnected" if disconnected else "account-observes"


def of_order(order: AmazonOrder) -> str:
    """Why an order is not in the shop, or is not shipped."""
    if order.state == OrderState.PLACED and order.cancellation_requested and not order.ship_anyway:
        return "buyer-asks-to-cancel"
    return "order-not-imported"


def of_shipment(shipment: Shipment) -> str:
    """Why a shipment is not confirmed."""
    return "shipment-refused"


def of_submission(submission: Submission) -> str:
    """What became of what was sent."""
    failed = submission.state == SubmissionState.FAILED
    return "refused-by-amazon" if failed else "sent-and-then"


def of_run(run: SyncRun) -> str:
    """Why a run does not go on."""
    if run.started_at is None and not run.reason_code:
        return "nothing-happens"
    return "run-stopped"


def of_listing(listing: Listing) -> str:
    """What is the matter with a listing; the most pressing first."""
    if listing.held:
        return "waits-for-approval"
    if listing.refused:
        return "refused-by-amazon"
    if listing.drift:
        return "drift"
    if listing.presence == Presence.PRESENT:
        return "price-not-changed"
    return "listing-not-on-amazon"


#: The article of each code that our own lines, orders and runs have; Amazon's codes have words of
#: their own in ``issue_words``.
OF_CODE = {
    # Orders.
    "amazon-ships": "order-not-imported",
    "before-cut-over": "order-not-imported",
    "cancelled": "order-not-imported",
    "channel": "order-not-imported",
    "items": "order-not-imported",
    "lines-missing": "order-not-imported",
    "not-saved": "order-not-imported",
    "payment-method": "order-not-imported",
    "pending": "order-not-imported",
    "revived": "order-not-imported",
    "status": "order-not-imported",
    "total": "order-not-imported",
    "unfulfillable": "order-not-imported",
    "units-unknown": "order-not-imported",
    # Orders beside Amazon's report of them.
    "not-proven": "orders-not-up-to-date",
    "report-odd": "orders-not-up-to-date",
    "reported": "orders-not-up-to-date",
    "reported-quantity": "orders-not-up-to-date",
    "reported-status": "orders-not-up-to-date",
    "reported-total": "orders-not-up-to-date",
    "reported-wish": "orders-not-up-to-date",
    "reported-wish-known": "orders-not-up-to-date",
    # Listings.
    "approval": "waits-for-approval",
    "bad-barcode": "listing-not-on-amazon",
    "doubt": "listing-not-on-amazon",
    "feed": "refused-by-amazon",
    "no-code": "listing-not-on-amazon",
    "none": "listing-not-on-amazon",
    "offer": "listing-not-on-amazon",
    "rates": "price-not-changed",
    "several": "listing-not-on-amazon",
    "sku": "listing-not-on-amazon",
    "taken": "listing-not-on-amazon",
    # Values that are not taken over from Amazon.
    "absent": "not-taken-over",
    "amazons-stock": "not-taken-over",
    "changed": "not-taken-over",
    "currency": "not-taken-over",
    "goes-out": "not-taken-over",
    "name": "not-taken-over",
    "on-its-way": "not-taken-over",
    "orders": "not-taken-over",
    "price": "not-taken-over",
    "quantity": "not-taken-over",
    "rule": "not-taken-over",
    "tax": "not-taken-over",
    # Runs, and whatever stopped one order or SKU.
    "amazon": "run-stopped",
    "configuration": "run-stopped",
    "account-off": "run-stopped",
    "died": "run-stopped",
    "died-again": "run-stopped",
    "died-once": "run-stopped",
    "disconnected": "disconnected",
    "error": "run-stopped",
    "few-offers": "run-stopped",
    "few-rows": "run-stopped",
    "halted": "run-stopped",
    "import-off": "run-stopped",
    "mapping-missing": "order-not-imported",
    "misplaced": "order-not-imported",
    "no-report": "run-stopped",
    "not-found": "run-stopped",
    "not-selling": "not-selling",
    "not-supported": "run-stopped",
    "not-yet": "run-stopped",
    "rejected": "run-stopped",
    "shop-refused": "order-not-imported",
    "throttled": "run-stopped",
    "too-late": "run-stopped",
    "left-out": "authorise-again",
    "unauthorized": "run-stopped",
    "unavailable": "run-stopped",
    "unexpected": "order-not-imported",
    "unreadable": "order-not-imported",
}
