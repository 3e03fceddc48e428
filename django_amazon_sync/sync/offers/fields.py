"""The fields of an offer, each declared once: see docs/how/fields.md, "Add a field".

A field's declaration is all that the form, the spreadsheet, the difference, the patch, the lines
of a run and the verification know of it. Price, quantity and name come from the shop; the value of
any other is the staff's own, and without one the field is neither sent nor touched: what Amazon
has stays. An own value that is taken away again is taken away at Amazon too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.amazon.attributes import (
    AVAILABILITY,
    BUSINESS_OFFER,
    CURRENCY,
    LANGUAGE,
    MARKETPLACE,
    OFFER,
    Instance,
    MarketplaceTerms,
    Slot,
    removal_patch,
    set_patch,
)
from django_amazon_sync.data import FieldValue, FieldValues, Json, ListingFacts, Money, Patch
from django_amazon_sync.sync.offers.field_kinds import (
    BusinessPrice,
    Codes,
    Day,
    FieldKind,
    ListPrice,
    Number,
    Price,
    SalePrice,
    Text,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from django_amazon_sync.models import Listing, Marketplace, SellerSku

PRICE, QUANTITY, NAME = "price", "quantity", "name"
HANDLING_TIME, RESTOCK_DATE = "handling_time", "restock_date"
SALE_PRICE, MINIMUM_PRICE, MAXIMUM_PRICE = "sale_price", "minimum_price", "maximum_price"
LIST_PRICE, BUSINESS_PRICE = "list_price", "business_price"

#: Between these the price stays.
PRICE_BOUNDS = (MINIMUM_PRICE, MAXIMUM_PRICE)

#: The value of a field that was the staff's own and is to be taken away at Amazon.
REMOVED = ""

#: Where the own value of a field is kept: at the SKU for all its marketplaces, or at the listing.
SKU, LISTING = "sku", "listing"


@dataclass(frozen=True)
class OfferField:
    """One field of an offer: its words, its slot at Amazon, and the kind of its values.

    ``level`` says whose own value it is. ``is_price``: who changes it needs the permission to
    change prices. ``at_creation``: a new offer takes it.
    ``live``: Amazon shows whether it is live, not only that it was received.
    """

    name: str
    label: StrOrPromise
    slot: Slot
    kind: FieldKind
    help_text: StrOrPromise = ""
    level: str = LISTING
    is_price: bool = False
    at_creation: bool = True
    live: bool = False

    @property
    def attribute(self) -> str:
        """Amazon's name of the attribute."""
        return self.slot.attribute

    @property
    def of_shop(self) -> bool:
        """Whether its value comes from the shop, and is not the staff's own."""
        return self.name in OF_SHOP

    @property
    def sent_with_quantity(self) -> bool:
        """Whether it only travels together with a quantity."""
        return self.slot is AVAILABILITY and self.name != QUANTITY

    # --- For people ------------------------------------------------------------------------------

    def form_field(self, currency: str = "", **options: Any) -> forms.Field:
        """A form field; its cleaned value is what ``own_values`` keep, or "" for none.

        Prices are typed without a currency where ``currency`` is given, else with one.
        """
        words = {"label": capfirst(self.label), "help_text": self.help_text}
        return self.kind.form_field(currency, **{**words, **options})

    def to_text(self, value: FieldValue) -> str:
        """A value as a spreadsheet has it; empty for none."""
        return "" if value in (None, REMOVED) else self.kind.text(value)

    def from_text(self, text: str, currency: str = "") -> FieldValue:
        """The value of such a text, or "" for none. Raises ValidationError."""
        return self.kind.parse(text, currency) if text.strip() else REMOVED

    def why_not_now(self, value: FieldValue) -> str:
        """Why nobody may set this value now; empty where they may, and of none."""
        return "" if value in (None, REMOVED) else self.kind.why_not_now(value)

    # --- For Amazon ------------------------------------------------------------------------------

    def patch(self, value: FieldValue, terms: MarketplaceTerms, known: Mapping[str, Json]) -> Patch:
        """The patch that sets this field, or takes it away where the value is ``REMOVED``.

        ``known`` is the instance that it shares with others, as far as we know it.
        """
        if value != REMOVED:
            return set_patch(self.slot, terms, known, self.kind.to_amazon(value, terms))
        ended = self.kind.ended(known)
        if ended is None:
            return removal_patch(self.slot, terms, known, self.kind.parts)
        return set_patch(self.slot, terms, known, [ended])

    def instances(self, value: FieldValue, terms: MarketplaceTerms) -> list[Instance]:
        """The attribute's instances as a new listing has them."""
        selectors = self.slot.selectors(terms)
        return [{**instance, **selectors} for instance in self.kind.to_amazon(value, terms)]

    def read(self, there: ListingFacts, terms: MarketplaceTerms) -> FieldValue:
        """What Amazon received last of this field, or None."""
        return self.kind.from_amazon(self.slot.instances(there.attributes, terms), terms)


def _own(attribute: str, *also: str) -> Slot:
    return Slot(attribute, (MARKETPLACE, *also))


_DECLARED = (
    OfferField(
        QUANTITY, _("quantity"), AVAILABILITY, Number(0, 2**31 - 1, "quantity"),
        level=SKU, live=True,
    ),
    OfferField(
        PRICE, _("price"), OFFER, Price("our_price", buyers=True),
        is_price=True, live=True,
    ),
    OfferField(
        NAME, _("name"), _own("item_name", LANGUAGE), Text(200),
        at_creation=False, live=True,
    ),
    OfferField(
        HANDLING_TIME, _("handling time in days"), AVAILABILITY,
        Number(0, 30, "lead_time_to_ship_max_days"), level=SKU,
        help_text=_(
            "From the order to the carrier. Empty: as Amazon has it. It travels with the "
            "quantity, so it is sent only where the quantity is."
        ),
    ),
    OfferField(
        RESTOCK_DATE, _("restock date"), AVAILABILITY, Day("restock_date"), level=SKU,
        help_text=_("When it can be shipped again. It travels with the quantity."),
    ),
    OfferField(
        MINIMUM_PRICE, _("minimum price"), OFFER, Price("minimum_seller_allowed_price"),
        is_price=True,
        help_text=_("A price below it is not sent, and Amazon does not show one."),
    ),
    OfferField(
        MAXIMUM_PRICE, _("maximum price"), OFFER, Price("maximum_seller_allowed_price"),
        is_price=True,
        help_text=_("A price above it is not sent, and Amazon does not show one."),
    ),
    OfferField(
        SALE_PRICE, _("sale price"), OFFER, SalePrice(), is_price=True,
        help_text=_("Below the price, from the first to the last day. Emptied, the sale ends."),
    ),
    OfferField(
        LIST_PRICE, _("list price"), _own("list_price", CURRENCY), ListPrice(), is_price=True,
        help_text=_("The maker's recommended price, which Amazon may show struck through."),
    ),
    OfferField(
        BUSINESS_PRICE, _("business price"), BUSINESS_OFFER, BusinessPrice(), is_price=True,
        help_text=_(
            "For business buyers; each line below it gives the price from so many units on, "
            "as in 10: 8.50."
        ),
    ),
    OfferField(
        "max_order_quantity", _("maximum order quantity"), _own("max_order_quantity"),
        Number(1, 1_000_000), help_text=_("Units that one order may have."),
    ),
    OfferField(
        "condition_note", _("condition note"), _own("condition_note", LANGUAGE), Text(1000, 3),
        help_text=_("What buyers read of the condition of this very item."),
    ),
    OfferField(
        "item_type_keyword", _("item type keyword"), _own("item_type_keyword"), Text(200),
        at_creation=False, help_text=_("Amazon's word for what it is, in the United States."),
    ),
    OfferField(
        "browse_nodes", _("recommended browse nodes"), _own("recommended_browse_nodes"), Codes(2),
        at_creation=False,
        help_text=_("Numbers of Amazon's categories, separated by commas, outside the US."),
    ),
)  # fmt: skip

#: All fields by name, in the order in which they are sent and shown.
FIELDS: dict[str, OfferField] = {field.name: field for field in _DECLARED}

#: The names of the fields whose values come from the shop.
OF_SHOP = frozenset({PRICE, QUANTITY, NAME})


def own_fields(level: str = "") -> Iterator[OfferField]:
    """The fields whose values are the staff's own; of one level, or all."""
    return (
        field
        for field in FIELDS.values()
        if not field.of_shop and (not level or field.level == level)
    )


def set_own(row: SellerSku | Listing, name: str, value: FieldValue) -> None:
    """Set a row's own value of a field, or take it away where it is empty; saves nothing."""
    if value == REMOVED or value is None:
        row.own_values.pop(name, None)
    else:
        row.own_values[name] = value


def terms_of(marketplace: Marketplace) -> MarketplaceTerms:
    """What the slots of values need to know of a marketplace."""
    facts = marketplace.facts
    return MarketplaceTerms(
        facts.id, facts.currency, marketplace.language, facts.prices_include_tax
    )


def received(there: ListingFacts, terms: MarketplaceTerms, names: Iterable[str]) -> FieldValues:
    """What Amazon received last of these fields; ``REMOVED`` where it has nothing."""
    read = {name: FIELDS[name].read(there, terms) for name in names}
    return {name: REMOVED if value is None else value for name, value in read.items()}


def quantity_in(values: Mapping[str, FieldValue]) -> int | None:
    """The quantity among these values, if it is one of them."""
    quantity = values.get(QUANTITY)
    return quantity if isinstance(quantity, int) else None


def text_in(values: Mapping[str, FieldValue], name: str) -> str:
    """The value of a field that is kept as a text, such as a price; empty where there is none."""
    value = values.get(name)
    return value if isinstance(value, str) else ""


def paid(values: Mapping[str, FieldValue], name: str) -> Money | None:
    """What buyers pay by one of these values, if anything."""
    value = values.get(name)
    return FIELDS[name].kind.paid(value) if value else None


def least_paid(values: Mapping[str, FieldValue], name: str) -> Money | None:
    """The lowest that buyers pay by one of these values, if anything."""
    value = values.get(name)
    return FIELDS[name].kind.least_paid(value) if value else None
