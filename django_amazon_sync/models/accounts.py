"""Applications, seller accounts and their marketplaces; tokens, leases and rate buckets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models, router, transaction
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import clock
from django_amazon_sync.amazon.marketplaces import MARKETPLACES, MarketplaceFacts
from django_amazon_sync.models.fields import EncryptedTextField, JsonColumn
from django_amazon_sync.models.states import StateMachineModel, one_of


class Application(models.Model):
    """One Login-with-Amazon (LWA) application."""

    name = models.CharField(_("name"), max_length=100)
    client_id = models.CharField(_("client id"), max_length=200, unique=True)
    client_secret = EncryptedTextField(_("client secret"), bound_to=("id",))
    secret_made_on = models.DateField(
        _("secret made on"),
        null=True,
        blank=True,
        help_text=_("Amazon's client secrets live for 180 days."),
    )
    application_id = models.CharField(
        _("application id"),
        max_length=100,
        blank=True,
        help_text=_("amzn1.sp.solution…: sellers authorise it on Amazon's website by this id."),
    )
    draft = models.BooleanField(
        _("draft"), default=False, help_text=_("Amazon has not published the application yet.")
    )
    public = models.BooleanField(
        _("public"),
        default=False,
        help_text=_("Other sellers authorise it too; each does so again every 365 days."),
    )

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")

    def __str__(self) -> str:
        return self.name

    def save(self, **options: Any) -> None:
        """A new row is inserted without its secret, which is bound to the row's number."""
        if self.pk:
            super().save(**options)
            return
        secret, self.client_secret = self.client_secret, ""
        using = options.get("using") or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using):
            try:
                super().save(**options)
            finally:
                self.client_secret = secret
            super().save(using=using, update_fields=["client_secret"])


class AccountState(models.TextChoices):
    """What an account may do: read only, read and write, nothing, nothing until connected."""

    OBSERVING = "observing", _("observing")
    LIVE = "live", _("live")
    PAUSED = "paused", _("paused")
    DISCONNECTED = "disconnected", _("disconnected")


class Region(models.TextChoices):
    """Amazon's three regions; an authorisation covers one."""

    NA = "na", _("North America")
    EU = "eu", _("Europe")
    FE = "fe", _("Far East")


class SellerAccount(StateMachineModel):
    """One Amazon seller in one region, authorised to one application."""

    TRANSITIONS = {
        state: frozenset(AccountState) - {state}
        for state in (AccountState.OBSERVING, AccountState.LIVE, AccountState.PAUSED)
    } | {
        # Connected again, an account observes until it is released again.
        AccountState.DISCONNECTED: frozenset({AccountState.OBSERVING})
    }

    application = models.ForeignKey(
        Application, models.PROTECT, related_name="accounts", verbose_name=_("application")
    )
    name = models.CharField(_("name"), max_length=100)
    seller_id = models.CharField(_("seller id"), max_length=50)
    region = models.CharField(_("region"), max_length=2, choices=Region.choices)
    refresh_token = EncryptedTextField(
        _("refresh token"), bound_to=("application_id", "seller_id", "region")
    )
    state = models.CharField(
        _("state"), max_length=20, choices=AccountState.choices, default=AccountState.OBSERVING
    )
    state_reason = models.TextField(_("reason"), blank=True)
    deactivated = models.BooleanField(
        _("deactivated"), default=False, help_text=_("Staff disconnected it, so nobody is told.")
    )
    deployment = models.CharField(
        _("released by deployment"),
        max_length=100,
        blank=True,
        help_text=_("Writes leave only from this deployment (AMAZON_SYNC['DEPLOYMENT'])."),
    )
    shop_scope = models.CharField(
        _("scope"),
        max_length=100,
        blank=True,
        help_text=_("The part of the shop that this account sells; Oscar: a partner's code."),
    )
    synchronise_all = models.BooleanField(
        _("synchronise all products"),
        default=False,
        help_text=_("Products are synchronised unless they are switched off."),
    )
    stock_buffer = models.PositiveIntegerField(
        _("stock buffer"), default=0, help_text=_("Units that are never offered on Amazon.")
    )
    authorised_on = models.DateField(
        _("authorised on"),
        null=True,
        blank=True,
        help_text=_("The day of the refresh token; of a public application it ends in a year."),
    )
    import_orders = models.BooleanField(_("import orders"), default=True)
    orders_since = models.DateTimeField(
        _("look back to"),
        null=True,
        blank=True,
        help_text=_("The first import begins here; empty: at the cut-over."),
    )
    cut_over = models.DateTimeField(
        _("cut-over"),
        default=clock.now,
        help_text=_("Orders from before this moment take no stock and are placed on request."),
    )
    default_shipping_method = models.CharField(
        _("default shipping method"), max_length=100, blank=True
    )
    default_payment_method = models.CharField(
        _("default payment method"), max_length=100, blank=True
    )
    default_carrier = models.CharField(
        _("default carrier"),
        max_length=100,
        blank=True,
        help_text=_("Amazon's carrier code, used where a shipment names none."),
    )
    order_statuses: JsonColumn[dict[str, str]] = models.JSONField(
        _("order statuses"),
        default=dict,
        blank=True,
        help_text=_("Amazon's status to the shop's; what is missing changes nothing there."),
    )
    import_customers = models.BooleanField(
        _("import customers"),
        default=False,
        help_text=_("Buyers become customers of the shop, by e-mail address; otherwise guests."),
    )
    relay_customers = models.BooleanField(
        _("customers by relay address"),
        default=False,
        help_text=_("A buyer behind Amazon's relay address becomes a new customer, not a guest."),
    )
    create_products = models.BooleanField(
        _("create products"),
        default=False,
        help_text=_("What an order has and the shop lacks becomes an unpublished product."),
    )
    default_category = models.CharField(_("default category"), max_length=100, blank=True)
    alarm_recipients = models.TextField(
        _("alarms go to"), blank=True, help_text=_("E-mail addresses, one a line.")
    )
    erases_since = models.DateTimeField(
        _("erases buyers' data since"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("When somebody who saw the first numbers let it begin; empty: not yet."),
    )
    erasing_allowed_by = models.CharField(max_length=255, blank=True, default="", editable=False)
    cron_key_hash = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = _("seller account")
        verbose_name_plural = _("seller accounts")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["application", "seller_id", "region"], name="amazon_account_once"
            ),
            one_of(AccountState, "amazon_account_state"),
        ]
        permissions: ClassVar = [
            ("check_selleraccount", _("Can check the connection")),
            ("release_selleraccount", _("Can release and pause accounts")),
        ]

    def __str__(self) -> str:
        return self.name

    def move(self, to: str, **values: object) -> bool:
        """Move to a state; what is connected again is no longer deactivated."""
        if to != AccountState.DISCONNECTED:
            values["deactivated"] = False
        return super().move(to, **values)

    def writes_from(self, deployment: str) -> bool:
        """Whether a write may leave from here: live, and released by this deployment."""
        return (
            self.state == AccountState.LIVE and bool(deployment) and self.deployment == deployment
        )

    @classmethod
    def writing_from(cls, deployment: str) -> models.QuerySet[SellerAccount]:
        """The accounts of which a write may leave from here."""
        return cls._default_manager.filter(
            ~models.Q(deployment=""), state=AccountState.LIVE, deployment=deployment
        )


class RateSource(models.TextChoices):
    """Where exchange rates come from; without any, a price in another currency is not sent."""

    ECB = "ecb", _("European Central Bank")
    TABLE = "table", _("the table kept here")
    CALLABLE = "callable", _("the project's own function")


class Marketplace(models.Model):
    """One Amazon store that an account sells in, with what is synchronised there."""

    account = models.ForeignKey(
        SellerAccount, models.PROTECT, related_name="marketplaces", verbose_name=_("account")
    )
    code = models.CharField(
        _("marketplace id"),
        max_length=20,
        choices=[(facts.id, f"Amazon {facts.country}") for facts in MARKETPLACES.values()],
    )
    active = models.BooleanField(_("active"), default=True)
    language = models.CharField(_("language tag"), max_length=10)
    sync_name = models.BooleanField(_("send names"), default=False)
    sync_price = models.BooleanField(_("send prices"), default=True)
    sync_quantity = models.BooleanField(_("send quantities"), default=True)
    markup_percent = models.DecimalField(
        _("markup in per cent"), max_digits=6, decimal_places=2, default=0
    )
    price_ending = models.DecimalField(
        _("price ending"),
        max_digits=4,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("0.99 turns 12.40 into 12.99; empty leaves prices as they are."),
    )
    price_floor = models.DecimalField(
        _("lowest price"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    rate_source = models.CharField(
        _("exchange rates"),
        max_length=10,
        choices=RateSource.choices,
        blank=True,
        help_text=_("Where the rate comes from that turns the shop's prices into this currency."),
    )
    switches: JsonColumn[dict[str, bool]] = models.JSONField(
        _("switches"), default=dict, blank=True, help_text=_("Field to whether it is sent.")
    )
    amazon_wins: JsonColumn[list[str]] = models.JSONField(
        _("Amazon wins"),
        default=list,
        blank=True,
        help_text=_("Fields in which Amazon's value stays where another hand changed it there."),
    )
    associate_tag = models.CharField(
        _("associate tag"), max_length=50, blank=True, help_text=_("For links of the storefront.")
    )
    #: Up to then every order that Amazon's reports of orders show is here, by the latest of them.
    orders_proven_until = models.DateTimeField(null=True, blank=True, editable=False)
    orders_proven_by = models.CharField(
        max_length=100, blank=True, editable=False, help_text="Amazon's id of the last report."
    )

    class Meta:
        verbose_name = _("marketplace")
        verbose_name_plural = _("marketplaces")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "code"], name="amazon_marketplace_once")
        ]

    def __str__(self) -> str:
        return f"Amazon {self.facts.country}"

    @property
    def facts(self) -> MarketplaceFacts:
        """Country, currency and hosts of this marketplace."""
        return MARKETPLACES[self.code]


class Lack(models.Model):
    """What an account cannot do or read at Amazon, until ``works_since``.

    ``marketplace`` is the one (id) of which it was refused; empty where it is of none, or of all.
    """

    class Part(models.TextChoices):
        AUTHORISATION = "authorisation", _("access to the account")
        LISTINGS_OUT = "listings_out", _("changing listings")
        LISTINGS = "listings", _("reading listings")
        FEEDS = "feeds", _("reading feeds")
        REPORTS = "reports", _("reports")
        ORDERS = "orders", _("orders")
        SHIPMENTS = "shipments", _("confirming shipments")
        AMAZON_STOCK = "amazon_stock", _("stock in Amazon's warehouses")
        CATALOGUE = "catalogue", _("Amazon's catalogue")
        RESTRICTIONS = "restrictions", _("what the account may not sell")
        SELLING = "selling", _("selling in all stores")

    account = models.ForeignKey(
        SellerAccount, models.CASCADE, related_name="lacks", verbose_name=_("account")
    )
    part = models.CharField(_("what"), max_length=20, choices=Part.choices)
    marketplace = models.CharField(_("marketplace"), max_length=20, blank=True)
    code = models.CharField(_("code"), max_length=50)
    reason = models.TextField(_("reason"))
    since = models.DateTimeField(_("since"))
    tries = models.PositiveIntegerField(_("tries"), default=1)
    again_at = models.DateTimeField(_("tried again at"))
    works_since = models.DateTimeField(_("works since"), null=True, blank=True)

    class Meta:
        verbose_name = _("lack")
        verbose_name_plural = _("lacks")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "part", "marketplace"], name="amazon_lack_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.what}"

    @property
    def what(self) -> str:
        """What is missing, in words, and in which store."""
        words = capfirst(self.get_part_display())
        if self.marketplace not in MARKETPLACES:
            return words
        return f"{words} ({MARKETPLACES[self.marketplace].store_domain})"


class AccessToken(models.Model):
    """The access token of an account for one scope, shared by all processes."""

    account = models.ForeignKey(SellerAccount, models.CASCADE, related_name="access_tokens")
    scope = models.CharField(max_length=100, blank=True)
    token = EncryptedTextField(bound_to=("account_id", "scope"))
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "scope"], name="amazon_token_once")
        ]

    def __str__(self) -> str:
        return f"token of account {self.account_id}"


class Lease(models.Model):
    """The right to do one job, for two minutes at a time; ``fence`` grows with each holder."""

    key = models.CharField(max_length=200, primary_key=True)
    holder = models.CharField(max_length=200, blank=True)
    fence = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class RateBucket(models.Model):
    """The token bucket of one operation and one seller account (GCRA).

    ``full_at`` is the theoretical arrival time in seconds since 1970; ``rate`` is what Amazon's
    header said last, in requests per second.
    """

    key = models.CharField(max_length=200, primary_key=True)
    full_at = models.FloatField(default=0)
    rate = models.FloatField(null=True)

    def __str__(self) -> str:
        return self.key


class Job(models.TextChoices):
    """The jobs that runs are of."""

    EXPORT = "export", _("Export to Amazon")
    CHANGES = "changes", _("Changed offers to Amazon")
    VERIFY = "verify", _("Verify listings")
    IMPORT_ORDERS = "import_orders", _("Import orders")
    RECONCILE = "reconcile", _("Compare orders with Amazon's report")
    CONFIRM_SHIPMENTS = "confirm_shipments", _("Confirm shipments")
    SETTLE = "settle", _("Settle feeds")
    IMPORT_LISTINGS = "import_listings", _("Import listings")
    MATCH = "match", _("Match offers to listings")
    TAKE_OVER = "take_over", _("Import from Amazon")


#: How often each job runs unless staff choose otherwise.
DEFAULT_PERIODS = {
    Job.IMPORT_ORDERS: timedelta(minutes=5),
    Job.CONFIRM_SHIPMENTS: timedelta(minutes=10),
    Job.VERIFY: timedelta(hours=6),
    Job.IMPORT_LISTINGS: timedelta(days=1),
    Job.EXPORT: timedelta(days=1),
    Job.RECONCILE: timedelta(days=1),
}

#: The jobs that bring orders in; by themselves they run only where orders are to come in.
BRING_ORDERS_IN = frozenset({Job.IMPORT_ORDERS, Job.RECONCILE})


class Schedule(models.Model):
    """When a job of an account is due next; worked off by ``tick``."""

    account = models.ForeignKey(SellerAccount, models.CASCADE, related_name="schedules")
    job = models.CharField(_("job"), max_length=30, choices=Job.choices)
    active = models.BooleanField(_("active"), default=True)
    every = models.DurationField(_("every"))
    next_due = models.DateTimeField(_("next due"), default=clock.now)
    last_started = models.DateTimeField(_("last started"), null=True, blank=True)

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "job"], name="amazon_schedule_once")
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.get_job_display()}"

    def claim(self, now: datetime) -> bool:
        """Take this due time; of two ticks one wins. The next is counted from now."""
        due = Schedule.objects.filter(pk=self.pk, next_due=self.next_due)
        return due.update(next_due=now + self.every, last_started=now) == 1
