"""Products for what an order of Amazon's has and the shop lacks.

They are not public, and their class says that an import made them: staff look at such a product,
give it a class of their own, and publish it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from oscar.core.loading import get_model

from django_amazon_sync.data import MenuItem, Money, NewProduct
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.shops.oscar.figures import LIMIT
from django_amazon_sync.shops.oscar.offers import records_of, valid_pks, with_sku
from django_amazon_sync.shops.oscar.people import fitting, width
from django_amazon_sync.shops.oscar.prices import Taxes, shop_strategy

if TYPE_CHECKING:
    from decimal import Decimal

    from oscar.apps.catalogue.models import Category, ProductClass
    from oscar.apps.partner.models import Partner, StockRecord

#: The class of the products that are made, and the attribute that says from where they are.
CLASS_NAME, CLASS_SLUG = "Made by Amazon import", "made-by-amazon-import"
ATTRIBUTE_NAME, ATTRIBUTE_CODE = "Made by import", "made_by_import"


def categories() -> tuple[MenuItem, ...]:
    """All categories by their full names, in one query."""
    model = get_model("catalogue", "Category")
    names: dict[str, str] = {}
    items = []
    for pk, path, name in model.objects.order_by("path").values_list("pk", "path", "name"):
        parent = names.get(path[: -model.steplen])
        names[path] = f"{parent} > {name}" if parent else name
        items.append(MenuItem(str(pk), names[path]))
    return tuple(items)


def create(product: NewProduct, scope: str) -> str:
    """The pk of a new stock record of 0 pieces, or of the one that has the SKU already."""
    if not 0 < len(product.sku) <= (width(get_model("partner", "StockRecord"), "partner_sku") or 0):
        raise ShopRefused(f"SKU {product.sku[:40]} does not fit Oscar's column.")
    if there := _there(product, scope):
        return there
    try:
        with transaction.atomic():
            return str(_create(product, scope).pk)
    except IntegrityError:  # another worker was faster
        if there := _there(product, scope):
            return there
        raise


def _there(product: NewProduct, scope: str) -> str:
    record = with_sku(records_of(scope), [product.sku]).first()
    return str(record.pk) if record else ""


def _create(product: NewProduct, scope: str) -> StockRecord:
    model = get_model("catalogue", "Product")
    partner = _partner(scope)
    title = product.title.replace("\x00", "").strip() or product.sku
    made = model(
        **fitting(model, title=title, slug=slugify(title) or "amazon"),
        product_class=_product_class(),
        is_public=False,
    )
    made.attr.made_by_import = f"For an order on Amazon ({product.asin or product.sku})"
    made.save()
    if category := _category(product.category):
        made.categories.add(category)
    return get_model("partner", "StockRecord").objects.create(
        product=made,
        partner=partner,
        partner_sku=product.sku,
        num_in_stock=0,
        **_price(product.price),
    )


def _product_class() -> ProductClass:
    made, new = get_model("catalogue", "ProductClass").objects.get_or_create(
        slug=CLASS_SLUG, defaults={"name": CLASS_NAME}
    )
    if new:
        made.attributes.create(name=ATTRIBUTE_NAME, code=ATTRIBUTE_CODE, type="text")
    return made


def _partner(scope: str) -> Partner:
    """The account's partner; of a shop without scopes the oldest, or one named Amazon."""
    partners = get_model("partner", "Partner").objects.order_by("pk")
    if not scope:
        return partners.first() or partners.create(name="Amazon")
    partner = partners.filter(code=scope).first()
    if partner is None:
        raise ShopRefused(f"The shop has no partner {scope}; correct the account's scope.")
    return partner


def _category(code: str) -> Category | None:
    model = get_model("catalogue", "Category")
    return model.objects.filter(pk__in=valid_pks(model, [code] if code else [])).first()


def _price(price: Money | None) -> dict[str, Decimal | str]:
    """What the stock record holds so that the shop's buyers would pay what Amazon's paid."""
    if price is None or abs(price.amount) >= LIMIT:
        return {}
    taxes = Taxes.of(shop_strategy()) or Taxes(None)
    stored = Money(taxes.stored(price.amount), price.currency).rounded()
    return {"price": stored.amount, "price_currency": price.currency}
