"""Sending one change: the row first, then the request, then what came of it.

A submission is NEW before anything, SENT before its first byte leaves, and DONE or FAILED by
Amazon's answer. No answer makes it UNKNOWN: it is read back, by this run's successor at the
latest (docs/amazon.md#a-write-without-an-answer-is-open). All values are absolute, so what is sent
once more never changes the outcome.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction

from django_amazon_sync import clock
from django_amazon_sync.amazon import listings as gateway
from django_amazon_sync.amazon.attributes import Instance, MarketplaceTerms
from django_amazon_sync.data import (
    Answered,
    FieldValue,
    FieldValues,
    Issue,
    ListingFacts,
    Patch,
    SkuFacts,
    SubmissionContent,
)
from django_amazon_sync.errors import AmazonError, Rejected, Throttled, Unauthorized, Unavailable
from django_amazon_sync.models import (
    OPEN_STATES,
    Job,
    Listing,
    Outcome,
    Presence,
    SellerSku,
    Submission,
    SubmissionItem,
    SubmissionState,
)
from django_amazon_sync.sync.listings.in_flight import abandoned_jobs, slots_underway
from django_amazon_sync.sync.listings.read_listings import issue_rows, read
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.offers.fields import (
    FIELDS,
    HANDLING_TIME,
    NAME,
    OF_SHOP,
    PRICE,
    QUANTITY,
    REMOVED,
    RESTOCK_DATE,
    OfferField,
    quantity_in,
    received,
    terms_of,
)
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities
from django_amazon_sync.sync.runs.work import Work, about_listing

#: After so many requests in a row without an answer the run stops, and comes again.
UNANSWERED = 5

#: How long a run may wait for Amazon's own limit before it stops and comes again.
LONGEST_WAIT = timedelta(seconds=5)


@dataclass(frozen=True)
class Change:
    """One request about one listing: the values that it carries, and its content.

    ``epoch`` is the SKU's when the quantity was computed. ``alone``: of several values, the one
    that the request is about, which a refusal is about too; the others were there before.
    """

    listing: Listing
    kind: str
    values: FieldValues
    content: SubmissionContent
    epoch: int
    alone: str = ""

    @property
    def slots(self) -> set[str]:
        """What it changes at Amazon, and no other request may change at the same time."""
        return {FIELDS[name].slot.key for name in self.values}


@dataclass
class KnownAtAmazon:
    """What Amazon has of a listing's shared instances, while one field after another is sent.

    It begins with what was just read and what is in step with it by our own account: another
    hand's change of one part must not be undone by the patch of another, nor ours be undone by
    what Amazon still shows from before.
    """

    listing: Listing
    terms: MarketplaceTerms
    quantity: int | None = None
    _instances: dict[str, Instance] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        listing: Listing,
        there: ListingFacts | None,
        desired: Mapping[str, FieldValue],
        in_feeds: Iterable[Mapping[str, FieldValue]] = (),
    ) -> KnownAtAmazon:
        """What is known of a listing that was just read, and that should get these values; some
        of them may be in feeds on their way."""
        known = cls(listing, terms_of(listing.marketplace), quantity_in(desired))
        if there is not None:
            for offer_field in FIELDS.values():
                if offer_field.slot.shared and offer_field.slot.key not in known._instances:
                    found = offer_field.slot.instances(there.attributes, known.terms)
                    known._instances[offer_field.slot.key] = dict(found[0]) if found else {}
        known._take_delivery_from(listing)
        for mapping in (listing.accepted, *in_feeds):
            for name, value in desired.items():
                if value != REMOVED and mapping.get(name) == value:
                    known._merge(FIELDS[name], value)
        return known

    def _take_delivery_from(self, listing: Listing) -> None:
        """Lead time and restock date are the SKU's, whichever marketplace they were read in."""
        read: FieldValues = {
            HANDLING_TIME: listing.sku.lead_time_days,
            RESTOCK_DATE: listing.sku.restock_date,
        }
        self._instances[FIELDS[QUANTITY].slot.key] = {}
        for name, value in read.items():
            if value not in (None, ""):
                self._merge(FIELDS[name], value)

    def _merge(self, offer_field: OfferField, value: FieldValue) -> None:
        if offer_field.slot.shared:
            instance = self._instances.setdefault(offer_field.slot.key, {})
            instance.update(offer_field.kind.to_amazon(value, self.terms)[0])

    def patch(self, name: str, value: FieldValue) -> Patch:
        """The patch of one field; of one that rides with the quantity, with that in it."""
        offer_field = FIELDS[name]
        known = self._instances.get(offer_field.slot.key, {})
        if offer_field.sent_with_quantity and self.quantity is not None:
            known = {**known, "quantity": self.quantity}
        return offer_field.patch(value, self.terms, known)

    def sent(self, name: str, patch: Patch) -> None:
        """Amazon has it now."""
        offer_field = FIELDS[name]
        if offer_field.slot.shared:
            self._instances[offer_field.slot.key] = dict(patch["value"][0])


def patch_of(known: KnownAtAmazon, name: str, value: FieldValue, epoch: int) -> Change:
    """The patch that sets one field of a listing; each field goes by itself.

    So a price that Amazon refuses never keeps a quantity from leaving.
    """
    offer_field, listing = FIELDS[name], known.listing
    general = offer_field.slot.general or not listing.product_type
    product_type = "PRODUCT" if general else listing.product_type
    values: FieldValues = {name: value}
    if offer_field.sent_with_quantity:
        values[QUANTITY] = known.quantity
    content: SubmissionContent = {
        "productType": product_type,
        "patches": [known.patch(name, value)],
    }
    return Change(listing, Submission.Kind.PATCH, values, content, epoch, alone=name)


def send(work: Work, change: Change, ask: Callable[[], Answered]) -> bool:
    """Send one change by ``ask``; True where Amazon accepted it. Its line says what became of it.

    Raises Halted where this worker may not write any more, and Throttled, Unauthorized or
    Unavailable where going on is of no use.
    """
    submission = _write_down(work, change)
    if submission is None:
        return False
    try:
        answered = _ask_patiently(ask)
    except AmazonError as error:
        _take_failure(work, change, submission, error)
        return False
    work.unanswered = 0
    if answered.status in ("ACCEPTED", "VALID"):
        _take_accepted(work, change, submission, answered)
        return True
    _take_refused(work, change, submission, answered.issues, answered.submission_id)
    return False


def send_patch(work: Work, change: Change) -> bool:
    """Send a change that ``patch_of`` made."""

    def ask(patches: list[Patch]) -> Answered:
        listing = change.listing
        return gateway.patch_listing(
            work.client,
            listing.sku.sku,
            listing.marketplace.code,
            patches,
            change.content["productType"],
        )

    def ask_either_way() -> Answered:
        patches = change.content["patches"]
        answered = ask(patches)
        if answered.status == "INVALID" and patches[0]["op"] == "merge":
            # Some accounts may not merge yet; the whole offer is in the patch, so it can replace.
            answered = ask(
                [Patch(op="replace", path=patch["path"], value=patch["value"]) for patch in patches]
            )
        return answered

    return send(work, change, ask_either_way)


# --- Before the first byte --------------------------------------------------------------------


def _write_down(work: Work, change: Change) -> Submission | None:
    """The submission's row, on its way; None where it must not leave now."""
    work.check_writing()
    listing = change.listing
    with transaction.atomic():
        # The listing's lock keeps the lanes apart: of two, one finds the other's open submission.
        Listing.objects.select_for_update().get(pk=listing.pk)
        sku = SellerSku.objects.select_for_update().get(pk=listing.sku_id)
        if reason := must_wait(sku, change, slots_underway([listing.pk]).get(listing.pk, set())):
            changed_offers.note([(work.account.pk, sku.offer_pk)])
            work.line(Outcome.WAITING, **about_listing(change.listing), message=reason)
            return None
        content = json.dumps(change.content, sort_keys=True)
        submission = Submission.objects.create(
            account=work.account,
            marketplace=listing.marketplace,
            run=work.run,
            kind=change.kind,
            state=SubmissionState.NEW,
            content=change.content,
            content_hash=hashlib.sha256(content.encode()).hexdigest(),
        )
        SubmissionItem.objects.create(
            submission=submission,
            listing=listing,
            values=change.values,
            quantity_epoch=change.epoch,
        )
        if not sku.managed:
            SellerSku.objects.filter(pk=sku.pk).update(managed=True)
    submission.move(SubmissionState.SENT, sent_at=clock.now())
    return submission


def must_wait(sku: SellerSku, change: Change, underway: Set[str]) -> str:
    """Why a change must not leave now; the rows are locked, and ``underway`` was read since."""
    if QUANTITY in change.values and sku.stock_epoch != change.epoch:
        return "An order came in between; its quantity is computed anew."
    if underway & change.slots:
        return "Another change of this listing is on its way."
    return ""


def _ask_patiently(ask: Callable[[], Answered]) -> Answered:
    """Ask, and once more after a short wait where Amazon's limit was met."""
    try:
        return ask()
    except Throttled as throttled:
        wait = throttled.retry_at - clock.now()
        if wait > LONGEST_WAIT:
            raise
        clock.sleep(max(0.0, wait.total_seconds()))
        return ask()


# --- After the answer ---------------------------------------------------------------------------


def _take_accepted(work: Work, change: Change, submission: Submission, answered: Answered) -> None:
    now = work.client.now()
    with transaction.atomic():
        work.lease.check()
        row = Listing.objects.select_for_update().get(pk=change.listing.pk)
        take_as_accepted(row, change.values, change.epoch)
        row.issues = issue_rows(answered.issues)
        row.accepted_at = now
        row.reason = ""
        row.save()
        submission.move(SubmissionState.DONE, amazon_id=answered.submission_id, settled_at=now)
    message = "; ".join(issue.message for issue in answered.issues)
    work.line(Outcome.SENT, **about_listing(change.listing), values=change.values, message=message)


def take_as_accepted(row: Listing, values: FieldValues, epoch: int) -> None:
    """Set a listing's mappings to what Amazon has accepted."""
    row.presence = Presence.PRESENT
    row.accepted |= values
    for name, value in values.items():
        if value == REMOVED and name not in OF_SHOP:
            del row.accepted[name]
            row.verified.pop(name, None)
        row.refused.pop(name, None)
        row.drift.pop(name, None)
        row.held.pop(name, None)
    if QUANTITY in values:
        row.quantity_epoch = epoch


def _take_refused(
    work: Work,
    change: Change,
    submission: Submission,
    issues: Sequence[Issue],
    amazon_id: str = "",
) -> None:
    """Keep Amazon's words and code beside the SKU; the same value is not sent again by itself."""
    errors = [issue for issue in issues if issue.severity == "ERROR"] or list(issues)
    message = "; ".join(issue.message for issue in errors) or "Amazon gave no reason."
    code = errors[0].code if errors else ""
    with transaction.atomic():
        work.lease.check()
        row = Listing.objects.select_for_update().get(pk=change.listing.pk)
        row.refused |= _refused_values(change)
        row.issues = issue_rows(issues)
        row.reason = f"{code}: {message}"
        row.save(update_fields=["refused", "issues", "reason"])
        submission.move(
            SubmissionState.FAILED,
            amazon_id=amazon_id,
            reason=f"{code}: {message}",
            settled_at=clock.now(),
        )
    work.line(
        Outcome.REFUSED,
        **about_listing(change.listing),
        values=change.values,
        code=code,
        message=message,
    )


def _refused_values(change: Change) -> FieldValues:
    """What is kept as refused: the values, and for a creation what it was made of."""
    if change.alone:
        return {change.alone: change.values[change.alone]}
    made_of = change.content.get("refused")
    return made_of if isinstance(made_of, dict) else change.values


def _take_failure(work: Work, change: Change, submission: Submission, error: AmazonError) -> None:
    """Record what got no good answer; raises where the whole run had better stop."""
    if isinstance(error, Rejected):
        issue = Issue(error.amazon_code or str(error.status), error.message)
        _take_refused(work, change, submission, [issue])
        return
    changed_offers.note([(work.account.pk, change.listing.sku.offer_pk)])
    never_sent = isinstance(error, Throttled | Unauthorized) or (
        isinstance(error, Unavailable) and not error.sent
    )
    if never_sent:
        submission.move(SubmissionState.FAILED, reason=f"Not sent. {error}", settled_at=clock.now())
        raise error
    submission.move(SubmissionState.UNKNOWN, reason=str(error))
    work.unanswered += 1
    work.line(
        Outcome.FAILED,
        **about_listing(change.listing),
        values=change.values,
        code=error.code,
        message=f"Its outcome is unknown and is read back next: {error}",
    )
    if work.unanswered >= UNANSWERED:
        raise error


# --- What a worker that died, or no answer, left behind ------------------------------------------


def recover(work: Work) -> None:
    """Read back the submissions that nobody is working on any more."""
    for job in abandoned_jobs(work):
        _recover(work, job)


def _recover(work: Work, job: Job) -> None:
    left = (
        Submission.objects.filter(account=work.account, run__job=job, state__in=OPEN_STATES)
        .exclude(kind=Submission.Kind.FEED)
        .order_by("pk")
    )
    for submission in left.filter(state=SubmissionState.NEW):
        submission.move(SubmissionState.FAILED, reason="Its worker died before it was sent.")
    for submission in left.filter(state=SubmissionState.SENT):
        submission.move(SubmissionState.UNKNOWN, reason="Its worker died before the answer.")
    unknown = SubmissionItem.objects.filter(submission__in=left.values("pk")).select_related(
        "submission", "listing__sku", "listing__marketplace"
    )
    items = list(unknown.order_by("pk"))
    if not items:
        return
    skus = list(dict.fromkeys(item.listing.sku.sku for item in items))
    codes = sorted({item.listing.marketplace.code for item in items})
    facts = read(work.client, skus, codes)
    for item in items:
        _read_back(work, item, facts.get(item.listing.sku.sku))


def _read_back(work: Work, item: SubmissionItem, facts: SkuFacts | None) -> None:
    """Find one unknown outcome out by the echo of what Amazon received last.

    A quantity is doubted in either case: it is computed anew and sent again.
    """
    listing = item.listing
    echo = echo_of(listing, facts)
    now = work.client.now()
    arrived = bool(echo) and all(echo.get(name) == value for name, value in item.values.items())
    with transaction.atomic():
        work.lease.check()
        row = Listing.objects.select_for_update().get(pk=listing.pk)
        if arrived:
            take_as_accepted(row, item.values, item.quantity_epoch)
            row.accepted_at = now
        else:
            for name in item.values:
                row.accepted.pop(name, None)
        row.save()
        state = SubmissionState.DONE if arrived else SubmissionState.FAILED
        reason = "Read back: Amazon has it." if arrived else "Read back: Amazon does not have it."
        item.submission.move(state, reason=reason, settled_at=clock.now())
        if QUANTITY in item.values:
            invalidate_quantities([(work.account.pk, listing.sku.sku, listing.sku.offer_pk)])
        changed_offers.note([(work.account.pk, listing.sku.offer_pk)])


def echo_of(listing: Listing, facts: SkuFacts | None) -> FieldValues:
    """What Amazon received last for this listing; empty where it has no such listing."""
    there = facts.in_marketplace(listing.marketplace.code) if facts else None
    if there is None:
        return {}
    return {
        PRICE: str(there.sent_price.rounded()) if there.sent_price else None,
        QUANTITY: there.sent_quantity,
        NAME: there.sent_title,
        **received(there, terms_of(listing.marketplace), FIELDS.keys() - OF_SHOP),
    }
