"""Settling feeds: what Amazon made of each message becomes the state of its listing.

1. A file whose worker died is given up, and what was uploaded and had to wait is sent.
2. A feed whose sending got no answer is looked for among Amazon's feeds.
3. Amazon is asked for each feed that is due. DONE comes with a processing report: a message that it
   refuses is sent once more by patch, whose answer is final, and all others are accepted.
4. Where nobody can say what was applied (FATAL, stuck for two days, no report, a report that is
   not this feed's) every listing is read back before anything is sent again
   (docs/amazon.md#fatal-may-have-applied-anything).

A feed may be applied hours after it was sent. What was patched since then is in doubt: it is
computed anew, read and sent again (docs/amazon.md#a-late-feed-may-undo-a-patch).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import TemporaryFile

from django.db import transaction
from django.db.models import Q, QuerySet

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon import feeds as gateway
from django_amazon_sync.amazon.listings import SKUS_PER_SEARCH
from django_amazon_sync.data import FeedFacts, FieldValues, Issue, ProcessingReport, SkuFacts
from django_amazon_sync.errors import (
    AmazonError,
    NotFound,
    Rejected,
    Throttled,
    Unavailable,
    Unreadable,
)
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    Listing,
    Outcome,
    SellerAccount,
    Submission,
    SubmissionItem,
    SubmissionState,
)
from django_amazon_sync.rules import listing_state
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.export.feeds import (
    WRITTEN_WITHIN,
    feeds_of,
    give_up,
    give_up_unfinished,
    send_uploaded,
)
from django_amazon_sync.sync.export.send import echo_of, take_as_accepted
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.listings.history import note_live
from django_amazon_sync.sync.listings.in_flight import overtaken
from django_amazon_sync.sync.listings.read_listings import issue_rows, live_values, read
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.offers.fields import QUANTITY
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities
from django_amazon_sync.sync.runs.bulk import in_pages, update_locked_rows
from django_amazon_sync.sync.runs.work import Work, about_listing

#: How long Amazon may take (docs/amazon.md#feeds-wait-for-hours).
LONGEST = timedelta(hours=48)

#: How long after its end a feed's report may be out of reach before its listings are read back.
REPORT_WITHIN = timedelta(hours=6)

#: How long after it was sent a feed that Amazon does not show was never made.
SHOWN_WITHIN = timedelta(minutes=15)

#: Amazon's clock and ours, and the way between.
CLOCKS_DIFFER = timedelta(minutes=10)

#: Items that are settled in one transaction.
ITEMS_PER_CHUNK = 1000

#: So many feeds in a row without an answer are an outage, and no fault of the feeds.
OUTAGE = 3

#: What is read of an item, and saved of its listing beside its state; a feed has many of both.
_READ = (
    "submission",
    "message_id",
    "values",
    "quantity_version",
    "look",
    "refused",
    "live",
    "listing__sku__sku",
    "listing__sku__offer_pk",
)
_OTHERS = ("presence", "issues")

STILL_AT_IT = (SubmissionState.SENT, SubmissionState.UNKNOWN)


def due(now: datetime) -> QuerySet[Submission]:
    """The feeds of all accounts with which something is to be done."""
    writing = SellerAccount.writing_from(conf.get("DEPLOYMENT")).values("pk")
    uploaded = Q(state=SubmissionState.UPLOADED, account__in=writing)
    feeds = Submission.objects.filter(kind=Submission.Kind.FEED, not_before__lte=now)
    return feeds.filter(uploaded | Q(state__in=(SubmissionState.NEW, *STILL_AT_IT)))


def settle(work: Work) -> None:
    """Settle what is due of the account's feeds."""
    _give_up_files(work)
    if work.account.writes_from(conf.get("DEPLOYMENT")):
        send_uploaded(work)
    feeds = due(clock.now()).filter(account=work.account, state__in=STILL_AT_IT)
    unanswered = 0
    for feed in feeds.select_related("marketplace").order_by("pk"):
        feed.account = work.account
        work.give_way()
        try:
            _settle(work, feed)
        except Throttled as throttled:
            Submission.objects.filter(pk=feed.pk).update(not_before=throttled.retry_at)
        except (Rejected, Unavailable) as lack:
            _not_told(work, feed, lack)
            unanswered = unanswered + 1 if isinstance(lack, Unavailable) else 0
            if unanswered >= OUTAGE:
                raise
        else:
            unanswered = 0


def _not_told(work: Work, feed: Submission, lack: AmazonError) -> None:
    """Amazon does not answer for one feed: it is asked for again later, and costs no other."""
    if work.client.now() - (feed.sent_at or feed.created_at) > LONGEST and feed.amazon_id:
        _begin_reading_back(work, feed, f"Amazon does not say what became of it: {lack}")
        return
    _look_again(feed, str(lack))
    said = Message(Code.FEED_UNTOLD, feed=feed.amazon_id or str(feed.pk), words=str(lack))
    place = feed.marketplace.code
    work.line(Outcome.WAITING, marketplace=place, code=lack.code, message=str(said))


def _give_up_files(work: Work) -> None:
    now = clock.now()
    unfinished = feeds_of(work.account).filter(state=SubmissionState.NEW, not_before__lte=now)
    if unfinished.exists():
        give_up_unfinished(work)
        unfinished.update(not_before=now + WRITTEN_WITHIN)  # what is left has a worker


def _settle(work: Work, feed: Submission) -> None:
    if not feed.amazon_id:
        _look_for(work, feed)
    if feed.amazon_id:
        _ask_for(work, feed)


def _look_again(feed: Submission, reason: str = "") -> None:
    """Ask for the feed again: every two minutes at first, every quarter of an hour later."""
    age = clock.now() - (feed.sent_at or feed.created_at)
    pause = min(max(timedelta(minutes=2), age / 4), timedelta(minutes=15))
    Submission.objects.filter(pk=feed.pk).update(not_before=clock.now() + pause, reason=reason)


# --- 2. A sending without an answer ---------------------------------------------------------------


def _look_for(work: Work, feed: Submission) -> None:
    """Find the feed among Amazon's, by its time; its report proves later that it is the one."""
    sent_at = feed.sent_at or feed.created_at
    known = set(feeds_of(work.account).exclude(amazon_id="").values_list("amazon_id", flat=True))
    found = [
        facts
        for facts in gateway.get_feeds(work.client, feed.marketplace.code, sent_at - CLOCKS_DIFFER)
        if facts.feed_id not in known and facts.created is not None
    ]
    if found:
        first = min(found, key=lambda facts: (facts.created, facts.feed_id))
        Submission.objects.filter(pk=feed.pk).update(amazon_id=first.feed_id)
        feed.amazon_id = first.feed_id
    elif work.client.now() - sent_at > SHOWN_WITHIN:
        _was_not_applied(work, feed, "Amazon never got it.")
    else:
        _look_again(feed, "Amazon did not answer, and does not show it yet.")


# --- 3. A feed that Amazon knows ------------------------------------------------------------------


def _ask_for(work: Work, feed: Submission) -> None:
    """Ask what became of one feed, and do what that means."""
    if feed.content.get("read_back"):
        _read_back(work, feed)  # an earlier worker had begun to
        return
    try:
        facts = gateway.get_feed(work.client, feed.amazon_id)
    except NotFound:
        _begin_reading_back(work, feed, "Amazon does not know it any more.")
        return
    if facts.status == "DONE":
        _take_report(work, feed, facts)
    elif facts.status == "CANCELLED":
        _was_not_applied(work, feed, "Amazon says that it was cancelled.")
    elif facts.status == "FATAL":
        _begin_reading_back(work, feed, "It ended with FATAL; any part of it may be applied.")
    elif work.client.now() - (feed.sent_at or feed.created_at) > LONGEST:
        _give_up_waiting(work, feed, facts)
    else:
        _look_again(feed)


def _give_up_waiting(work: Work, feed: Submission, facts: FeedFacts) -> None:
    """Stop a feed that is stuck, if Amazon still can, so that it overtakes nothing later."""
    if facts.status == "IN_QUEUE":
        with suppress(Rejected):  # it has begun meanwhile: all the more to be read back
            gateway.cancel_feed(work.client, feed.amazon_id)
    hours = LONGEST // timedelta(hours=1)
    _begin_reading_back(work, feed, f"Amazon has not finished it in {hours} hours.")


def _take_report(work: Work, feed: Submission, facts: FeedFacts) -> None:
    """Read the whole processing report before any of it is taken in."""
    if not facts.report_document:
        _begin_reading_back(work, feed, "Amazon has no processing report of it.")
        return
    shown = _Shown(feed.marketplace.code)
    try:
        with TemporaryFile() as file:
            gateway.fetch_processing_report(work.client, facts.report_document, file)
            file.seek(0)
            report = gateway.read_processing_report(file, shown.add)
    except Unavailable as error:
        ended = facts.ended or facts.created or work.client.now()
        if work.client.now() - ended < REPORT_WITHIN:
            _look_again(feed, str(error))
        else:
            _begin_reading_back(work, feed, f"Its processing report cannot be fetched: {error}")
        return
    except (Rejected, Unreadable) as error:
        _begin_reading_back(work, feed, f"Its processing report cannot be read: {error}")
        return
    if foreign := _why_not_its(feed, report, shown):
        _begin_reading_back(work, feed, foreign)
    elif report.processed == 0 and report.general:
        _was_refused_whole(work, feed, report.general)
    else:
        _take_in(work, feed, report, shown)


class _Shown:
    """What a processing report shows of each SKU after the feed: a few values of each, no more."""

    def __init__(self, marketplace: str) -> None:
        self._marketplace = marketplace
        self._by_sku: dict[str, tuple[FieldValues, tuple[Issue, ...]]] = {}

    def add(self, facts: SkuFacts) -> None:
        """Keep what is live of one item."""
        there = facts.in_marketplace(self._marketplace)
        live: FieldValues = {}
        if there is not None and there.live_price is not None:
            live = live_values(facts, there)
        self._by_sku[facts.sku] = (live, there.issues if there else ())

    def of(self, sku: str) -> tuple[FieldValues, tuple[Issue, ...]]:
        """The live values of a SKU and Amazon's issues with it; nothing where it is not there."""
        return self._by_sku.get(sku, ({}, ()))

    def skus(self) -> set[str]:
        """The SKUs that the report shows."""
        return set(self._by_sku)


def _why_not_its(feed: Submission, report: ProcessingReport, shown: _Shown) -> str:
    """Why this cannot be the report of this feed; empty where it is."""
    if report.seller_id != feed.account.seller_id or report.feed_id != feed.amazon_id:
        return "Its processing report is of another feed or seller; nothing of it was taken in."
    items = SubmissionItem.objects.filter(submission=feed)
    rows = in_pages(items.values_list("pk", "message_id", "listing__sku__sku"))
    carried = {number: sku for _pk, number, sku in rows}
    named = {number: report.skus.get(number) or carried.get(number) for number in report.issues}
    if any(number not in carried or carried[number] != sku for number, sku in named.items()):
        return "Its processing report names messages that were never sent; none was taken in."
    if not shown.skus() <= set(carried.values()):
        return "Its processing report shows SKUs that it did not carry; none was taken in."
    if report.processed != len(carried) and not report.general:
        return (
            f"Its processing report is about {report.processed} messages, and {len(carried)} were "
            "sent; none was taken in."
        )
    return ""


@dataclass(frozen=True)
class _Verdict:
    """What Amazon says of one message: its issues, what is live since, and the item's issues."""

    refusals: tuple[Issue, ...]
    live: FieldValues
    issues: tuple[Issue, ...]


def _take_in(work: Work, feed: Submission, report: ProcessingReport, shown: _Shown) -> None:
    """Settle the feed's items, a thousand at a time; each thousand is done with for good."""
    for items in _unsettled(feed, ITEMS_PER_CHUNK):
        verdicts = {item.pk: _verdict(item, report, shown) for item in items}
        with transaction.atomic():
            work.lease.check()
            _settle_items(work, items, verdicts)
        work.run.count("settled", len(items))
    feed.move(SubmissionState.DONE, settled_at=clock.now(), reason="")


def _verdict(item: SubmissionItem, report: ProcessingReport, shown: _Shown) -> _Verdict:
    said = report.issues.get(item.message_id or 0, ())
    live, issues = shown.of(item.listing.sku.sku)
    refusals = tuple(issue for issue in said if issue.severity == "ERROR")
    return _Verdict(refusals, live, (*said, *issues))


def _settle_items(
    work: Work, items: Sequence[SubmissionItem], verdicts: dict[int, _Verdict]
) -> None:
    """Settle some items in the caller's transaction."""
    rows = _locked(items)
    newer_values = overtaken(items)
    doubted, again = [], []
    now = work.client.now()
    for item in items:
        row, verdict, sku = rows[item.listing_id], verdicts[item.pk], item.listing.sku
        newer = set(newer_values.get(item.pk, {}))
        if verdict.refusals:
            _refuse(work, item, row, verdict)
        else:
            note_live(item, _accept(work, item, row, verdict, newer, now), now)
        if verdict.refusals or newer:
            again.append((work.account.pk, sku.offer_pk))
        if QUANTITY in newer or (verdict.refusals and QUANTITY in item.values):
            doubted.append((work.account.pk, sku.sku, sku.offer_pk))
    invalidate_quantities(doubted)
    state.save(rows.values(), *_OTHERS)
    for item in items:
        item.settled = True
    update_locked_rows(items, ["settled", "refused", "live"])  # nobody else settles this feed
    changed_offers.note(again)


def _refuse(work: Work, item: SubmissionItem, row: Listing, verdict: _Verdict) -> None:
    """One refused field takes its whole message with it, so each is sent again by itself."""
    first = verdict.refusals[0]
    text = "; ".join(issue.message for issue in verdict.refusals)
    row.issues = issue_rows(verdict.issues)
    item.refused = f"{first.code}: {text}"
    message = f"{text} Each of its values is sent once more by itself."
    work.line(
        Outcome.REFUSED,
        **about_listing(item.listing),
        values=item.values,
        code=first.code,
        message=message,
    )


def _accept(
    work: Work,
    item: SubmissionItem,
    row: Listing,
    verdict: _Verdict,
    newer: set[str],
    now: datetime,
) -> set[str]:
    """What the feed carried is accepted, but for the fields that were sent again since: the feed
    may have put the older value back, so these are unknown. Returns the fields that are live."""
    values = {name: new for name, new in item.values.items() if name not in newer}
    take_as_accepted(row, values, look=item.look, stock_version=item.quantity_version, at=now)
    if newer:
        listing_state.unanswered(row, newer, check_at=now + state.time_to_live())
    live = {name for name, value in values.items() if verdict.live.get(name) == value}
    row_verified = live & row.believed.keys()
    listing_state.seen(row, row_verified, proven=row_verified, at=now)
    for name in values.keys() - live:
        row.verified.pop(name, None)
    row.issues = issue_rows(verdict.issues)
    row.reason = ""
    errors = [issue for issue in verdict.issues if issue.severity == "ERROR"]
    not_live = [name for name, value in values.items() if verdict.live.get(name) != value]
    message = "; ".join(issue.message for issue in verdict.issues)
    if errors and not_live:
        row.reason = f"{errors[0].code}: {errors[0].message}"
        work.line(
            Outcome.REFUSED,
            **about_listing(item.listing),
            values={name: values[name] for name in not_live},
            code=errors[0].code,
            message=message,
        )
    else:
        work.line(Outcome.SENT, **about_listing(item.listing), values=item.values, message=message)
    return row_verified


def _was_refused_whole(work: Work, feed: Submission, issues: Iterable[Issue]) -> None:
    """Amazon read the file's head and took no message; the same file would fare the same."""
    text = "; ".join(f"{issue.code}: {issue.message}" for issue in issues)
    _say(work, feed, Outcome.REFUSED, f"Amazon took nothing of it: {text}")
    give_up(feed, text)


def _was_not_applied(work: Work, feed: Submission, reason: str) -> None:
    """Nothing of the feed was applied: its listings differ as before, and are sent again.

    One that Amazon does not know may be taken up late, so its listings are read once more.
    """
    check_at = work.client.now() + state.time_to_live()
    for items in _unsettled(feed, ITEMS_PER_CHUNK):
        with transaction.atomic():
            work.lease.check()
            if not feed.amazon_id:
                rows = _locked(items)
                for item in items:
                    listing_state.unanswered(rows[item.listing_id], item.values, check_at=check_at)
                _save(items, rows)
            _settled(items)
            changed_offers.note((work.account.pk, item.listing.sku.offer_pk) for item in items)
    _say(work, feed, Outcome.FAILED, f"{reason} Its listings are sent again.")
    feed.move(SubmissionState.FAILED, settled_at=clock.now(), reason=reason)


# --- 4. Reading back ------------------------------------------------------------------------------


def _begin_reading_back(work: Work, feed: Submission, reason: str) -> None:
    """Nobody can say what was applied, so every listing is read before it is sent again."""
    _say(work, feed, Outcome.FAILED, f"{reason} Its listings are read back.")
    feed.content["read_back"] = reason
    Submission.objects.filter(pk=feed.pk).update(content=feed.content, reason=reason)
    feed.reason = reason
    feed.move(SubmissionState.UNKNOWN)
    _read_back(work, feed)


def _read_back(work: Work, feed: Submission) -> None:
    """Read twenty listings at a time; a worker that dies leaves the rest to the next."""
    code = feed.marketplace.code
    for items in _unsettled(feed, SKUS_PER_SEARCH):
        reading = read(work, [item.listing.sku.sku for item in items], [code])
        if reading.closed:
            again_at = access.again_at(work.account, access.Part.LISTINGS, code)
            Submission.objects.filter(pk=feed.pk).update(not_before=again_at)
            return
        with transaction.atomic():
            work.lease.check()
            _settle_read_back(work, items, reading.facts)
        work.run.count("read", len(items))
    feed.move(SubmissionState.FAILED, settled_at=clock.now(), reason=feed.content["read_back"])


def _settle_read_back(
    work: Work, items: Sequence[SubmissionItem], facts: dict[str, SkuFacts]
) -> None:
    """What Amazon received counts as accepted; all else is sent again.

    A quantity is doubted in either case, as the feed may still be at work.
    """
    rows, newer_values = _locked(items), overtaken(items)
    now = work.client.now()
    check_at = now + state.time_to_live()
    doubted, again = [], []
    for item in items:
        row, sku = rows[item.listing_id], item.listing.sku
        echo, newer = echo_of(item.listing, facts.get(sku.sku)), newer_values.get(item.pk, {})
        arrived = {
            name: value
            for name, value in item.values.items()
            if name not in newer and echo.get(name) == value
        }
        take_as_accepted(row, arrived, look=item.look, stock_version=item.quantity_version, at=now)
        listing_state.unanswered(row, item.values.keys() - arrived.keys(), check_at=check_at)
        for name in arrived:
            row.verified.pop(name, None)
        again.append((work.account.pk, sku.offer_pk))
        if QUANTITY in item.values:
            doubted.append((work.account.pk, sku.sku, sku.offer_pk))
    invalidate_quantities(doubted)
    _save(items, rows)
    changed_offers.note(again)


# --- Items and their rows -------------------------------------------------------------------------


def _unsettled(feed: Submission, size: int) -> Iterable[list[SubmissionItem]]:
    """The items that are not settled yet, so many at a time and in the order of their messages."""
    unsettled = SubmissionItem.objects.filter(submission=feed, settled=False)
    rows = unsettled.select_related("listing__sku").only(*_READ).order_by("message_id")
    last = 0
    while items := list(rows.filter(message_id__gt=last)[:size]):
        for item in items:
            item.listing.marketplace = feed.marketplace
        last = items[-1].message_id or last
        yield items


def _locked(items: Sequence[SubmissionItem]) -> dict[int, Listing]:
    """The items' listings, locked in one fixed order."""
    return state.locked([item.listing_id for item in items], *_OTHERS)


def _save(items: Sequence[SubmissionItem], rows: dict[int, Listing]) -> None:
    """Save what was settled, and that it is."""
    state.save(rows.values(), *_OTHERS)
    _settled(items)


def _settled(items: Sequence[SubmissionItem]) -> None:
    first, last = items[0], items[-1]
    these = SubmissionItem.objects.filter(
        submission=first.submission_id,
        message_id__range=(first.message_id, last.message_id),  # a thousand pks take far longer
    )
    these.update(settled=True)


def _say(work: Work, feed: Submission, outcome: Outcome, message: str) -> None:
    """One line about a whole feed."""
    number = feed.content.get("messages", 0)
    work.line(
        outcome,
        marketplace=feed.marketplace.code,
        code=Code.FEED,
        message=f"Feed {feed.amazon_id or feed.pk} with {number} listings: {message}",
    )
