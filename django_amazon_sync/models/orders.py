"""Amazon's orders, the windows that were searched for them, and their shipments."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import clock
from django_amazon_sync.data import JsonObject
from django_amazon_sync.models.accounts import SellerAccount
from django_amazon_sync.models.fields import EncryptedJSONField, EncryptedTextField, JsonColumn
from django_amazon_sync.models.states import StateMachineModel, one_of


class WindowState(models.TextChoices):
    """Whether all pages of a window are stored, or Amazon refuses to show them."""

    OPEN = "open", _("open")
    DONE = "done", _("done")
    REFUSED = "refused", _("refused by Amazon")


class OrderWindow(StateMachineModel):
    """One search for orders that changed between ``start`` and ``end``.

    ``end`` is empty while Amazon has not said up to when its answer is complete. ``swept`` marks
    a search that was asked for and is no link of the chain; it may be for orders that were placed
    in this time instead. ``marketplaces`` are those that are searched; none means all that the
    account had.
    """

    TRANSITIONS = {
        WindowState.OPEN: frozenset({WindowState.DONE, WindowState.REFUSED}),
        WindowState.REFUSED: frozenset({WindowState.OPEN}),
    }

    account = models.ForeignKey(SellerAccount, models.CASCADE, related_name="order_windows")
    state = models.CharField(max_length=10, choices=WindowState.choices, default=WindowState.OPEN)
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("until"), null=True, blank=True)
    until = models.DateTimeField(
        null=True, blank=True, help_text="The end that the search asked for, if it did."
    )
    page_token = EncryptedTextField(blank=True, default="", bound_to=("account_id", "id"))
    pages = models.PositiveIntegerField(default=0)
    swept = models.BooleanField(default=False)
    by_creation = models.BooleanField(default=False)
    marketplaces: JsonColumn[list[str]] = models.JSONField(default=list)
    reason = models.TextField(_("reason"), blank=True, default="")
    refused_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("order window")
        verbose_name_plural = _("order windows")
        constraints: ClassVar = [
            one_of(WindowState, "amazon_window_state"),
            models.CheckConstraint(
                condition=~models.Q(state=WindowState.DONE) | models.Q(end__isnull=False),
                name="amazon_window_end",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "state", "start"], name="amazon_window_chain")
        ]

    def __str__(self) -> str:
        return f"{self.start} – {self.end or '…'}"


class OrderState(models.TextChoices):
    """What we did with an Amazon order."""

    SEEN = "seen", _("seen, incomplete")
    HELD = "held", _("pending, stock held")
    WAITING = "waiting", _("waits to be placed")
    PLACED = "placed", _("placed")
    QUARANTINED = "quarantined", _("quarantined")
    CANCELLED = "cancelled", _("cancelled")
    RECORDED = "recorded", _("recorded only")


#: The states in which units are sold on Amazon and not yet taken in the shop.
HOLDING_STATES = (
    OrderState.SEEN,
    OrderState.HELD,
    OrderState.WAITING,
    OrderState.QUARANTINED,
)


#: Amazon's statuses of an order that has units to ship.
UNSHIPPED = ("UNSHIPPED", "PARTIALLY_SHIPPED")


class AmazonOrder(StateMachineModel):
    """One order on Amazon, its document as it came (encrypted), and what became of it here."""

    TRANSITIONS = {
        OrderState.SEEN: frozenset(
            {
                OrderState.HELD,
                OrderState.WAITING,
                OrderState.CANCELLED,
                OrderState.RECORDED,
                OrderState.QUARANTINED,
            }
        ),
        OrderState.HELD: frozenset(
            {
                OrderState.SEEN,
                OrderState.WAITING,
                OrderState.CANCELLED,
                OrderState.RECORDED,
                OrderState.QUARANTINED,
            }
        ),
        OrderState.WAITING: frozenset(
            {
                OrderState.SEEN,
                OrderState.HELD,
                OrderState.PLACED,
                OrderState.QUARANTINED,
                OrderState.CANCELLED,
                OrderState.RECORDED,
            }
        ),
        OrderState.QUARANTINED: frozenset(
            {
                OrderState.SEEN,
                OrderState.HELD,
                OrderState.WAITING,
                OrderState.CANCELLED,
                OrderState.RECORDED,
            }
        ),
        OrderState.RECORDED: frozenset({OrderState.WAITING}),
        OrderState.PLACED: frozenset({OrderState.CANCELLED}),
    }

    account = models.ForeignKey(
        SellerAccount, models.PROTECT, related_name="orders", verbose_name=_("account")
    )
    number = models.CharField(_("Amazon order id"), max_length=50)
    marketplace = models.CharField(_("marketplace"), max_length=20, blank=True)
    channel = models.CharField(_("sales channel"), max_length=50, blank=True)
    status = models.CharField(_("Amazon's status"), max_length=40, blank=True)
    fulfilled_by = models.CharField(_("fulfilled by"), max_length=20, blank=True)
    service_level = models.CharField(_("service level"), max_length=100, blank=True)
    payment_methods: JsonColumn[list[str]] = models.JSONField(
        _("payment methods"), default=list, blank=True, help_text=_("As Amazon names them.")
    )
    state = models.CharField(_("state"), max_length=20, choices=OrderState.choices)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    ordered_at = models.DateTimeField(_("ordered at"), null=True, blank=True)
    updated_at = models.DateTimeField(_("changed on Amazon at"), null=True, blank=True)
    ship_by = models.DateTimeField(_("ship by"), null=True, blank=True)
    deliver_by = models.DateTimeField(_("deliver by"), null=True, blank=True)
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    difference = models.DecimalField(
        _("unexplained difference"), max_digits=14, decimal_places=4, default=0
    )
    takes_stock = models.BooleanField(_("takes stock"), default=True)
    cancellation_requested = models.BooleanField(_("buyer asks to cancel"), default=False)
    ship_anyway = models.BooleanField(
        _("ship anyway"), default=False, help_text=_("Staff decided against the buyer's request.")
    )
    shop_order_pk = models.CharField(_("shop order"), max_length=64, blank=True)
    placed_at = models.DateTimeField(_("placed at"), null=True, blank=True)
    delivered_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Of the change that showed it: Amazon names no moment of the delivery itself.",
    )
    erased_at = models.DateTimeField(
        _("buyer's data erased at"),
        null=True,
        blank=True,
        help_text=_("What Amazon shows of the order later is stored without its people too."),
    )
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="Amazon's change that the shop's order shows already."
    )
    told_status = models.CharField(
        max_length=40, blank=True, help_text="Amazon's status that the shop was told last."
    )
    asked_for = models.BooleanField(
        default=False, help_text="Staff asked for it, should it be from before the cut-over."
    )
    as_it_is = models.BooleanField(
        default=False, help_text="Staff want it placed, though Amazon leaves something out."
    )
    fingerprint = models.CharField(
        max_length=64, blank=True, default="", help_text="Of all that was read of the document."
    )
    doubted_at = models.DateTimeField(
        null=True, blank=True, help_text="Amazon's change of which a copy said too little."
    )
    ask_at = models.DateTimeField(
        null=True, blank=True, help_text="From then on Amazon is asked for this order by its id."
    )
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="How often Amazon was asked by its id in vain."
    )
    units_unknown_since = models.DateTimeField(
        null=True, blank=True, help_text="Since then nobody knows which units it holds."
    )
    tried_with = models.CharField(
        max_length=64, blank=True, default="", help_text="Of the choices that did not place it."
    )
    document = EncryptedJSONField(_("document"), default=dict, bound_to=("account_id", "number"))

    class Meta:
        verbose_name = _("Amazon order")
        verbose_name_plural = _("Amazon orders")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "number"], name="amazon_order_once"),
            one_of(OrderState, "amazon_order_state"),
            models.CheckConstraint(
                condition=~models.Q(state=OrderState.PLACED) | ~models.Q(shop_order_pk=""),
                name="amazon_order_placed_somewhere",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "state"], name="amazon_order_by_state"),
            models.Index(fields=["-ordered_at", "-id"], name="amazon_order_newest"),
            models.Index(fields=["state", "-ordered_at", "-id"], name="amazon_order_of_state"),
            models.Index(fields=["number"], name="amazon_order_of_any"),
            models.Index(fields=["shop_order_pk"], name="amazon_order_in_shop"),
            models.Index(
                fields=["account", "ship_by"],
                condition=models.Q(status__in=UNSHIPPED),
                name="amazon_order_to_ship",
            ),
            models.Index(
                fields=["account"],
                condition=models.Q(cancellation_requested=True, ship_anyway=False),
                name="amazon_order_asking",
            ),
            models.Index(
                fields=["account", "ask_at"],
                condition=models.Q(ask_at__isnull=False),
                name="amazon_order_to_ask_for",
            ),
            models.Index(
                fields=["account"],
                condition=models.Q(units_unknown_since__isnull=False),
                name="amazon_order_units_unknown",
            ),
            models.Index(
                fields=["account", "ordered_at"],
                condition=models.Q(erased_at__isnull=True),
                name="amazon_order_not_erased",
            ),
        ]
        permissions: ClassVar = [
            ("import_amazonorder", _("Can import orders from Amazon")),
            ("replay_amazonorder", _("Can replay quarantined orders")),
            ("view_personal_data", _("Can see buyers' data")),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def waits_for_staff(self) -> bool:
        """Whether the buyer asks to cancel, and staff have not decided."""
        return self.cancellation_requested and not self.ship_anyway

    @property
    def state_in_words(self) -> str:
        """The state in words; of one that holds no stock not that it does."""
        if self.state == OrderState.HELD and not self.takes_stock:
            return gettext("pending")
        return str(OrderState(self.state).label)


class AmazonOrderLine(models.Model):
    """One line of an Amazon order; never deleted, as a cancelled one stays with quantity 0."""

    order = models.ForeignKey(AmazonOrder, models.CASCADE, related_name="lines")
    item_id = models.CharField(_("item id"), max_length=50)
    sku = models.CharField("SKU", max_length=255, blank=True)
    asin = models.CharField("ASIN", max_length=20, blank=True)
    title = models.TextField(_("title"), blank=True)
    offer_pk = models.CharField(_("offer"), max_length=64, blank=True, db_index=True)
    quantity = models.PositiveIntegerField(_("quantity"))
    shipped = models.PositiveIntegerField(_("shipped"), default=0)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "item_id"], name="amazon_order_line_once")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"


class ShipmentState(models.TextChoices):
    """Where the confirmation of a shipment is.

    CONFIRMED is what Amazon's answer says; SEEN is what Amazon shows under the parcel's own
    reference. UNSEEN and REFUSED want a person; DONE is what a person, or somebody else's parcel on
    Amazon, has settled.
    """

    WAITING = "waiting", _("waits")
    NEW = "new", _("new")
    SENT = "sent", _("sent")
    UNKNOWN = "unknown", _("outcome unknown")
    CONFIRMED = "confirmed", _("confirmed")
    REFUSED = "refused", _("refused by Amazon")
    SEEN = "seen", _("seen on Amazon")
    UNSEEN = "unseen", _("not seen on Amazon")
    DONE = "done", _("settled otherwise")


#: The states of shipments with which something is to be done yet, by a run or by a person.
OPEN_SHIPMENTS = (
    ShipmentState.WAITING,
    ShipmentState.NEW,
    ShipmentState.SENT,
    ShipmentState.UNKNOWN,
    ShipmentState.REFUSED,
    ShipmentState.UNSEEN,
)


class Shipment(StateMachineModel):
    """One parcel of the shop, confirmed to Amazon under one package reference.

    ``told`` is what the shop said of it last, so that a correction of the shop's is told from one
    that staff made here. ``not_before`` is when Amazon is asked for it next. ``unseen`` counts how
    often Amazon accepted it and did not show it in its time.
    """

    TRANSITIONS = {
        ShipmentState.WAITING: frozenset(
            {ShipmentState.NEW, ShipmentState.SEEN, ShipmentState.UNSEEN, ShipmentState.DONE}
        ),
        ShipmentState.NEW: frozenset(
            {
                ShipmentState.WAITING,
                ShipmentState.SENT,
                ShipmentState.SEEN,
                ShipmentState.UNSEEN,
                ShipmentState.DONE,
            }
        ),
        ShipmentState.SENT: frozenset(
            {
                ShipmentState.UNKNOWN,
                ShipmentState.CONFIRMED,
                ShipmentState.REFUSED,
                ShipmentState.NEW,
                ShipmentState.SEEN,
                ShipmentState.DONE,
            }
        ),
        ShipmentState.UNKNOWN: frozenset(
            {
                ShipmentState.NEW,
                ShipmentState.SEEN,
                ShipmentState.UNSEEN,
                ShipmentState.DONE,
            }
        ),
        ShipmentState.CONFIRMED: frozenset(
            {
                ShipmentState.NEW,
                ShipmentState.SEEN,
                ShipmentState.UNSEEN,
                ShipmentState.DONE,
            }
        ),
        ShipmentState.REFUSED: frozenset(
            {ShipmentState.NEW, ShipmentState.SEEN, ShipmentState.DONE}
        ),
        ShipmentState.SEEN: frozenset({ShipmentState.NEW}),
        ShipmentState.UNSEEN: frozenset(
            {ShipmentState.NEW, ShipmentState.SEEN, ShipmentState.DONE}
        ),
    }

    order = models.ForeignKey(AmazonOrder, models.PROTECT, related_name="shipments")
    shop_pk = models.CharField(_("shop shipment"), max_length=64)
    reference = models.PositiveIntegerField(_("package reference"))
    state = models.CharField(
        _("state"), max_length=10, choices=ShipmentState.choices, default=ShipmentState.WAITING
    )
    reason = models.TextField(_("reason"), blank=True)
    carrier = models.CharField(_("carrier"), max_length=100, blank=True)
    carrier_name = models.CharField(_("carrier's name"), max_length=100, blank=True)
    tracking = models.CharField(_("tracking number"), max_length=100, blank=True)
    shipped_at = models.DateTimeField(_("shipped at"))
    items = models.JSONField(_("items"), default=list)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    seen_at = models.DateTimeField(_("seen on Amazon at"), null=True, blank=True)
    unseen = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    told: JsonColumn[JsonObject] = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "shop_pk"], name="amazon_shipment_once"),
            models.UniqueConstraint(fields=["order", "reference"], name="amazon_package_once"),
            one_of(ShipmentState, "amazon_shipment_state"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["state"],
                condition=models.Q(state__in=OPEN_SHIPMENTS),
                name="amazon_shipment_open",
            ),
            models.Index(
                fields=["not_before"],
                condition=models.Q(not_before__isnull=False),
                name="amazon_shipment_to_look_for",
            ),
            models.Index(fields=["sent_at"], name="amazon_shipment_by_time"),
        ]
        permissions: ClassVar = [
            ("confirm_shipment", _("Can confirm shipments to Amazon")),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.reference}"
