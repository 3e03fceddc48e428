"""What the shop's own data stops is decided before Amazon is asked, and is not called a refusal."""

from __future__ import annotations

from django_amazon_sync.models import Listing, Outcome
from django_amazon_sync.sync.export.not_sent import NAMED, SUMMED_FROM
from tests import factories
from tests.world import DE, World, lines_of

EAN = "4006381333931"
WRONG = "4006381333932"


def without_code(number: int) -> None:
    for n in range(number):
        factories.stock_record(f"NEW-{n:03}", price="9.90", in_stock=4)


def test_an_offer_without_any_code_says_so(world: World) -> None:
    factories.stock_record("NEW", price="9.90", in_stock=4)
    run = world.export()
    assert lines_of(run, "outcome", "sku", "code") == [(Outcome.NOT_SENT, "NEW", "no-code")]
    said = "NEW has neither an ASIN nor a barcode; give it one."
    assert lines_of(run, "message") == [said]
    assert world.listing("NEW").stops["creation"]["reason"] == said
    assert not run.went_well


def test_a_barcode_with_a_wrong_check_digit_is_not_looked_for(world: World) -> None:
    factories.stock_record("NEW", price="9.90", in_stock=4, upc=WRONG)
    run = world.export()
    assert lines_of(run, "outcome", "code") == [(Outcome.NOT_SENT, "bad-barcode")]
    assert "wrong check digit" in lines_of(run, "message")[0]
    assert not world.amazon.requests_of("searchCatalogItems")


def test_many_that_lack_the_same_are_one_line_with_their_number(world: World) -> None:
    without_code(SUMMED_FROM)
    factories.stock_record("WRONG", price="9.90", in_stock=4, upc=WRONG)
    world.amazon.add_product(asin="B00NEW0001", title="A new mug", ean=EAN)
    factories.stock_record("GOOD", price="9.90", in_stock=4, upc=EAN)
    run = world.export()
    names = ", ".join(f"NEW-{n:03}" for n in range(NAMED))
    together = (
        f"{SUMMED_FROM} offers have neither an ASIN nor a barcode, such as {names}; give them one."
    )
    assert sorted(lines_of(run, "outcome", "sku", "marketplace", "message")) == [
        (Outcome.NOT_SENT, "", DE, together),
        (
            Outcome.NOT_SENT, "WRONG", DE,
            "The barcode of WRONG has a wrong check digit; mend it.",
        ),
        (Outcome.SENT, "GOOD", DE, ""),
    ]  # fmt: skip
    assert run.counts[Outcome.NOT_SENT] == SUMMED_FROM + 1


def test_what_lacks_a_code_is_asked_for_once_and_not_again(world: World) -> None:
    """That the SKU is not there has to be read; that it cannot be made is known."""
    without_code(3)
    world.export()
    assert len(world.amazon.requests_of("getListingsItem")) == 3
    before = len(world.amazon.requests)
    again = world.export()
    assert lines_of(again, "outcome") == []
    asked = [one.operation for one in world.amazon.requests[before:]]
    assert not set(asked) & {"getListingsItem", "searchListingsItems", "searchCatalogItems"}


def test_it_is_tried_again_when_it_has_a_code(world: World) -> None:
    world.amazon.add_product(asin="B00NEW0001", title="A new mug", ean=EAN)
    record = factories.stock_record("NEW", price="9.90", in_stock=4)
    world.export()
    record.product.upc = EAN
    record.product.save()
    assert lines_of(world.export(), "outcome") == [Outcome.SENT]
    assert world.live("NEW").asin == "B00NEW0001"


def test_a_dry_run_says_the_same_and_keeps_nothing(world: World) -> None:
    without_code(SUMMED_FROM)
    for _turn in range(2):
        run = world.export(dry_run=True)
        assert lines_of(run, "outcome") == [Outcome.NOT_SENT]
    assert not Listing.objects.exclude(stops={}).exists()
