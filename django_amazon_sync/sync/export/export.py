"""Offers out: what the shop sells, to Amazon.

1. Bring orders up, as a quantity may rise only while they are complete, and exchange rates.
2. Read back what an earlier worker left open.
3. Read from Amazon what was never read; what is found is adopted as it is.
4. Survey all offers: which listings differ from what Amazon accepted.
5. Where that is too much at once, hold it for approval.
6. Send the rest: zeros first, then the others, twenty SKUs at a time. Each twenty are read from
   Amazon and from the shop once more, right before they are sent: by patch, or by feed where
   they are many.

An account that observes does all of this but the sending: its lines are the difference report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon.listings import SKUS_PER_SEARCH
from django_amazon_sync.data import FieldValue, FieldValues, Offer, SkuFacts
from django_amazon_sync.errors import AmazonError, ConfigurationError, Halted
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    AccountState,
    Job,
    Listing,
    Outcome,
    Presence,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.rules import blast_radius
from django_amazon_sync.rules.stock import may_leave
from django_amazon_sync.sync.export import feeds
from django_amazon_sync.sync.export.create import create
from django_amazon_sync.sync.export.send import KnownAtAmazon, patch_of, recover, send_patch
from django_amazon_sync.sync.export.survey import Survey
from django_amazon_sync.sync.listings import decisions
from django_amazon_sync.sync.listings.in_flight import not_on_its_way, values_in_feeds
from django_amazon_sync.sync.listings.read_listings import observe
from django_amazon_sync.sync.offers.changed_offers import Noted, note
from django_amazon_sync.sync.offers.desired import (
    Chosen,
    Desired,
    Rules,
    desired,
    differences,
    is_wanted,
    rules_of,
    sku_is_of_offer,
)
from django_amazon_sync.sync.offers.fields import (
    FIELDS,
    MAXIMUM_PRICE,
    MINIMUM_PRICE,
    PRICE,
    QUANTITY,
    least_paid,
    paid,
    quantity_in,
)
from django_amazon_sync.sync.offers.identifiers import with_own
from django_amazon_sync.sync.offers.rates import bring_up_rates
from django_amazon_sync.sync.offers.reserved_units import units_held
from django_amazon_sync.sync.orders.up_to_date import bring_up_orders, orders_complete
from django_amazon_sync.sync.runs import selection
from django_amazon_sync.sync.runs.work import Work, about_listing, why_not_writing

#: Listings that go into a feed together: five searches, as many as Amazon answers at once.
LISTINGS_PER_FEED_CHUNK = 5 * SKUS_PER_SEARCH

#: The call whose plan tells how long sending takes, before a run knows its own pace.
PATCH = "patchListingsItem"

#: Under this name a run counts the listings that it moved by more than a fall of stock.
MOVED = "moved"


def export(work: Work) -> None:
    """Run options: ``skus`` (only these, also what was refused before) or a selection of them,
    ``marketplaces`` (ids), ``approve`` (pk of a run whose held changes are approved and sent)."""
    _force_dry_run_while_observing(work)
    bring_up_orders(work)
    bring_up_rates(work)
    if not work.run.dry_run:
        recover(work)
        feeds.give_up_unfinished(work)
        feeds.send_uploaded(work)
    partly = "approve" in work.run.options or selection.is_about_some(work.run)
    # A run that goes on sends nothing twice, also what was refused or is in a feed since it began.
    found = Survey(
        work, rules_of(work), orders_complete(work), include_refused=partly and not work.goes_on
    )
    _look(work, found)
    for listings in _together(found.unread):
        work.give_way()
        observe(work, listings)
    found.look_again()
    work.run.counts["looked_at"] = found.looked_at  # also where the run goes on after a while
    work.expect(len(found.zeros) + len(found.changed) + len(found.absent), PATCH)
    if too_much := _too_much(work, found, partly=partly):
        _hold_all(work, found, too_much)
    else:
        _send(work, found, found.zeros)
        _send_changed(work, found)
    _send(work, found, found.absent)


def send_changes(work: Work) -> None:
    """The lane of changed offers: zeros leave before anything else, and none of it waits for the
    daily export. A rise that has to wait for orders is looked at again."""
    noted = Noted(work.account)
    _force_dry_run_while_observing(work)
    if work.run.dry_run:
        noted.done_with(but=set())
        return
    bring_up_rates(work)
    recover(work)
    feeds.give_up_unfinished(work)
    found = Survey(work, rules_of(work), orders_complete(work))
    found.look_at_some(noted.offer_pks)
    parts = (found.zeros, found.changed, found.unread, found.absent)
    work.expect(sum(map(len, parts)), PATCH)
    if too_much := _too_much(work, found, partly=True):
        _hold_all(work, found, too_much)
    else:
        _send(work, found, found.zeros)
        _send_changed(work, found)
        for pks in (found.unread, found.absent):
            _send(work, found, pks)
    noted.done_with(but=found.waiting)


def _force_dry_run_while_observing(work: Work) -> None:
    """An observing account only reports; any other that may not write here is halted."""
    if work.run.dry_run:
        return
    if work.account.state == AccountState.OBSERVING:
        work.run.dry_run = True
        work.run.save(update_fields=["dry_run"])
    elif not work.account.writes_from(conf.get("DEPLOYMENT")):
        raise Halted(why_not_writing(work.account))


def _look(work: Work, found: Survey) -> None:
    """Look at the offers and the SKUs that the run is about, or at all."""
    if approve := work.run.options.get("approve"):
        holding = SyncRun.objects.filter(pk=approve, account=work.account).first()
        if holding is None:
            raise ConfigurationError(f"The account {work.account} has no run {approve} to approve.")
        listings = decisions.of_run(holding)
        if not work.goes_on:  # nobody has seen what was held since
            decisions.approve(listings)
        found.look_at_some(
            offer_pks=sorted(
                {listing.sku.offer_pk for listing in listings if listing.sku.offer_pk}
            ),
            skus=sorted({listing.sku.sku for listing in listings if not listing.sku.offer_pk}),
        )
    elif selection.SELECTED in work.run.options:
        found.look_at_selected()
    elif skus := work.run.options.get(selection.NAMED):
        found.look_at_some(skus=skus)
    else:
        found.look_at_all()


# --- Too much at once -----------------------------------------------------------------------------


def _too_much(work: Work, found: Survey, *, partly: bool) -> str:
    """Why the run waits for approval.

    One that looks at a part only is measured by all listings, together with those like it of the
    last hour: what breaks a shop's stock offer by offer is no better than what breaks it at once.
    """
    if work.run.options.get("approve") or not found.moved:
        return ""
    moved, known = found.moved, found.known
    if partly:
        moved += _moved_lately(work)
        known = _known(work, found.rules)
    reason = blast_radius.run_waits(
        moved=moved,
        known=known,
        percent=conf.get("RUN_MOVE_PERCENT"),
        count=conf.get("RUN_MOVE_COUNT"),
    )
    if not reason:
        work.run.counts[MOVED] = max(found.moved, work.run.counts.get(MOVED, 0))
    return reason


def _moved_lately(work: Work) -> int:
    """Listings that earlier runs over parts of the account moved within the last hour."""
    lately = SyncRun.objects.filter(
        account=work.account, job=Job.CHANGES, created_at__gte=clock.now() - timedelta(hours=1)
    )
    counts = lately.exclude(pk=work.run.pk).values_list("counts", flat=True)
    return sum(run_counts.get(MOVED, 0) for run_counts in counts)


def _known(work: Work, rules: dict[int, Rules]) -> int:
    """The account's listings with an accepted value."""
    listings = Listing.objects.filter(sku__account=work.account, marketplace__in=rules)
    return listings.filter(presence=Presence.PRESENT).exclude(accepted={}).count()


def _hold_all(work: Work, found: Survey, reason: str) -> None:
    """Let the changes of the run wait; falls of stock still leave, as waiting would oversell.

    All are held at once, and before the first leaves: the run after one that died half-way would
    measure the other half alone.
    """
    pks = found.zeros + found.changed
    waiting: dict[int, FieldValues] = {}
    for listings in _together(pks, decisions.HELD_TOGETHER):
        for seen in _look_again(work, found.rules, listings):
            listing = seen.listing
            changes = seen.changes(include_refused=found.include_refused)
            free = _free_to_leave(listing, changes)
            if held_back := {n: v for n, v in changes.items() if n not in free}:
                waiting[listing.pk] = held_back
                _say_held(work, listing, held_back, reason)
    if not work.run.dry_run:
        decisions.hold(waiting, reason)
        _send(work, found, pks)  # what is held now stays


def _free_to_leave(listing: Listing, changes: FieldValues) -> FieldValues:
    """What leaves although the run waits: what is approved, and a quantity that falls.

    A fall to zero waits, as that is what a broken shop looks like.
    """
    free = {name: new for name, new in changes.items() if listing.approved.get(name) == new}
    quantity, accepted = quantity_in(changes), quantity_in(listing.accepted)
    if quantity and accepted is not None and quantity < accepted:
        free[QUANTITY] = quantity
    return free


def _hold(work: Work, listing: Listing, values: FieldValues, reason: str) -> None:
    if not work.run.dry_run:
        decisions.hold({listing.pk: values}, reason)
        listing.held |= values
    _say_held(work, listing, values, reason)


def _say_held(work: Work, listing: Listing, values: FieldValues, reason: str) -> None:
    work.line(
        Outcome.HELD,
        sku=listing.sku.sku,
        marketplace=listing.marketplace.code,
        values=values,
        code=Code.APPROVAL,
        message=reason,
    )


# --- Sending --------------------------------------------------------------------------------------


def _together(pks: Sequence[int], size: int = SKUS_PER_SEARCH) -> Iterator[list[Listing]]:
    """The listings, loaded so many at a time that one read at Amazon covers them."""
    for start in range(0, len(pks), size):
        chunk = list(pks[start : start + size])
        listings = Listing.objects.filter(pk__in=chunk).select_related(
            "sku", "marketplace__account"
        )
        by_pk = {listing.pk: listing for listing in listings}
        yield [by_pk[pk] for pk in chunk if pk in by_pk]


def _send_changed(work: Work, found: Survey) -> None:
    """Send what changed, by feed where that is much."""
    if work.run.dry_run or not feeds.is_worth_a_feed(work, len(found.changed)):
        _send(work, found, found.changed)
        return
    with feeds.open_files(work) as files:
        _send(work, found, found.changed, files)


def _send(work: Work, found: Survey, pks: Sequence[int], files: feeds.Files | None = None) -> None:
    """Read, compute and send these listings; what cannot be read leaves only zeros."""
    for listings in _together(pks, LISTINGS_PER_FEED_CHUNK if files else SKUS_PER_SEARCH):
        if not work.run.dry_run:
            work.give_way()
        facts: dict[str, SkuFacts] = {}
        unread: AmazonError | None = None
        try:
            if not work.run.dry_run:
                facts = observe(work, listings)
        except AmazonError as error:
            unread = error
        messages = []
        for seen in _look_again(work, found.rules, listings):
            if unread is None or seen.want.values.get(QUANTITY) == 0:
                there = facts.get(seen.listing.sku.sku)
                left = _send_one(
                    work,
                    seen,
                    there,
                    include_refused=found.include_refused,
                    by_feed=files is not None,
                )
                messages += [left] if left else []
        if files is not None:
            files.add(messages)
        if unread is not None:
            note((work.account.pk, listing.sku.offer_pk) for listing in listings)
            raise unread
        work.advance(len(listings))


@dataclass(frozen=True)
class Seen:
    """A listing right before it is sent: the shop's offer, what Amazon should show, the epoch.

    ``in_feeds`` is what feeds on their way carry for it already.
    """

    listing: Listing
    offer: Offer | None
    want: Desired
    epoch: int
    in_feeds: Sequence[tuple[FieldValues, int]] = ()

    def changes(self, *, include_refused: bool) -> FieldValues:
        """The values to send; with ``include_refused`` also what was refused or is in a feed."""
        changes = differences(
            self.want.values, self.listing.sku, self.listing, include_refused=include_refused
        )
        return changes if include_refused else not_on_its_way(changes, self.in_feeds, self.epoch)


def _look_again(work: Work, rules: dict[int, Rules], listings: Sequence[Listing]) -> Iterator[Seen]:
    """What should be at Amazon of these listings now.

    Epoch, holds and stock are read in this order (see reserved_units.py), and the epoch is looked
    at once more before each send.
    """
    epochs = dict(
        SellerSku.objects.filter(pk__in={listing.sku_id for listing in listings}).values_list(
            "pk", "stock_epoch"
        )
    )
    offer_pks = sorted({listing.sku.offer_pk for listing in listings if listing.sku.offer_pk})
    held_units = units_held(offer_pks)
    in_feeds = values_in_feeds([listing.pk for listing in listings])
    found = work.shop.offers(work.account.shop_scope, offer_pks)
    if any(listing.presence == Presence.ABSENT for listing in listings):
        found = iter(with_own(found))  # what is made is found by its codes
    offers = {offer.pk: offer for offer in found}
    for listing in listings:
        listing.sku.stock_epoch = epochs[listing.sku_id]
        offer = offers.get(listing.sku.offer_pk)
        if offer is not None and not sku_is_of_offer(listing.sku, offer):
            offer = None
        want = desired(
            offer,
            listing.sku,
            listing,
            rules[listing.marketplace_id],
            held=held_units.get(listing.sku.offer_pk, 0),
            chosen=Chosen.of(listing),
            accepted=listing.accepted,
        )
        yield Seen(listing, offer, want, listing.sku.stock_epoch, in_feeds.get(listing.pk, ()))


def _send_one(
    work: Work, seen: Seen, facts: SkuFacts | None, *, include_refused: bool, by_feed: bool = False
) -> feeds.FeedMessage | None:
    """Send what differs of one listing, the quantity first, or create it where it is missing.

    With ``by_feed`` what may travel so is returned instead.
    """
    listing = seen.listing
    if listing.presence == Presence.ABSENT:
        rules = Rules.of(listing.marketplace)
        wanted = is_wanted(seen.offer, listing.sku, rules) and listing.synchronise_here is not False
        if seen.offer is not None and wanted:
            create(work, listing, seen.offer, seen.want, seen.epoch)
        return None
    if listing.presence != Presence.PRESENT:
        return None
    there = facts.in_marketplace(listing.marketplace.code) if facts else None
    changes = _free_now(work, seen, include_refused=include_refused)
    quantity = quantity_in(seen.want.values)
    to_feed = feeds.by_feed(changes, listing.accepted, quantity) if by_feed else {}
    carried = [values for values, _epoch in seen.in_feeds]
    known = KnownAtAmazon.of(listing, there, seen.want.values, carried)
    for name, value in changes.items():
        if name in to_feed:
            continue
        if work.run.dry_run:
            work.line(Outcome.PLANNED, **about_listing(listing), values={name: value})
            continue
        change = patch_of(known, name, value, seen.epoch)
        if send_patch(work, change):
            known.sent(name, change.content["patches"][0])
    return feeds.FeedMessage(listing, to_feed, seen.epoch, known) if to_feed else None


def _free_now(work: Work, seen: Seen, *, include_refused: bool) -> FieldValues:
    """What may leave now, the quantity first; what may not gets its line.

    What rides with the quantity leaves only if that may.
    """
    listing = seen.listing
    free: FieldValues = {}
    changes = seen.changes(include_refused=include_refused)
    only_ridden = QUANTITY not in changes
    if any(FIELDS[name].sent_with_quantity for name in changes):
        changes[QUANTITY] = seen.want.values[QUANTITY]
    for name in _in_order(changes, listing.accepted):
        value = changes[name]
        if FIELDS[name].sent_with_quantity and QUANTITY not in free:
            continue
        if reason := _waits(listing, name, value):
            _hold(work, listing, {name: value}, reason)
        elif reason := _not_now(work, listing, name, value):
            note([(work.account.pk, listing.sku.offer_pk)])
            work.line(
                Outcome.WAITING, **about_listing(listing), values={name: value}, message=reason
            )
        else:
            free[name] = value
    if only_ridden:
        free.pop(QUANTITY, None)  # it is in the patches of the others
    return free


def _in_order(changes: Mapping[str, FieldValue], accepted: Mapping[str, FieldValue]) -> list[str]:
    """The fields as they are sent: in their order, but that no price meets a bound of before.

    A price that rises goes after its maximum and before its minimum, one that falls the other way.
    """
    names = [name for name in FIELDS if name in changes]
    before, new = paid(accepted, PRICE), paid(changes, PRICE)
    if before and new and before.currency == new.currency:
        first = MAXIMUM_PRICE if new.amount > before.amount else MINIMUM_PRICE
        if first in names:
            names.remove(first)
            names.insert(names.index(PRICE), first)
    return names


def _waits(listing: Listing, name: str, value: FieldValue) -> str:
    """Why this value waits for approval: what buyers pay would move too far by it."""
    if listing.approved.get(name) == value:
        return ""
    for price_of in (paid, least_paid):
        new = price_of({name: value}, name)
        accepted = price_of(listing.accepted, name) or paid(listing.accepted, PRICE)
        percent = conf.get("PRICE_MOVE_PERCENT")
        if new and (reason := blast_radius.price_waits(accepted, new, percent=percent)):
            return reason
    return ""


def _not_now(work: Work, listing: Listing, name: str, value: FieldValue) -> str:
    """Why this value cannot leave at this moment."""
    if name != QUANTITY:
        return ""
    quantity = quantity_in({name: value})
    if quantity is None:
        return f"{value!r} is not a number of units."
    if not listing.sku.channel:
        return "Amazon shows no fulfilment channel for it yet; a quantity could make a second one."
    return may_leave(
        quantity,
        accepted=quantity_in(listing.accepted),
        orders_complete=orders_complete(work),
    )
