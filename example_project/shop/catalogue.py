"""The sample catalogue: a small shop with what a real one has, odd cases included.

The barcodes are from the range that GS1 leaves to shops' own use, so they name nobody's product.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from oscar.core.loading import get_class, get_model

if TYPE_CHECKING:
    from oscar.apps.catalogue.models import Category, Product, ProductClass
    from oscar.apps.partner.models import Partner

PARTNER_CODE = "example-warehouse"


@dataclass(frozen=True)
class Sample:
    """One product for sale; ``pieces`` is None where the shop does not track stock."""

    sku: str
    title: str
    price: Decimal | None
    pieces: int | None
    barcode: str = ""
    category: str = "Kitchen"
    public: bool = True
    variant_of: str = ""


SAMPLES = (
    Sample("MUG-WHITE", "Stoneware mug, white", Decimal("12.90"), 40, "2000000000015"),
    Sample("MUG-BLUE", "Stoneware mug, blue", Decimal("12.90"), 25, "2000000000022"),
    Sample("TEAPOT-1L", "Cast iron teapot, one litre", Decimal("34.50"), 8, "2000000000039"),
    Sample(
        "SHIRT-S",
        "Linen shirt, S",
        Decimal("39.00"),
        7,
        "2000000000046",
        "Clothing",
        variant_of="Linen shirt",
    ),
    Sample(
        "SHIRT-M",
        "Linen shirt, M",
        Decimal("39.00"),
        0,
        "2000000000053",
        "Clothing",
        variant_of="Linen shirt",
    ),
    Sample(
        "SHIRT-L", "", Decimal("41.00"), 3, "2000000000060", "Clothing", variant_of="Linen shirt"
    ),
    Sample("BOOK-TEA", "The slow art of tea", Decimal("18.00"), 25, "9791234567896", "Books"),
    # Amazon sells this one already, but not from us: it is found there by its barcode.
    Sample("LAMP-DESK", "Desk lamp, brass", Decimal("59.00"), 12, "2000000000077", "Home"),
    # A SKU with everything that an address on the web has to encode.
    Sample("a/b c%2F+#,ü", "Gasket set, assorted", Decimal("4.20"), 100, "2000000000084"),
    Sample(
        "CANDLE-OLD",
        "Beeswax candle, old label",
        Decimal("6.00"),
        12,
        "2000000000091",
        "Home",
        public=False,
    ),
    Sample(
        "NAMEPLATE", "Nameplate, made to order", Decimal("29.00"), None, "2000000000107", "Home"
    ),
    Sample("SCALE-NEW", "Kitchen scale, price to follow", None, 15, "2000000000114"),
    Sample(
        "POSTER-FREE",
        "Poster, priced by mistake at nothing",
        Decimal("0.00"),
        30,
        "2000000000121",
        "Home",
    ),
    Sample("VASE-LAST", "Glass vase, the last one", Decimal("24.00"), 1, "2000000000138", "Home"),
)


@transaction.atomic
def fill() -> int:
    """Create what is missing of the sample catalogue; the number of products for sale created.

    What is there already stays as it is, so a second call changes nothing.
    """
    partner, _ = get_model("partner", "Partner").objects.get_or_create(
        code=PARTNER_CODE, defaults={"name": "Example warehouse"}
    )
    fill_order_pipeline()
    known = set(partner.stockrecords.values_list("partner_sku", flat=True))
    missing = [sample for sample in SAMPLES if sample.sku not in known]
    for sample in missing:
        add_product(sample, partner)
    return len(missing)


def add_product(sample: Sample, partner: Partner) -> None:
    """Create one product with its stock record, and its parent where it is a variant."""
    product_model = get_model("catalogue", "Product")
    product = product_model(title=sample.title, upc=sample.barcode, is_public=sample.public)
    if sample.variant_of:
        product.structure = product_model.CHILD
        product.parent = parent_product(sample)
    else:
        product.product_class = product_class(tracked=sample.pieces is not None)
    product.save()
    if not sample.variant_of:
        product.categories.add(category(sample.category))
    product.stockrecords.create(
        partner=partner,
        partner_sku=sample.sku,
        price=sample.price,
        num_in_stock=sample.pieces,
    )


def parent_product(sample: Sample) -> Product:
    product_model = get_model("catalogue", "Product")
    parent, created = product_model.objects.get_or_create(
        title=sample.variant_of,
        structure=product_model.PARENT,
        defaults={"product_class": product_class(tracked=True)},
    )
    if created:
        parent.categories.add(category(sample.category))
    return parent


def product_class(*, tracked: bool) -> ProductClass:
    name = "Goods" if tracked else "Made to order"
    product_class, _ = get_model("catalogue", "ProductClass").objects.get_or_create(
        name=name, defaults={"track_stock": tracked}
    )
    return product_class


def category(name: str) -> Category:
    create_from_breadcrumbs = get_class("catalogue.categories", "create_from_breadcrumbs")
    return create_from_breadcrumbs(name)


def fill_order_pipeline() -> None:
    """What a bare ``migrate`` leaves empty: a shipping event that means "with the carrier"."""
    get_model("order", "ShippingEventType").objects.get_or_create(
        code="shipped", defaults={"name": "Shipped"}
    )
