"""Units that are on sale on Amazon and that nobody has."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.models import (
    Job,
    Listing,
    RunState,
    SellerAccount,
    SellerSku,
    SubmissionState,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts.connect import pause, release
from django_amazon_sync.sync.alerts import attention
from django_amazon_sync.sync.restored import restore
from django_amazon_sync.testing.simulator import Fault
from django_amazon_sync.testing.simulator.server import Incoming, Reply
from tests import factories
from tests.attacks.amazon import OddAmazon, no_answer, with_body
from tests.attacks.steps import Era, change
from tests.histories.simulated_time import SimulatedClock
from tests.sync.export.steps import feeds
from tests.world import DE, FR

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

UNITED_STATES = "ATVPDKIKX0DER"
COLOURS = ("RED", "BLUE", "GREEN", "WHITE")


# --- Another SKU ----------------------------------------------------------------------------------


def test_a_renamed_offer_is_not_made_while_its_former_sku_is_on_sale(era: Era) -> None:
    """The new SKU gets no quantity before Amazon has accepted the old one's zero. The shop renames
    a SKU that Amazon does not have yet, and the next tick makes it with all units while the old one
    keeps its own, with no fault anywhere. ``create`` asks ``decide_quantity`` nothing, and the tick
    never looks at the old SKU, as that has no offer by then."""
    era.sold()
    SellerSku.objects.create(
        account=era.world.account, sku="CUP", asin=SellerSku.objects.get(sku="MUG").asin
    )
    change("MUG", partner_sku="CUP")
    on_sale = []
    for _minute in range(15):
        era.minutes(1)
        on_sale.append((era.units("MUG") or 0) + (era.units("CUP") or 0))
    assert max(on_sale) <= 5


def test_the_former_sku_of_a_renamed_offer_goes_to_zero_by_ticks(era: Era) -> None:
    """A SKU that the shop gave up goes to zero within some ticks, whatever the daily export does.
    After a rename the ticks say again and again that the new SKU waits for the old one's zero, and
    none sends it; the shop sells out, and the old SKU stays on sale for up to a day. The doubt
    about it is noted for the offer "", which ``changed_offers.note`` leaves out."""
    era.sold()
    era.world.list_on_amazon("CUP", price="10.00", quantity=0)
    change("MUG", partner_sku="CUP")
    era.minutes(5)
    change("CUP", num_in_stock=0)
    era.minutes(30)
    assert era.units("MUG") == 0


def test_a_zero_of_a_sku_without_offer_is_tried_again_after_a_silence(era: Era) -> None:
    """A zero that got no answer is read back and sent again by the next ticks. That of a SKU which
    its offer gave up is not: three hours later its submission is UNKNOWN still and five units are
    on sale. What ``_take_failure`` notes is the offer "", so no lane is due and nobody recovers."""
    era.sold()
    change("MUG", partner_sku="CUP")
    era.minutes(2)
    era.world.amazon.faults.add(Fault("patchListingsItem", "drop_before", times=1))
    era.world.export()
    era.minutes(180, every=5)
    assert era.units("MUG") == 0


def test_the_new_sku_waits_where_the_old_ones_zero_is_unknown(era: Era) -> None:
    """The new SKU gets no quantity before Amazon has *accepted* the old one's zero. Where that zero
    gets no answer and is read back as not there, the next run raises the new SKU and both are on
    sale. ``_former_skus`` asks for a believed quantity above 0, and an unknown one is none."""
    era.sold()
    era.world.list_on_amazon("CUP", price="10.00", quantity=0)
    era.minutes(1)
    change("MUG", partner_sku="CUP")
    era.world.amazon.faults.add(Fault("patchListingsItem", "drop_before", times=1))
    era.world.export()
    on_sale = []
    for _minute in range(6):
        era.minutes(1)
        on_sale.append((era.units("MUG") or 0) + (era.units("CUP") or 0))
    assert max(on_sale) <= 5


# --- What is made ---------------------------------------------------------------------------------


def test_an_offer_is_not_made_again_while_orders_are_unknown(era: Era) -> None:
    """No quantity rises while orders are not complete, and to make an offer is a rise from nothing.
    All five units are ordered, Amazon loses the listing, searches for orders fail, and the export
    says that the rise waits and sends five units in the next line. ``_send_one`` looks only whether
    the price may leave and then calls ``create`` with the quantity."""
    era.sold()
    era.world.buy("MUG", 5)
    era.world.amazon.remove_listing(era.world.seller, "MUG", DE)
    era.world.amazon.faults.add(Fault("searchOrders", "500", times=None))
    era.minutes(60, every=20)
    era.world.verify()
    era.world.export()
    era.minutes(5)
    assert not era.units("MUG")


# --- Feeds ----------------------------------------------------------------------------------------


@pytest.fixture
def by_feed(era: Era, settings: Any) -> Era:
    """A shop of four SKUs whose stock goes from 40 to 50, which is enough for a feed."""
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "FEED_THRESHOLD": 2, "RUN_MOVE_COUNT": 100}
    for sku in COLOURS:
        era.world.sell(sku, price="11.00", quantity=40)
    era.minutes(3)
    for sku in COLOURS:
        change(sku, num_in_stock=50)
    return era


def test_a_file_that_waits_is_given_up_once_an_order_came(by_feed: Era) -> None:
    """Right before createFeed a file is looked at again, and given up where an order came. A file
    with 50 waits for Amazon's limit, an order of 38 is imported, and the same export sends the file
    first and the 12 after it: Amazon works it off and puts 50 on sale. ``is_overtaken`` compares
    with later submissions only, not with the SKUs' stock versions."""
    era = by_feed
    era.world.amazon.faults.add(Fault("createFeed", "429", times=1))
    era.world.export()
    assert feeds()[0].state == SubmissionState.UPLOADED
    era.world.buy("RED", 38)
    era.time.sleep(180)
    era.world.import_orders()
    era.world.export()
    era.world.amazon.advance(3600)
    assert (era.units("RED") or 0) <= 12


def test_what_a_feed_of_which_nobody_knows_carried_is_read_once_more(by_feed: Era) -> None:
    """A request without an answer may be carried out late, so its listing is read once more an hour
    after. A createFeed without an answer is given up after a quarter of an hour; when Amazon takes
    it up later it puts 50 over the 30 that a patch had set, and nobody reads it that day.
    ``_was_not_applied`` forgets nothing and sets no ``check_at``."""
    era, late = by_feed, list[Incoming]()

    def lose(incoming: Incoming) -> Reply | None:
        if incoming.method != "POST" or incoming.segments[-1] != "feeds":
            return None
        late.append(incoming)
        return no_answer()

    era.hooks.instead.append(lose)
    era.minutes(1)
    assert len(late) == 1
    era.hooks.instead.clear()
    era.minutes(10)
    change("RED", num_in_stock=30)
    era.minutes(12)
    era.world.amazon.carry_out(late[0])  # type: ignore[attr-defined]
    era.minutes(120, every=4)
    assert era.units("RED") == 30


# --- Several accounts -----------------------------------------------------------------------------


@pytest.fixture
def two(era: Era, connect: Callable[..., Any]) -> tuple[Any, Any]:
    """Two accounts, in Germany and America, that sell one offer of five units."""
    there = (era.world, connect("na", (UNITED_STATES,)))
    factories.stock_record("MUG", price="10.00", in_stock=5)
    era.world.list_on_amazon("MUG", price="10.00", quantity=5)
    there[1].list_on_amazon("MUG", price="10.00", quantity=5, marketplace=UNITED_STATES)
    era.minutes(3)
    return there


def recreate() -> None:
    change("MUG").delete()
    factories.stock_record("MUG", price="10.00", in_stock=5)


def test_units_that_a_paused_account_sold_follow_a_recreated_record(
    era: Era, two: tuple[Any, Any]
) -> None:
    """The units that orders reserve follow to the recreated stock record, by whatever path it is
    linked. The German account sold all five and is paused, the record is made again, and the
    American account sends five units, for good. ``linked_by_name`` moves the lines of the account
    that links only, and the other one links nothing while it is paused."""
    german, american = two
    german.buy("MUG", 5, status="PENDING")
    era.minutes(9)
    pause(german.account, "Paused by staff.")
    recreate()
    era.minutes(12)
    live = american.amazon.live(american.seller, "MUG", UNITED_STATES)
    assert live.quantity == 0


def test_units_that_another_account_sold_follow_before_anything_rises(
    era: Era, two: tuple[Any, Any]
) -> None:
    """As above, with both accounts at work: the reserved units count for whoever looks first. The
    American account sold all five, the record is made again, and the German account, whose turn is
    first, puts five on sale until the other one has linked its own SKU. The lines of orders keep
    the old offer until their own account comes to it."""
    german, american = two
    american.buy("MUG", 5, status="PENDING", marketplace=UNITED_STATES)
    era.minutes(9)
    recreate()
    on_sale = []
    era.time.sleep(60)
    for run in jobs.due_runs():
        jobs.perform(run, patience=5)
        era.time.sleep(61)
        on_sale.append(german.amazon.live(german.seller, "MUG", DE).quantity)
    assert max(on_sale) == 0


# --- What Amazon says -----------------------------------------------------------------------------


def test_an_answer_of_an_unknown_word_leaves_the_outcome_open(era: Era) -> None:
    """An answer that is neither yes nor no says nothing of what Amazon took, so it is read back.
    Amazon takes 8 and answers with a new word; the shop goes back to 5, which is believed to be
    there still, and Amazon keeps 8 on sale. ``send`` takes every status but ACCEPTED and VALID for
    a refusal, and staff read "Amazon gave no reason"."""
    era.sold()

    def reword(incoming: Incoming, reply: Reply) -> Reply:
        if incoming.method != "PATCH":
            return reply
        return with_body(reply, {**json.loads(reply.body), "status": "ACCEPTED_WITH_WARNINGS"})

    era.hooks.alter.append(reword)
    change("MUG", num_in_stock=8)
    era.minutes(1)
    era.hooks.alter.clear()
    change("MUG", num_in_stock=5)
    era.minutes(90, every=5)
    assert era.units() == 5


def test_a_sku_that_the_merchant_ships_again_gets_its_number(era: Era) -> None:
    """Once a read shows that the merchant ships a SKU again, its number is computed and sent. While
    Amazon shipped it the shop sold down to 1; then it is the merchant's with 5 again, verification
    sees that and finds it in step with the 5 of before. The number believed from before outlives
    the change of channel, and the note of the sale is used up."""
    era.sold()

    def made(**how: Any) -> None:
        world = era.world
        world.amazon.remove_listing(world.seller, "MUG", DE)
        world.amazon.add_listing(
            world.seller, "MUG", marketplace=DE, asin="B000000009", price="10.00", **how
        )
        world.verify()

    made(channel="AMAZON")
    change("MUG", num_in_stock=1)
    era.minutes(5)
    made(quantity=5)
    era.minutes(60, every=5)
    assert SellerSku.objects.get(sku="MUG").channel == "DEFAULT"
    assert era.units() == 1


@pytest.mark.parametrize("how", ["delete", "unpublish", "rename"])
def test_what_is_gone_after_a_restored_backup_goes_to_zero(era: Era, how: str) -> None:
    """What was sold from here and is gone goes to zero, also after ``amazon_restored``, which lets
    each listing be read anew. What the shop has no more by then is never read: it stays on sale
    until a report finds it and another daily export comes, 26 hours here. ``Survey._desired`` reads
    an UNREAD listing only if it is wanted."""
    record = era.sold()
    for sku in ("CUP", "JAR"):
        era.world.sell(sku)
    era.minutes(2)
    era.world.export()
    restore(era.world.account)
    if how == "delete":
        record.product.delete()
    elif how == "unpublish":
        record.product.is_public = False
        record.product.save()
    else:
        change("MUG", partner_sku="MUG-2")
    era.world.account.refresh_from_db()
    release(era.world.account)
    era.minutes(60, every=5)
    assert era.units() == 0


def test_an_old_report_is_not_believed_after_a_restored_backup(era: Era) -> None:
    """After ``amazon_restored`` nothing is believed and each listing is read and adopted anew. An
    import of listings before the release gets the report from Amazon's cache, of before the last
    sending, and its 5 count as read: they are the shop's 5, nothing is sent, and 50 stay on sale.
    ``take_in`` finds whatever has no ``read_at``, however much older than the restoring the report
    is."""
    era.world.amazon.switch(report_cache=6 * 3600.0)
    record = era.sold()
    change("MUG", num_in_stock=50)
    era.minutes(9)
    assert era.units() == 50
    restore(era.world.account)
    type(record).objects.update(num_in_stock=5)  # the shop's database is restored as well
    run = era.world.do(Job.IMPORT_LISTINGS)
    while run.state == RunState.QUEUED:
        era.time.sleep(120)
        jobs.perform(run)
    era.world.account.refresh_from_db()
    release(era.world.account)
    era.minutes(60, every=5)
    assert era.units() == 5


def test_an_order_that_lives_again_holds_its_units(era: Era) -> None:
    """Every order of Amazon's is once in the shop, or in a list with its reason, and holds its
    units. A placed order comes as CANCELLED, then newer as UNSHIPPED again: the shop's order stays
    cancelled, its two units go on sale once more, and neither the overview nor an alarm (not even
    that of ship-by) tells of it. A cancelled row holds nothing, whatever Amazon shows later."""
    era.sold()
    number = era.world.buy("MUG", 2)
    era.minutes(9)
    fulfillment = era.world.amazon.order(number)["fulfillment"]
    cancelled = {**fulfillment, "fulfillmentStatus": "CANCELLED"}
    era.world.amazon.set_order(number, fulfillment=cancelled)
    era.minutes(9)
    era.world.amazon.set_order(number, fulfillment=fulfillment)
    era.minutes(15)
    told = attention.matters(SellerAccount.objects.all())
    assert (era.units(), bool(told)) == (3, True)


# --- Several marketplaces -------------------------------------------------------------------------


@pytest.fixture
def europe(connect: Callable[..., Any], time: SimulatedClock, amazon: OddAmazon) -> Era:
    """One SKU in Germany and France."""
    era = Era(connect(marketplaces=(DE, FR)), time, amazon.hooks)
    era.world.list_on_amazon("MUG", price="10.00", quantity=5, marketplace=FR)
    era.sold()
    era.minutes(6)
    return era


def test_a_search_that_leaves_out_a_marketplace_erases_nothing(europe: Era) -> None:
    """A search may leave out what is there, so what is missing is asked for by itself before it is
    made again, as a put erases what it omits. A search shows the SKU without France: the French
    listing counts as missing and is put anew, over the live one. ``read`` asks once more only for
    SKUs that are missing altogether."""
    seller = europe.world.seller.seller_id

    def without_france(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: without_france(value) for name, value in part.items()}
        if not isinstance(part, list):
            return part
        kept = [one for one in part if not (isinstance(one, dict) and FR in one.values())]
        return [without_france(one) for one in kept]

    def omit(incoming: Incoming, reply: Reply) -> Reply:
        if incoming.method != "GET" or incoming.segments[-1] != seller:
            return reply
        return with_body(reply, without_france(json.loads(reply.body)))

    europe.hooks.alter.append(omit)
    europe.world.verify()
    europe.minutes(3)
    europe.world.export()
    assert europe.world.amazon.requests_of("putListingsItem") == []


# --- Stops and links ------------------------------------------------------------------------------


def test_a_right_zero_leaves_once_the_import_is_mended(era: Era) -> None:
    """Zeros of a broken import wait "until staff approve or the import is mended", and a few zeros
    always leave. The import is mended for 24 of 25, the last one is sold out indeed, and hours
    later its zero waits still. A hold of a guard that counts ends with another value only, not when
    there is no longer too much."""
    names = [f"MUG-{number}" for number in range(25)]
    for name in names:
        era.world.sell(name)
    era.minutes(3)
    for name in names:
        change(name, num_in_stock=0)
    era.minutes(1)
    assert Listing.objects.exclude(held={}).count() == 25
    for name in names[1:]:
        change(name, num_in_stock=5)
    era.minutes(120, every=10)
    era.world.export()
    era.minutes(5)
    assert era.units(names[0]) == 0


def test_a_link_by_hand_outlives_a_survey_that_began_before_it(
    era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that staff made stays while its offer is there, whoever links at the same moment. A
    survey has read the SKU without a link, staff link it to JAR on its page, and the survey links
    it to the offer of its name all the same, as matched: buyers of JAR's page get the stock of
    another thing. ``Survey._link`` writes rows that it read without a lock."""
    jar = factories.stock_record("JAR", price="10.00", in_stock=3)
    era.minutes(3)
    SellerSku.objects.create(account=era.world.account, sku="MUG")
    era.world.list_on_amazon("MUG", price="10.00", quantity=0)
    factories.stock_record("MUG", price="10.00", in_stock=9)
    shop, linked = type(era.world.shop), list[str]()
    real = shop.offers

    def offers(self: Any, scope: str = "", pks: Any = None) -> Any:
        sku = SellerSku.objects.get(sku="MUG")
        if pks == [] and not linked and not sku.offer_pk:
            from django_amazon_sync.sync.listings.link import link_by_hand

            link_by_hand(sku, str(jar.pk))
            linked.append("once")
        return real(self, scope, pks)

    monkeypatch.setattr(shop, "offers", offers)
    era.minutes(3)
    assert linked
    assert SellerSku.objects.get(sku="MUG").offer_pk == str(jar.pk)


# --- What stops the others ------------------------------------------------------------------------


def test_a_sku_that_amazon_cannot_answer_for_costs_itself_only(era: Era) -> None:
    """One SKU costs itself only, and permanent faults stay: an odd one never ends a run. Amazon
    answers every search with one SKU among its twenty by 500, and no fall and no price of the
    others leaves, tick after tick. ``read`` asks one by one after a refusal (400) only, and
    ``_send`` ends the run with the error."""
    for sku in ("AAA", "MUG"):
        era.world.sell(sku)
    era.minutes(3)
    fault = {"errors": [{"code": "InternalFailure", "message": "We encountered an error."}]}

    def fail(incoming: Incoming) -> Reply | None:
        about = f"{incoming.path} {incoming.query}"
        odd = "listings" in incoming.segments and "AAA" in about
        return Reply(500, json.dumps(fault).encode(), {}) if odd else None

    era.hooks.instead.append(fail)
    change("AAA", num_in_stock=4)
    change("MUG", num_in_stock=3, price=Decimal("10.50"))
    era.minutes(15)
    era.world.export()
    era.minutes(2)
    assert (era.units("MUG"), era.price("MUG")) == (3, "10.50")


def test_an_absence_that_the_shop_did_not_name_counts_after_ten_minutes(era: Era) -> None:
    """Only an absence that the shop names counts at once; any other after ten minutes, at a second
    look. While an import has emptied the table an order of the SKU is imported, and its note lets
    the absence count as told: zero leaves within a tick. ``look_at_some`` takes every note for the
    shop's own word, also those of orders, silences and feeds."""
    record = era.sold()
    era.world.sell("CUP")
    era.minutes(2)
    era.world.export()
    era.world.buy("MUG", 1)
    type(record).objects.filter(pk=record.pk)._raw_delete("default")  # no signal, as SQL has none
    era.time.sleep(180)
    era.world.import_orders()
    era.minutes(3)
    assert era.units() == 4
