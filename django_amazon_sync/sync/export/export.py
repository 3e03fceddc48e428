"""Offers out: what the shop sells, to Amazon.

1. Bring orders up, as a quantity may rise only while they are complete, and exchange rates.
2. Read back what an earlier worker left open.
3. Read from Amazon what was never read; what is found is adopted as it is.
4. Survey all offers: which listings differ from what is believed of Amazon.
5. Where more would move than a guard lets leave within an hour, hold what that guard counts.
6. Send the rest: zeros first, then what falls, then the others, twenty SKUs at a time. Each twenty
   are read from Amazon and looked at in the shop once more, right before they are sent: by patch,
   or by feed where they are many.

An account that observes does all of this but the sending: its lines are the difference report.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, When

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon.listings import SKUS_PER_SEARCH
from django_amazon_sync.data import (
    FieldValue,
    FieldValues,
    ListingFacts,
    Offer,
    Reckoning,
    SkuFacts,
)
from django_amazon_sync.errors import (
    AmazonError,
    ConfigurationError,
    Disconnected,
    Halted,
    Unauthorized,
)
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    MERCHANT_CHANNEL,
    AccountState,
    Job,
    Listing,
    Marketplace,
    Outcome,
    Presence,
    SellerAccount,
    SellerSku,
    SubmissionItem,
    SubmissionState,
    SyncRun,
)
from django_amazon_sync.rules.decision import Act, Circumstances, Decision, least_known
from django_amazon_sync.rules.listing_state import last_price
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.export import feeds
from django_amazon_sync.sync.export.causes import NO_STORY, Asked, Story, stories
from django_amazon_sync.sync.export.create import create, waits_for_fields
from django_amazon_sync.sync.export.guards import Guards
from django_amazon_sync.sync.export.new_rates import bring_up_rates
from django_amazon_sync.sync.export.not_sent import Lacking, NotSent, lack_of
from django_amazon_sync.sync.export.send import (
    KnownAtAmazon,
    end_of_offer,
    patch_of,
    recover,
    say_held,
    send_patch,
)
from django_amazon_sync.sync.export.survey import Survey
from django_amazon_sync.sync.listings import decisions, state
from django_amazon_sync.sync.listings.decide import Known, decide, sent_together
from django_amazon_sync.sync.listings.history import NUMBERS
from django_amazon_sync.sync.listings.in_flight import InFlight, in_feeds, left_behind, of
from django_amazon_sync.sync.listings.looks import Look, forecast, look_at
from django_amazon_sync.sync.listings.read_listings import Reading, due_at, observe
from django_amazon_sync.sync.listings.reckoning_words import sum_in_words
from django_amazon_sync.sync.offers.changed_offers import Noted, note
from django_amazon_sync.sync.offers.desired import (
    Chosen,
    Desired,
    Rules,
    creation_key,
    desired,
    is_wanted,
    not_believed,
    rules_of,
    sku_is_of_offer,
)
from django_amazon_sync.sync.offers.fields import (
    FIELDS,
    MAXIMUM_PRICE,
    MINIMUM_PRICE,
    PRICE,
    QUANTITY,
    REMOVED,
    paid,
    quantity_in,
)
from django_amazon_sync.sync.offers.identifiers import with_own
from django_amazon_sync.sync.offers.reserved_units import explain_by_sales, units_reserved
from django_amazon_sync.sync.orders.up_to_date import (
    bring_up_orders,
    orders_complete,
    orders_known_past,
    sold_elsewhere_perhaps,
)
from django_amazon_sync.sync.runs import selection
from django_amazon_sync.sync.runs.bulk import OFFERS_PER_CHUNK, chunks
from django_amazon_sync.sync.runs.work import Work, about_listing, why_not_writing

#: Listings that go into a feed together: five searches, as many as Amazon answers at once.
LISTINGS_PER_FEED_CHUNK = 5 * SKUS_PER_SEARCH

#: The call whose plan tells how long sending takes, before a run knows its own pace.
PATCH = "patchListingsItem"

#: So many falls of stock leave by patch, the lowest first: at five a second Amazon has taken them
#: within a quarter of an hour, which is the least that a feed takes.
FALLS_BY_PATCH = 4500

#: So many listings are tried again in a minute after Amazon refused them: a tenth of five patches a
#: second, so that what is refused without end keeps nothing else waiting.
TRIES_PER_MINUTE = 30


def export(work: Work) -> None:
    """Run options: ``skus`` (only these, also what was refused before) or a selection of them,
    ``marketplaces`` (ids), ``approve`` (pk of a run whose held changes are approved and sent)."""
    _force_dry_run_while_observing(work)
    bring_up_orders(work)
    bring_up_rates(work)
    stop: AmazonError | None = None
    if not work.run.dry_run:
        stop = _read_back(work)
        feeds.give_up_unfinished(work)
        feeds.send_uploaded(work)
        work.sold = explain_by_sales(work.account)
    partly = "approve" in work.run.options or selection.is_about_some(work.run)
    found = Survey(
        work,
        rules_of(work, with_inactive=True),
        orders_complete(work),
        include_refused=partly,
        tried=_tried_already(work) if partly and work.goes_on else frozenset(),
    )
    _look(work, found)
    for listings in _together(found.unread):
        work.give_way()
        observe(work, listings)
    found.look_again()
    work.run.counts["looked_at"] = found.looked_at  # also where the run goes on after a while
    _send_all(work, found)
    if stop is not None:
        raise stop


def send_changes(work: Work) -> None:
    """The lane of changed offers: zeros leave before anything else, and none of it waits for the
    daily export. A rise that has to wait for orders is looked at again."""
    noted = Noted(work.account)
    _force_dry_run_while_observing(work)
    if work.run.dry_run:
        noted.done_with(but=set())
        return
    bring_up_rates(work)
    stop = _read_back(work)
    feeds.give_up_unfinished(work)
    work.sold = explain_by_sales(work.account)
    found = Survey(work, rules_of(work, with_inactive=True), orders_complete(work))
    again = _due_again(work.account, found.rules)
    found.look_at_some(noted.offer_pks, again.values(), told=noted.told)
    _send_all(work, found)
    state.put_off(again.keys(), timedelta(minutes=1))
    _put_off(work, noted, found)
    noted.done_with(but=found.waiting)
    if stop is not None:
        raise stop


def _due_again(account: SellerAccount, marketplaces: Collection[int]) -> dict[int, str]:
    """The listings (pk) of these marketplaces (pk), and their SKUs, of which something refused is
    tried again now: zeros first, then the longest due.

    Of what Amazon refuses again and again no more than a tenth of what it takes; the others stay
    due. What cannot be tried, as Amazon lets it not be read, takes nobody's place.
    """
    lately = SubmissionItem.objects.filter(
        submission__account=account,
        submission__created_at__gte=clock.now() - timedelta(minutes=1),
        submission__state=SubmissionState.FAILED,
        values__has_key=QUANTITY,
    )
    left = TRIES_PER_MINUTE - lately.count()
    is_zero = Q(refused__has_key=QUANTITY) & Q(refused__quantity=0)
    unread = access.closed(account, access.Part.LISTINGS)
    due = state.due_again(account).filter(
        ~Q(marketplace__code__in=unread) | is_zero, marketplace__in=marketplaces
    )
    zeros_first = Case(When(is_zero, then=0), default=1)
    due = due.order_by(zeros_first, "again_at", "pk")
    return dict(due.values_list("pk", "sku__sku")[: max(left, 0)])


def _read_back(work: Work) -> AmazonError | None:
    """Read back what an earlier worker left open; returns what stopped that.

    What is left open then is left alone and looked at again, and all else leaves.
    """
    try:
        recover(work)
    except Disconnected:
        raise
    except AmazonError as stop:
        left = SubmissionItem.objects.filter(submission__in=left_behind(work.account))
        rows = list(left.values_list("listing", "listing__sku__offer_pk"))
        work.not_read_back = frozenset(listing for listing, _offer in rows)
        note((work.account.pk, offer) for _listing, offer in rows)
        return stop
    return None


def _put_off(work: Work, noted: Noted, found: Survey) -> None:
    """What was noted and has a listing where Amazon refuses to let it be read or changed, is looked
    at again when that is tried."""
    unread = access.closed(work.account, access.Part.LISTINGS)
    goes = work.account.marketplaces.filter(pk__in=found.rules).exclude(code__in=unread)
    left_out = work.account.marketplaces.filter(access.is_in_use()).exclude(pk__in=goes)
    needs = access.TRIED_FIRST[Job.CHANGES]
    for code in left_out.values_list("code", flat=True):
        until = max(access.again_at(work.account, part, code) for part in needs)
        for some in chunks(noted.offer_pks, OFFERS_PER_CHUNK):
            there = SellerSku.objects.filter(
                Q(offer_pk__in=some) | Q(former_offer_pk__in=some),
                account=work.account,
                listings__marketplace__code=code,
            )
            offers = there.values_list("offer_pk", "former_offer_pk")
            noted.put_off(set(chain.from_iterable(offers)) - found.waiting, until)


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
        if (lines_to := work.run.options.get("lines_to")) is None:
            raise ConfigurationError(
                f"Nobody knows how much of run {approve} was seen when it was approved: approve it "
                "again."
            )
        held = decisions.held_by(holding, lines_to=lines_to)
        if not work.run.options.get("approved"):  # nobody has seen what was held since
            _approve_once(work, held)
        skus = SellerSku.objects.filter(listings__in=held).order_by().distinct()
        found.look_at_some(
            offer_pks=sorted(set(skus.exclude(offer_pk="").values_list("offer_pk", flat=True))),
            skus=sorted(set(skus.filter(offer_pk="").values_list("sku", flat=True))),
        )
    elif selection.SELECTED in work.run.options:
        found.look_at_selected()
    elif named := work.run.options.get(selection.NAMED):
        found.look_at_some(skus=named)
    else:
        found.look_at_all()


def _tried_already(work: Work) -> frozenset[int]:
    """The listings (pk) that this run has sent something of, or found that it cannot: what is
    refused of them since is not sent a second time."""
    sent = SubmissionItem.objects.filter(submission__run=work.run).values_list("listing", flat=True)
    lines = work.run.lines.filter(outcome__in=(Outcome.REFUSED, Outcome.NOT_SENT))
    told = lines.filter(sku=OuterRef("sku__sku"), marketplace=OuterRef("marketplace__code"))
    listings = Listing.objects.filter(Exists(told), sku__account=work.account)
    return frozenset(sent) | frozenset(listings.values_list("pk", flat=True))


def _approve_once(work: Work, held: Mapping[int, FieldValues]) -> None:
    """Approve, and keep in the run's row that it is done, whatever becomes of this worker."""
    with transaction.atomic():
        work.lease.check()
        _approve(work, held)
        work.save_lines()
        work.run.options["approved"] = True
        work.run.save(update_fields=["options"])


def _approve(work: Work, held: Mapping[int, FieldValues]) -> None:
    """Approve what the run's report shows, as far as it still waits; name the others."""
    asked_by = work.run.asked_by
    by = asked_by.get_username() if asked_by else work.run.started_by
    _number, others = state.approve(held, by=by)
    listings = Listing.objects.filter(pk__in=others).select_related("sku", "marketplace")
    for listing in listings.order_by("pk"):
        message = (
            "It is not approved: something else waits by now, or nothing any more. Look at it "
            "again."
        )
        work.line(
            Outcome.WAITING,
            **about_listing(listing),
            values=held[listing.pk],
            code=Code.APPROVAL,
            message=message,
        )


# --- Too much at once -----------------------------------------------------------------------------


def _hold_all(work: Work, found: Survey, too_much: Mapping[str, str]) -> None:
    """Hold what a guard counts that is beyond its limit; all else leaves.

    All are held at once, and before the first leaves: the run after one that died half-way would
    measure the other half alone.
    """
    about = replace(_circumstances(work, found), too_much=too_much)
    waiting: dict[int, dict[str, tuple[FieldValue, Decision]]] = {}
    falls = [pk for _quantity, pk in found.falls]
    for listings in _together([*found.zeros, *falls, *found.changed], state.STATES_PER_CHUNK):
        elsewhere = _sold_elsewhere(work, listings)
        for seen in _look_again(work, found.rules, listings, held=True):
            its = _about_one(work, found, about, seen, elsewhere)
            held = {
                name: (seen.changes[name], decision)
                for name, decision in seen.decide(its).items()
                if decision.act == Act.HOLD and decision.guard in too_much
            }
            if held:
                waiting[seen.listing.pk] = held
                for name, (value, decision) in held.items():
                    say_held(work, seen.listing, {name: value}, decision.reason)
    if not work.run.dry_run:
        state.hold(waiting)


# --- Sending --------------------------------------------------------------------------------------


def _send_all(work: Work, found: Survey) -> None:
    """Send what the survey found, the most urgent first."""
    alone = len(found.zeros) + len(found.falls) + len(found.changed)
    work.expect(alone + len(found.unread) + len(found.absent), PATCH)
    guards = Guards(work.account, found.rules)
    if too_much := guards.too_much(found.moves):
        _hold_all(work, found, too_much)
    if too_much or found.held_again:
        found.release(guards.held_back(found.moves))
    _send(work, found, guards, found.zeros)
    falls = [pk for _quantity, pk in sorted(found.falls)]
    _send(work, found, guards, falls[:FALLS_BY_PATCH])
    late = frozenset(falls[FALLS_BY_PATCH:])
    changed = [*falls[FALLS_BY_PATCH:], *found.changed]
    if work.run.dry_run or not feeds.is_worth_a_feed(work, len(changed)):
        _send(work, found, guards, changed)
    else:
        with feeds.open_files(work, guards) as files:
            _send(work, found, guards, changed, files, late)
    _send(work, found, guards, found.unread)
    _send(work, found, guards, _without_lacking(work, found))


def _without_lacking(work: Work, found: Survey) -> list[int]:
    """The absent listings (pk) that may be made; the others are said, and Amazon is not asked."""
    not_sent = NotSent(work)
    may_be_made: list[int] = []
    for listings in _together(found.absent, state.STATES_PER_CHUNK):
        lacking = []
        for seen in _look_again(work, found.rules, listings, held=True):
            listing, offer = seen.listing, seen.offer
            if offer is None or not seen.may_be_offered or listing.sku.fulfilled_by_amazon:
                continue  # it is wanted no more
            if waits_for_fields(work, listing, seen.want):
                continue
            if lack := lack_of(listing, offer):
                key = creation_key(offer, listing.sku, seen.want.values)
                lacking.append(Lacking(listing, lack, key))
            else:
                may_be_made.append(listing.pk)
        not_sent.note(lacking)
    not_sent.say()
    work.advance(len(found.absent) - len(may_be_made))
    return may_be_made


def _together(pks: Sequence[int], size: int = SKUS_PER_SEARCH) -> Iterator[list[Listing]]:
    """The listings, loaded so many at a time that one read at Amazon covers them."""
    for start in range(0, len(pks), size):
        yield _loaded(list(pks[start : start + size]))


def _loaded(pks: Sequence[int]) -> list[Listing]:
    """These listings as they are now, in this order, with all that a decision needs of them."""
    listings = Listing.objects.filter(pk__in=pks).select_related("sku", "marketplace__account")
    by_pk = {listing.pk: listing for listing in listings}
    return [by_pk[pk] for pk in pks if pk in by_pk]


def _send(
    work: Work,
    found: Survey,
    guards: Guards,
    pks: Sequence[int],
    files: feeds.Files | None = None,
    late: Collection[int] = (),
) -> None:
    """Read, look at, and send these listings; what cannot be read leaves only zeros.

    With ``files`` by feed what may travel so; of the ``late`` ones (pk) falls may, too.
    """
    for together in _together(pks, LISTINGS_PER_FEED_CHUNK if files else SKUS_PER_SEARCH):
        if not work.run.dry_run:
            work.give_way()
        listings = [
            listing
            for listing in together
            if listing.marketplace_id in found.rules and listing.pk not in work.not_read_back
        ]
        reading = Reading()
        unread: AmazonError | None = None
        try:
            if not work.run.dry_run:
                reading = _read_where_allowed(work, listings)
        except AmazonError as error:
            unread = error
        messages = []
        about = _circumstances(work, found)  # each time anew: orders grow old while a run sends
        elsewhere = _sold_elsewhere(work, listings)
        for seen in _look_again(work, found.rules, listings, reading.facts):
            if seen.listing.marketplace_id not in found.rules:
                continue
            was_read = unread is None and reading.has(seen.listing)
            if was_read or seen.want.values.get(QUANTITY) == 0:
                how = _How(
                    by_feed=files is not None,
                    may_fall=seen.listing.pk in late,
                    fields=FIELDS.keys() if was_read else {QUANTITY},
                )
                with _left_out_where_refused(work, found, seen.listing.marketplace):
                    its = _about_one(work, found, about, seen, elsewhere)
                    left = _send_one(work, seen, its, guards, how)
                    messages += [left] if left else []
        if files is not None:
            files.add(messages)
        if unread is not None:
            note((work.account.pk, listing.sku.offer_pk) for listing in listings)
            raise unread
        work.advance(len(together))


def _read_where_allowed(work: Work, listings: Sequence[Listing]) -> Reading:
    """Read these listings, save where Amazon refuses that: there zeros leave unread."""
    closed = access.closed(work.account, access.Part.LISTINGS)
    readable = [listing for listing in listings if listing.marketplace.code not in closed]
    reading = observe(work, readable) if readable else Reading()
    reading.closed.update(closed)
    return reading


@contextmanager
def _left_out_where_refused(work: Work, found: Survey, marketplace: Marketplace) -> Iterator[None]:
    """Go on without a marketplace where Amazon refuses what the block does there.

    Raises Unauthorized where no other is left.
    """
    try:
        yield
    except Disconnected:
        raise
    except Unauthorized as refused:
        del found.rules[marketplace.pk]
        if not found.rules:
            raise
        work.leave_out(marketplace.code, str(refused))


def _circumstances(work: Work, found: Survey) -> Circumstances:
    return Circumstances(
        now=work.client.now(),
        orders_complete=orders_complete(work),
        price_percent=conf.get("PRICE_MOVE_PERCENT"),
        held_back=found.held_back,
    )


def _sold_elsewhere(work: Work, listings: Iterable[Listing]) -> frozenset[str]:
    """The offers (pk) of these listings of which another account may have sold some."""
    offers = sorted({row.sku.offer_pk for row in listings if row.sku.offer_pk})
    return sold_elsewhere_perhaps(work, offers)


def _about_one(
    work: Work, found: Survey, about: Circumstances, seen: Seen, elsewhere: Collection[str]
) -> Circumstances:
    is_elsewhere = seen.listing.sku.offer_pk in elsewhere
    known = about.orders_complete and not is_elsewhere
    return replace(
        about,
        orders_complete=known and not _was_sold_perhaps(work, seen),
        elsewhere=about.orders_complete and is_elsewhere,
        asked_by_staff=found.counts_as_new(seen.listing.pk),
    )


def _was_sold_perhaps(work: Work, seen: Seen) -> bool:
    """Whether a fall would put on sale again what an order took that no search shows yet; until
    orders are known past a first reading of that."""
    live = seen.facts.live_quantity if seen.facts else None
    if live is None or not seen.raises_what_fell:
        return False
    first = seen.listing.suspected
    if first.get("live") != live:
        state.read_first({seen.listing.pk: live}, work.client.now())
        return True
    return not orders_known_past(work, first)


@dataclass(frozen=True)
class Seen:
    """A listing in a look: the shop's offer, what Amazon should show and shows.

    ``changes`` are the values that differ from what is believed, or are in doubt, and that no feed
    carries; what rides with the quantity has it beside it. ``now`` is by Amazon's clock. ``story``
    is of what may be sent.
    """

    listing: Listing
    offer: Offer | None
    want: Desired
    look: Look
    rules: Rules
    in_flight: InFlight
    facts: SkuFacts | None
    former_sku: str
    imports_orders: bool
    now: datetime
    story: Story = NO_STORY

    @property
    def there(self) -> ListingFacts | None:
        """What Amazon shows of the listing, where it was just read."""
        return self.facts.in_marketplace(self.listing.marketplace.code) if self.facts else None

    @property
    def may_be_offered(self) -> bool:
        """Whether staff and shop want it in this marketplace."""
        wanted = is_wanted(self.offer, self.listing.sku, self.rules)
        here = self.listing.synchronise_here is not False and not self.listing.end_offer
        return wanted and self.rules.active and here

    @property
    def has_no_offer(self) -> bool:
        """Whether a price puts it on sale, with whatever quantity it has: that goes first."""
        return self.listing.believed.get(PRICE, REMOVED) == REMOVED

    @property
    def changes(self) -> FieldValues:
        listing, version = self.listing, self.look.skus[self.listing.sku_id].stock_version
        doubted = listing.quantity_version != version
        differing = not_believed(self.want.values, listing.believed, doubted=doubted)
        names = self.in_flight.without(differing, version)
        if self.raises_what_fell and not self.imports_orders:
            names = names - {QUANTITY}  # nobody will ever know what was sold
        return {name: value for name, value in differing.items() if name in names}

    @property
    def raises_what_fell(self) -> bool:
        """Whether Amazon shows fewer than a fall ends at. While what was accepted may not be live
        yet, fewer say nothing."""
        new, believed = quantity_in(self.want.values), quantity_in(self.listing.believed)
        live = self.facts.live_quantity if self.facts else None
        if live is None or new is None or believed is None or not live < new <= believed:
            return False
        return due_at(self.listing, QUANTITY) <= self.now

    @property
    def known(self) -> Known:
        its, there = self.look.skus[self.listing.sku_id], self.there
        sent = there.live_price or there.sent_price if there else None
        return Known(
            channel=self.listing.sku.channel or self._channel_of_a_new_offer,
            explained=its.explained_version > self.listing.quantity_version,
            live_quantity=self.facts.live_quantity if self.facts else None,
            price_at_amazon=str(sent.rounded()) if sent else None,
            was_read=self.facts is not None,
            former_sku=self.former_sku,
        )

    @property
    def _channel_of_a_new_offer(self) -> str:
        """What is made is the merchant's to ship."""
        return MERCHANT_CHANNEL if self.listing.presence == Presence.ABSENT else ""

    def decide(self, about: Circumstances) -> dict[str, Decision]:
        """What becomes of each change, the quantity first."""
        changes = sent_together(self.changes, self.want.values)
        decided = decide(
            self.listing,
            changes,
            self.known,
            about,
            self.rules,
            self.offer,
            self.listing,
            rates_percent=conf.get("RATES_MOVE_PERCENT"),
        )
        return {name: decided[name] for name in _in_order(changes, self.listing) if name in decided}

    def falls(self, name: str) -> bool:
        """Whether this field puts fewer units on sale than buyers see."""
        quantity = quantity_in(self.want.values)
        if name != QUANTITY or quantity is None:
            return False
        live = self.facts.live_quantity if self.facts else None
        least = least_known(quantity_in(self.listing.believed), live)
        return quantity == 0 or (least is not None and quantity < least)


def _look_again(
    work: Work,
    rules: Mapping[int, Rules],
    listings: Sequence[Listing],
    facts: Mapping[str, SkuFacts] | None = None,
    *,
    held: bool = False,
) -> Iterator[Seen]:
    """Look at these listings: what should be at Amazon of them now.

    The look's numbers and stock versions, reserved units and stock are read in this order (see
    reserved_units.py); whoever looked before sends nothing of them any more. A dry run, and a look
    that only holds, take no number.
    """
    skus = {listing.sku_id for listing in listings}
    look = forecast(skus) if work.run.dry_run or held else look_at(skus)
    # They may be linked otherwise, or believed to be otherwise, since they were loaded.
    listings = _loaded([listing.pk for listing in listings])
    offer_pks = sorted({listing.sku.offer_pk for listing in listings if listing.sku.offer_pk})
    reserved = units_reserved(offer_pks)
    carried = in_feeds([listing.pk for listing in listings])
    former = _former_skus(work, offer_pks)
    found = work.shop.offers(work.account.shop_scope, offer_pks)
    if any(listing.presence == Presence.ABSENT for listing in listings):
        found = iter(with_own(found))  # what is made is found by its codes
    offers = {offer.pk: offer for offer in found}
    seen = []
    for listing in listings:
        if listing.sku_id not in look.skus or listing.marketplace_id not in rules:
            continue  # deleted, or left out, meanwhile
        offer = offers.get(listing.sku.offer_pk)
        if offer is not None and not sku_is_of_offer(listing.sku, offer):
            offer = None
        its_rules = rules[listing.marketplace_id]
        want = desired(
            offer,
            listing.sku,
            listing,
            its_rules,
            reserved=reserved.get(listing.sku.offer_pk, 0),
            chosen=Chosen.of(listing),
            believed=listing.believed,
            reckon=True,
        )
        there = facts.get(listing.sku.sku) if facts else None
        in_flight = of(carried, listing.pk)
        its_former = former.get(listing.sku.offer_pk, "")
        seen.append(
            Seen(
                listing, offer, want, look, its_rules, in_flight, there, its_former,
                work.account.import_orders, work.client.now(),
            )
        )  # fmt: skip
    if not work.run.dry_run:
        _end_what_is_over(seen)
        seen = seen if held else _with_stories(work, seen)
    yield from seen


def _with_stories(work: Work, seen: Sequence[Seen]) -> list[Seen]:
    """The same, with the stories of those of which something may be sent."""
    changing = {each.listing.pk: names for each in seen if (names := _numbers_of(each))}
    found = stories(
        work,
        [
            Asked(
                each.listing,
                each.want,
                each.look.skus[each.listing.sku_id],
                changing[each.listing.pk],
            )
            for each in seen
            if each.listing.pk in changing
        ],
    )
    return [replace(each, story=found.get(each.listing.pk, each.story)) for each in seen]


def _numbers_of(seen: Seen) -> set[str]:
    """Which of price and quantity may be sent of a listing: all of them with a new offer, and the
    quantity with what rides with it."""
    if seen.listing.presence == Presence.ABSENT:
        return set(NUMBERS)
    return set(NUMBERS) & sent_together(seen.changes, seen.want.values).keys()


def _former_skus(work: Work, offer_pks: Sequence[str]) -> dict[str, str]:
    """The SKUs that these offers (pk) had before, while they are on sale."""
    there = Listing.objects.filter(sku=OuterRef("pk"), presence=Presence.PRESENT)
    maybe_on_sale = there.exclude(Q(believed__has_key=QUANTITY) & Q(believed__quantity=0))
    former = SellerSku.objects.filter(
        Exists(maybe_on_sale),
        account=work.account,
        former_offer_pk__in=[pk for pk in offer_pks if pk],
        channel=MERCHANT_CHANNEL,
    )
    return dict(former.values_list("former_offer_pk", "sku"))


def _end_what_is_over(seen: Sequence[Seen]) -> None:
    """Stops and approvals of values that are desired no more."""
    state.desired_is(
        {each.listing.pk: each.want for each in seen if state.is_desired(each.listing, each.want)}
    )


@dataclass(frozen=True)
class _How:
    """How the changes of a listing leave: by feed what may travel so, where it ``may_fall`` a fall
    too; of a listing that was not read no fields but the quantity."""

    by_feed: bool
    may_fall: bool
    fields: Collection[str]


def _send_one(
    work: Work, seen: Seen, about: Circumstances, guards: Guards, how: _How
) -> feeds.FeedMessage | None:
    """Send what differs of one listing, the quantity first, or create it where it is missing.

    What travels by feed is returned instead.
    """
    listing = seen.listing
    if listing.presence == Presence.ABSENT:
        if seen.offer is None or not seen.may_be_offered:
            return None
        if _may_be_made(work, seen, about):
            create(work, listing, seen.offer, seen.want, seen.look, guards, seen.story)
        return None
    if listing.presence != Presence.PRESENT:
        return None
    free = _free_now(work, seen, about, how.fields)
    if seen.want.values.get(PRICE) == REMOVED and (ends := free.pop(PRICE, None)):
        _end_offer(work, seen, ends, guards)
    quantity = quantity_in(seen.want.values)
    values = {name: seen.want.values[name] for name in free}
    falls = seen.falls(QUANTITY) and not how.may_fall
    to_feed = feeds.by_feed(values, quantity, falls=falls) if how.by_feed else {}
    known = KnownAtAmazon.of(listing, seen.there, seen.want.values, [seen.in_flight.carried])
    at_once = {name: decision for name, decision in free.items() if name not in to_feed}
    went = _send_patches(work, seen, known, at_once, guards)
    if not to_feed or not went:
        return None
    decisions_of_feed = {name: free[name] for name in to_feed}
    return feeds.FeedMessage(listing, to_feed, seen.look, decisions_of_feed, known, seen.story)


def _send_patches(
    work: Work,
    seen: Seen,
    known: KnownAtAmazon,
    free: Mapping[str, Decision],
    guards: Guards,
) -> bool:
    """Send these fields one by one; False where the rest waits for a quantity that did not go."""
    for name, decision in free.items():
        value = seen.want.values[name]
        if work.run.dry_run:
            made_of = sum_in_words(name, value, seen.want.reckoning or Reckoning(), str)
            about = about_listing(seen.listing)
            work.line(Outcome.PLANNED, **about, values={name: value}, message=made_of)
            continue
        change = patch_of(
            known, name, value, seen.look, decision, falls=seen.falls(name), story=seen.story
        )
        if send_patch(work, change, guards):
            known.sent(name, change.content["patches"][0])
        elif name == QUANTITY and seen.has_no_offer:
            return False
    return True


def _end_offer(work: Work, seen: Seen, decision: Decision, guards: Guards) -> None:
    """End the offer in this store, and in no other; the quantity goes on until none is shown."""
    if work.run.dry_run:
        values: FieldValues = {PRICE: REMOVED}
        work.line(Outcome.PLANNED, **about_listing(seen.listing), values=values)
        return
    ending = end_of_offer(seen.listing, seen.there, seen.look, decision, seen.story)
    send_patch(work, ending, guards)


def _may_be_made(work: Work, seen: Seen, about: Circumstances) -> bool:
    """Whether a new offer may leave: its quantity is a rise from nothing, and its price moves from
    the one that was seen before, if any was."""
    wanted = [QUANTITY, *([PRICE] if last_price(seen.listing) else [])]
    free = _free_now(work, seen, about, among=wanted)
    return all(name in free for name in wanted if name in seen.want.values)


def _free_now(
    work: Work, seen: Seen, about: Circumstances, among: Collection[str] = FIELDS
) -> dict[str, Decision]:
    """What may leave now of these fields, the quantity first; what may not gets its line.

    What rides with the quantity leaves only if that may.
    """
    listing = seen.listing
    free: dict[str, Decision] = {}
    changes = seen.changes
    for name, decision in seen.decide(about).items():
        if name not in among:
            continue
        value = seen.want.values[name]
        if QUANTITY not in free and (
            FIELDS[name].sent_with_quantity
            or (name == PRICE and QUANTITY in changes and seen.has_no_offer)
        ):
            continue
        if decision.act == Act.SEND:
            free[name] = decision
        elif decision.act == Act.HOLD and listing.held.get(name) == value:
            continue  # it waits already
        elif decision.act == Act.HOLD:
            if not work.run.dry_run:
                state.hold({listing.pk: {name: (value, decision)}})
            say_held(work, listing, {name: value}, decision.reason)
        elif decision.act == Act.WAIT:
            note([(work.account.pk, listing.sku.offer_pk)])
            about_it = about_listing(listing)
            work.line(Outcome.WAITING, **about_it, values={name: value}, message=decision.reason)
    if QUANTITY not in changes:
        free.pop(QUANTITY, None)  # it is in the patches of the others
    return free


def _in_order(changes: Mapping[str, FieldValue], listing: Listing) -> list[str]:
    """The fields as they are sent: in their order, but that no price meets a bound of before.

    A price that rises goes after its maximum and before its minimum, one that falls the other way.
    """
    names = [name for name in FIELDS if name in changes]
    before, new = paid(listing.believed, PRICE), paid(changes, PRICE)
    if before and new and before.currency == new.currency:
        first = MAXIMUM_PRICE if new.amount > before.amount else MINIMUM_PRICE
        if first in names:
            names.remove(first)
            names.insert(names.index(PRICE), first)
    return names
