"""What the shop takes over from Amazon on request: title, price or quantity of one offer."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from oscar.core.loading import get_model

from django_amazon_sync.data import Money, OfferUpdate
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.shops.oscar.offers import is_tracked, valid_pks
from django_amazon_sync.shops.oscar.people import width
from django_amazon_sync.shops.oscar.prices import Taxes, shop_strategy

if TYPE_CHECKING:
    from oscar.apps.partner.models import StockRecord


@transaction.atomic
def take_over(update: OfferUpdate) -> None:
    """Write title, price or quantity of an offer into Oscar. Raises ShopRefused.

    The quantity is what shall be sellable: what is allocated to orders comes on top of it.
    """
    records = get_model("partner", "StockRecord").objects.select_for_update(of=("self",))
    record = records.filter(pk__in=valid_pks(records.model, [update.pk])).first()
    if record is None:
        raise ShopRefused(f"The shop has no stock record {update.pk}; import the listings again.")
    if update.price is not None:
        record.price = price_to_store(record, update.price)
    if update.quantity is not None:
        if update.quantity < 0 or not is_tracked(record.product):
            raise ShopRefused(
                f"SKU {record.partner_sku}: a quantity of {update.quantity} cannot be taken over; "
                "it has to be 0 or more, and the product's type has to track stock."
            )
        record.num_in_stock = update.quantity + (record.num_allocated or 0)
    record.save()
    if update.title is not None:
        product = record.product
        product.title = update.title[: width(type(product), "title")]
        product.save()


def price_to_store(record: StockRecord, price: Money) -> Decimal:
    """The stock record's price for what Amazon's buyers pay."""
    taxes = Taxes.of(shop_strategy())
    if taxes is None:
        raise ShopRefused(
            f"SKU {record.partner_sku}: the shop's strategy computes its price; set it in the shop."
        )
    if price.currency != record.price_currency:
        raise ShopRefused(
            f"SKU {record.partner_sku} is priced in {record.price_currency}, not {price.currency}; "
            "set its price in the shop."
        )
    return Money(taxes.stored(price.amount), price.currency).rounded().amount
