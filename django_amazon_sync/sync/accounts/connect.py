"""Connecting accounts: the client of an account, connecting it, and releasing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from django_amazon_sync import clock, conf, databases
from django_amazon_sync.amazon import listings, lwa, sellers
from django_amazon_sync.amazon.client import Client, OnEnd, TokenSource
from django_amazon_sync.amazon.limits import Limiter, MemoryBuckets
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.errors import (
    ConfigurationError,
    Disconnected,
    NotFound,
    Unauthorized,
)
from django_amazon_sync.models import (
    DEFAULT_PERIODS,
    AccountState,
    Application,
    Job,
    Marketplace,
    Schedule,
    SellerAccount,
)
from django_amazon_sync.rules.identifiers import may_be_application_id, may_be_seller_id
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.accounts.tokens_and_buckets import (
    Credentials as Credentials,
)
from django_amazon_sync.sync.accounts.tokens_and_buckets import (
    DatabaseTokens,
    MemoryTokens,
    buckets,
)

#: Seconds for connecting and for each read while somebody waits for an account to be connected.
HANDSHAKE = (4.0, 8.0)

#: How staff and scripts say "the shop's first choice".
ANY = "any"


def client_for(
    account: SellerAccount,
    *,
    patience: float = 3.0,
    timeout: tuple[float, float] = (5, 30),
    on_wait: Callable[[str, float], None] | None = None,
) -> Client:
    """The account's way to Amazon, with the tokens and rate buckets that all workers share.

    ``patience`` is how many seconds a call may wait for its bucket before it is Throttled,
    ``timeout`` the seconds for connecting and for each read.
    """
    tokens, limiter = DatabaseTokens(account, timeout), limiter_for(account)
    return _client(account, tokens, limiter, patience, timeout, on_wait, access.Listener(account))


def limiter_for(account: SellerAccount) -> Limiter:
    """The account's rate buckets, which all workers share."""
    return Limiter(buckets(), bucket_key(account))


def bucket_key(account: SellerAccount) -> str:
    """What the rate buckets of an account are kept under."""
    return f"{account.application_id}:{account.seller_id}:{account.region}"


def _client(
    account: SellerAccount,
    tokens: TokenSource,
    limiter: Limiter,
    patience: float = 3.0,
    timeout: tuple[float, float] = (5, 30),
    on_wait: Callable[[str, float], None] | None = None,
    on_end: OnEnd | None = None,
) -> Client:
    return Client(
        endpoint=conf.get("ENDPOINT"),
        region=account.region,
        seller_id=account.seller_id,
        tokens=tokens,
        limiter=limiter,
        patience=patience,
        timeout=timeout,
        on_wait=on_wait,
        on_end=on_end,
    )


# --- Connecting --------------------------------------------------------------------------------


@dataclass(frozen=True)
class ApplicationFacts:
    """What staff say of a new application beside its credentials."""

    name: str = ""
    application_id: str = ""
    public: bool = False
    draft: bool = False
    secret_made_on: date | None = None


def consent_url(application: Application, marketplace: str, state: str, redirect_uri: str) -> str:
    """Where on Amazon's website the seller authorises the application."""
    return lwa.consent_url(
        conf.get("SELLER_CENTRAL").replace("{host}", MARKETPLACES[marketplace].seller_central),
        application_id=application.application_id,
        state=state,
        redirect_uri=redirect_uri,
        draft=application.draft,
    )


def refresh_token_for(application: Application, code: str, redirect_uri: str) -> str:
    """The refresh token for the code that the seller brought back. Raises AmazonError."""
    return lwa.exchange_code(
        conf.get("LWA_ENDPOINT"),
        client_id=application.client_id,
        client_secret=application.client_secret,
        code=code,
        redirect_uri=redirect_uri,
        timeout=HANDSHAKE,
    )


def connect_account(
    shop: Shop,
    credentials: Credentials,
    *,
    region: str,
    seller_id: str,
    marketplaces: Sequence[str],
    name: str = "",
    scope: str | None = None,
    payment_method: str | None = None,
    shipping_method: str | None = None,
    synchronise_all: bool | None = None,
    orders_since: datetime | None = None,
    application: ApplicationFacts | None = None,
) -> SellerAccount:
    """Connect an account, or update the one that is there; what is None stays as it is.

    Amazon is asked first, so that nothing is half-made. A new account observes. Raises
    ConfigurationError, Disconnected, Unauthorized or another AmazonError.
    """
    _check_databases()
    _check_ids(credentials.client_id, seller_id)
    _known_in_region(marketplaces, region)
    choices = {
        "default_payment_method": _choice("payment", payment_method, shop),
        "default_shipping_method": _choice("shipping", shipping_method, shop),
        "synchronise_all": synchronise_all,
        "shop_scope": scope,
        "orders_since": orders_since,
    }
    choices = {key: value for key, value in choices.items() if value is not None}
    candidate = SellerAccount(
        application=Application(
            client_id=credentials.client_id, client_secret=credentials.client_secret
        ),
        seller_id=seller_id,
        region=region,
        refresh_token=credentials.refresh_token,
    )
    languages, now = _ask_amazon(candidate, marketplaces)
    facts = asdict(application or ApplicationFacts())
    facts["name"] = facts["name"] or name or credentials.client_id[-12:]
    authorisation = {
        "refresh_token": credentials.refresh_token,
        "authorised_on": timezone.localdate(),
    }
    with transaction.atomic():
        owner, _made = Application.objects.update_or_create(
            client_id=credentials.client_id,
            defaults={"client_secret": credentials.client_secret},
            create_defaults={"client_secret": credentials.client_secret, **facts},
        )
        same = SellerAccount.objects.filter(application=owner, seller_id=seller_id, region=region)
        before = _what_it_sells(same.defer("refresh_token").first())
        account, _made = SellerAccount.objects.update_or_create(
            application=owner,
            seller_id=seller_id,
            region=region,
            defaults={**authorisation, **choices},
            create_defaults={
                **authorisation,
                "name": name or f"{seller_id} ({region.upper()})",
                # Amazon's times are in whole seconds.
                "cut_over": now.replace(microsecond=0),
                **choices,
            },
        )
        account.access_tokens.all().delete()
        access.forget(SellerAccount.objects.filter(pk=account.pk))
        made = [
            Marketplace.objects.get_or_create(
                account=account, code=code, defaults={"language": languages[code]}
            )[1]
            for code in marketplaces
        ]
        for job, every in DEFAULT_PERIODS.items():
            Schedule.objects.get_or_create(account=account, job=job, defaults={"every": every})
        if account.state == AccountState.LIVE and (any(made) or before != _what_it_sells(account)):
            export_soon(account)
    if account.state == AccountState.DISCONNECTED:
        account.move(AccountState.OBSERVING, state_reason="")
    return account


def _check_databases() -> None:
    """What `manage.py check` says, which web servers do not run. Raises ConfigurationError."""
    for fault in databases.faults():
        raise ConfigurationError(str(fault))


def _check_ids(client_id: str, seller_id: str) -> None:
    if not may_be_application_id(client_id):
        raise ConfigurationError("The client id has other signs than letters, digits, '.-_'.")
    if not may_be_seller_id(seller_id):
        raise ConfigurationError("The seller id has other signs than letters and digits.")


def _what_it_sells(account: SellerAccount | None) -> tuple[str, bool] | None:
    return (account.shop_scope, account.synchronise_all) if account else None


def _known_in_region(marketplaces: Sequence[str], region: str) -> None:
    for code in marketplaces:
        facts = MARKETPLACES.get(code)
        if facts is None:
            of_region = sorted(
                marketplace.id
                for marketplace in MARKETPLACES.values()
                if marketplace.region == region
            )
            raise ConfigurationError(
                f"{code} is not a marketplace id; those of region {region} are "
                f"{', '.join(of_region)}."
            )
        if facts.region != region:
            raise ConfigurationError(
                f"Marketplace {code} ({facts.country}) is in region {facts.region}, not {region}; "
                "connect it as an account of its own region."
            )


def _choice(what: str, wanted: str | None, shop: Shop) -> str | None:
    """The shop's method of that code; ``any`` is its first. Raises ConfigurationError."""
    if wanted is None:
        return None
    menu = shop.menu()
    offered = menu.payment_methods if what == "payment" else menu.shipping_methods
    codes = [item.code for item in offered]
    if wanted == ANY and codes:
        return codes[0]
    if wanted not in codes:
        raise ConfigurationError(
            f"The shop has no {what} method '{wanted}'; it has {', '.join(codes) or 'none at all'}."
        )
    return wanted


def _ask_amazon(
    candidate: SellerAccount, marketplaces: Sequence[str]
) -> tuple[dict[str, str], datetime]:
    """The language of each marketplace, and Amazon's time.

    Raises ConfigurationError where the seller does not sell in one of them.

    The role that getMarketplaceParticipations needs differs between Amazon's own pages, so where
    it is refused a listing is asked for in its place
    (docs/amazon.md#roles-of-getmarketplaceparticipations-differ).
    """
    tokens, limiter = MemoryTokens(candidate, HANDSHAKE), Limiter(MemoryBuckets(), "connect")
    client = _client(candidate, tokens, limiter, timeout=HANDSHAKE)
    languages = {code: MARKETPLACES[code].language for code in marketplaces}
    try:
        found = {
            participation.marketplace: participation
            for participation in sellers.marketplace_participations(client)
        }
    except Disconnected:
        raise
    except Unauthorized:
        _try_listings(client, marketplaces)
        return languages, client.now()
    for code in marketplaces:
        if code not in found:
            raise ConfigurationError(
                f"The seller {candidate.seller_id} does not sell in {code}; it sells in "
                f"{', '.join(sorted(found)) or 'no marketplace of this region'}."
            )
        languages[code] = found[code].language or languages[code]
    return languages, client.now()


def _try_listings(client: Client, marketplaces: Sequence[str]) -> None:
    try:
        listings.get_listing(client, "connection-test", marketplaces)
    except NotFound:
        return


# --- Releasing and pausing -----------------------------------------------------------------------


def this_deployment() -> str:
    """The name of this deployment. Raises ConfigurationError where it has none."""
    deployment: str = conf.get("DEPLOYMENT")
    if not deployment:
        raise ConfigurationError(
            "AMAZON_SYNC['DEPLOYMENT'] is not set; name this deployment, as only the one that "
            "releases an account may write to Amazon."
        )
    return deployment


def release(account: SellerAccount) -> None:
    """Let the account write to Amazon from this deployment. Raises ConfigurationError."""
    _check_databases()
    deployment = this_deployment()
    if account.state == AccountState.LIVE:
        SellerAccount.objects.filter(pk=account.pk).update(deployment=deployment)
        account.deployment = deployment
    elif not account.move(AccountState.LIVE, deployment=deployment, state_reason=""):
        raise ConfigurationError(
            f"The account {account} is {account.get_state_display()}; connect it again first."
        )
    else:
        export_soon(account)


def export_soon(account: SellerAccount, at: datetime | None = None) -> None:
    """Let the next whole export begin at once, or at a later moment: no change of an offer says
    what changed, as after a silence, or where other products are sold or another store is."""
    account.schedules.filter(job=Job.EXPORT).update(next_due=at or clock.now())


def pause(account: SellerAccount, reason: str) -> bool:
    """Stop all writes of the account at once."""
    return account.move(AccountState.PAUSED, state_reason=reason)
