"""Changed offers are looked at soon, and as often as it takes."""

from __future__ import annotations

from django_amazon_sync.models import OfferChange, Outcome, SellerSku
from django_amazon_sync.signals import offers_changed
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.testing.factories import SellerAccountFactory, SellerSkuFactory
from tests.factories_amazon import LiveAccountFactory
from tests.world import World, lines_of


def test_a_sold_out_offer_goes_to_zero_by_the_lane(world: World) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    record.num_in_stock = 0
    record.save()
    assert OfferChange.objects.exists()
    run = world.send_changes()
    assert lines_of(run, "outcome", "values") == [(Outcome.SENT, {"quantity": 0})]
    assert world.live("MUG").quantity == 0
    assert not OfferChange.objects.exists()


def test_the_lane_looks_again_at_a_rise_that_waits(world: World) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    world.amazon.advance(3600)
    record.num_in_stock = 8
    record.save()
    world.send_changes()
    assert OfferChange.objects.exists()
    world.import_orders()
    world.send_changes()
    assert world.live("MUG").quantity == 8
    assert not OfferChange.objects.exists()


def noted() -> set[tuple[int, str]]:
    return set(OfferChange.objects.values_list("account", "offer_pk"))


def test_a_change_is_noted_for_each_account_that_may_write(db: None) -> None:
    one, other = LiveAccountFactory.create(), LiveAccountFactory.create()
    SellerAccountFactory.create()  # observes
    offers_changed.send(sender=None, pks=["1", "2"])
    assert noted() == {(account.pk, pk) for account in (one, other) for pk in ("1", "2")}


def test_an_offer_is_noted_once_and_one_without_key_never(db: None) -> None:
    account, observing = LiveAccountFactory.create(), SellerAccountFactory.create()
    changed_offers.note([(account.pk, "1"), (account.pk, "1"), (account.pk, ""),
                         (observing.pk, "2")])  # fmt: skip
    assert list(OfferChange.objects.values_list("account", "offer_pk")) == [(account.pk, "1")]


def test_the_offers_of_skus_are_noted_once_each(db: None) -> None:
    account = LiveAccountFactory.create()
    for name, offer in (("A", "1"), ("B", "1"), ("C", "2"), ("D", "")):
        SellerSkuFactory.create(account=account, sku=name, offer_pk=offer)
    SellerSkuFactory.create(sku="E", offer_pk="3")
    changed_offers.note_skus(SellerSku.objects.all())
    assert sorted(OfferChange.objects.values_list("offer_pk", flat=True)) == ["1", "2"]


def test_what_changes_while_it_is_worked_on_is_looked_at_again(db: None) -> None:
    account = LiveAccountFactory.create()
    changed_offers.note((account.pk, pk) for pk in ("1", "2", "3"))
    seen = changed_offers.Noted(account)
    assert list(seen.offer_pks) == ["1", "2", "3"]
    changed_offers.note([(account.pk, "1")])
    seen.done_with(but={"2"})
    assert noted() == {(account.pk, "1"), (account.pk, "2")}
