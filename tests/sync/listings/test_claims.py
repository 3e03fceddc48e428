"""Who has the name of a SKU that is another's waits for staff, who are told until they decide."""

from __future__ import annotations

from django_amazon_sync.models import Proposal, SellerAccount
from django_amazon_sync.sync.alerts import attention
from django_amazon_sync.sync.alerts.attention import Matter, MatterKind
from django_amazon_sync.sync.listings import claims
from django_amazon_sync.sync.listings.claims import Claim
from django_amazon_sync.sync.listings.link import link_by_hand
from django_amazon_sync.sync.matching import proposals
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.world import World


def claimed(world: World) -> list[Matter]:
    found = attention.matters(SellerAccount.objects.all()).get(world.account.pk, [])
    return [matter for matter in found if matter.kind == MatterKind.CLAIMED]


def test_the_overview_counts_who_has_the_sku_of_another(world: World) -> None:
    world.sell("MUG", quantity=5)
    factories.stock_record("MUG", price="10.00", in_stock=9, partner_code="attic")
    assert claimed(world) == []
    world.export()
    [matter] = claimed(world)
    assert matter.number == 1
    assert "1 product of the shop" in matter.sentence
    assert "how=sku" in matter.path
    proposals.refuse(Proposal.objects.all())
    assert claimed(world) == []
    world.export()
    assert claimed(world) == []


def test_a_claim_that_staff_make_true_is_over(world: World) -> None:
    mug = factories.stock_record("MUG", price="10.00", in_stock=5)
    chair = factories.stock_record("1001", price="11.00", in_stock=77)
    row = SellerSkuFactory.create(
        account=world.account, sku="1001", offer_pk=str(mug.pk), matched=True
    )
    world.export()
    assert len(claimed(world)) == 1
    link_by_hand(row, str(chair.pk))
    assert claimed(world) == []


def test_a_claim_is_kept_once(world: World) -> None:
    row = SellerSkuFactory.create(account=world.account, sku="1001", offer_pk="1", matched=True)
    claims.keep([Claim(row, "2", "Before.")])
    claims.keep([Claim(row, "2", "Now.")])
    assert Proposal.objects.get().reason == "Now."
