"""Many changes at once: by feed, in files of up to 25,000 messages for one marketplace.

1. Twenty listings at a time are read and computed, as for patches. What may not wait in Amazon's
   queue goes by patch at once; the rest is written to a file, and beside it as items of a
   submission that is NEW.
2. A full file is uploaded: UPLOADED. A worker that dies before loses the file and nothing else.
3. The submission is SENT, then Amazon is asked to work the file off. ``settle`` does the rest.
   Right before, the file is looked at again: where something that was sent later would be undone by
   it, or an order came, it is given up, and what it carried is computed anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from tempfile import TemporaryFile
from typing import BinaryIO

from django.db import transaction
from django.db.models import F, Q, QuerySet

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon import attributes, documents
from django_amazon_sync.amazon import feeds as gateway
from django_amazon_sync.data import FieldValues, Patch, SubmissionContent
from django_amazon_sync.errors import (
    AmazonError,
    Disconnected,
    NotYet,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
)
from django_amazon_sync.models import (
    Listing,
    Marketplace,
    Outcome,
    SellerAccount,
    SellerSku,
    Submission,
    SubmissionItem,
    SubmissionState,
)
from django_amazon_sync.rules.decision import Decision
from django_amazon_sync.rules.stock import may_travel_by_feed
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.export.causes import Story
from django_amazon_sync.sync.export.guards import Guards
from django_amazon_sync.sync.export.send import (
    Change,
    KnownAtAmazon,
    hold_all,
    patch_of,
    why_not_now,
)
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.listings.in_flight import overtaken, underway, unfinished_files
from django_amazon_sync.sync.listings.looks import Look
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.offers.fields import FIELDS, QUANTITY, quantity_in
from django_amazon_sync.sync.runs.bulk import chunks, in_pages
from django_amazon_sync.sync.runs.database_clock import database_now
from django_amazon_sync.sync.runs.work import Work, about_listing

#: How long after a file was begun somebody looks whether its worker is still alive.
WRITTEN_WITHIN = timedelta(minutes=15)

#: When Amazon is asked for a feed the first time; it seldom takes less.
FIRST_LOOK = timedelta(minutes=2)

#: What an uploaded file has (docs/amazon.md#unused-documents-die-after-two-days), less an hour.
DOCUMENT_LIVES = timedelta(hours=47)

#: Why a file that would bring back what was before is not sent, and how often that may happen.
OVERTAKEN = "Something in it was changed since it was written; what it carried is computed anew."
WRITTEN_ANEW_EVERY = timedelta(hours=1)

#: So many items of a file are compared together with what was sent after them.
ITEMS_PER_LOOK = 1000

#: After a feed that failed, an account's changes go by patch for so long.
PATCHES_AFTER_FAILURE = timedelta(days=1)


def is_worth_a_feed(work: Work, number: int) -> bool:
    """Whether so many listings go by feed: above the threshold, and no feed failed lately.

    Amazon's guidance is in docs/amazon.md#single-calls-up-to-1500-changes.
    """
    if number <= conf.get("FEED_THRESHOLD"):
        return False
    lately = clock.now() - PATCHES_AFTER_FAILURE
    failed = feeds_of(work.account).filter(state=SubmissionState.FAILED, settled_at__gte=lately)
    return not failed.filter(~Q(amazon_id="") | Q(content__has_key="refused")).exists()


def feeds_of(account: SellerAccount) -> QuerySet[Submission]:
    """The account's feeds."""
    return Submission.objects.filter(account=account, kind=Submission.Kind.FEED)


def by_feed(values: FieldValues, quantity: int | None, *, falls: bool) -> FieldValues:
    """Those of a listing's changed values that may wait in Amazon's queue.

    ``quantity`` is what goes with those that ride with it, where it is not changed itself;
    ``falls``: it is below what buyers see.
    """
    low = conf.get("FEED_LOW_STOCK")
    if quantity is None or may_travel_by_feed(quantity, falls=falls, low_stock=low):
        return dict(values)
    return {name: new for name, new in values.items() if not _goes_with_quantity(name)}


def _goes_with_quantity(name: str) -> bool:
    return name == QUANTITY or FIELDS[name].sent_with_quantity


# --- 1. Writing the files -------------------------------------------------------------------------


@dataclass(frozen=True)
class FeedMessage:
    """What a feed is to carry for one listing; ``known`` is what Amazon has of it."""

    listing: Listing
    values: FieldValues
    look: Look
    decisions: Mapping[str, Decision]
    known: KnownAtAmazon
    story: Story

    def as_change(self) -> Change:
        """All values in one submission's content."""
        types: list[str] = ["PRODUCT"]
        patches: list[Patch] = []
        for name, value in self.values.items():
            part = patch_of(self.known, name, value, self.look, self.decisions[name])
            types.append(part.content["productType"])
            patches += part.content["patches"]
            self.known.sent(name, part.content["patches"][0])
        content: SubmissionContent = {
            "productType": next((name for name in types if name != "PRODUCT"), "PRODUCT"),
            "patches": attributes.together(patches),
        }
        values = dict(self.values)
        if any(FIELDS[name].sent_with_quantity for name in values):
            values[QUANTITY] = self.known.quantity
        kind = Submission.Kind.FEED
        return Change(
            self.listing, kind, values, content, self.look, self.decisions, story=self.story
        )


@dataclass
class Files:
    """The open files of a run, one for each marketplace at a time."""

    work: Work
    guards: Guards
    _stack: ExitStack
    _open: dict[int, _File] = field(default_factory=dict)

    def add(self, messages: Sequence[FeedMessage]) -> None:
        """Write messages of some listings down, and into their files; full files are sent."""
        while messages:
            messages = self._write(messages)
            for file in [file for file in self._open.values() if file.full]:
                self._finish(file)

    def _write(self, messages: Sequence[FeedMessage]) -> list[FeedMessage]:
        """Write in one transaction what has room; returns the rest."""
        left = []
        with transaction.atomic():
            for message, change in _that_may_leave(self.work, self.guards, messages):
                if not self._file_of(message.listing.marketplace).add(change):
                    left.append(message)
            for file in self._open.values():
                file.store_items()
        return left

    def finish(self) -> None:
        """Upload and send what is still open."""
        for file in list(self._open.values()):
            self._finish(file)

    def _file_of(self, marketplace: Marketplace) -> _File:
        if marketplace.pk not in self._open:
            file = self._stack.enter_context(TemporaryFile())  # noqa: SIM115 - the stack closes it
            self._open[marketplace.pk] = _File(self.work, marketplace, file)
        return self._open[marketplace.pk]

    def _finish(self, file: _File) -> None:
        del self._open[file.marketplace.pk]
        with file.file:
            file.upload()
        send_feed(self.work, file.submission)


@contextmanager
def open_files(work: Work, guards: Guards) -> Iterator[Files]:
    """Files for the feeds of this run; what is written when the block ends well is sent."""
    with ExitStack() as stack:
        files = Files(work, guards, stack)
        try:
            yield files
        except (AmazonError, NotYet):
            files.finish()  # what was written so far need not be read again
            raise
        files.finish()


class _File:
    """One file on its way, and the submission that it is written down as."""

    def __init__(self, work: Work, marketplace: Marketplace, file: BinaryIO) -> None:
        self.marketplace = marketplace
        self.file = file
        self.full = False
        self._work = work
        self._written = gateway.FeedFile(file, work.account.seller_id)
        self._items: list[SubmissionItem] = []
        self.submission = Submission.objects.create(
            account=work.account,
            marketplace=marketplace,
            run=work.run,
            kind=Submission.Kind.FEED,
            state=SubmissionState.NEW,
            not_before=clock.now() + WRITTEN_WITHIN,
            deadline=database_now() + WRITTEN_WITHIN,
        )

    def add(self, change: Change) -> bool:
        """One more message; False where the file is full."""
        content = change.content
        number = self._written.add(
            change.listing.sku.sku, content["productType"], content["patches"]
        )
        if number is None:
            self.full = True
            return False
        self._items.append(
            SubmissionItem(
                submission=self.submission,
                listing=change.listing,
                values=change.values,
                quantity_version=change.stock_version,
                look=change.number,
                moves=change.guard,
                message_id=number,
                **change.story.columns(change.values),
            )
        )
        return True

    def store_items(self) -> None:
        """Write down what the file got since; its worker is alive."""
        Submission.objects.filter(pk=self.submission.pk).update(
            deadline=database_now() + WRITTEN_WITHIN
        )
        SubmissionItem.objects.bulk_create(self._items)
        self._work.run.count("in_feeds", len(self._items))
        self._items.clear()

    def upload(self) -> None:
        """Close the file and hand it to Amazon, which does nothing with it yet."""
        self._written.close()
        self.file.seek(0)
        client = self._work.client
        slot = gateway.create_feed_document(client)
        documents.upload(slot.url, self.file, gateway.CONTENT_TYPE, endpoint=client.endpoint)
        self.submission.move(
            SubmissionState.UPLOADED,
            document_id=slot.document_id,
            content={"messages": self._written.messages},
            content_hash=self._written.digest,
            not_before=clock.now(),
        )


def _that_may_leave(
    work: Work, guards: Guards, messages: Sequence[FeedMessage]
) -> Iterator[tuple[FeedMessage, Change]]:
    """The changes that nobody has looked at since, and that the guards let leave; their rows are
    locked, listings first."""
    skus = {message.listing.sku_id for message in messages}
    state.locked([message.listing.pk for message in messages])
    locked = SellerSku.objects.filter(pk__in=skus).order_by("pk").select_for_update()
    rows = {row.pk: row for row in locked}
    busy = underway(skus)
    written: dict[str, set[int]] = defaultdict(set)
    for message in messages:
        row, change = rows[message.listing.sku_id], message.as_change()
        if reason := why_not_now(row, change, busy):
            changed_offers.note([(work.account.pk, row.offer_pk)])
            about = about_listing(message.listing)
            work.line(Outcome.WAITING, **about, values=message.values, message=reason)
        elif reason := guards.why_not(change.guard, message.listing.pk, written[change.guard]):
            hold_all(work, change, reason)
        else:
            written[change.guard].add(message.listing.pk)
            yield message, change
    SellerSku.objects.filter(pk__in=skus, managed=False).update(managed=True)


# --- 3. Sending an uploaded file ------------------------------------------------------------------


def send_feed(work: Work, feed: Submission) -> None:
    """Ask Amazon to work an uploaded file off; where it has no time now, a later settle does it.

    Raises Halted where this worker may not write any more, and Unauthorized where it may write to
    no marketplace of the account.
    """
    work.check_writing()
    if is_overtaken(feed):
        give_up(feed, OVERTAKEN)
        return
    now = work.client.now()
    if not feed.move(SubmissionState.SENT, sent_at=now, not_before=clock.now() + FIRST_LOOK):
        return  # another worker has sent it
    try:
        amazon_id = gateway.create_feed(work.client, feed.marketplace.code, feed.document_id)
    except Throttled as throttled:
        feed.move(SubmissionState.UPLOADED, not_before=throttled.retry_at)
    except Unauthorized as refused:
        code = feed.marketplace.code
        again_at = access.again_at(work.account, access.Part.LISTINGS_OUT, code)
        feed.move(SubmissionState.UPLOADED, not_before=again_at, reason=str(refused))
        if isinstance(refused, Disconnected) or access.waits(
            work.account, access.Part.LISTINGS_OUT
        ):
            raise
        work.leave_out(code, str(refused))
    except Unavailable as silence:
        state = SubmissionState.UNKNOWN if silence.sent else SubmissionState.UPLOADED
        feed.move(state, not_before=clock.now() + FIRST_LOOK, reason=str(silence))
    except Rejected as refused:
        feed.content["refused"] = str(refused)
        Submission.objects.filter(pk=feed.pk).update(content=feed.content)
        give_up(feed, str(refused))
        work.line(
            Outcome.REFUSED,
            marketplace=feed.marketplace.code,
            code=refused.amazon_code or refused.code,
            message=f"The feed with {feed.content['messages']} listings: {refused}",
        )
    else:
        Submission.objects.filter(pk=feed.pk).update(amazon_id=amazon_id)
        feed.amazon_id = amazon_id


def send_uploaded(work: Work) -> None:
    """Send what was uploaded and had to wait; a document that died is given up."""
    waiting = feeds_of(work.account).filter(
        state=SubmissionState.UPLOADED, not_before__lte=clock.now()
    )
    for feed in waiting.select_related("marketplace").order_by("pk"):
        if clock.now() - feed.created_at < DOCUMENT_LIVES:
            send_feed(work, feed)
        else:
            give_up(feed, "Its document was never used, and Amazon keeps one for two days.")


def give_up_unfinished(work: Work) -> None:
    """Files that workers were writing when they died; nothing of them has left."""
    for feed in unfinished_files(work.account):
        give_up(feed, "Its worker died before the file was uploaded.")


def is_overtaken(feed: Submission) -> bool:
    """Whether an uploaded file would put units on sale again that a later submission took off, or
    that were sold since it was written, or bring back what another field had before a later one.

    A file that was written anew for it within the hour is sent all the same: in a busy shop the
    next would be overtaken too, and settling it sends the later values once more.
    """
    lately = clock.now() - WRITTEN_ANEW_EVERY
    given_up = feeds_of(feed.account).filter(marketplace=feed.marketplace_id, reason=OVERTAKEN)
    if given_up.filter(settled_at__gte=lately, settled_at__lte=feed.created_at).exists():
        return False
    return _would_raise(feed) or _would_bring_back(feed)


def _would_raise(feed: Submission) -> bool:
    items = SubmissionItem.objects.filter(submission=feed, values__has_key=QUANTITY)
    later = (
        SubmissionItem.objects.filter(  # in one call: both are about the same item of the file
            listing__sku__listings__submission_items__in=items,
            pk__gt=F("listing__sku__listings__submission_items"),
            values__has_key=QUANTITY,
        )
        .exclude(submission=feed)
        .exclude(submission__state=SubmissionState.FAILED)
    )
    outdated = items.exclude(quantity_version=F("listing__sku__stock_version"))
    if outdated.exclude(values__quantity=0).exists():
        return True
    newest: dict[int, int] = {}
    for sku, values in later.order_by("pk").values_list("listing__sku", "values"):
        newest[sku] = quantity_in(values) or 0
    written = items.filter(listing__sku__in=newest).values_list("listing__sku", "values")
    return any((quantity_in(values) or 0) > newest[sku] for sku, values in written)


def _would_bring_back(feed: Submission) -> bool:
    """Whether it carries another value than a later submission of the same listing, save of the
    quantity: a lower one than is right sells nothing twice."""
    items = SubmissionItem.objects.filter(submission=feed).only("listing_id", "values")
    for some in chunks(in_pages(items), ITEMS_PER_LOOK):
        newer = overtaken(some)
        if any(
            name != QUANTITY and item.values.get(name) != value
            for item in some
            for name, value in newer[item.pk].items()
        ):
            return True
    return False


def give_up(feed: Submission, reason: str) -> None:
    """Its listings are looked at anew, as what was in the feed counted as on its way."""
    items = SubmissionItem.objects.filter(submission=feed)
    with transaction.atomic():
        if feed.move(SubmissionState.FAILED, settled_at=clock.now(), reason=reason):
            changed_offers.note_skus(SellerSku.objects.filter(listings__submission_items__in=items))
            items.update(settled=True)
