"""Seller SKUs, their listings, and what was sent to Amazon for them.

What is true of a listing is kept as mappings of field to value, for the fields that
``sync/offers/fields.py`` declares (``price`` is "12.90 EUR", ``quantity`` an int): ``believed`` is
what Amazon has by the latest evidence, ``verified`` what a read showed live. *Sent* is what open
submissions carry, *desired* what the shop and the staff say now; neither is stored twice.

The columns of a listing's state have one owner, ``sync/listings/state.py``: nobody else writes
them. ``STATE`` names them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import clock
from django_amazon_sync.data import (
    AnsweredRow,
    ApprovalRow,
    CauseRow,
    FieldValues,
    IssueRow,
    PriceRow,
    Reckoning,
    StopRow,
    SubmissionContent,
    SuspicionRow,
)
from django_amazon_sync.models.accounts import Marketplace, SellerAccount
from django_amazon_sync.models.fields import JsonColumn
from django_amazon_sync.models.runs import SyncRun
from django_amazon_sync.models.states import StateMachineModel, one_of

#: Amazon's code of the channel that the merchant ships; every other code is Amazon's own
#: (docs/amazon.md#other-channels-are-amazons).
MERCHANT_CHANNEL = "DEFAULT"


def amazon_ships(channel: str) -> bool:
    """Whether this channel code is Amazon's own; an empty one was not read yet."""
    return bool(channel) and channel != MERCHANT_CHANNEL


class SellerSku(models.Model):
    """One SKU of one account: its fulfilment channel and its one merchant quantity."""

    account = models.ForeignKey(
        SellerAccount, models.PROTECT, related_name="skus", verbose_name=_("account")
    )
    sku = models.CharField("SKU", max_length=255)
    offer_pk = models.CharField(
        _("offer"),
        max_length=64,
        blank=True,
        db_index=True,
        help_text=_("Primary key of the shop's offer; empty where the shop has it no more."),
    )
    synchronise = models.BooleanField(
        _("synchronise"), null=True, blank=True, help_text=_("Unknown: as the account says.")
    )
    asin = models.CharField(
        _("ASIN"),
        max_length=20,
        blank=True,
        help_text=_("Chosen by staff, for a SKU that Amazon does not have yet."),
    )
    condition = models.CharField(_("condition"), max_length=40, default="new_new")
    set_quantity = models.PositiveIntegerField(
        _("set quantity"),
        null=True,
        blank=True,
        help_text=_("For an offer whose stock the shop does not track."),
    )
    channel = models.CharField(
        _("fulfilment channel"),
        max_length=40,
        blank=True,
        help_text=_("As Amazon says; DEFAULT is shipped by us. Empty: not read yet."),
    )
    lead_time_days = models.PositiveIntegerField(_("lead time in days"), null=True, blank=True)
    restock_date = models.CharField(_("restock date"), max_length=40, blank=True)
    stock_version = models.BigIntegerField(
        default=0,
        help_text="Grows with each order, cancellation or other cause to doubt Amazon's quantity.",
    )
    explained_version = models.BigIntegerField(
        default=0, help_text="The stock version that the last order, or named sale, made."
    )
    look = models.BigIntegerField(
        default=0, help_text="The number of the newest look at it, over all marketplaces."
    )
    former_offer_pk = models.CharField(
        max_length=64,
        blank=True,
        db_index=True,
        help_text="The offer that has another SKU now, which waits until this one is at zero.",
    )
    gone_since = models.DateTimeField(
        null=True, blank=True, help_text="When the shop was first seen without its offer."
    )
    matched = models.BooleanField(
        _("matched"),
        default=False,
        help_text=_(
            "Linked to its offer by identifier or by staff; the shop's own SKU may differ."
        ),
    )
    own_values: JsonColumn[FieldValues] = models.JSONField(
        _("own values"),
        default=dict,
        blank=True,
        help_text=_("What staff set for all marketplaces of the SKU: field to value."),
    )
    made_by_import = models.BooleanField(
        _("made by import"),
        default=False,
        help_text=_("Its product was created for an Amazon order that had it."),
    )
    managed = models.BooleanField(
        default=False, help_text="Something was sent for it; once gone it goes to zero."
    )
    sold_here = models.BooleanField(
        default=False,
        help_text="It was linked and switched on since the release; once gone it goes to zero.",
    )
    problem = models.TextField(_("problem"), blank=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    class Meta:
        verbose_name = _("seller SKU")
        verbose_name_plural = _("seller SKUs")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "sku"], name="amazon_sku_once")
        ]
        indexes: ClassVar = [models.Index(fields=["sku"], name="amazon_sku_of_any")]

    def __str__(self) -> str:
        return self.sku

    @property
    def fulfilled_by_amazon(self) -> bool:
        """Whether Amazon ships it: such a SKU never gets a quantity."""
        return amazon_ships(self.channel)


class Presence(models.TextChoices):
    """What we know of a listing's being there at Amazon; ENDED: staff ended its offer there, and a
    read showed none."""

    UNREAD = "unread", _("not read yet")
    ABSENT = "absent", _("not on Amazon")
    PRESENT = "present", _("on Amazon")
    ENDED = "ended", _("offer ended")


class Listing(models.Model):
    """One seller SKU in one marketplace."""

    sku = models.ForeignKey(SellerSku, models.CASCADE, related_name="listings", verbose_name="SKU")
    marketplace = models.ForeignKey(
        Marketplace, models.PROTECT, related_name="listings", verbose_name=_("marketplace")
    )
    presence = models.CharField(
        _("presence"), max_length=10, choices=Presence.choices, default=Presence.UNREAD
    )
    synchronise_here = models.BooleanField(
        _("synchronise here"),
        null=True,
        blank=True,
        help_text=_(
            "Unknown: as its SKU. No: only the quantity is sent, as stores may share it, and "
            "nothing is made here."
        ),
    )
    end_offer = models.BooleanField(
        _("end the offer"),
        default=False,
        help_text=_("Staff ended its offer in this store; only they let it on again."),
    )
    asin = models.CharField("ASIN", max_length=20, blank=True, db_index=True)
    product_type = models.CharField(_("product type"), max_length=100, blank=True)
    title = models.TextField(_("title"), blank=True)
    condition = models.CharField(_("condition"), max_length=40, blank=True)
    status = models.CharField(_("status"), max_length=100, blank=True)
    own_price = models.DecimalField(
        _("own Amazon price"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("In the marketplace's currency; it goes before the shop's price."),
    )
    own_values: JsonColumn[FieldValues] = models.JSONField(
        _("own values"),
        default=dict,
        blank=True,
        help_text=_("What staff set for this marketplace: field to value."),
    )
    switches: JsonColumn[dict[str, bool]] = models.JSONField(
        _("switches"),
        default=dict,
        blank=True,
        help_text=_("Field to whether it is sent, where that differs from the marketplace."),
    )
    locked = models.BooleanField(
        _("locked"), default=False, help_text=_("Only price and stock are sent.")
    )
    picture_url = models.URLField(_("Amazon's picture"), max_length=500, blank=True)
    believed: JsonColumn[FieldValues] = models.JSONField(_("accepted"), default=dict, blank=True)
    answered: JsonColumn[dict[str, AnsweredRow]] = models.JSONField(
        default=dict, blank=True, help_text="Field to when, and at which look, Amazon accepted it."
    )
    verified: JsonColumn[FieldValues] = models.JSONField(_("verified"), default=dict, blank=True)
    drift: JsonColumn[FieldValues] = models.JSONField(_("drift"), default=dict, blank=True)
    suspected: JsonColumn[SuspicionRow] = models.JSONField(
        default=dict, blank=True, help_text="A live quantity below ours that one reading showed."
    )
    prices: JsonColumn[list[PriceRow]] = models.JSONField(
        default=list, blank=True, help_text="The prices of the last day and the last one, by time."
    )
    refused: JsonColumn[FieldValues] = models.JSONField(_("refused"), default=dict, blank=True)
    held: JsonColumn[FieldValues] = models.JSONField(
        _("waits for approval"), default=dict, blank=True
    )
    stops: JsonColumn[dict[str, StopRow]] = models.JSONField(
        default=dict, blank=True, help_text="Why each value that is refused or held is so."
    )
    approved: JsonColumn[FieldValues] = models.JSONField(_("approved"), default=dict, blank=True)
    approvals: JsonColumn[dict[str, ApprovalRow]] = models.JSONField(
        default=dict, blank=True, help_text="Who approved each value that is approved, and when."
    )
    issues: JsonColumn[list[IssueRow]] = models.JSONField(_("issues"), default=list, blank=True)
    gtin = models.CharField(
        _("barcode"),
        max_length=14,
        blank=True,
        db_index=True,
        help_text=_("As Amazon's report has it, in 14 digits."),
    )
    amazon_stock: JsonColumn[dict[str, int]] = models.JSONField(
        _("stock at Amazon"),
        default=dict,
        blank=True,
        help_text=_("Units in Amazon's own warehouses, for what Amazon ships."),
    )
    reported_at = models.DateTimeField(
        _("reported at"),
        null=True,
        blank=True,
        help_text=_("When Amazon made the last report that shows it."),
    )
    reason = models.TextField(_("reason"), blank=True)
    quantity_version = models.BigIntegerField(
        default=-1, help_text="The SKU's stock version when the believed quantity was computed."
    )
    again_at = models.DateTimeField(
        null=True, blank=True, help_text="When something that Amazon refused is tried again."
    )
    check_at = models.DateTimeField(
        null=True, blank=True, help_text="When it is read, as two requests may have crossed."
    )
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    class Meta:
        verbose_name = _("listing")
        verbose_name_plural = _("listings")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sku", "marketplace"], name="amazon_listing_once"),
            models.CheckConstraint(
                condition=models.Q(presence__in=Presence.values), name="amazon_listing_presence"
            ),
        ]
        indexes: ClassVar = [
            # What the overview counts, of hundreds of thousands of listings.
            models.Index(fields=["marketplace", "presence"], name="amazon_listing_presences"),
            *(
                models.Index(
                    fields=["marketplace"],
                    condition=~models.Q(**{column: {}}),
                    name=f"amazon_listing_{column}",
                )
                for column in ("held", "refused", "drift")
            ),
            *(
                models.Index(
                    fields=[column],
                    condition=models.Q(**{f"{column}__isnull": False}),
                    name=f"amazon_listing_{column}",
                )
                for column in ("again_at", "check_at")
            ),
        ]
        permissions: ClassVar = [
            ("export_listing", _("Can send listings to Amazon")),
            ("verify_listing", _("Can read listings back from Amazon")),
            ("approve_listing", _("Can approve held changes")),
            ("change_price_listing", _("Can change prices for Amazon")),
            ("take_over_listing", _("Can take values over from Amazon")),
            ("match_listing", _("Can match offers to listings")),
        ]

    def __str__(self) -> str:
        return f"{self.sku} @ {self.marketplace}"


#: The columns of a listing that sync/listings/state.py owns.
STATE = (
    "believed", "answered", "verified", "drift", "suspected", "prices", "refused", "held", "stops",
    "approved", "approvals", "quantity_version", "accepted_at", "verified_at", "again_at",
    "check_at", "reason",
)  # fmt: skip


class OfferIdentifier(models.Model):
    """A product code that staff gave an offer, beside those that the shop knows itself."""

    class Kind(models.TextChoices):
        ASIN = "asin", "ASIN"
        EAN = "ean", "EAN"
        UPC = "upc", "UPC"
        ISBN = "isbn", "ISBN"

    offer_pk = models.CharField(_("offer"), max_length=64)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    value = models.CharField(_("value"), max_length=20)

    class Meta:
        verbose_name = _("identifier")
        verbose_name_plural = _("identifiers")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["offer_pk", "kind", "value"], name="amazon_identifier_once"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["kind", "value"], name="amazon_identifier_value")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}"


class Proposal(models.Model):
    """An offer that a SKU of Amazon's may be, for staff to accept or refuse.

    A refused one is kept, so that it is not proposed again.
    """

    sku = models.ForeignKey(SellerSku, models.CASCADE, related_name="proposals")
    offer_pk = models.CharField(_("offer"), max_length=64)
    how = models.CharField(_("found by"), max_length=20)
    reason = models.TextField(_("reason"), blank=True)
    refused = models.BooleanField(_("refused"), default=False)
    made_at = models.DateTimeField(_("made at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sku", "offer_pk"], name="amazon_proposal_once")
        ]

    def __str__(self) -> str:
        return f"{self.sku}: {self.offer_pk}"


class ProductType(models.Model):
    """What a seller's definition of a product type says of an offer, kept for some days.

    ``facts`` are the parts that screens ask for, such as the conditions that may be chosen.
    """

    marketplace = models.ForeignKey(Marketplace, models.CASCADE, related_name="product_types")
    name = models.CharField(_("name"), max_length=100)
    checksum = models.CharField(max_length=100, blank=True)
    facts: JsonColumn[dict[str, list[str]]] = models.JSONField(_("facts"), default=dict)
    read_at = models.DateTimeField(_("read at"))

    class Meta:
        verbose_name = _("product type")
        verbose_name_plural = _("product types")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["marketplace", "name"], name="amazon_product_type_once")
        ]

    def __str__(self) -> str:
        return self.name


class SubmissionState(models.TextChoices):
    """Where a submission is on its way."""

    NEW = "new", _("new")
    UPLOADED = "uploaded", _("uploaded")
    SENT = "sent", _("sent")
    UNKNOWN = "unknown", _("outcome unknown")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


OPEN_STATES = (
    SubmissionState.NEW,
    SubmissionState.UPLOADED,
    SubmissionState.SENT,
    SubmissionState.UNKNOWN,
)


class Submission(StateMachineModel):
    """One thing sent to Amazon, written before its first byte goes out."""

    class Kind(models.TextChoices):
        PATCH = "patch", _("patch")
        PUT = "put", _("put")
        FEED = "feed", _("feed")

    TRANSITIONS = {
        SubmissionState.NEW: frozenset(
            {SubmissionState.UPLOADED, SubmissionState.SENT, SubmissionState.FAILED}
        ),
        SubmissionState.UPLOADED: frozenset({SubmissionState.SENT, SubmissionState.FAILED}),
        SubmissionState.SENT: frozenset(
            {
                SubmissionState.UPLOADED,  # a feed that Amazon had no time to take
                SubmissionState.UNKNOWN,
                SubmissionState.DONE,
                SubmissionState.FAILED,
            }
        ),
        SubmissionState.UNKNOWN: frozenset(
            {SubmissionState.SENT, SubmissionState.DONE, SubmissionState.FAILED}
        ),
    }

    account = models.ForeignKey(SellerAccount, models.PROTECT, related_name="submissions")
    marketplace = models.ForeignKey(Marketplace, models.PROTECT, related_name="submissions")
    run = models.ForeignKey(SyncRun, models.SET_NULL, null=True, related_name="submissions")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    state = models.CharField(
        _("state"), max_length=10, choices=SubmissionState.choices, default=SubmissionState.NEW
    )
    content: JsonColumn[SubmissionContent] = models.JSONField(_("content"), default=dict)
    content_hash = models.CharField(max_length=64)
    amazon_id = models.CharField(_("Amazon's id"), max_length=100, blank=True)
    document_id = models.CharField(
        _("Amazon's document"), max_length=200, blank=True, help_text=_("Of a feed, as uploaded.")
    )
    not_before = models.DateTimeField(
        _("next look"), null=True, blank=True, help_text=_("When Amazon is asked for it again.")
    )
    reason = models.TextField(_("reason"), blank=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    deadline = models.DateTimeField(
        null=True, blank=True, help_text="By the database's clock; nothing of it leaves later."
    )
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        constraints: ClassVar = [one_of(SubmissionState, "amazon_submission_state")]
        indexes: ClassVar = [
            models.Index(
                fields=["account", "state"],
                condition=models.Q(state__in=OPEN_STATES),
                name="amazon_submission_open",
            ),
            models.Index(fields=["account", "created_at"], name="amazon_submission_lately"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Cause(models.TextChoices):
    """Why a price or a quantity was sent that is another one than before."""

    NEW = "new", _("offered for the first time")
    ORDER = "order", _("order on Amazon")
    SALE = "sale", _("sale in the shop")
    SHOP = "shop", _("changed in the shop")
    RULE = "rule", _("rule of the store or the account")
    RATE = "rate", _("exchange rate")
    PERSON = "person", _("decided by staff")
    DRIFT = "drift", _("Amazon showed something else")
    GONE = "gone", _("no longer sold by the shop")
    UNKNOWN = "unknown", _("not known")


class SubmissionItem(models.Model):
    """What a submission carries for one listing: mapping of field to value.

    In a feed an item is one message; it is settled by itself, so that a worker that dies
    half-way through a report leaves nothing to do twice.

    The items of a listing are the history of its numbers: ``reckoning`` and ``causes`` are written
    with the values and stay; ``live`` says of a price and a quantity when it was seen at Amazon.
    """

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="items")
    listing = models.ForeignKey(Listing, models.CASCADE, related_name="submission_items")
    values: JsonColumn[FieldValues] = models.JSONField(_("values"), default=dict)
    quantity_version = models.BigIntegerField(default=-1)
    look = models.BigIntegerField(default=0)
    moves = models.CharField(
        max_length=10, blank=True, help_text="The guard that counts it, if any does."
    )
    message_id = models.PositiveIntegerField(null=True)
    settled = models.BooleanField(default=False)
    reckoning: JsonColumn[Reckoning] = models.JSONField(
        default=dict, blank=True, help_text="What its price and its quantity were made of."
    )
    causes: JsonColumn[dict[str, CauseRow]] = models.JSONField(
        default=dict,
        blank=True,
        help_text="Why its price and quantity were others than before.",
    )
    live: JsonColumn[dict[str, str]] = models.JSONField(
        default=dict, blank=True, help_text="Field to when it was first seen live (ISO 8601)."
    )
    refused = models.TextField(
        blank=True, default="", help_text="Amazon's words, where it refused this message of a feed."
    )
    order_number = models.CharField(
        max_length=50, blank=True, default="", help_text="The order that its causes name."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "listing"], name="amazon_item_once"),
            models.UniqueConstraint(
                fields=["submission", "message_id"], name="amazon_message_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["listing", "-id"], name="amazon_item_newest"),
            models.Index(
                fields=["order_number"],
                condition=~models.Q(order_number=""),
                name="amazon_item_of_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.listing_id} in {self.submission_id}"


class OfferChange(models.Model):
    """The shop said that an offer changed; written in the shop's own transaction.

    Rows are only added, so that two sales of the shop never wait for each other here.
    """

    account = models.ForeignKey(SellerAccount, models.CASCADE, related_name="offer_changes")
    offer_pk = models.CharField(max_length=64)
    at = models.DateTimeField(default=clock.now, editable=False)
    told = models.BooleanField(default=False, help_text="The shop itself told of it.")
    sold = models.BooleanField(default=False, help_text="The shop's own customers bought it.")

    def __str__(self) -> str:
        return self.offer_pk


def price_text(amount: Decimal | str, currency: str) -> str:
    """A price as the mappings keep it: "12.90 EUR"."""
    return f"{amount} {currency}"
