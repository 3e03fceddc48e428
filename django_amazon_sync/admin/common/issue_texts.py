"""Amazon's issues in the shop's words: what is meant, which field it is about, what to do.

Amazon renumbers its codes at times, so its own text always stands beside our words, and a code
without words here shows that text alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_amazon_sync.admin.common.formatting import change_url
from django_amazon_sync.amazon.attributes import AVAILABILITY, OFFER
from django_amazon_sync.models import Listing
from django_amazon_sync.sync.offers.fields import own_fields

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class PageField(Enum):
    """The field of ours that an issue is about: on the page of which row, under which name."""

    PRICE = ("listing", "own_price", _("Own Amazon price"))
    QUANTITY = ("sku", "set_quantity", _("Set quantity"))
    CONDITION = ("sku", "condition", pgettext_lazy("of an item", "Condition"))
    ASIN = ("sku", "asin", _("ASIN"))
    NAMES = ("marketplace", "sync_name", _("Send names"))

    @property
    def label(self) -> StrOrPromise:
        """The field's name on its page."""
        return self.value[2]

    def url(self, listing: Listing) -> str:
        """The field on its page, for this listing."""
        row, name, _label = self.value
        page = {"listing": listing, "sku": listing.sku, "marketplace": listing.marketplace}[row]
        return f"{change_url(page)}#id_{name}"


@dataclass(frozen=True, slots=True)
class Words:
    """One code: what Amazon means, what to do about it, and the field, where it is one of ours."""

    meaning: StrOrPromise
    remedy: StrOrPromise
    field: PageField | None = None


_WAIT = _(
    "Amazon had a fault of its own. Export the SKU again; if it comes back, tell Amazon's seller "
    "support the code."
)
_REPORT = _(
    "Nothing that you entered causes this. Update this app; if it comes back, report it with the "
    "number of the run."
)

#: What the simulator sends, and what sellers meet most; by Amazon's code.
WORDS: dict[str, Words] = {
    # --- The offer ---------------------------------------------------------------------------
    "18155": Words(
        _("The price is outside the lowest and highest price, so Amazon does not show the offer."),
        _(
            "Change the price here or in the shop, or the minimum and maximum price in Amazon's "
            "Seller Central."
        ),
        PageField.PRICE,
    ),
    "90225": Words(
        _("The price is not in the marketplace's currency."),
        _("Give the listing its own price in the marketplace's currency, or set exchange rates."),
        PageField.PRICE,
    ),
    "90226": Words(
        _("Amazon does not take this price: it is too low, too high, or has too many decimals."),
        _("Change the price in the shop, or give the listing its own price."),
        PageField.PRICE,
    ),
    "90113": Words(
        _("A number is above what Amazon permits."),
        _("Lower the value that Amazon's text names; mostly it is the price."),
        PageField.PRICE,
    ),
    "90114": Words(
        _("A number is below what Amazon permits."),
        _("Raise the value that Amazon's text names; mostly it is the price."),
        PageField.PRICE,
    ),
    "90227": Words(
        _("The SKU is said to be shipped by a channel that this region does not have."),
        _("Verify the SKU at Amazon, so that its channel is read again, then export it."),
    ),
    "90228": Words(
        _("Amazon does not take the quantity or the handling time."),
        _("Set a whole number; a SKU that Amazon ships takes none."),
        PageField.QUANTITY,
    ),
    "90230": Words(
        _("Amazon does not know the condition."),
        _("Choose a condition that the product type permits."),
        PageField.CONDITION,
    ),
    "90236": Words(
        _("Amazon does not take the value of one of the fields that you set yourself."),
        _("Change the value that Amazon's text names, on the page of the SKU or the listing."),
    ),
    "8057": Words(
        _("The SKU is on Amazon in another condition, and Amazon never changes that."),
        _("Choose the condition that Amazon has, or sell the goods under a new SKU."),
        PageField.CONDITION,
    ),
    # --- The product -------------------------------------------------------------------------
    "90229": Words(
        _("Amazon does not take the name: it is empty, too long, or has characters that are not "
          "allowed."),
        _("Change the product's title in the shop, or send no names to this marketplace."),
        PageField.NAMES,
    ),
    "90234": Words(
        _("Amazon's catalogue of this marketplace has no product with this ASIN."),
        _("Correct the ASIN, or empty it so that the barcode is looked up."),
        PageField.ASIN,
    ),
    "90235": Words(
        _("You may not sell this product yet: Amazon wants to approve you first."),
        _("Apply for approval in Seller Central, then export the SKU again."),
    ),
    "5461": Words(
        _("You may not make offers of this brand: its owner has it registered with Amazon."),
        _("Ask for approval of the brand in Seller Central, then export the SKU again."),
    ),
    "5665": Words(
        _("Amazon has not approved the brand's name."),
        _("Ask for approval of the brand in Seller Central, then export the SKU again."),
    ),
    "8005": Words(
        _("The change would turn the listing into another product."),
        _("Take the change back in the shop, or sell the other product under a SKU of its own."),
        PageField.NAMES,
    ),
    "8541": Words(
        _("What was sent contradicts the product that Amazon has under this ASIN or barcode."),
        _("Compare the barcode and the ASIN with Amazon's page, and correct what is wrong."),
        PageField.ASIN,
    ),
    "8542": Words(
        _("The barcodes of the product lead to several products in Amazon's catalogue."),
        _("Choose the right ASIN, or remove the barcode that does not belong to this product."),
        PageField.ASIN,
    ),
    "8572": Words(
        _("Amazon holds that the barcode does not belong to this product or this brand."),
        _("Correct the barcode in the shop; it must be the one that GS1 has for the brand."),
        PageField.ASIN,
    ),
    "8560": Words(
        _("Amazon has no such product, and lacks data to make one."),
        _("Correct the ASIN or barcode of a product that Amazon has, then export the SKU again."),
        PageField.ASIN,
    ),
    "13013": Words(
        _("Amazon does not know the SKU, so nothing was changed."),
        _("Verify the SKU at Amazon; if it is gone, the next export creates it again."),
    ),
    "90220": Words(
        _("Something that Amazon requires is missing."),
        _("Fill in what Amazon's text names, in the shop or on the page of the SKU."),
    ),
    "90300": Words(
        _("Amazon took the change and does not show it to buyers."),
        _("Do what Amazon's text asks for, in Seller Central if need be, then verify the SKU."),
    ),
    # --- The document that we send -----------------------------------------------------------
    "4000000": Words(_("Amazon could not process the change."), _WAIT),
    "4000001": Words(
        _("Amazon does not take a value, or could not read the message."), _REPORT
    ),
    "4000003": Words(
        _("Amazon does not take the product type for this listing."),
        _("Verify the SKU at Amazon, so that its product type is read again, then export it."),
    ),
    "90231": Words(
        _("A value was meant for a marketplace other than that of the request."), _REPORT
    ),
    "90232": Words(
        _("Amazon does not permit this kind of change for the value."), _REPORT
    ),
    "90233": Words(_("The change does not say which of several values is meant."), _REPORT),
}  # fmt: skip


def words_for(code: str) -> Words | None:
    """Our words for one of Amazon's codes; None where there are none."""
    return WORDS.get(code)


def in_words(
    code: str,
    text: str,
    listing: Listing | None = None,
    attributes: Iterable[str] = (),
    product_url: str = "",
) -> str:
    """An issue for people: our words, the field of the listing that is given, Amazon's text.

    ``attributes`` are Amazon's names of what it is about; ``product_url`` is the page on which
    staff set the fields of the listing's product.
    """
    words = words_for(code)
    links = [] if listing is None else _field_links(words, listing, attributes, product_url)
    context = {"code": code, "text": text, "words": words, "links": links}
    return render_to_string("django_amazon_sync/admin/issue.html", context)


#: Attributes that hold several fields of ours, and the one that an issue is mostly about.
_SHARED = {OFFER.attribute: PageField.PRICE, AVAILABILITY.attribute: PageField.QUANTITY}

#: Attributes whose field is on a page of ours that is not the product's.
_FIELDS = {
    "item_name": PageField.NAMES,
    "condition_type": PageField.CONDITION,
    "merchant_suggested_asin": PageField.ASIN,
    **_SHARED,
}


def _field_links(
    words: Words | None, listing: Listing, attributes: Iterable[str], product_url: str
) -> list[str]:
    """The fields that an issue is about: as its code says, else by Amazon's attributes."""
    if words is not None and words.field is not None:
        return [_link(words.field.url(listing), words.field.label)]
    links = []
    for name in dict.fromkeys(attributes):
        if field := _FIELDS.get(name):
            links.append(_link(field.url(listing), field.label))
        elif product_url and (label := _OWN_LABELS.get(name)):
            links.append(_link(product_url, capfirst(label)))
    return links


#: The fields that are the staff's own, each the only one of its attribute.
_OWN_LABELS = {field.attribute: field.label for field in own_fields()}


def _link(url: str, text: object) -> str:
    return format_html('<a href="{}">{}</a>', url, text)


def reason_in_words(reason: str) -> str:
    """A reason such as "90226: The price ..." in our words, where they begin with Amazon's code."""
    code, colon, text = reason.partition(": ")
    return in_words(code, text) if colon and words_for(code) else reason


def told(issues: Iterable[Mapping[str, Any]]) -> list[str]:
    """Issues in words, for a page that has their fields itself."""
    return [in_words(*_code_and_text(issue)) for issue in issues]


def all_in_words(
    issues: Iterable[Mapping[str, Any]], listing: Listing, product_url: str = ""
) -> list[tuple[Any, ...]]:
    """The rows of a listing's table of issues: code, severity, and the issue in words."""
    return [
        (
            issue.get("code"),
            issue.get("severity"),
            in_words(*_code_and_text(issue), listing, issue.get("attributes") or (), product_url),
        )
        for issue in issues
    ]


def _code_and_text(issue: Mapping[str, Any]) -> tuple[str, str]:
    return str(issue.get("code") or ""), str(issue.get("message") or "")
