"""Sending one change: the row first, then the request, then what came of it.

A submission is NEW before anything, SENT before its first byte leaves, and DONE or FAILED by
Amazon's answer. No answer makes it UNKNOWN: it is read back, by whoever comes next
(docs/amazon.md#a-write-without-an-answer-is-open). All values are absolute, so what is sent once
more never changes the outcome.

Only the newest look may write a submission down (listings/looks.py), and only as much as the
guards let leave within an hour. Nothing of it leaves after its deadline, so whoever finds its row
later knows that no request is on its way any more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import transaction

from django_amazon_sync import clock
from django_amazon_sync.amazon import listings as gateway
from django_amazon_sync.amazon.attributes import (
    BUSINESS_OFFER,
    OFFER,
    Instance,
    MarketplaceTerms,
)
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.listings import SKUS_PER_SEARCH
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
from django_amazon_sync.errors import (
    AmazonError,
    Rejected,
    Throttled,
    TooLate,
    Unauthorized,
    Unavailable,
)
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    Listing,
    Outcome,
    Presence,
    SellerSku,
    Submission,
    SubmissionItem,
    SubmissionState,
)
from django_amazon_sync.rules import listing_state
from django_amazon_sync.rules.decision import Act, Decision
from django_amazon_sync.rules.guards import OTHERS, PRICES, ZEROS
from django_amazon_sync.sync.export.causes import NO_STORY, Story
from django_amazon_sync.sync.export.guards import Guards
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.listings.in_flight import Underway, left_behind, underway
from django_amazon_sync.sync.listings.looks import Look, why_too_late
from django_amazon_sync.sync.listings.read_listings import issue_rows, read
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.offers.fields import (
    BUSINESS_PRICE,
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
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities, lock_quantities
from django_amazon_sync.sync.runs.bulk import chunks
from django_amazon_sync.sync.runs.database_clock import database_now
from django_amazon_sync.sync.runs.work import Work, about_listing

#: The call that sends a change of each kind.
OPERATIONS: dict[str, str] = {
    Submission.Kind.PATCH: "patchListingsItem",
    Submission.Kind.PUT: "putListingsItem",
}

#: After so many requests in a row without an answer the run stops, and comes again.
UNANSWERED = 5

#: How long a run may wait for Amazon's own limit before it stops and comes again.
LONGEST_WAIT = timedelta(seconds=5)


@dataclass(frozen=True)
class Change:
    """One request about one listing: the values that it carries, and its content.

    ``look`` is the one that computed the values; ``decisions`` say which guards count them.
    ``alone``: of several values, the one that the request is about, which a refusal is about too;
    the others were there before. ``falls``: it puts fewer units on sale than buyers see. ``story``
    says what its numbers are made of, and why they are sent.
    """

    listing: Listing
    kind: str
    values: FieldValues
    content: SubmissionContent
    look: Look
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    alone: str = ""
    falls: bool = False
    story: Story = NO_STORY

    @property
    def guard(self) -> str:
        """The guard that counts it: the strictest of those of its values."""
        counted = {decision.guard for decision in self.decisions.values()}
        return next((kind for kind in (ZEROS, PRICES, OTHERS) if kind in counted), "")

    @property
    def number(self) -> int:
        """The number of the look."""
        return self.look.skus[self.listing.sku_id].number

    @property
    def stock_version(self) -> int:
        """The SKU's stock version when the quantity was computed."""
        return self.look.skus[self.listing.sku_id].stock_version


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
        for mapping in (listing.believed, *in_feeds):
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


def patch_of(
    known: KnownAtAmazon,
    name: str,
    value: FieldValue,
    look: Look,
    decision: Decision,
    *,
    falls: bool = False,
    story: Story = NO_STORY,
) -> Change:
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
    return Change(
        listing, Submission.Kind.PATCH, values, content, look, {name: decision}, name, falls, story
    )


def end_of_offer(
    listing: Listing,
    there: ListingFacts | None,
    look: Look,
    decision: Decision,
    story: Story,
) -> Change:
    """The patch that ends a listing's offers to all buyers and to businesses in its marketplace,
    as far as Amazon shows them (docs/amazon.md#an-offer-ends-by-its-deletion).

    What is believed of the parts of these offers ends with them.
    """
    terms = terms_of(listing.marketplace)
    attributes = there.attributes if there else {}
    others = {
        name: REMOVED
        for name, value in listing.believed.items()
        if name != PRICE and value != REMOVED and name in FIELDS
        and FIELDS[name].slot in (OFFER, BUSINESS_OFFER)
    }  # fmt: skip
    slots = [OFFER]
    if BUSINESS_PRICE in others or BUSINESS_OFFER.instances(attributes, terms):
        slots.append(BUSINESS_OFFER)
    patch = Patch(
        op="delete",
        path=f"/attributes/{OFFER.attribute}",
        value=[slot.selectors(terms) for slot in slots],
    )
    content: SubmissionContent = {"productType": "PRODUCT", "patches": [patch]}
    values: FieldValues = {PRICE: REMOVED, **others}
    kind = Submission.Kind.PATCH
    return Change(listing, kind, values, content, look, {PRICE: decision}, alone=PRICE, story=story)


def send(work: Work, change: Change, guards: Guards, ask: Callable[[Client], Answered]) -> bool:
    """Send one change by ``ask``, with a client that sends nothing after the change's time; True
    where Amazon accepted it. Its line says what became of it.

    Raises Halted where this worker may not write any more, and Throttled, Unauthorized or
    Unavailable where going on is of no use.
    """
    submission = _write_down(work, change, guards)
    if submission is None:
        return False
    try:
        answered = _ask_patiently(lambda: ask(work.client.not_after(change.look.ends)))
    except AmazonError as error:
        _take_failure(work, change, submission, error)
        return False
    work.unanswered = 0
    if answered.status in ("ACCEPTED", "VALID"):
        _take_accepted(work, change, submission, answered)
        return True
    if answered.status == "INVALID":
        _take_refused(work, change, submission, answered.issues, answered.submission_id)
        return False
    word = f"Amazon answered {answered.status!r}, which is neither yes nor no."
    _take_failure(work, change, submission, Unavailable(OPERATIONS[change.kind], word))
    return False


def send_patch(work: Work, change: Change, guards: Guards) -> bool:
    """Send a change that ``patch_of`` made."""

    def ask(client: Client, patches: list[Patch]) -> Answered:
        listing = change.listing
        return gateway.patch_listing(
            client,
            listing.sku.sku,
            listing.marketplace.code,
            patches,
            change.content["productType"],
        )

    def ask_either_way(client: Client) -> Answered:
        patches = change.content["patches"]
        answered = ask(client, patches)
        if answered.status == "INVALID" and patches[0]["op"] == "merge":
            # Some accounts may not merge yet; the whole offer is in the patch, so it can replace.
            answered = ask(
                client,
                [
                    Patch(op="replace", path=patch["path"], value=patch["value"])
                    for patch in patches
                ],
            )
        return answered

    return send(work, change, guards, ask_either_way)


# --- Before the first byte --------------------------------------------------------------------


def _write_down(work: Work, change: Change, guards: Guards) -> Submission | None:
    """The submission's row, on its way; None where it must not leave now."""
    work.check_writing()
    listing = change.listing
    with transaction.atomic():
        state.locked([listing.pk])
        sku = SellerSku.objects.select_for_update().get(pk=listing.sku_id)
        if reason := why_not_now(sku, change, underway([sku.pk])):
            changed_offers.note([(work.account.pk, sku.offer_pk)])
            work.line(Outcome.WAITING, **about_listing(listing), message=reason)
            return None
        if reason := guards.why_not(change.guard, listing.pk):
            hold_all(work, change, reason)
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
            deadline=database_now() + timedelta(seconds=change.look.ends - clock.monotonic()),
        )
        SubmissionItem.objects.create(
            submission=submission,
            listing=listing,
            values=change.values,
            quantity_version=change.stock_version,
            look=change.number,
            moves=change.guard,
            **change.story.columns(change.values),
        )
        if not sku.managed:
            SellerSku.objects.filter(pk=sku.pk).update(managed=True)
    if not submission.move(SubmissionState.SENT, sent_at=clock.now()):
        return None  # it took so long that somebody gave it up, and looks again
    return submission


def why_not_now(sku: SellerSku, change: Change, busy: Underway) -> str:
    """Why a change must not leave now; the rows are locked, and ``busy`` was read since."""
    if reason := why_too_late(change.look, sku):
        return reason
    if busy.has(change.listing.pk, sku.pk, change.values):
        return "Another change of this listing is on its way."
    return ""


def hold_all(work: Work, change: Change, reason: str) -> None:
    """Let the change wait for approval: with it the guard would be beyond its limit."""
    names = [change.alone] if change.alone else list(change.decisions)
    values = {name: change.values[name] for name in names}
    held = Decision(Act.HOLD, reason, Code.APPROVAL, change.guard)
    waiting = {
        name: (value, replace(held, beside_rate=change.decisions[name].beside_rate))
        for name, value in values.items()
    }
    state.hold({change.listing.pk: waiting})
    say_held(work, change.listing, values, reason)


def say_held(work: Work, listing: Listing, values: FieldValues, reason: str) -> None:
    """The line of values that wait for approval."""
    about = about_listing(listing)
    work.line(Outcome.HELD, **about, values=values, code=Code.APPROVAL, message=reason)


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
    with state.changing([change.listing.pk], "presence", "issues") as rows:
        moved = submission.move(
            SubmissionState.DONE, amazon_id=answered.submission_id, settled_at=now
        )
        if not moved:
            return  # somebody found it after its time, and has read it back
        row = rows[change.listing.pk]
        row.issues = issue_rows(answered.issues)
        take_as_accepted(
            row, change.values, look=change.number, stock_version=change.stock_version, at=now
        )
    message = "; ".join(issue.message for issue in answered.issues)
    work.line(Outcome.SENT, **about_listing(change.listing), values=change.values, message=message)


def take_as_accepted(
    row: Listing, values: FieldValues, *, look: int, stock_version: int, at: datetime
) -> None:
    """Amazon accepted these values of a listing: its state and its presence."""
    row.presence = Presence.PRESENT
    removed = [name for name, new in values.items() if new == REMOVED and name not in OF_SHOP]
    listing_state.answered(
        row, values, look=look, at=at, time_to_live=state.time_to_live(), removed=removed
    )
    if QUANTITY in values:
        row.quantity_version = stock_version
    if values.get(PRICE) == REMOVED:
        listing_state.check(row, at + state.time_to_live())  # it is over once Amazon shows none


def _take_refused(
    work: Work,
    change: Change,
    submission: Submission,
    issues: Sequence[Issue],
    amazon_id: str = "",
    *,
    about_value: bool = True,
) -> None:
    """Keep Amazon's words and code beside the SKU; the same value is not sent again by itself
    before its time."""
    errors = [issue for issue in issues if issue.severity == "ERROR"] or list(issues)
    message = "; ".join(issue.message for issue in errors) or "Amazon gave no reason."
    code = errors[0].code if errors else ""
    with state.changing([change.listing.pk], "issues") as rows:
        moved = submission.move(
            SubmissionState.FAILED,
            amazon_id=amazon_id,
            reason=f"{code}: {message}",
            settled_at=clock.now(),
        )
        if not moved:
            return
        row = rows[change.listing.pk]
        row.issues = issue_rows(issues)
        listing_state.refused(
            row,
            _refused_values(change),
            code=code,
            reason=f"{code}: {message}",
            at=work.client.now(),
            falls=change.falls,
            about_value=about_value,
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
        # No issue names a value, so what is wrong may pass.
        _take_refused(work, change, submission, [issue], about_value=False)
        return
    never_sent = isinstance(error, Throttled | Unauthorized) or (
        isinstance(error, Unavailable) and not error.sent
    )
    with transaction.atomic():
        if never_sent:
            submission.move(
                SubmissionState.FAILED, reason=f"Not sent. {error}", settled_at=clock.now()
            )
        else:
            submission.move(SubmissionState.UNKNOWN, reason=str(error))
        changed_offers.note([(work.account.pk, change.listing.sku.offer_pk)])
    if isinstance(error, TooLate):
        work.line(Outcome.WAITING, **about_listing(change.listing), message=str(error))
        return
    if never_sent:
        raise error
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
    """Read back the submissions that nobody waits for any more, and settle them.

    No lease is needed for it: of two who do so at once, one changes the submission's state.
    """
    _give_up_unsent(work)
    items = SubmissionItem.objects.filter(submission__in=left_behind(work.account))
    unknown = list(
        items.select_related("submission", "listing__sku", "listing__marketplace").order_by("pk")
    )
    by_sku = {item.listing.sku.sku: item for item in unknown}
    codes = sorted({item.listing.marketplace.code for item in unknown})
    for skus in chunks(sorted(by_sku), SKUS_PER_SEARCH):
        reading = read(work, skus, codes)
        for item in unknown:
            its = item.listing
            if its.sku.sku in skus and its.marketplace.code not in reading.closed:
                _read_back(work, item, reading.facts.get(its.sku.sku))


def _give_up_unsent(work: Work) -> None:
    """What was written down and never sent did not leave, and will not."""
    for submission in left_behind(work.account).filter(state=SubmissionState.NEW):
        with transaction.atomic():
            if submission.move(
                SubmissionState.FAILED, reason="Its worker died before it was sent."
            ):
                offers = submission.items.values_list("listing__sku__offer_pk", flat=True)
                changed_offers.note((work.account.pk, offer) for offer in offers)


def _read_back(work: Work, item: SubmissionItem, facts: SkuFacts | None) -> None:
    """Find one unknown outcome out by the echo of what Amazon received last.

    Amazon may carry the request out later all the same, or a later one before it: the listing is
    read once more when it had its time. A quantity is doubted: it is computed anew and sent again.
    """
    listing = item.listing
    echo = echo_of(listing, facts)
    now = work.client.now()
    arrived = bool(echo) and all(echo.get(name) == value for name, value in item.values.items())
    doubted = [(work.account.pk, listing.sku.sku, listing.sku.offer_pk)]
    with transaction.atomic():
        rows = state.locked([listing.pk], "presence")
        row = rows[listing.pk]
        if QUANTITY in item.values:
            lock_quantities(doubted)
        done = SubmissionState.DONE if arrived else SubmissionState.FAILED
        reason = "Read back: Amazon has it." if arrived else "Read back: Amazon does not have it."
        submission = item.submission
        if submission.state != SubmissionState.UNKNOWN and not submission.move(
            SubmissionState.UNKNOWN, reason="Its worker died before the answer."
        ):
            return
        if not submission.move(done, reason=reason, settled_at=clock.now()):
            return
        if arrived:
            take_as_accepted(
                row, item.values, look=item.look, stock_version=item.quantity_version, at=now
            )
            listing_state.check(row, now + state.time_to_live())
        else:
            listing_state.unanswered(row, item.values, check_at=now + state.time_to_live())
        state.save([row], "presence")
        if QUANTITY in item.values:
            invalidate_quantities(doubted)
        changed_offers.note([(work.account.pk, listing.sku.offer_pk)])


def echo_of(listing: Listing, facts: SkuFacts | None) -> FieldValues:
    """What Amazon received last for this listing; empty where it has no such listing."""
    there = facts.in_marketplace(listing.marketplace.code) if facts else None
    if there is None:
        return {}
    return {
        PRICE: str(there.sent_price.rounded()) if there.sent_price else REMOVED,
        QUANTITY: there.sent_quantity,
        NAME: there.sent_title,
        **received(there, terms_of(listing.marketplace), FIELDS.keys() - OF_SHOP),
    }
