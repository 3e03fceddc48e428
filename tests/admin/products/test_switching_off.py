"""Switching off says first, in numbers, what goes to 0 and what stays on sale."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.admin.common.formatting import by_store
from django_amazon_sync.admin.products.skus import SkuAdmin
from django_amazon_sync.models import Listing, Presence, SellerSku
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests.admin.conftest import Staff, address, seen_in, sent_again
from tests.admin.products.page_steps import address_of, typed
from tests.factories import stock_record
from tests.factories_amazon import FRANCE, GERMANY, ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def skus(db: None) -> list[SellerSku]:
    """Three SKUs in Germany, one of which is in France too, and one that Amazon ships."""
    account = LiveAccountFactory.create(synchronise_all=True)
    germany, france = (
        MarketplaceFactory.create(account=account, code=c) for c in (GERMANY, FRANCE)
    )
    made = SellerSkuFactory.create_batch(3, account=account, sold_here=True)
    for sku in made:
        ListingInStepFactory.create(marketplace=germany, sku=sku)
    ListingInStepFactory.create(marketplace=france, sku=made[0])
    SellerSku.objects.filter(pk=made[2].pk).update(channel="AMAZON_EU")
    return made


def test_the_action_says_what_goes_to_zero_and_what_stays(
    staff: Staff, skus: list[SellerSku]
) -> None:
    data = {"action": "leave_alone", "_selected_action": [sku.pk for sku in skus]}
    response = staff.client.post(address(SellerSku), data)
    page = response.content.decode()
    assert "3 offers go to 0: Amazon.de 2, Amazon.fr 1." in page
    assert "1 offer stays on Amazon as it is, as nothing is sent for it: Amazon.de 1." in page
    assert set(SellerSku.objects.values_list("synchronise", flat=True)) == {None}
    staff.client.post(address(SellerSku), sent_again(response))
    assert set(SellerSku.objects.values_list("synchronise", flat=True)) == {False}


def test_the_form_of_a_sku_asks_too(staff: Staff, skus: list[SellerSku]) -> None:
    form = {"shop_sku": "", "synchronise": "false", "condition": "new_new"}
    response = staff.save(SellerSku, skus[0].pk, **form)
    assert "2 offers go to 0" in response.content.decode()
    assert SellerSku.objects.get(pk=skus[0].pk).synchronise is None
    staff.confirm(response)
    assert SellerSku.objects.get(pk=skus[0].pk).synchronise is False


def test_switching_on_asks_nothing(staff: Staff, skus: list[SellerSku]) -> None:
    SellerSku.objects.update(synchronise=False)
    staff.press(SellerSku, "synchronise", skus[0])
    assert SellerSku.objects.get(pk=skus[0].pk).synchronise is True


def test_switching_on_is_of_the_products_that_the_list_showed(
    staff: Staff, skus: list[SellerSku], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SkuAdmin, "list_per_page", 2)
    SellerSku.objects.update(synchronise=False)
    page = staff.see(SellerSku)
    shown = [sku for sku in skus if f'value="{sku.pk}:' in page]
    [hidden] = [sku for sku in skus if sku not in shown]
    SellerSku.objects.filter(pk=shown[0].pk).update(offer_pk="77", matched=True)
    data = {"action": "synchronise", "seen": seen_in(page)}
    one = {**data, "_selected_action": [sku.pk for sku in skus]}
    said = [str(each) for each in staff.client.post(
        address(SellerSku), one, follow=True).context["messages"]]  # fmt: skip
    names = ", ".join(sku.sku for sku in skus if sku in (shown[0], hidden))
    assert said[0] == f"Left out, as they are no longer what you saw: {names}. Look again."
    assert list(SellerSku.objects.filter(synchronise=True)) == [shown[1]]

    SellerSku.objects.update(synchronise=False)
    page = staff.see(SellerSku)
    every = {"action": "synchronise", "seen": seen_in(page), "select_across": "1",
             "_selected_action": [shown[0].pk]}  # fmt: skip
    response = staff.client.post(address(SellerSku), every)
    told = f"1 row that the list did not show is chosen, too: {hidden.sku}."
    assert told in response.content.decode()
    assert not SellerSku.objects.filter(synchronise=True).exists()
    SellerSku.objects.filter(pk=hidden.pk).update(offer_pk="78", matched=True)
    again = staff.confirm(response)
    assert "another thing than you saw" in again.content.decode()
    assert not SellerSku.objects.filter(synchronise=True).exists()
    staff.confirm(again)
    assert not SellerSku.objects.exclude(synchronise=True).exists()


def test_the_question_comes_again_where_another_offer_goes_off_sale(
    staff: Staff, skus: list[SellerSku]
) -> None:
    data = {"action": "leave_alone", "_selected_action": [skus[0].pk, skus[1].pk]}
    response = staff.client.post(address(SellerSku), data)
    # One is gone and another is there, in the same store: the numbers are the same.
    in_france = Listing.objects.get(marketplace__code=FRANCE)
    ListingInStepFactory.create(marketplace=in_france.marketplace, sku=skus[1])
    Listing.objects.filter(pk=in_france.pk).update(presence=Presence.ABSENT)
    again = staff.confirm(response)
    assert "another thing than you saw" in again.content.decode()
    assert not SellerSku.objects.filter(synchronise=False).exists()


def test_a_sale_meanwhile_does_not_bring_the_question_again(
    staff: Staff, skus: list[SellerSku]
) -> None:
    data = {"action": "leave_alone", "_selected_action": [sku.pk for sku in skus]}
    response = staff.client.post(address(SellerSku), data)
    sold = Listing.objects.get(sku=skus[1])
    sold.believed = {**sold.believed, "quantity": 0}
    sold.save()
    staff.confirm(response)
    assert SellerSku.objects.filter(synchronise=False).count() == 3


def test_the_page_of_a_product_asks_and_keeps_what_was_typed(staff: Staff) -> None:
    record: Any = stock_record("MUG")
    account = LiveAccountFactory.create(synchronise_all=True)
    listing = ListingInStepFactory.create(
        marketplace__account=account, sku__sku="MUG", sku__offer_pk=str(record.pk),
        sku__sold_here=True,
    )  # fmt: skip
    prefix = f"sku{listing.sku_id}"
    form = typed(
        staff.client, record, **{f"{prefix}-synchronise": "no", f"{prefix}-asin": "B000000001"}
    )
    response = staff.client.post(address_of(record), form)
    assert "1 offer goes to 0: Amazon.de 1." in response.content.decode()
    assert SellerSku.objects.get().synchronise is None
    staff.confirm(response)
    sku = SellerSku.objects.get()
    assert (sku.synchronise, sku.asin) == (False, "B000000001")


def test_a_field_is_no_longer_sent_once_staff_have_read_that_it_stays(staff: Staff) -> None:
    record: Any = stock_record("MUG")
    listing = ListingInStepFactory.create(
        marketplace__account=LiveAccountFactory.create(), sku__sku="MUG",
        sku__offer_pk=str(record.pk),
    )  # fmt: skip
    data = {"do": "switch_off", "listing": listing.pk, "off": "price"}
    response = staff.client.post(address_of(record), data)
    words = "Price of MUG is no longer sent to Amazon.de; it stays there as it is."
    assert words in response.content.decode()
    assert Listing.objects.get().switches == {}
    staff.confirm(response)
    assert Listing.objects.get().switches == {"price": False}


def test_numbers_by_store_are_in_one_order() -> None:
    assert by_store({FRANCE: 1, GERMANY: 2, "X": 3}) == "Amazon.de 2, Amazon.fr 1, X 3"
