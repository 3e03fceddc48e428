"""A mapping that cannot work is found by a check, in one sentence that names model and column."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.shops.model_shop import (
    LineFields,
    ModelShop,
    OrderFields,
    ProductFields,
)
from tests.plainshop.models import Order, OrderLine
from tests.shops.plain import BareShop, ParcelShop, RichShop, VisibleShop

#: What is changed of the rich shop's mapping, and the beginning of the sentence that says so.
FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("product", {"model": "plainshop.Itm"}, "there is no model 'plainshop.Itm' for ProductFields"),
    ("product", {"model": "Item"}, "there is no model 'Item' for ProductFields"),
    ("product", {"sku": "codee"}, "ProductFields.sku: plainshop.Item has no field codee; it has "),
    ("product", {"title": ""}, "ProductFields.title is empty"),
    ("product", {"price": "price__net"}, "ProductFields.price: net is not a field"),
    ("product", {"currency": "eur"}, "ProductFields.currency: plainshop.Item has no field eur"),
    ("product", {"stock": "number__on_hand"}, "ProductFields.stock: on_hand is not a field"),
    ("product", {"stock": "vendor__id"}, "ProductFields.stock: vendor__id has to be an integer of"),
    ("product", {"stock": "name"}, "ProductFields.stock: name has to be an integer of plainshop"),
    ("product", {"identifiers": {"ean": "ean"}}, "ProductFields.identifiers['ean']: plainshop.It"),
    ("product", {"scope": "vendor__kode"}, "ProductFields.scope: plainshop.Vendor has no field ko"),
    ("product", {"url": "/{slug}/"}, "ProductFields.url, slug: plainshop.Item has no field slug"),
    ("product", {"title": "orderline__name"}, "ProductFields.title: orderline leads to many rows"),
    ("order", {"number": ""}, "OrderFields.number is empty"),
    ("order", {"number": "customer"}, "OrderFields.number: customer is not unique"),
    ("order", {"number": "refrence"}, "OrderFields.number: plainshop.Order has no column refrence"),
    ("order", {"currency": ""}, "OrderFields.currency is empty, but there are columns of money"),
    ("order", {"total": "carrier__name"}, "OrderFields.total: plainshop.Order has no column carri"),
    ("order", {"total": "remarks"}, "OrderFields.total: remarks is of type TextField and has to"),
    ("order", {"email": "carrier"}, "OrderFields.email: carrier is of type ForeignKey and has t"),
    ("order", {"carrier": "carrier__nam"}, "OrderFields.carrier: plainshop.Carrier has no field n"),
    ("order", {"address": {"street": "street"}}, "OrderFields.address: an address has no street"),
    ("order", {"address": {"line1": "way"}}, "OrderFields.address['line1']: plainshop.Order has"),
    ("product", {"category": "source"}, "ProductFields.category: plainshop.Item has no relation"),
    ("product", {"made": {"sauce": 1}}, "ProductFields.made: plainshop.Item has no column sauce"),
    ("order", {"customer": "carrier"}, "OrderFields.customer: carrier does not lead to auth.User"),
    ("order", {"cancelled": None}, "OrderFields.cancelled is missing: give the value that state"),
    ("order", {"cancelled": "voided"}, "OrderFields.cancelled: state has no choice 'voided'"),
    ("order", {"status": "phone", "cancelled": "x" * 30}, "OrderFields.cancelled: 'xxx"),
    ("order", {"fixed": {"sauce": "x"}}, "OrderFields.fixed: plainshop.Order has no column sauce"),
    ("order", {"placed_at": ""}, "OrderFields: plainshop.Order.ordered has no default and may not"),
    ("line", {"taken": ""}, "LineFields.taken is empty, but there is a stock"),
    ("line", {"item_id": ""}, "LineFields.item_id is empty"),
    ("line", {"order": "item"}, "LineFields.order: item leads to plainshop.Item, not to plainshop"),
    ("line", {"product": "order"}, "LineFields.product: order leads to plainshop.Order, not to"),
    ("line", {"product": "order"}, "LineFields.product: order has to be null=True"),
    ("line", {"quantity": "name"}, "LineFields.quantity: name is of type CharField and has to be"),
]


#: What is changed of the mapping of parcels, and the beginning of the sentence that says so.
PARCEL_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"model": "plainshop.Box"}, "there is no model 'plainshop.Box' for ParcelFields"),
    ({"parcel": "box"}, "ParcelFields.parcel: plainshop.ParcelLine has no field box"),
    ({"quantity": "unitz"}, "ParcelFields.quantity: plainshop.ParcelLine has no field unitz"),
    ({"shipped_at": "parcel__left"}, "ParcelFields.shipped_at: plainshop.Parcel has no field left"),
    ({"tracking": "parcel__number"}, "ParcelFields.tracking: plainshop.Parcel has no field number"),
    ({"line": "parcel"}, "ParcelFields.line: parcel of plainshop.ParcelLine is no relation to pl"),
    ({"line": "lines"}, "ParcelFields.line: lines of plainshop.ParcelLine is no relation to plain"),
]


@pytest.mark.parametrize(("changes", "sentence"), PARCEL_FAULTS)
def test_a_wrong_mapping_of_parcels_is_named(changes: dict[str, Any], sentence: str) -> None:
    [fault] = faults_of(parcel=replace(ParcelShop.parcel, **changes))
    assert fault.startswith(sentence)


def faults_of(**mapping: Any) -> list[str]:
    shop: Any = type("MyShop", (RichShop,), mapping)
    found: list[str] = shop.mapping_faults()
    return found


def test_good_mappings_have_no_fault() -> None:
    assert RichShop.mapping_faults() == []
    assert BareShop.mapping_faults() == []
    assert ParcelShop.mapping_faults() == []


@pytest.mark.parametrize(("part", "change", "sentence"), FAULTS)
def test_a_fault_is_named(part: str, change: dict[str, Any], sentence: str) -> None:
    found = faults_of(**{part: replace(getattr(RichShop, part), **change)})
    assert [fault for fault in found if fault.startswith(sentence)], found


@pytest.mark.parametrize("part", ["product", "order", "line"])
def test_what_is_not_mapped_is_named(part: str) -> None:
    assert faults_of(**{part: None})[0].startswith(f"it lacks {part} = ")
    assert len(ModelShop.mapping_faults()) == 3


@pytest.mark.parametrize("kind", [ProductFields, OrderFields, LineFields])
def test_every_attribute_is_checked(kind: Any) -> None:
    """A name of nothing is found whatever it stands for."""
    part = {ProductFields: "product", OrderFields: "order", LineFields: "line"}[kind]
    mapping = getattr(RichShop, part)
    for attribute in fields(kind):
        value = getattr(mapping, attribute.name)
        if isinstance(value, str) and attribute.name not in ("cancelled", "url"):
            found = faults_of(**{part: replace(mapping, **{attribute.name: "nothing"})})
            assert "nothing" in " ".join(found), attribute.name


def test_a_column_that_sets_itself_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Order._meta.get_field("ordered"), "auto_now_add", True)
    assert faults_of() == [
        "OrderFields.placed_at: ordered sets itself (auto_now or auto_now_add); leave it out of "
        "the mapping"
    ]


def test_ids_have_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Order._meta.get_field("reference"), "max_length", 12)
    monkeypatch.setattr(OrderLine._meta.get_field("amazon_id"), "max_length", 13)
    assert faults_of() == [
        "OrderFields.number: reference holds 12 characters, and Amazon's ids have 19",
        "LineFields.item_id: amazon_id holds 13 characters, and Amazon's ids have 14",
    ]


def test_annotations_can_be_mapped() -> None:
    assert VisibleShop.mapping_faults() == []


class BrokenShop(RichShop):
    def products(self, scope: str = "") -> Any:
        return super().products(scope).filter(colour="red")


def test_a_query_that_cannot_work_is_told() -> None:
    [fault] = BrokenShop.mapping_faults()
    assert fault.startswith("its method products() fails: Cannot resolve keyword 'colour'")


def test_a_scope_that_means_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="VisibleShop knows no scopes"):
        VisibleShop().offers("bath")
