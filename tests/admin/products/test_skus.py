"""The page of a SKU: which offer of the shop it is, whether it is kept in step."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import AmazonOrderLine, Listing, OfferChange, OrderState, SellerSku
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    AmazonOrderLineFactory,
    SellerSkuFactory,
)
from tests import factories
from tests.admin.conftest import Staff, sent_again
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug(db: None) -> Any:
    return factories.stock_record("MUG", title="Blue mug")


@pytest.fixture
def old(mug: Any) -> SellerSku:
    """Amazon's OLD-MUG, linked to nothing."""
    return SellerSkuFactory.create(account=LiveAccountFactory.create(), sku="OLD-MUG", offer_pk="")


def choose(staff: Staff, sku: SellerSku, shop_sku: str) -> Any:
    return staff.save(SellerSku, sku.pk, shop_sku=shop_sku, synchronise="unknown",
                      condition="new_new")  # fmt: skip


def test_the_page_says_what_links_it(staff: Staff, mug: Any, old: SellerSku) -> None:
    assert "linked to no offer" in staff.see(SellerSku, old.pk)
    SellerSku.objects.update(offer_pk=str(mug.pk), matched=True)
    page = staff.see(SellerSku, old.pk)
    assert "MUG, Blue mug" in page
    assert "by its identifiers, or by hand" in page
    assert 'name="shop_sku" value="MUG"' in page
    SellerSku.objects.update(offer_pk="987654")
    assert "which the shop no longer has" in staff.see(SellerSku, old.pk)


def test_staff_link_and_unlink_by_the_shops_sku(staff: Staff, mug: Any, old: SellerSku) -> None:
    order = AmazonOrderFactory.create(account=old.account, state=OrderState.HELD, lines=0)
    held = AmazonOrderLineFactory.create(order=order, sku="OLD-MUG")
    assert choose(staff, old, "MUG").status_code == 302
    old.refresh_from_db()
    assert (old.offer_pk, old.matched, old.stock_version > 0) == (str(mug.pk), True, True)
    assert AmazonOrderLine.objects.get(pk=held.pk).offer_pk == str(mug.pk)
    assert OfferChange.objects.filter(offer_pk=str(mug.pk)).exists()

    OfferChange.objects.all().delete()
    assert choose(staff, old, "").status_code == 302
    old.refresh_from_db()
    assert (old.offer_pk, old.matched) == ("", False)
    assert AmazonOrderLine.objects.get(pk=held.pk).offer_pk == ""
    assert OfferChange.objects.filter(offer_pk=str(mug.pk)).exists()


def test_a_sku_that_the_shop_does_not_have_or_has_twice_is_refused(
    staff: Staff, mug: Any, old: SellerSku
) -> None:
    assert "no offer of this SKU" in choose(staff, old, "CUP").content.decode()
    factories.stock_record("MUG", partner_code="attic")
    assert "several offers of this SKU" in choose(staff, old, "MUG").content.decode()
    old.refresh_from_db()
    assert old.offer_pk == ""


def test_a_link_stays_where_only_something_else_is_saved(
    staff: Staff, mug: Any, old: SellerSku
) -> None:
    SellerSku.objects.update(offer_pk=str(mug.pk), matched=True, stock_version=7)
    factories.stock_record("MUG", partner_code="attic")
    assert choose(staff, old, "MUG").status_code == 302
    old.refresh_from_db()
    assert (old.offer_pk, old.stock_version) == (str(mug.pk), 7)


def test_who_may_only_look_sees_the_page(staff_with: Any, mug: Any, old: SellerSku) -> None:
    SellerSku.objects.update(offer_pk=str(mug.pk))
    assert "MUG, Blue mug" in staff_with("view_sellersku").see(SellerSku, old.pk)


@pytest.fixture
def listing(db: None) -> Listing:
    account = LiveAccountFactory.create(synchronise_all=True)
    return ListingInStepFactory.create(marketplace__account=account, sku__sku="a/b c%2F+#,ü")


def test_the_choices_for_a_sku_are_saved_and_looked_at_soon(staff: Staff, listing: Listing) -> None:
    response = staff.save(
        SellerSku, listing.sku_id, synchronise="false", asin="B000000001", condition="used_good",
        set_quantity="7",
    )  # fmt: skip
    response = staff.client.post(response.context["back"], sent_again(response))
    assert response.status_code == 302, response.context["errors"]
    sku = SellerSku.objects.get()
    assert (sku.synchronise, sku.asin, sku.condition, sku.set_quantity) == (
        False, "B000000001", "used_good", 7,
    )  # fmt: skip
    assert OfferChange.objects.get().offer_pk == sku.offer_pk


def test_skus_are_switched_on_and_off_together(staff: Staff, listing: Listing) -> None:
    other = SellerSkuFactory.create(account=listing.sku.account)
    [message] = staff.press(SellerSku, "leave_alone", listing.sku, other)
    assert message == "2 SKUs are changed."
    assert set(SellerSku.objects.values_list("synchronise", flat=True)) == {False}
    staff.press(SellerSku, "synchronise", other)
    other.refresh_from_db()
    assert other.synchronise is True
    assert OfferChange.objects.count() == 3
