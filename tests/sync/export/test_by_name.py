"""Offers that an export links to the SKUs of their own names, and those that it does not."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import (
    AccountState,
    Job,
    Outcome,
    Proposal,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.sync.export import survey
from django_amazon_sync.sync.listings.link import link_by_hand
from django_amazon_sync.sync.matching import proposals
from django_amazon_sync.sync.offers import identifiers
from django_amazon_sync.sync.offers.reserved_units import units_reserved
from tests import factories
from tests.sync.matching.cases import EAN, OTHER_EAN, matched, on_amazon
from tests.world import World, lines_of, shop_order, to_the_end


def linked_to(sku: str) -> str:
    return SellerSku.objects.get(sku=sku).offer_pk


def failed(run: SyncRun) -> list[str]:
    lines = lines_of(run, "outcome", "message")
    return [message for outcome, message in lines if outcome == Outcome.FAILED]


def test_what_staff_linked_is_not_its_namesakes(world: World) -> None:
    mug = factories.stock_record("MUG", price="10.00", in_stock=5)
    chair = factories.stock_record("1001", price="11.00", in_stock=77)
    world.list_on_amazon("1001", price="10.00", quantity=4)
    to_the_end(world, world.do(Job.IMPORT_LISTINGS))
    link_by_hand(SellerSku.objects.get(sku="1001"), str(mug.pk))
    run = world.export()
    assert linked_to("1001") == str(mug.pk)
    assert world.live("1001").quantity == 5
    [said] = failed(run)
    assert f"is linked to offer {mug.pk}" in said
    [claim] = Proposal.objects.all()
    assert (claim.offer_pk, claim.sku.sku, claim.refused) == (str(chair.pk), "1001", False)


def test_what_was_matched_is_not_a_later_products_of_that_name(world: World) -> None:
    mug = factories.stock_record("MUG", price="10.00", in_stock=5, upc=EAN)
    on_amazon(world, "1001", "B000000011", ean=EAN)
    matched(world)
    assert linked_to("1001") == str(mug.pk)
    world.export()
    factories.stock_record("1001", price="11.00", in_stock=77)
    run = world.send_changes()
    assert linked_to("1001") == str(mug.pk)
    assert world.live("1001").quantity == 5
    assert len(failed(run)) == 1


def test_a_holder_that_is_gone_hands_its_sku_to_nobody(world: World) -> None:
    mug = factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("1001", price="10.00", quantity=5)
    row = SellerSku.objects.create(account=world.account, sku="1001")
    link_by_hand(row, str(mug.pk))
    world.export()
    chair = factories.stock_record("1001", price="11.00", in_stock=77)
    mug_pk, _deleted = str(mug.pk), mug.delete()
    run = world.send_changes()
    world.export()
    assert world.live("1001").quantity == 0
    assert linked_to("1001") == mug_pk
    assert "which the shop no longer has" in " ".join(failed(run))
    linked, why_not = proposals.accept(world.shop, Proposal.objects.all())
    assert (linked, why_not, linked_to("1001")) == (1, {}, str(chair.pk))
    world.import_orders()
    world.export()
    assert world.live("1001").quantity == 77


def test_a_product_that_is_made_again_takes_its_own_name_up(world: World) -> None:
    old = world.sell("MUG", quantity=5)
    world.export()
    world.buy("MUG", 2, status="PENDING")
    world.import_orders()
    old.delete()
    new = factories.stock_record("MUG", price="10.00", in_stock=9)
    world.import_orders()
    world.send_changes()
    assert linked_to("MUG") == str(new.pk)
    assert units_reserved() == {str(new.pk): 2}
    assert world.live("MUG").quantity == 7


@pytest.mark.parametrize("offers_per_chunk", [1, 2000])
def test_a_second_product_of_one_sku_waits(
    world: World, monkeypatch: pytest.MonkeyPatch, offers_per_chunk: int
) -> None:
    monkeypatch.setattr(survey, "OFFERS_PER_CHUNK", offers_per_chunk)
    first = world.sell("MUG", quantity=5)
    second = factories.stock_record("MUG", price="10.00", in_stock=9, partner_code="attic")
    run = world.export()
    assert linked_to("MUG") == str(first.pk)
    [said] = failed(run)
    assert "have the same SKU" in said
    assert Proposal.objects.get().offer_pk == str(second.pk)
    assert failed(world.export()) == [said]


def test_a_claim_ends_with_its_cause(world: World) -> None:
    world.sell("MUG", quantity=5)
    second = factories.stock_record("MUG", price="10.00", in_stock=9, partner_code="attic")
    world.export()
    assert Proposal.objects.exists()
    second.partner_sku = "MUG-2"
    second.save()
    world.export()
    assert not Proposal.objects.exists()


def test_what_staff_refused_is_not_linked_by_its_name(world: World) -> None:
    chair = factories.stock_record("1001", price="11.00", in_stock=77)
    world.list_on_amazon("1001", price="10.00", quantity=4)
    row = SellerSku.objects.create(account=world.account, sku="1001")
    Proposal.objects.create(sku=row, offer_pk=str(chair.pk), how="sku", refused=True)
    run = world.export()
    assert linked_to("1001") == ""
    assert world.live("1001").quantity == 4
    assert len(failed(run)) == 1
    proposals.think_better_of(Proposal.objects.all())
    world.export()
    assert linked_to("1001") == str(chair.pk)


# --- An equal SKU of another barcode --------------------------------------------------------------


@pytest.fixture
def chair(world: World) -> Any:
    """The shop's 1001 is a garden chair; Amazon's 1001 has the barcode of a mug."""
    on_amazon(world, "1001", "B000000011", ean=EAN)
    return factories.stock_record("1001", price="11.00", in_stock=77, upc=OTHER_EAN)


def test_a_name_links_nothing_that_the_barcodes_contradict(world: World, chair: Any) -> None:
    to_the_end(world, world.do(Job.IMPORT_LISTINGS))
    run = world.export()
    assert (linked_to("1001"), world.live("1001").quantity) == ("", 5)
    [said] = failed(run)
    assert f"with the barcode 0{EAN}" in said
    assert Proposal.objects.get().offer_pk == str(chair.pk)
    world.export()
    assert proposals.accept(world.shop, Proposal.objects.all()) == (1, {})
    world.import_orders()
    world.export()
    assert world.live("1001").quantity == 77


@pytest.mark.parametrize("staffs", [EAN, "036000291452"])
def test_the_codes_that_staff_gave_count_too(world: World, chair: Any, staffs: str) -> None:
    identifiers.give(str(chair.pk), {"ean": [staffs]})
    to_the_end(world, world.do(Job.IMPORT_LISTINGS))
    world.export()
    assert linked_to("1001") == (str(chair.pk) if staffs == EAN else "")


def test_a_report_that_comes_after_the_name_linked_it_unlinks_it(world: World, chair: Any) -> None:
    world.account.move(AccountState.OBSERVING)
    world.export()
    assert linked_to("1001") == str(chair.pk)
    run = to_the_end(world, world.do(Job.IMPORT_LISTINGS))
    assert linked_to("1001") == ""
    assert lines_of(run, "outcome", "sku", "code") == [(Outcome.WAITING, "1001", "sku")]
    world.account.move(AccountState.LIVE)
    world.import_orders()
    world.export()
    assert (linked_to("1001"), world.live("1001").quantity) == ("", 5)


def test_a_report_unlinks_nothing_that_is_sold_from_here(world: World, chair: Any) -> None:
    world.export()
    before = world.live("1001").quantity
    to_the_end(world, world.do(Job.IMPORT_LISTINGS))
    assert linked_to("1001") == str(chair.pk)
    assert world.live("1001").quantity == before


def test_an_order_of_it_is_no_chair(world: World, chair: Any) -> None:
    to_the_end(world, world.do(Job.IMPORT_LISTINGS))
    number = world.buy("1001", 2)
    run = world.import_orders()
    [message] = lines_of(run, "message")
    assert "may be another product" in message
    assert shop_order(number).lines.get().product is None
    assert "may be another product" in shop_order(number).notes.first().message
    assert (world.in_stock("1001"), units_reserved()) == (77, {})


def test_a_pending_order_of_it_reserves_no_chair(world: World, chair: Any) -> None:
    to_the_end(world, world.do(Job.IMPORT_LISTINGS))
    world.buy("1001", 2, status="PENDING")
    world.import_orders()
    assert units_reserved() == {}
    link_by_hand(SellerSku.objects.get(sku="1001"), str(chair.pk))
    assert units_reserved() == {str(chair.pk): 2}
