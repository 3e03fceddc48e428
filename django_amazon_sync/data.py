"""The data classes that cross the rooms of this package: frozen, typed, free of Django.

Money is a Decimal with its currency; time is aware UTC; SKUs, ASINs and primary keys are
opaque strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NotRequired, TypeAlias, TypedDict

# --- Values ------------------------------------------------------------------------------

#: What a JSON document may hold.
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]

#: The value of one field of an offer, in the one form that rows keep and compare: a price is
#: "12.90 EUR", a quantity a number, a sale price an object of texts (sync/offers/field_kinds.py).
FieldValue: TypeAlias = "int | str | list[FieldValue] | dict[str, FieldValue] | None"

#: Values of some fields of a listing, by the field's name.
FieldValues: TypeAlias = dict[str, FieldValue]

__all__ = [
    "Address",
    "Buyer",
    "Choices",
    "Identifier",
    "LineAmounts",
    "Menu",
    "MenuItem",
    "Money",
    "NewProduct",
    "Offer",
    "OfferUpdate",
    "OrderAmounts",
    "OrderData",
    "OrderLine",
    "OrderPackage",
    "Rate",
    "ShipmentData",
    "StatusFlow",
    "TaxRegistration",
    "Taxed",
]

# --- Money --------------------------------------------------------------------------------

_MINOR_UNITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3}
_STEPS = {0: Decimal(1), 2: Decimal("0.01"), 3: Decimal("0.001")}


def minor_units(currency: str) -> int:
    """Number of decimals of an ISO 4217 currency: 2 for most, 0 for JPY, 3 for KWD."""
    return _MINOR_UNITS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the currency's major unit (12.90 EUR), exact as it came."""

    amount: Decimal
    currency: str

    def rounded(self) -> Money:
        """The same money in whole minor units, halves up."""
        step = _STEPS[_MINOR_UNITS.get(self.currency, 2)]
        if self.amount.same_quantum(step):
            return self
        return Money(self.amount.quantize(step, rounding=ROUND_HALF_UP), self.currency)

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added.")
        return Money(self.amount + other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True, slots=True)
class Rate:
    """How many units of one currency a unit of another was on a day; ``source`` is for people."""

    rate: Decimal
    on: date
    source: str

    @property
    def shown(self) -> str:
        """The number as people read it, exact and without zeros at the end."""
        return f"{self.rate.normalize():f}"


# --- What the shop sells -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identifier:
    """A product code of the outside world: ``kind`` is asin, ean, upc, isbn or gtin."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Offer:
    """One stock record of the shop: what it sells, for how much, and how many now.

    ``quantity`` is what could be sold this moment; None means that the shop does not track
    stock. ``price_includes_tax`` is None where the shop cannot say. ``on_sale`` is False for
    what is deleted, unpublished or switched off in the shop.
    """

    pk: str
    sku: str
    title: str
    price: Money | None
    quantity: int | None
    price_includes_tax: bool | None = None
    identifiers: tuple[Identifier, ...] = ()
    on_sale: bool = True
    url: str = ""


@dataclass(frozen=True, slots=True)
class OfferUpdate:
    """What the shop takes over from Amazon for one offer; None leaves a field as it is."""

    pk: str
    title: str | None = None
    price: Money | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class NewProduct:
    """What an order of Amazon's has and the shop lacks: SKU and title are Amazon's.

    ``price`` is what Amazon's buyer pays for one piece. ``category`` is the code of the shop's
    menu, empty where staff chose none.
    """

    sku: str
    title: str
    asin: str = ""
    price: Money | None = None
    category: str = ""


# --- What Amazon says of a listing ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Issue:
    """One complaint of Amazon about a listing, in Amazon's words."""

    code: str
    message: str
    severity: str = "ERROR"
    attributes: tuple[str, ...] = ()
    marketplaces: tuple[str, ...] = ()
    suppresses: bool = False


@dataclass(frozen=True, slots=True)
class ListingFacts:
    """What Amazon shows of one SKU in one marketplace.

    ``live_price``, ``business_price`` and ``title`` are what buyers see (``offers`` and
    ``summaries``);
    ``sent_price``, ``sent_title`` and ``sent_quantity`` are the echo of what was last received
    (``attributes``), which proves receipt and nothing else (docs/amazon.md#attributes-only-echo).
    ``attributes`` is that echo itself, as Amazon wrote it.
    """

    marketplace: str
    asin: str = ""
    product_type: str = ""
    title: str = ""
    condition: str = ""
    status: tuple[str, ...] = ()
    live_price: Money | None = None
    business_price: Money | None = None
    sent_price: Money | None = None
    sent_title: str = ""
    sent_quantity: int | None = None
    sale_price: Money | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict, repr=False)
    issues: tuple[Issue, ...] = ()

    @property
    def has_offer(self) -> bool:
        """Whether anybody can buy it here, or could once it is in stock: what is out of stock may
        show its offer in the echo alone."""
        return any((self.live_price, self.business_price, self.sent_price))


@dataclass(frozen=True, slots=True)
class SkuFacts:
    """What Amazon shows of one SKU: its channel, its merchant quantity and its listings.

    ``channels`` are Amazon's fulfilment channel codes; every code but DEFAULT is Amazon's own
    (docs/amazon.md#other-channels-are-amazons). ``lead_time_days`` and ``restock_date`` (ISO date)
    are resent with each quantity, because a patch of the quantity drops what it omits
    (docs/amazon.md#a-replaced-quantity-drops-its-lead-time).
    """

    sku: str
    channels: tuple[str, ...] = ()
    live_quantity: int | None = None
    lead_time_days: int | None = None
    restock_date: str = ""
    listings: tuple[ListingFacts, ...] = ()

    def in_marketplace(self, marketplace: str) -> ListingFacts | None:
        """The listing of this SKU in that marketplace, or None where there is none."""
        return next(
            (listing for listing in self.listings if listing.marketplace == marketplace), None
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """Amazon's immediate answer to a put or patch: ACCEPTED, VALID or INVALID, with issues."""

    status: str
    submission_id: str
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogItem:
    """One item of Amazon's catalogue, as a search shows it; ``picture`` is an address."""

    asin: str
    title: str = ""
    product_type: str = ""
    identifiers: tuple[Identifier, ...] = ()
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Participation:
    """One marketplace that the seller account takes part in."""

    marketplace: str
    country: str
    currency: str
    language: str
    store_name: str
    active: bool
    suspended: bool


# --- Feeds and reports -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UploadSlot:
    """Where a document may be uploaded for the next minutes, and its id."""

    document_id: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """What Amazon says of one feed (feeds_2021-06-30.json, Feed).

    ``status`` is IN_QUEUE, IN_PROGRESS, DONE, FATAL, CANCELLED or a word that is new to us; DONE
    says nothing of success (docs/amazon.md#done-says-nothing-of-success). ``report_document`` is
    empty where there is no processing report.
    """

    feed_id: str
    status: str
    created: datetime | None = None
    ended: datetime | None = None
    report_document: str = ""


@dataclass(frozen=True, slots=True)
class ProcessingReport:
    """What the processing report of a listings feed says of its messages.

    ``issues`` are by messageId; ``general`` ones are about the feed as a whole.
    """

    seller_id: str
    feed_id: str
    processed: int
    accepted: int
    invalid: int
    issues: Mapping[int, tuple[Issue, ...]] = field(default_factory=dict)
    skus: Mapping[int, str] = field(default_factory=dict)
    general: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What Amazon says of one report (reports_2021-06-30.json, Report).

    CANCELLED may mean that there is no data (docs/amazon.md#cancelled-has-several-causes); a
    document may be named all the same, so decide on ``status``. ``marketplaces`` are those that it
    was asked for, ``since`` and ``until`` the time.
    """

    report_id: str
    status: str
    report_type: str = ""
    marketplaces: tuple[str, ...] = ()
    created: datetime | None = None
    document: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One listing as GET_MERCHANT_LISTINGS_ALL_DATA has it; what is missing is empty or None.

    ``channel`` is DEFAULT or Amazon's code. ``price`` is in the marketplace's currency.
    ``product_id`` is of the kind ``product_id_kind`` (asin, isbn, upc, ean, or empty). Titles are
    not here, as the report destroys what cp1252 cannot write
    (docs/amazon.md#reports-destroy-letters).
    """

    sku: str
    asin: str = ""
    price: Decimal | None = None
    quantity: int | None = None
    channel: str = ""
    status: str = ""
    condition: str = ""
    product_id: str = ""
    product_id_kind: str = ""


@dataclass(frozen=True, slots=True)
class ReportedLine:
    """One line of an order as a report has it; the flat file knows no ``item_id``.

    ``quantity`` is None where the report does not say it.
    """

    item_id: str
    sku: str
    quantity: int | None


@dataclass(frozen=True, slots=True)
class ReportedOrder:
    """One order as an all-orders report has it; what is missing is empty or None.

    ``status`` is a word of the report's, and none of the API's
    (docs/amazon.md#reports-have-words-for-statuses). ``channel`` is a store's name such as
    Amazon.de, or Non-Amazon. Of the money ``goods`` is what lines, shipping and wrapping cost,
    ``tax`` and ``discount`` are sums beside it, both positive, and whether they are in it nobody
    says; ``goods`` is None where a price is missing or cannot be read. ``wants_cancellation`` is
    None where the report does not tell. An order without a ``number`` could not be read at all.
    """

    number: str
    status: str = ""
    updated: datetime | None = None
    channel: str = ""
    fulfilled_by: str = ""
    lines: tuple[ReportedLine, ...] = ()
    currency: str = ""
    goods: Decimal | None = None
    tax: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    wants_cancellation: bool | None = None

    @property
    def quantity(self) -> int | None:
        """All its units; None where one line's are not known, or no line is."""
        units = [line.quantity for line in self.lines]
        known = [number for number in units if number is not None]
        return sum(known) if known and len(known) == len(units) else None


@dataclass(frozen=True, slots=True)
class AmazonStock:
    """Units of one SKU in Amazon's own warehouses (fbaInventory.json, InventorySummary)."""

    sku: str
    asin: str
    fulfillable: int
    reserved: int = 0
    inbound: int = 0
    unfulfillable: int = 0


# --- Orders --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Where an order goes; any field may be empty, as Amazon hides them from some sellers."""

    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    line3: str = ""
    city: str = ""
    district: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Buyer:
    """Who bought; the e-mail address is Amazon's relay address and no customer's key.

    See docs/amazon.md#buyers-addresses-are-relays.
    """

    name: str = ""
    email: str = ""
    company: str = ""
    purchase_order: str = ""


@dataclass(frozen=True, slots=True)
class Taxed:
    """An amount without tax and its tax, in the order's currency."""

    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """What one line of an order costs, for its whole quantity.

    ``discount`` is a positive amount that is taken off the sum of the others.
    """

    goods: Taxed = Taxed()
    shipping: Taxed = Taxed()
    gift_wrap: Taxed = Taxed()
    other: Taxed = Taxed()
    discount: Taxed = Taxed()

    @property
    def gross(self) -> Decimal:
        parts = self.goods.gross + self.shipping.gross + self.gift_wrap.gross + self.other.gross
        return parts - self.discount.gross


@dataclass(frozen=True, slots=True)
class OrderAmounts:
    """What an order costs; sum of lines + extra + difference = Amazon's grand total.

    ``extra`` is what Amazon charges on the order and on no line (a delivery tip).
    ``reading`` names how Amazon's proceeds were understood: ``tax-on-top`` or ``tax-included``,
    each with ``discount-negative`` or ``discount-positive``, or ``none`` where no reading meets
    the grand total: then ``difference`` is what stays unexplained
    (docs/amazon.md#signs-and-taxes-are-open).
    """

    currency: str
    grand_total: Decimal
    extra: Decimal = Decimal(0)
    difference: Decimal = Decimal(0)
    reading: str = "tax-on-top discount-negative"


#: What a line names that stands for no offer of the shop, though one may have its SKU.
NO_OFFER = "(none)"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an Amazon order.

    ``quantity`` is what is ordered now: a cancelled part lowers it, and a cancelled line stays
    with 0 (docs/amazon.md#cancelled-lines-stay). ``unit_price`` is Amazon's; ``amounts`` are for
    the whole line. ``offer_pk`` is the shop's offer where it is known already, though the shop may
    have it no more: the SKU is Amazon's, and the shop's own may differ, or be another product's
    (then it is ``NO_OFFER``, if nothing else is known).

    The rest is for who packs: ``personalisation`` is what the buyer wants on the thing, its link
    is Amazon's page of it; ``delivery_needs`` are what the carrier has to see to, in Amazon's words
    (``signatureConfirmation``, ``recipientAgeVerification`` ...); ``ioss_number`` is for the
    carrier; ``serial_numbers`` says that Amazon wants them. ``tax_collected_by`` withholds the tax
    in the seller's stead, under ``tax_scheme`` (IOSS, UOSS).
    """

    item_id: str
    sku: str
    asin: str
    title: str
    quantity: int
    shipped: int = 0
    offer_pk: str = ""
    unit_price: Money | None = None
    amounts: LineAmounts = LineAmounts()
    gift_message: str = field(default="", repr=False)
    gift_wrap: str = ""
    personalisation_url: str = field(default="", repr=False)
    personalisation: str = field(default="", repr=False)
    delivery_needs: tuple[str, ...] = ()
    ioss_number: str = ""
    serial_numbers: bool = False
    programs: tuple[str, ...] = ()
    condition_note: str = ""
    tax_collected_by: str = ""
    tax_scheme: str = ""


@dataclass(frozen=True, slots=True)
class TaxRegistration:
    """A tax number that stands on an order: ``holder`` is Amazon's word (BUYER, MERCHANT,
    MARKETPLACE), ``kind`` its kind of number."""

    holder: str
    kind: str
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OrderPackage:
    """A package that Amazon knows of: ``reference`` is the number it was confirmed under."""

    reference: str
    status: str
    carrier: str
    tracking: str
    items: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class OrderData:
    """One Amazon order as the shop gets it (orders_2026-01-01.json, Order).

    ``status``, ``fulfilled_by`` and ``channel`` are Amazon's own words, empty where Amazon said
    nothing; ``amounts`` is None where Amazon named no grand total, and ``lines`` are empty where it
    named none, which never says that there are none. ``replaces`` is the order that this one
    replaces, or was exchanged for. ``delivery_place`` and ``delivery_instructions`` are the
    buyer's wishes.
    """

    number: str
    marketplace: str
    channel: str
    status: str
    fulfilled_by: str
    created: datetime
    updated: datetime
    lines: tuple[OrderLine, ...]
    amounts: OrderAmounts | None = None
    buyer: Buyer = Buyer()
    delivery: Address | None = None
    ship_by: datetime | None = None
    deliver_by: datetime | None = None
    service_level: str = ""
    programs: tuple[str, ...] = ()
    payment_methods: tuple[str, ...] = ()
    cancellation_requested: bool = False
    packages: tuple[OrderPackage, ...] = ()
    replaces: str = ""
    delivery_place: str = ""
    delivery_instructions: str = field(default="", repr=False)
    delivery_capabilities: tuple[str, ...] = ()
    tax_registrations: tuple[TaxRegistration, ...] = ()

    @property
    def is_business(self) -> bool:
        """Whether a business bought it (Amazon Business)."""
        return "AMAZON_BUSINESS" in self.programs

    @property
    def tax_collected_by(self) -> str:
        """Who withholds the tax of a line in the seller's stead; empty where nobody does."""
        return next((line.tax_collected_by for line in self.lines if line.tax_collected_by), "")


@dataclass(frozen=True, slots=True)
class UnreadableOrder:
    """An order whose document could not be read; ``raw`` is kept, never logged.

    ``lines`` are those that could be read, and ``all_lines`` says whether these are all of them.
    What else could be read is there; what could not is empty or None.
    """

    number: str
    reason: str
    updated: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    lines: tuple[OrderLine, ...] = ()
    all_lines: bool = False
    created: datetime | None = None
    marketplace: str = ""
    channel: str = ""
    status: str = ""
    fulfilled_by: str = ""


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of a search: orders with their raw documents, and the token of the next page.

    ``complete_until`` is Amazon's own ``lastUpdatedBefore`` (or ``createdBefore``), aware UTC:
    up to then the search is complete.
    """

    orders: tuple[tuple[OrderData | UnreadableOrder, dict[str, Any]], ...]
    next_token: str = ""
    complete_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What the shop's staff chose for orders of this account.

    ``payment_method`` is empty where Amazon names none and the shop has none for it. ``status`` is
    the shop's word for what Amazon says now; empty leaves the status alone. ``takes_stock`` is
    False for orders of Amazon's own warehouse and from before the cut-over. ``scope`` is the shop's
    own word for the part of it that the account sells (Oscar: a partner). ``customer`` is the pk of
    the user who bought, as ``Shop.customer_for`` gave it; empty for a guest.
    """

    shipping_method: str
    payment_method: str
    status: str = ""
    takes_stock: bool = True
    scope: str = ""
    customer: str = ""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One thing that staff can choose: the shop's code and its name for people."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class StatusFlow:
    """Which status of the shop's orders may follow which.

    ``first`` is what a new order has, empty where it has the one that it is given. ``following``
    is None where any may follow any.
    """

    first: str = ""
    following: Mapping[str, tuple[str, ...]] | None = None

    def way(self, start: str, end: str, avoiding: str = "") -> tuple[str, ...] | None:
        """The statuses to set one after another to come from ``start`` to ``end``.

        It is the shortest way that does not pass through ``avoiding``; None where there is none.
        """
        if start == end:
            return ()
        if self.following is None:
            return (end,)
        ways: dict[str, tuple[str, ...]] = {start: ()}
        ahead = [start]
        while ahead:
            here = ahead.pop(0)
            for status in self.following.get(here, ()):
                if status in ways:
                    continue
                ways[status] = (*ways[here], status)
                if status == end:
                    return ways[status]
                if status != avoiding:
                    ahead.append(status)
        return None


@dataclass(frozen=True, slots=True)
class Menu:
    """What the shop offers to choose from, and how its statuses follow each other.

    ``customers`` and ``products`` say whether ``Shop.customer_for`` and ``Shop.create_product``
    work here.
    """

    shipping_methods: tuple[MenuItem, ...] = ()
    payment_methods: tuple[MenuItem, ...] = ()
    statuses: tuple[MenuItem, ...] = ()
    categories: tuple[MenuItem, ...] = ()
    flow: StatusFlow = StatusFlow()
    customers: bool = False
    products: bool = False


# --- Shipments -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShipmentData:
    """One parcel that the shop sent for an order; ``items`` are (Amazon's item id, quantity)."""

    pk: str
    order_pk: str
    shipped_at: datetime
    carrier: str
    tracking: str
    items: tuple[tuple[str, int], ...]
    shipping_method: str = ""


@dataclass(frozen=True, slots=True)
class PackageToConfirm:
    """What confirmShipment tells Amazon of one package (ordersV0.json, PackageDetail).

    ``reference`` is a positive number; the same one edits that package, a new one adds one.
    """

    order_number: str
    marketplace: str
    reference: int
    carrier_code: str
    carrier_name: str
    tracking: str
    shipped_at: datetime
    items: tuple[tuple[str, int], ...]
    shipping_method: str = ""


# --- What rows keep as JSON ----------------------------------------------------------------


class IssueRow(TypedDict):
    """An ``Issue`` as a listing's row keeps it."""

    code: str
    severity: str
    message: str
    attributes: list[str]


class VerifiedSoFar(TypedDict):
    """How far a verification is: the times (ISO 8601) of the reports that it had, by marketplace
    (pk), and the SKU (pk) that was done last."""

    proven: dict[str, str]
    after: int


class RunOptions(TypedDict, total=False):
    """What a run is about, and ``so_far``, how far it is; without any it is about everything.

    ``marketplaces`` are Amazon's ids; ``selected`` is the number of SKUs that its selection has;
    ``approve`` is the run whose held changes it sends, as far as its lines had them when a page
    showed it, or else when it was asked for (``lines_to``, the newest line's pk); ``shown`` is the
    run that showed what is taken over, ``showed`` what a page had of Amazon, by field; ``approved``
    says that an approving run has approved.
    """

    skus: list[str]
    selected: int
    marketplaces: list[str]
    fields: list[str]
    approve: int
    lines_to: int
    shown: int
    showed: dict[str, FieldValue]
    order: str
    orders: list[str]
    since: str
    until: str
    by_creation: bool
    so_far: int | VerifiedSoFar
    approved: bool


class AnsweredRow(TypedDict):
    """When Amazon accepted a value (ISO 8601), and the look at which it was asked to."""

    at: str
    look: int


class StopRow(TypedDict):
    """Why a value is refused or held, since when, and when it is tried again; ISO 8601.

    ``kind`` is a guard's or empty; ``against`` is what the value was compared with; ``tries`` are
    those that Amazon refused. ``beside_rate`` has a converted price alone: what it was
    made of beside its exchange rate.
    """

    code: str
    reason: str
    since: str
    again_at: str | None
    tries: int
    kind: str
    against: FieldValue
    beside_rate: NotRequired[str]


class ApprovalRow(TypedDict):
    """Who approved a value, by name, and when (ISO 8601).

    An approved price that was converted has ``beside_rate``, what it was made of beside its
    exchange rate, and ``by_now``, what the rates of a later day made of it since.
    """

    by: str
    at: str
    beside_rate: NotRequired[str]
    by_now: NotRequired[FieldValue]


class QuantityReckoning(TypedDict):
    """What a quantity was made of, in units.

    ``stock`` is what the shop could sell; where it does not track that it is None, and ``set`` is
    the number of staff, which counts alone. ``reserved`` and ``kept_back`` are taken off.
    """

    stock: int | None
    set: int | None
    reserved: int
    kept_back: int


class RateRow(TypedDict):
    """A ``Rate``: its number, its day (ISO 8601) and its source."""

    rate: str
    on: str
    source: str


class PriceStepRow(TypedDict):
    """A step of the way to a price: its kind, the price ("12.90 EUR") that it comes to, and the
    rule's number or the rate that it goes by."""

    kind: str
    price: str
    by: str | None
    rate: RateRow | None


class Reckoning(TypedDict, total=False):
    """What the values of a listing were made of: its quantity, and its price step by step."""

    quantity: QuantityReckoning
    price: list[PriceStepRow]


class CauseRow(TypedDict):
    """Why a value was another one than before: a ``Cause`` (models/listings.py), the number of the
    order, and the name of the user who asked for it or approved it; empty where there is none."""

    code: str
    order: str
    by: str


class PriceRow(TypedDict):
    """A price that was live or accepted, since a moment (ISO 8601); ``ours``: we had sent it."""

    price: str
    at: str
    ours: bool


class SuspicionRow(TypedDict, total=False):
    """A live quantity, and when it was read (ISO 8601, Amazon's clock).

    ``believed`` is ours, which it was below; the reading of a take-over is compared with none.
    """

    live: int
    at: str
    believed: int


class Patch(TypedDict):
    """One operation of a patch (listingsItems_2021-08-01.json, PatchOperation)."""

    op: str
    path: str
    value: list[JsonObject]


class SubmissionContent(TypedDict, total=False):
    """What was sent to Amazon, in Amazon's own words, and what we keep beside it.

    A feed has ``messages``, their number, in place of them; ``refused`` is then Amazon's reason,
    else what a refused creation was made of. ``read_back`` is why its listings are read back.
    """

    productType: str
    requirements: str
    attributes: dict[str, list[JsonObject]]
    patches: list[Patch]
    refused: FieldValues | str
    messages: int
    read_back: str
