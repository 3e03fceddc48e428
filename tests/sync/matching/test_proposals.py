"""What matching leaves to staff: kept, shown with Amazon's picture, accepted or refused."""

from __future__ import annotations

from django_amazon_sync.models import Listing, Outcome, Proposal
from django_amazon_sync.sync.matching import proposals
from tests import factories
from tests.factories_amazon import ProposalFactory
from tests.sync.matching.cases import EAN, links, matched, on_amazon
from tests.world import DE, World, lines_of


def two_that_may_be_one(world: World) -> str:
    """An offer that either of two listings may be; its pk."""
    record = factories.stock_record("MUG", upc=EAN)
    on_amazon(world, "AMZ-1", "B000000001", ean=EAN)
    on_amazon(world, "AMZ-2", "B000000002", ean=EAN)
    return str(record.pk)


def proposed() -> list[tuple[str, str, bool]]:
    rows = Proposal.objects.order_by("sku__sku")
    return list(rows.values_list("sku__sku", "offer_pk", "refused"))


def test_what_is_not_certain_is_kept_once_however_often_it_is_matched(world: World) -> None:
    pk = two_that_may_be_one(world)
    matched(world)
    matched(world)
    assert proposed() == [("AMZ-1", pk, False), ("AMZ-2", pk, False)]
    assert {one.how for one in Proposal.objects.all()} == {"ean"}


def test_a_dry_run_keeps_nothing(world: World) -> None:
    two_that_may_be_one(world)
    matched(world, dry_run=True)
    assert proposed() == []


def test_a_proposal_comes_with_amazon_s_picture_and_title(world: World) -> None:
    two_that_may_be_one(world)
    matched(world)
    listing = Listing.objects.get(sku__sku="AMZ-1")
    assert listing.picture_url == "https://m.media-amazon.com/images/I/B000000001._SL500_.jpg"
    assert listing.title
    calls = len(world.amazon.requests_of("searchCatalogItems"))
    matched(world)
    assert len(world.amazon.requests_of("searchCatalogItems")) == calls, "Asked for once."


def test_accepting_links_and_forgets_the_rivals(world: World) -> None:
    pk = two_that_may_be_one(world)
    matched(world)
    linked, why_not = proposals.accept(world.shop, Proposal.objects.filter(sku__sku="AMZ-2"))
    assert (linked, why_not) == (1, {})
    assert links(world) == {"AMZ-2": (pk, True)}
    assert proposed() == []
    matched(world)
    assert proposed() == []


def test_accepting_both_is_no_decision(world: World) -> None:
    two_that_may_be_one(world)
    matched(world)
    linked, why_not = proposals.accept(world.shop, Proposal.objects.all())
    assert linked == 0
    assert set(why_not) == {"AMZ-1", "AMZ-2"}
    assert links(world) == {}


def test_what_was_refused_is_never_proposed_nor_linked_again(world: World) -> None:
    pk = two_that_may_be_one(world)
    matched(world)
    assert proposals.refuse(Proposal.objects.filter(sku__sku="AMZ-1")) == 1
    matched(world)
    assert proposed() == [("AMZ-1", pk, True), ("AMZ-2", pk, False)]
    proposals.refuse(Proposal.objects.all())
    run = matched(world)
    [message] = lines_of(run.__class__.objects.get(pk=run.pk), "message")
    assert message == "Staff refused what it may be: AMZ-1, AMZ-2."
    assert lines_of(run, "outcome") == [Outcome.NONE]
    assert links(world) == {}


def test_the_only_candidate_is_not_linked_once_it_was_refused(world: World) -> None:
    record = factories.stock_record("MUG", upc=EAN)
    on_amazon(world, "AMZ-1", "B000000001", ean=EAN)
    matched(world, dry_run=True)
    sku = world.account.skus.get(sku="AMZ-1")
    ProposalFactory.create(sku=sku, offer_pk=str(record.pk), refused=True)
    matched(world)
    assert links(world) == {}
    assert proposals.think_better_of(Proposal.objects.all()) == 1
    matched(world)
    assert links(world) == {"AMZ-1": (str(record.pk), True)}
    assert proposed() == []


def test_what_no_longer_holds_is_proposed_no_more(world: World) -> None:
    pk = two_that_may_be_one(world)
    matched(world)
    world.shop.offers()
    record = factories.partner().stockrecords.get(pk=pk)
    record.product.upc = ""
    record.product.save()
    matched(world)
    assert proposed() == []


def test_matching_one_marketplace_forgets_nothing(world: World) -> None:
    pk = two_that_may_be_one(world)
    matched(world)
    record = factories.partner().stockrecords.get(pk=pk)
    record.product.upc = ""
    record.product.save()
    matched(world, marketplaces=[DE])
    assert len(proposed()) == 2


def test_pictures_of_the_shop(world: World) -> None:
    """The product's own, or its parent's; none where there is none."""
    from django.core.files.base import ContentFile
    from oscar.core.loading import get_model

    parent = factories.product(structure="parent")
    child = factories.product(parent=parent)
    record, bare = factories.stock_record("A", product_=child), factories.stock_record("B")
    image = get_model("catalogue", "ProductImage")(product=parent)
    image.original.save("mug.png", ContentFile(b"png"))
    found = world.shop.picture_urls([str(record.pk), str(bare.pk), "nonsense"])
    assert found == {str(record.pk): image.original.url}
