"""Offers of the shop, matched to what the account has on Amazon already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum import ean

from django_amazon_sync.amazon import catalog
from django_amazon_sync.errors import NotYet
from django_amazon_sync.models import (
    AmazonOrderLine,
    OfferChange,
    Outcome,
    Proposal,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.rules.barcodes import gtin
from django_amazon_sync.sync.export import send
from django_amazon_sync.sync.listings import link
from django_amazon_sync.sync.matching import match, proposals
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.examples import examples
from tests.factories_amazon import ListingInStepFactory
from tests.faults.racing import just_before
from tests.sync.matching.cases import EAN, ISBN, OTHER_EAN, UPC, links, matched, on_amazon, said
from tests.world import DE, FR, World, lines_of

# --- What leads to a listing --------------------------------------------------------------------


def test_an_equal_sku_links(world: World) -> None:
    mug = world.sell("MUG")
    factories.stock_record("CUP")
    assert said(matched(world)) == [
        ("CUP", Outcome.NONE, "", ""),
        ("MUG", Outcome.LINKED, "sku", "MUG"),
    ]
    assert links(world) == {"MUG": (str(mug.pk), False)}


@pytest.mark.parametrize(("kind", "code"), [("ean", EAN), ("upc", UPC), ("isbn", ISBN)])
def test_a_barcode_links_by_the_catalogue(world: World, kind: str, code: str) -> None:
    mug = factories.stock_record("MUG", upc=code)
    reported(world, "OLD", asin="B0MUG")
    codes: dict[str, Any] = {kind: code}
    world.amazon.add_product(asin="B0MUG", title="Mug", **codes)
    run = matched(world)
    assert said(run) == [("MUG", Outcome.LINKED, kind, "OLD")]
    assert links(world) == {"OLD": (str(mug.pk), True)}
    assert run.counts[Outcome.LINKED] == 1
    assert kind.upper() in lines_of(run, "message")[0]


def test_a_barcode_of_the_report_links_without_asking_the_catalogue(world: World) -> None:
    mug = factories.stock_record("MUG", upc=EAN)
    reported(world, "OLD", gtin=f"0{EAN}")
    assert said(matched(world)) == [("MUG", Outcome.LINKED, "ean", "OLD")]
    assert links(world) == {"OLD": (str(mug.pk), True)}
    assert world.amazon.requests_of("searchCatalogItems") == []


def reported(world: World, sku: str, **listing: Any) -> SellerSku:
    """What an import of Amazon's report leaves of a SKU."""
    row = SellerSkuFactory.create(account=world.account, sku=sku, offer_pk="")
    place = world.account.marketplaces.get(code=DE)
    ListingInStepFactory.create(marketplace=place, sku=row, **{"condition": "new_new", **listing})
    return row


def test_matching_again_changes_and_costs_nothing(world: World) -> None:
    world.sell("CUP")
    factories.stock_record("MUG", upc=EAN)
    reported(world, "OLD", asin="B0MUG")
    world.amazon.add_product(asin="B0MUG", title="Mug", ean=EAN)
    matched(world)
    before = links(world)
    asked = len(world.amazon.requests_of("searchCatalogItems"))
    assert asked == 1
    again = matched(world)
    assert said(again) == [
        ("CUP", Outcome.LINKED, "sku", "CUP"),
        ("MUG", Outcome.LINKED, "", "OLD"),  # by what is Amazon's knowledge, and not asked again
    ]
    assert links(world) == before
    assert len(world.amazon.requests_of("searchCatalogItems")) == asked


def test_a_dry_run_proposes_and_links_nothing(world: World) -> None:
    factories.stock_record("MUG", upc=EAN)
    on_amazon(world, "OLD", "B0MUG", ean=EAN)
    run = matched(world, dry_run=True)
    assert said(run) == [("MUG", Outcome.PROPOSED, "ean", "OLD")]
    [values] = lines_of(run, "values")
    assert [one["seller_sku"] for one in values["candidates"]] == ["OLD"]
    assert links(world) == {}


def test_twenty_barcodes_are_asked_for_in_one_call(world: World) -> None:
    factories.stock_record("MUG", upc="4006381333932")  # a wrong check digit is not asked for
    for number, code in enumerate(valid_eans(25)):
        factories.stock_record(f"CUP-{number}", upc=code)
    run = matched(world)
    assert len(world.amazon.requests_of("searchCatalogItems")) == 2
    assert "check digit" in run.lines.get(sku="MUG").message


def valid_eans(count: int) -> list[str]:
    stems = [str(400600000000 + number) for number in range(count)]
    return [stem + ean.calc_check_digit(stem) for stem in stems]


# --- What does not link -------------------------------------------------------------------------


def proposed(run: SyncRun, sku: str) -> dict[str, Any]:
    line = run.lines.get(sku=sku)
    assert line.outcome == Outcome.PROPOSED
    assert line.message.endswith(".")
    return line.as_dict()


def test_two_offers_for_one_listing_are_proposed(world: World) -> None:
    factories.stock_record("A", upc=EAN)
    factories.stock_record("B", upc=OTHER_EAN)
    reported(world, "OLD", asin="B0MUG", gtin=f"0{EAN}")
    world.amazon.add_product(asin="B0MUG", title="Mug", ean=OTHER_EAN)
    run = matched(world)
    for sku in ("A", "B"):
        line = proposed(run, sku)
        assert (line["code"], line["seller_sku"]) == ("shared", "OLD")
        [one] = line["values"]["candidates"]
        assert (one["seller_sku"], one["asin"]) == ("OLD", "B0MUG")
    assert links(world) == {}


def test_two_listings_for_one_offer_are_proposed_with_their_reasons(world: World) -> None:
    factories.stock_record("MUG", upc=EAN)
    on_amazon(world, "OLD", "B0MUG", ean=EAN)
    on_amazon(world, "OLD-FBA", "B0MUG", ean=EAN, quantity=None, channel="AMAZON")
    line = proposed(matched(world), "MUG")
    assert line["code"] == "channel"
    assert [one["seller_sku"] for one in line["values"]["candidates"]] == ["OLD", "OLD-FBA"]
    assert {one["asin"] for one in line["values"]["candidates"]} == {"B0MUG"}
    assert "Amazon ships it" in line["values"]["candidates"][1]["why"]
    assert links(world) == {}


def test_the_offers_own_sku_goes_before_another_offers_barcode(world: World) -> None:
    cup = factories.stock_record("CUP")
    factories.stock_record("MUG", upc=EAN)
    reported(world, "CUP", gtin=f"0{EAN}")
    run = matched(world)
    assert proposed(run, "MUG")["seller_sku"] == "CUP"
    assert links(world) == {"CUP": (str(cup.pk), False)}


def test_two_offers_of_one_sku_are_proposed(world: World) -> None:
    factories.stock_record("MUG")
    factories.stock_record("MUG", partner_code="attic")
    reported(world, "MUG")
    assert said(matched(world)) == [("MUG", Outcome.PROPOSED, "sku", "MUG")] * 2
    assert links(world) == {}


def test_a_listing_of_another_living_offer_is_proposed(world: World) -> None:
    cup = factories.stock_record("CUP")
    factories.stock_record("MUG", upc=EAN)
    row = reported(world, "OLD", gtin=f"0{EAN}")
    link.link_by_hand(row, str(cup.pk))
    run = matched(world)
    assert proposed(run, "MUG")["seller_sku"] == "OLD"
    assert links(world) == {"OLD": (str(cup.pk), True)}


def test_a_listing_whose_offer_is_gone_stays_its_own_until_staff_decide(world: World) -> None:
    row = reported(world, "OLD", gtin=f"0{EAN}")
    link.link_by_hand(row, "987654")
    mug = factories.stock_record("MUG", upc=EAN)
    assert proposed(matched(world), "MUG")["seller_sku"] == "OLD"
    assert links(world) == {"OLD": ("987654", True)}
    assert proposals.accept(world.shop, Proposal.objects.all()) == (1, {})
    assert links(world) == {"OLD": (str(mug.pk), True)}


def test_a_listing_that_had_only_the_name_of_an_offer_that_is_gone_is_free(world: World) -> None:
    reported(world, "OLD", gtin=f"0{EAN}", sku__offer_pk="987654")
    mug = factories.stock_record("MUG", upc=EAN)
    matched(world)
    assert links(world) == {"OLD": (str(mug.pk), True)}


def test_a_used_one_is_not_the_shops_new_one(world: World) -> None:
    factories.stock_record("MUG", upc=EAN)
    reported(world, "OLD", gtin=f"0{EAN}", condition="used_good")
    assert "used_good" in proposed(matched(world), "MUG")["message"]


def test_a_condition_that_nobody_knows_is_not_the_shops_new_one(world: World) -> None:
    factories.stock_record("MUG", upc=EAN)
    reported(world, "OLD", gtin=f"0{EAN}", condition="99")
    assert "99" in proposed(matched(world), "MUG")["message"]
    assert links(world) == {}


@pytest.mark.parametrize("by", [{"gtin": f"0{EAN}"}, {"asin": "B0MUG"}], ids=["barcode", "asin"])
def test_where_amazon_names_no_condition_staff_decide(world: World, by: dict[str, str]) -> None:
    factories.stock_record("MUG", upc=EAN)
    world.amazon.add_product(asin="B0MUG", title="Mug", ean=EAN)
    reported(world, "OLD", **by, condition="")
    assert "in which condition" in proposed(matched(world), "MUG")["message"]
    assert links(world) == {}
    assert proposals.accept(world.shop, Proposal.objects.all()) == (1, {})


# --- Rows of the offer's own SKU ------------------------------------------------------------------


def test_a_row_that_the_first_look_left_gives_way(connect: Callable[..., World]) -> None:
    """An account that observes has rows for all offers, before anything is matched."""
    world = connect(live=False)
    mug = factories.stock_record("MUG", upc=EAN)
    on_amazon(world, "OLD", "B0MUG", ean=EAN)
    world.export()
    assert links(world) == {"MUG": (str(mug.pk), False)}
    matched(world)
    assert links(world) == {"OLD": (str(mug.pk), True)}
    run = world.export()
    assert set(lines_of(run, "sku")) == {"OLD"}


def test_a_sku_that_is_on_amazon_is_never_unlinked(world: World) -> None:
    mug = world.sell("MUG", upc=EAN)
    on_amazon(world, "OLD", "B0MUG", ean=EAN)
    world.export()
    assert said(matched(world)) == [("MUG", Outcome.LINKED, "sku", "MUG")]
    assert links(world) == {"MUG": (str(mug.pk), False)}


def test_a_sku_that_was_sent_is_never_unlinked(world: World) -> None:
    mug = factories.stock_record("MUG", upc=EAN)
    reported(world, "OLD", gtin=f"0{EAN}")
    own = SellerSkuFactory.create(
        account=world.account, sku="MUG", offer_pk=str(mug.pk), managed=True
    )
    run = matched(world)
    assert "MUG was sent to Amazon" in proposed(run, "MUG")["message"]
    assert links(world) == {own.sku: (str(mug.pk), False)}


def test_a_stale_link_of_a_renamed_offer_may_be_matched(world: World) -> None:
    mug = world.sell("MUG", upc=EAN)
    world.export()
    mug.partner_sku = "MUG-2"
    mug.save()
    row = world.account.skus.get(sku="MUG")
    row.listings.update(gtin=f"0{EAN}")
    matched(world)
    assert links(world) == {"MUG": (str(mug.pk), True)}


# --- Quantities -----------------------------------------------------------------------------------


def test_units_that_were_sold_before_are_held(world: World) -> None:
    factories.stock_record("MUG", in_stock=9, upc=EAN)
    on_amazon(world, "OLD", "B0MUG", ean=EAN, quantity=9)
    number = world.buy("OLD", 4, status="PENDING")
    world.import_orders()
    matched(world)
    mug = links(world)["OLD"][0]
    assert AmazonOrderLine.objects.get(order__number=number).offer_pk == mug
    world.send_changes()
    assert world.live("OLD").quantity == 5


def test_what_is_linked_is_looked_at_soon(world: World) -> None:
    factories.stock_record("MUG", price="12.00", in_stock=3, upc=EAN)
    on_amazon(world, "OLD", "B0MUG", ean=EAN, quantity=9)
    OfferChange.objects.all().delete()
    matched(world)
    row = world.account.skus.get(sku="OLD")
    assert list(OfferChange.objects.values_list("offer_pk", flat=True)) == [row.offer_pk]
    assert row.stock_version > 0
    world.send_changes()
    assert world.live("OLD").quantity == 3


# --- Workers --------------------------------------------------------------------------------------


def test_a_sku_that_was_linked_meanwhile_stays_as_it_is(world: World) -> None:
    mug, cup = factories.stock_record("MUG", upc=EAN), factories.stock_record("CUP")
    row = reported(world, "OLD", gtin=f"0{EAN}")

    def other() -> None:
        link.link_by_hand(row, str(cup.pk))

    with just_before(match, "link", other):
        run = matched(world)
    assert "by now" in proposed(run, "MUG")["message"]
    assert links(world) == {"OLD": (str(cup.pk), True)}
    assert mug.pk != cup.pk


def test_no_second_listing_is_made_while_the_offer_is_linked(world: World) -> None:
    """The export had found that Amazon has no MUG, and is about to make one."""
    mug = factories.stock_record("MUG", upc=EAN)
    world.amazon.add_product(asin="B0MUG", title="Mug", ean=EAN)
    reported(world, "OLD", asin="B0OLD", gtin=f"0{EAN}")
    found = [link.Link("OLD", str(mug.pk), matched=True)]
    with just_before(send, "_write_down", lambda: link.link(world.account, world.shop, found)):
        world.export(skus=["MUG"])
    assert world.live("MUG") is None
    assert links(world) == {"OLD": (str(mug.pk), True)}
    world.export()
    assert world.live("MUG") is None


def test_an_offer_that_was_linked_meanwhile_is_linked_once(world: World) -> None:
    mug = factories.stock_record("MUG", upc=EAN)
    reported(world, "OLD", gtin=f"0{EAN}")
    other = reported(world, "ANCIENT")

    def link_other() -> None:
        link.link_by_hand(other, str(mug.pk))

    with just_before(match, "link", link_other):
        run = matched(world)
    assert "by now" in proposed(run, "MUG")["message"]
    assert links(world) == {"ANCIENT": (str(mug.pk), True)}


def test_a_run_that_had_to_wait_goes_on_where_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each offer gets one line, and no barcode is asked for twice."""
    monkeypatch.setattr(match, "OFFERS_PER_CHUNK", 10)
    eans = valid_eans(45)
    for number, code in enumerate(eans):
        factories.stock_record(f"CUP-{number}", upc=code)
    reported(world, "OLD", asin="B0MUG")
    world.amazon.add_product(asin="B0MUG", title="Mug", ean=eans[3])
    ask = catalog.search_catalog
    asked: list[tuple[str, ...]] = []

    def tired(client: Any, codes: Any, *rest: Any) -> Any:
        if len(asked) in (1, 3):
            asked.append(())
            raise NotYet("Later.", retry_at=timezone.now())
        asked.append(tuple(codes))
        return ask(client, codes, *rest)

    monkeypatch.setattr(catalog, "search_catalog", tired)
    run = matched(world)
    lines = lines_of(run, "sku")
    assert len(lines) == len(set(lines)) == 45
    codes = [code for together in asked for code in together]
    assert sorted(codes) == sorted(set(codes))
    assert run.lines.get(outcome=Outcome.LINKED).sku == "CUP-3"
    assert run.counts[Outcome.NONE] == 44


def test_the_number_of_queries_does_not_grow_with_the_offers(world: World) -> None:
    def queries_for(count: int) -> int:
        for number in range(count):
            record = factories.stock_record()
            reported(world, f"OLD-{record.pk}", gtin="")
            if number % 2:
                row = reported(world, f"ANCIENT-{record.pk}", gtin=f"0{numbers.pop()}")
                record.product.upc = row.listings.get().gtin[1:]
                record.product.save()
        with CaptureQueriesContext(connection) as queries:
            matched(world)
        return len(queries)

    numbers = valid_eans(100)
    few = queries_for(4)
    assert queries_for(60) <= few + 3


def test_only_the_chosen_marketplaces_are_asked(connect: Callable[..., World]) -> None:
    world = connect(marketplaces=(DE, FR))
    factories.stock_record("MUG", upc=EAN)
    matched(world, marketplaces=[DE])
    asked = world.amazon.requests_of("searchCatalogItems")
    assert len(asked) == 1
    matched(world)
    assert len(world.amazon.requests_of("searchCatalogItems")) == 3


# --- Any shop, any account ----------------------------------------------------------------------

barcodes = st.sampled_from(["", EAN, OTHER_EAN, UPC])
asins = st.sampled_from(["B0", "B1"])
offers = st.lists(st.tuples(st.sampled_from("ABC"), barcodes), max_size=4)
listings = st.dictionaries(
    st.sampled_from("ABXYZ"),
    st.tuples(asins, barcodes, st.sampled_from(["DEFAULT", "AMAZON_EU"])),
    max_size=4,
)


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(offers=offers, listings=listings, catalogue=st.dictionaries(asins, barcodes))
def test_nothing_is_guessed_and_nothing_left_out(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    offers: list[tuple[str, str]],
    listings: dict[str, tuple[str, str, str]],
    catalogue: dict[str, str],
) -> None:
    monkeypatch.setattr(match, "import_listings", lambda work: None)
    with transaction.atomic():
        world.amazon._world.products.clear()
        for item, code in catalogue.items():
            world.amazon.add_product(asin=item, title=item, ean=code)
        codes = {code for _sku, code in offers}
        products = {code: factories.product(upc=code or None) for code in codes}
        records = {}
        for number, (sku, code) in enumerate(offers):
            record = factories.stock_record(
                sku, partner_code=f"partner-{number}", product_=products[code]
            )
            records[str(record.pk)] = (sku, gtin(code))
        for sku, (item, code, channel) in listings.items():
            row = reported(world, sku, asin=item, gtin=gtin(code))
            SellerSku.objects.filter(pk=row.pk).update(channel=channel)
        found = {
            values["offer"]: (outcome, sku)
            for values, outcome, sku in lines_of(matched(world), "values", "outcome", "seller_sku")
        }
        now = links(world)
        assert found.keys() == records.keys()
        linked = {pk: sku for pk, (outcome, sku) in found.items() if outcome == Outcome.LINKED}
        assert linked == {pk: sku for sku, (pk, _matched) in now.items()}
        for pk, sku in linked.items():
            if records[pk][0] == sku:
                assert [one for one, _code in records.values()].count(sku) == 1
                there = gtin(listings[sku][1])
                assert not there or records[pk][1] in ("", there)
            else:
                assert rivals(records, listings, pk, sku) == []
        matched(world)
        assert links(world) == now
        transaction.set_rollback(True)


def rivals(
    records: dict[str, tuple[str, str]],
    listings: dict[str, tuple[str, str, str]],
    pk: str,
    sku: str,
) -> list[str]:
    """What is as near to a match as this: other offers for the SKU, other SKUs for the offer."""
    barcode = records[pk][1]
    others = [
        one
        for other, (one, code) in records.items()
        if other != pk and (one == sku or (code == barcode and one not in listings))
    ]
    alike = [one for one, (_asin, code, _channel) in listings.items() if gtin(code) == barcode]
    return others + [one for one in alike if one != sku]
