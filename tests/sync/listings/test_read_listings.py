"""A listing that is read for the first time is taken as it is; what was sent before stays."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone

from django_amazon_sync.models import Submission, SubmissionState
from tests import factories
from tests.factories_amazon import SubmissionFactory
from tests.sync.amazon_reports.steps import calls, take_in_listings
from tests.world import World, lines_of


def test_an_export_reads_nothing_of_what_is_in_step_already(world: World) -> None:
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    take_in_listings(world)
    run = world.export()
    assert (lines_of(run, "outcome"), world.writes()) == ([], 0)
    assert calls(world, "searchListingsItems") == 0
    assert world.listing("MUG").sku.offer_pk


def test_its_first_read_adopts_what_is_live_by_then(world: World) -> None:
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", price="10.00", quantity=3)
    take_in_listings(world)
    world.list_on_amazon("MUG", price="10.50", quantity=4)
    run = world.export()
    assert sorted(str(values) for values in lines_of(run, "values")) == [
        "{'price': '10.00 EUR'}", "{'quantity': 5}",
    ]  # fmt: skip
    live = world.live("MUG")
    assert (live.price, live.quantity) == (Decimal("10.00"), 5)


def test_what_was_sent_before_the_first_read_stays_accepted(world: World) -> None:
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", price="9.00", quantity=3)
    take_in_listings(world)
    listing = world.listing("MUG")
    SubmissionFactory.create(
        listing=listing,
        kind=Submission.Kind.FEED,
        state=SubmissionState.DONE,
        item__values={"price": "10.00 EUR"},
    )
    listing.believed |= {"price": "10.00 EUR"}
    listing.accepted_at = timezone.now()
    listing.save()
    world.list_on_amazon("MUG", price="9.00", quantity=4)
    world.verify(skus=["MUG"])
    read = world.listing("MUG")
    assert read.believed["price"] == "10.00 EUR"
    assert read.believed["quantity"] == 4
    assert "price" not in read.verified
