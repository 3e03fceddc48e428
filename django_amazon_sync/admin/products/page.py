"""The Amazon page of one product of the shop, wherever it is shown: what holds for it, and buttons.

One offer at a time, for all accounts that whoever asks may see. What is typed is saved together or
not at all, and nothing else is: what somebody saved since the page was shown stays. Exports and
imports are runs, which the page then follows; Amazon itself is asked for suggestions only, and for
a few seconds at most.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, Prefetch, Q, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.views import View

from django_amazon_sync import tasks
from django_amazon_sync.admin.common import ask_first, issue_texts
from django_amazon_sync.admin.common.access import visible_accounts, within_scopes
from django_amazon_sync.admin.common.ask_first import Question
from django_amazon_sync.admin.common.listing_status import status_of
from django_amazon_sync.admin.common.queue_runs import queued
from django_amazon_sync.admin.common.sent_numbers import SentPage, sent_of
from django_amazon_sync.admin.products import approving, states
from django_amazon_sync.admin.products.numbers import Number, numbers_of
from django_amazon_sync.admin.products.page_forms import (
    CodesForm,
    ListingForm,
    PartForm,
    SkuPart,
    SkuPartForm,
    StorePart,
)
from django_amazon_sync.admin.products.switching_off import (
    are_switched_off,
    question_of_field,
    question_of_skus,
    skus_of,
)
from django_amazon_sync.admin.products.take_over import check_switch_off, switch_off
from django_amazon_sync.admin.reports import progress
from django_amazon_sync.data import FieldValues, Offer
from django_amazon_sync.errors import AmazonSyncError, NotSupported
from django_amazon_sync.models import (
    Job,
    Listing,
    Marketplace,
    Presence,
    ProductType,
    SellerAccount,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.rules.identifiers import may_be_pk
from django_amazon_sync.rules.prices import PriceRule
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.accounts.connect import client_for
from django_amazon_sync.sync.listings.explain import explain_price
from django_amazon_sync.sync.listings.link import SkuTaken, lock_with_listings
from django_amazon_sync.sync.offers import changed_offers, identifiers, product_types
from django_amazon_sync.sync.offers.desired import Chosen, Rules, desired
from django_amazon_sync.sync.offers.fields import FIELDS, PRICE
from django_amazon_sync.sync.offers.price_checks import price_now
from django_amazon_sync.sync.offers.reserved_units import units_reserved
from django_amazon_sync.sync.verification import take_over

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: Runs that one page follows at most.
FOLLOWED = 20

#: Seconds that somebody waits for a call's turn, and for Amazon at each step of it.
PATIENCE, TIMEOUT = 2.0, (2.0, 4.0)

#: Characters that are searched for.
LONGEST_SEARCH = 200

LOOK, TAKE_OVER = "view_sellersku", "take_over_listing"


@dataclass(frozen=True)
class AccountPart:
    """An account that may sell the offer, with the SKUs that it sells it under."""

    account: SellerAccount
    skus: list[SkuPart]


@dataclass(frozen=True)
class ImportChoice:
    """A field that may be imported; or, where it goes out, the reason why not."""

    name: str
    goes_out: bool

    @property
    def label(self) -> StrOrPromise:
        return FIELDS[self.name].label


@dataclass(frozen=True)
class ImportPart:
    """What may be imported from one listing."""

    listing: Listing
    choices: list[ImportChoice]


class ProductPage(View):
    """A page that says where it stands by ``NAMES`` and its template."""

    template_name = ""
    ask_template = ask_first.TEMPLATE
    http_method_names = ("get", "post", "head")

    #: Whether whoever reads it is in the admin, whose pages it may link to.
    is_in_admin = False

    #: The URL names of the parts of the same place: "product", "run_state".
    NAMES: ClassVar[dict[str, str]] = {}

    def address(self, name: str, *args: object) -> str:
        """Where another part of the same place is."""
        return reverse(self.NAMES[name], args=args)

    def report_url(self, run: SyncRun) -> str:
        """The full report of a run; empty where this place has none."""
        return ""

    def context(self) -> dict[str, object]:
        """What the frame around the page needs."""
        return {}

    def may(self, *codenames: str) -> bool:
        """Whether whoever asks has all these permissions of ours."""
        names = [f"django_amazon_sync.{codename}" for codename in codenames]
        return self.request.user.has_perms(names)

    # --- Asked for -------------------------------------------------------------------------------

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.request = request
        if not self.may(LOOK):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        if "suggest" in request.GET:
            return self.suggest()
        return self.shown(self.codes(), self.parts())

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        doings = {
            "save": self.save,
            "export": self.export,
            "compare": self.compare,
            "take_over": self.take_over,
            "switch_off": self.switch_off,
            "approve": self.approve,
            "read_type": self.read_type,
        }
        do = doings.get(request.POST.get("do", ""))
        if do is None or not self.offers:
            raise PermissionDenied
        return do()

    # --- What there is ---------------------------------------------------------------------------

    @property
    def product_pk(self) -> str:
        """The product that the address names."""
        pk: str = self.kwargs["pk"]
        return pk

    @cached_property
    def accounts(self) -> list[SellerAccount]:
        """The accounts that whoever asks may see, with their active marketplaces."""
        active = Marketplace.objects.filter(active=True).order_by("code")
        rows = visible_accounts(self.request).order_by("name", "pk")
        return list(rows.prefetch_related(Prefetch("marketplaces", active)))

    @cached_property
    def offers_by_scope(self) -> dict[str, dict[str, Offer]]:
        """The product's offers in each scope of these accounts, by pk."""
        shop = configured_shop()
        try:
            pks = shop.offers_of_product(self.product_pk)
        except NotSupported:
            pks = []
        scopes = dict.fromkeys(account.shop_scope for account in self.accounts)
        return {scope: {offer.pk: offer for offer in shop.offers(scope, pks)} for scope in scopes}

    @cached_property
    def offers(self) -> list[Offer]:
        """All of them, each once. Raises Http404 where there is none to be seen."""
        found: dict[str, Offer] = {}
        for offers in self.offers_by_scope.values():
            found |= offers
        if not found:
            raise Http404(
                "No account that you see sells this product, or the shop no longer has it."
            )
        return list(found.values())

    @cached_property
    def offer(self) -> Offer:
        """The offer that the page is about: the one that was chosen, else the first."""
        chosen = self.request.GET.get("offer", "")
        return next((offer for offer in self.offers if offer.pk == chosen), self.offers[0])

    @cached_property
    def sellers(self) -> list[SellerAccount]:
        """The accounts in whose scope the offer is."""
        return [
            account
            for account in self.accounts
            if self.offer.pk in self.offers_by_scope[account.shop_scope]
        ]

    @cached_property
    def skus(self) -> list[SellerSku]:
        """The SKUs that the offer is sold under, with their listings; the oldest first."""
        listings = Listing.objects.select_related("marketplace").order_by("marketplace__code")
        rows = SellerSku.objects.filter(offer_pk=self.offer.pk, account__in=self.sellers)
        found = list(rows.order_by("pk").prefetch_related(Prefetch("listings", listings)))
        by_pk = {account.pk: account for account in self.sellers}
        for sku in found:
            sku.account = by_pk[sku.account_id]
            for listing in sku.listings.all():
                listing.sku = sku
                listing.marketplace.account = sku.account
        return found

    @cached_property
    def numbers(self) -> dict[int, list[Number]]:
        """Why price and stock of each listing (pk) are what they are."""
        return numbers_of(self.request, self.shown_listings, {self.offer.pk: self.offer})

    @cached_property
    def sent(self) -> dict[int, SentPage]:
        """What was sent last of each listing (pk)."""
        pks = [listing.pk for listing in self.shown_listings]
        return sent_of(self.request, pks, linked=self.is_in_admin)

    @property
    def shown_listings(self) -> list[Listing]:
        """The listings in stores that the page has a part for."""
        return [
            listing
            for sku in self.skus
            for listing in sku.listings.all()
            if listing.marketplace.active
        ]

    # --- Its forms -------------------------------------------------------------------------------

    def codes(self, data: Mapping[str, Any] | None = None) -> CodesForm:
        return CodesForm(data, offer=self.offer, may={"*": self.may("change_sellersku")})

    def parts(self, data: Mapping[str, Any] | None = None) -> list[AccountPart]:
        """The forms of each account; of one that does not sell the offer yet, of a new SKU."""
        found = []
        reserved = units_reserved([self.offer.pk]).get(self.offer.pk, 0)
        for account in self.sellers:
            rows: Sequence[SellerSku | None]
            rows = [sku for sku in self.skus if sku.account_id == account.pk] or [None]
            skus = [self._sku_part(account, row, reserved, data) for row in rows]
            found.append(AccountPart(account, skus))
        return found

    def _sku_part(
        self,
        account: SellerAccount,
        row: SellerSku | None,
        reserved: int,
        data: Mapping[str, Any] | None,
    ) -> SkuPart:
        form = SkuPartForm(
            data,
            shop=configured_shop(),
            account=account,
            offer=self.offer,
            row=row,
            conditions=product_types.conditions_in(self.types_of(row)),
            may={"*": self.may("change_sellersku")},
        )
        its = row or SellerSku(account=account, sku=self.offer.sku, offer_pk=self.offer.pk)
        rows = row.listings.all() if row else ()
        there = {listing.marketplace_id: listing for listing in rows}
        stores = [
            self._store_part(
                its, marketplace, there.get(marketplace.pk), reserved, form.prefix or "", data
            )
            for marketplace in account.marketplaces.all()
        ]
        return SkuPart(form, stores, {"row": row, "name": its.sku})

    def _store_part(
        self,
        sku: SellerSku,
        marketplace: Marketplace,
        listing: Listing | None,
        reserved: int,
        prefix: str,
        data: Mapping[str, Any] | None,
    ) -> StorePart:
        marketplace.account = sku.account
        prices = self.may("change_listing", "change_price_listing")
        its = listing or Listing(sku=sku, marketplace=marketplace)
        rules = Rules.of(marketplace)
        kept = self.types.get((marketplace.pk, its.product_type))
        form = ListingForm(
            data,
            marketplace=marketplace,
            row=listing,
            sent=rules.switches,
            price_of=partial(self._price, its.believed, rules.price),
            product_type=kept,
            prefix=prefix,
            may={"*": self.may("change_listing"), "prices": prices, "own_price": prices},
        )
        chosen = Chosen.of(its)
        want = desired(
            self.offer, sku, its, rules, reserved=reserved, chosen=chosen, believed=its.believed
        )
        problems = [why for name, why in want.problems.items() if name != PRICE]
        return StorePart(
            form,
            {
                "row": listing,
                "explanation": explain_price(its, self.offer),
                "numbers": self.numbers.get(listing.pk) if listing else None,
                "sent": self.sent.get(listing.pk) if listing else None,
                "problems": problems,
                "issues": issue_texts.told(its.issues),
                "type": kept,
                "stale": kept is None or not product_types.is_fresh(kept),
                "suggest_in": f"{sku.account_id}:{marketplace.code}",
                "next": status_of(its, self.offer).sentence,
                "held": [
                    (FIELDS[name].label if name in FIELDS else name, why)
                    for name, why in states.held(its).items()
                ],
                "seen": approving.with_held("", its) if its.held else "",
            },
        )

    def _price(self, believed: FieldValues, rule: PriceRule, own: Decimal | None) -> str:
        """What it is sold at with this own price, or with none."""
        return price_now(own, believed, self.offer, rule)

    # --- What Amazon suggests ---------------------------------------------------------------------

    @cached_property
    def types(self) -> dict[tuple[int, str], ProductType]:
        """What is kept of the product types of the offer's listings."""
        return product_types.kept_of(listing for sku in self.skus for listing in sku.listings.all())

    def types_of(self, row: SellerSku | None) -> list[ProductType]:
        listings = row.listings.all() if row else ()
        found = [
            self.types.get((listing.marketplace_id, listing.product_type)) for listing in listings
        ]
        return [product_type for product_type in found if product_type is not None]

    def suggest(self) -> HttpResponse:
        """Where Amazon has items of some words, as JSON for the page; a few seconds at most."""
        if not self.may("change_listing"):
            raise PermissionDenied
        words = self.request.GET["suggest"].strip()[:LONGEST_SEARCH]
        pk, _colon, code = self.request.GET.get("marketplace", "").partition(":")
        account = next((seller for seller in self.sellers if str(seller.pk) == pk), None)
        codes = [row.code for row in account.marketplaces.all()] if account else []
        if account is None or not words or code not in codes:
            return JsonResponse({"error": gettext("Write some words to search for.")}, status=400)
        try:
            client = client_for(account, patience=PATIENCE, timeout=TIMEOUT)
            found = product_types.suggest(client, code, words)
        except AmazonSyncError as error:
            return JsonResponse({"error": str(error)}, status=503)
        return JsonResponse(
            {
                "keywords": found.keywords,
                "nodes": [{"number": node.number, "path": node.path} for node in found.nodes],
                "product_types": [
                    {"name": product_type.name, "label": product_type.display_name}
                    for product_type in found.product_types
                ],
            }
        )

    def read_type(self) -> HttpResponse:
        """Read from Amazon what the product type of one listing allows, and keep it."""
        if not self.may("change_listing"):
            raise PermissionDenied
        listing = self._posted_listing()
        try:
            client = client_for(listing.sku.account, patience=PATIENCE, timeout=TIMEOUT)
            product_types.read(client, listing.marketplace, listing.product_type)
        except AmazonSyncError as error:
            messages.error(self.request, str(error))
        else:
            messages.success(self.request, gettext("What the product type allows is read."))
        return self.back()

    # --- Saving ----------------------------------------------------------------------------------

    def save(self) -> HttpResponse:
        """Save all that was changed, or show what is wrong and save nothing."""
        data = self.request.POST.copy()
        codes, accounts = self.codes(data), self.parts(data)
        parts = [sku for account in accounts for sku in account.skus]
        forms = _forms(codes, accounts)
        if self._is_of_another(forms):
            text = gettext(
                "Nothing is saved: the product is sold under other SKUs than when you opened the "
                "page. Type it again."
            )
            messages.error(self.request, text)
            return self.shown(self.codes(), self.parts())
        for form in forms:
            form.keep_others(data, self.showed)
        valid = [form.is_valid() for form in forms]  # all of them, so that all errors show at once
        if not all(valid):
            messages.error(
                self.request, gettext("Nothing is saved: look at the fields in question.")
            )
            return self.shown(codes, accounts)
        if page := self._asked_of_switching_off(parts):
            return page
        try:
            self._write(codes, parts)
        except SkuTaken:
            return self.shown(codes, accounts)
        messages.success(self.request, gettext("What you set is saved."))
        if self.may("change_sellersku"):
            self._warn_of_shared(codes.cleaned_data)
        then = self.request.POST.get("then", "")
        if then not in ("export", "look"):
            return self.back()
        del self.skus  # one of them may be new
        return self.export(dry_run=then == "look")

    @cached_property
    def showed(self) -> dict[str, str]:
        """What the page showed before this request, by input."""
        try:
            showed = json.loads(self.request.POST.get("shown", ""))
        except ValueError:
            return {}
        pairs = showed.items() if isinstance(showed, dict) else ()
        return {str(name): str(text) for name, text in pairs}

    def _is_of_another(self, forms: Iterable[PartForm]) -> bool:
        """Whether something was typed that has no place any more: the offer is another one, or a
        SKU was linked or left it since the page was shown."""
        if self.request.POST.get("offer", self.offer.pk) != self.offer.pk:
            return True
        there = {name for form in forms for texts in form.texts().values() for name in texts}
        posted = self.request.POST
        return any(
            posted.get(name, "").replace("\r\n", "\n") != text
            for name, text in self.showed.items()
            if name not in there
        )

    def _asked_of_switching_off(self, parts: Iterable[SkuPart]) -> HttpResponse | None:
        """The page in between, where a SKU is taken off sale."""
        rows = [
            row.pk
            for part in parts
            if (row := part.form.row) and are_switched_off(row, part.form.synchronised)
        ]
        return self.ask(question_of_skus(skus_of(rows))) if rows else None

    def ask(self, question: Question) -> HttpResponse | None:
        """The page in between, within the frame of this place."""
        return ask_first.page(self.request, question, self.context(), self.ask_template)

    def _write(self, codes: CodesForm, parts: Sequence[SkuPart]) -> None:
        with transaction.atomic():
            self._lock([part.form.name for part in parts])
            concerned = set(self.sellers) if codes.has_changed() and codes.save() else set()
            saved: list[Model] = []
            for part in parts:
                try:
                    rows = part.save()
                except SkuTaken as taken:
                    part.refuse(taken)
                    raise
                saved += rows
                concerned |= {part.form.account} if rows else set()
            for row in saved:
                self._log(row)
            changed_offers.note((account.pk, self.offer.pk) for account in concerned)

    def _lock(self, names: Sequence[str]) -> None:
        """All that may be written of the product's SKUs, these names among them."""
        its = Q(offer_pk=self.offer.pk) | Q(account__in=self.sellers, sku__in=names)
        lock_with_listings(SellerSku.objects.filter(its).values_list("pk", flat=True))

    def _log(self, row: Model) -> None:
        rows = type(row)._default_manager.filter(pk=row.pk)
        LogEntry.objects.log_actions(
            self.request.user.pk or 0,
            rows,
            CHANGE,
            change_message=gettext("Changed on the product's page."),
            single_object=True,
        )

    def _warn_of_shared(self, codes: Mapping[str, list[str]]) -> None:
        """Say which codes other offers have too; that may be meant."""
        scopes = {account.shop_scope for account in self.sellers}
        shared = identifiers.shared(configured_shop(), scopes, self.offer.pk, codes)
        for code, others in shared.items():
            names = ", ".join(f"{other.sku} ({other.title})" for other in others)
            text = gettext(
                "%(code)s is also a code of %(others)s. Check that it is the same product."
            )
            messages.warning(self.request, text % {"code": code, "others": names})

    # --- Runs ------------------------------------------------------------------------------------

    def export(self, *, dry_run: bool | None = None) -> HttpResponse:
        """Send what differs of this offer, for each account, as a run of its own."""
        if not self.may("export_listing"):
            raise PermissionDenied
        look = "look" in self.request.POST if dry_run is None else dry_run
        return self.follow(Job.EXPORT, dry_run=look)

    def follow(self, job: Job, *, dry_run: bool, **options: Any) -> HttpResponse:
        """Ask for runs about this offer, and follow them on the page."""
        names: dict[SellerAccount, list[str]] = {account: [] for account in self.sellers}
        for sku in self.skus:
            names[sku.account].append(sku.sku)
        wanted = [
            (account, {"skus": sorted(its) or [self.offer.sku], **options})
            for account, its in names.items()
        ]
        return self._started(queued(self.request, job, wanted, dry_run=dry_run))

    def _started(self, runs: list[SyncRun]) -> HttpResponse:
        """Start these runs, and show the page that follows them."""
        if not all(tasks.start(run) for run in runs):
            text = gettext(
                "It waits, as no broker could be reached: a worker or the command amazon_tick will "
                "do it."
            )
            messages.warning(self.request, text)
        return self.back(runs)

    @cached_property
    def runs(self) -> QuerySet[SyncRun]:
        """The runs that the address names, as far as whoever asks may see them."""
        pks = [pk for pk in self.request.GET.get("run", "").split(",") if may_be_pk(pk)]
        return self.seen_runs(pks[:FOLLOWED] if self.may("view_syncrun") else [])

    def seen_runs(self, pks: Iterable[str]) -> QuerySet[SyncRun]:
        """Those of the runs that are of accounts which whoever asks may see."""
        rows = SyncRun.objects.filter(pk__in=list(pks))
        seen = within_scopes(rows, self.request, "account").select_related("account")
        return seen.defer("account__refresh_token").order_by("pk")

    # --- Import from Amazon ---------------------------------------------------------------------

    def imports(self) -> list[ImportPart]:
        """What may be taken over from each listing that Amazon has, and what goes out of it."""
        if not self.may(TAKE_OVER):
            return []
        return [
            ImportPart(
                listing, [ImportChoice(name, name in out) for name in take_over.TAKE_OVER_FIELDS]
            )
            for sku in self.skus
            for listing in sku.listings.all()
            if listing.presence == Presence.PRESENT
            for out in [take_over.goes_out(listing)]
        ]

    def compare(self) -> HttpResponse:
        """Read one listing from Amazon and show how the shop differs; nothing changes."""
        listing = self._posted_listing()
        fields = [
            name
            for name in take_over.TAKE_OVER_FIELDS
            if name in self.request.POST.getlist("field")
        ]
        if not fields:
            messages.error(self.request, gettext("Choose what shall be imported."))
            return self.back()
        options = {
            "skus": [listing.sku.sku],
            "marketplaces": [listing.marketplace.code],
            "fields": fields,
        }
        return self.follow_one(listing.sku.account, options, dry_run=True)

    def take_over(self) -> HttpResponse:
        """Do what a run has shown: the same SKU, the same values."""
        pk = self.request.POST.get("run", "")
        shown = self.seen_runs([pk] if may_be_pk(pk) else []).first()
        if shown is None or not self.may_be_taken_over(shown):
            raise PermissionDenied
        options = {name: shown.options[name] for name in ("skus", "marketplaces", "fields")}
        account = next(seller for seller in self.sellers if seller.pk == shown.account_id)
        return self.follow_one(account, {**options, "shown": shown.pk}, dry_run=False)

    def may_be_taken_over(self, run: SyncRun) -> bool:
        """Whether this is a look at what Amazon has of this offer, which may be done now."""
        ours = {(sku.account_id, sku.sku) for sku in self.skus}
        its = {(run.account_id, name) for name in run.options.get("skus", [])}
        looked = run.job == Job.TAKE_OVER and run.dry_run
        return looked and bool(its) and its <= ours and self.may(TAKE_OVER)

    def follow_one(
        self, account: SellerAccount, options: dict[str, Any], *, dry_run: bool
    ) -> HttpResponse:
        if not self.may(TAKE_OVER):
            raise PermissionDenied
        return self._started(
            queued(self.request, Job.TAKE_OVER, [(account, options)], dry_run=dry_run)
        )

    def switch_off(self) -> HttpResponse:
        """Stop sending a field of one listing, so that it can be imported."""
        listing, name = self._posted_listing(), self.request.POST.get("off", "")
        check_switch_off(self.request, name)
        if page := self.ask(question_of_field(listing, name)):
            return page
        switch_off(self.request, listing, name)
        return self.back()

    def approve(self) -> HttpResponse:
        """Approve what the page showed of one listing, and follow the run that sends it."""
        if not self.may("approve_listing"):
            raise PermissionDenied
        rows = Listing.objects.filter(pk=self._posted_listing().pk)
        waiting = approving.Waiting.of(self.request, rows)
        runs, done = approving.approve(self.request, rows, waiting)
        messages.add_message(self.request, messages.SUCCESS if runs else messages.WARNING, done)
        return self._started(runs)

    def _posted_listing(self) -> Listing:
        pk = self.request.POST.get("listing", "")
        for sku in self.skus:
            for listing in sku.listings.all():
                if str(listing.pk) == pk:
                    return listing
        raise PermissionDenied

    # --- Answers ---------------------------------------------------------------------------------

    def back(self, runs: Iterable[SyncRun] = ()) -> HttpResponse:
        """To the page of the same offer, which then follows these runs."""
        query = f"offer={self.offer.pk}"
        if pks := ",".join(str(run.pk) for run in runs):
            query += f"&run={pks}"
        return HttpResponseRedirect(f"{self.address('product', self.product_pk)}?{query}")

    def _next_of(self, run: SyncRun) -> str:
        """What can be done once the run is done."""
        if not self.may_be_taken_over(run):
            return ""
        return render_to_string("django_amazon_sync/take_over_now.html", {"run": run}, self.request)

    def shown(self, codes: CodesForm, accounts: list[AccountPart]) -> HttpResponse:
        panels = [
            progress.panel(
                run, self.address("run_state", run.pk), self.report_url(run), self._next_of(run)
            )
            for run in self.runs
        ]
        return render(
            self.request,
            self.template_name,
            {
                **self.context(),
                "title": self.offer.title,
                "product_url": configured_shop().product_url(self.product_pk),
                "product_pk": self.product_pk,
                "offers": self.offers,
                "offer": self.offer,
                "codes": codes,
                "accounts": accounts,
                "stored": _stored(codes, accounts),
                "panels": panels,
                "imports": self.imports(),
                "unsaved": self.request.method == "POST",
                "may_save": self.may("change_sellersku") or self.may("change_listing"),
                "may_suggest": self.may("change_listing"),
                "may_export": self.may("export_listing"),
                "may_approve": self.may("approve_listing"),
            },
        )


def _forms(codes: CodesForm, accounts: Iterable[AccountPart]) -> list[PartForm]:
    """All forms of the page."""
    parts = (sku for account in accounts for sku in account.skus)
    return [codes, *(form for part in parts for form in part.forms())]


def _stored(codes: CodesForm, accounts: Iterable[AccountPart]) -> str:
    """What is stored now of each field, by input, as the page carries it."""
    all_texts = (form.texts().values() for form in _forms(codes, accounts))
    return json.dumps({name: its for texts in all_texts for each in texts
                       for name, its in each.items()})  # fmt: skip
