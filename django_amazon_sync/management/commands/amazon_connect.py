"""``amazon_connect``: connect a seller account from a script, or update the one that is there.

The secrets come from the environment alone, as a command line is seen by every user of the host.
"""

from __future__ import annotations

import os
from argparse import BooleanOptionalAction
from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import AccountState, Region, SellerAccount
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.accounts.connect import (
    Credentials,
    connect_account,
    release,
    this_deployment,
)
from django_amazon_sync.sync.accounts.release_checks import what_lacks

from ._base import ALL_WELL, AmazonCommand, Result

CLIENT_ID = "AMAZON_LWA_CLIENT_ID"
CLIENT_SECRET = "AMAZON_LWA_CLIENT_SECRET"  # noqa: S105 - the name of a variable
REFRESH_TOKEN = "AMAZON_LWA_REFRESH_TOKEN"  # noqa: S105 - the name of a variable


class Command(AmazonCommand):
    """Asks Amazon first, so that nothing is half-made; a new account observes."""

    help = (
        "Connect a seller account, or update it. Client id, client secret and refresh token come "
        f"from the environment: {CLIENT_ID}, {CLIENT_SECRET}, {REFRESH_TOKEN}."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--region", required=True, choices=Region.values, help="Amazon's region."
        )
        parser.add_argument("--seller-id", required=True, help="Amazon's id of the seller.")
        parser.add_argument(
            "--marketplace",
            action="append",
            required=True,
            metavar="ID",
            help="A marketplace that the seller sells in; may be repeated.",
        )
        parser.add_argument("--name", default="", help="What staff call a new account.")
        parser.add_argument("--scope", help="The part of the shop it sells; Oscar: a partner code.")
        for what in ("payment", "shipping"):
            parser.add_argument(
                f"--default-{what}-method",
                metavar="CODE",
                help=f"The shop's {what} method for Amazon's orders; 'any': its first.",
            )
        parser.add_argument(
            "--synchronise-all",
            action=BooleanOptionalAction,
            default=None,
            help="Products are synchronised unless they are switched off.",
        )
        parser.add_argument(
            "--release", action="store_true", help="Let it write to Amazon from this deployment."
        )

    def result(self, options: dict[str, Any]) -> Result:
        if options["release"]:
            this_deployment()  # raises where there is none, before anything is made
        shop = configured_shop()
        account = connect_account(
            shop,
            credentials(),
            region=options["region"],
            seller_id=options["seller_id"],
            marketplaces=options["marketplace"],
            name=options["name"],
            scope=options["scope"],
            payment_method=options["default_payment_method"],
            shipping_method=options["default_shipping_method"],
            synchronise_all=options["synchronise_all"],
        )
        if options["release"]:
            release(account)
        lacks = what_lacks(account, shop) if options["release"] else []
        document = _document(account)
        if options["release"]:
            document["lacks"] = [lack.as_json() for lack in lacks]
        return Result(ALL_WELL, {"account": document}, [_text(account), *map(str, lacks)])


def credentials() -> Credentials:
    """What the environment holds. Raises ConfigurationError naming what is missing."""
    missing = [name for name in (CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN) if not os.getenv(name)]
    if missing:
        raise ConfigurationError(f"Set {', '.join(missing)} in the environment.")
    return Credentials(
        client_id=os.environ[CLIENT_ID],
        client_secret=os.environ[CLIENT_SECRET],
        refresh_token=os.environ[REFRESH_TOKEN],
    )


def _document(account: SellerAccount) -> dict[str, object]:
    return {
        "account": account.pk,
        "name": account.name,
        "seller_id": account.seller_id,
        "region": account.region,
        "state": account.state,
        "marketplaces": _codes(account),
    }


def _text(account: SellerAccount) -> str:
    where = ", ".join(_codes(account))
    said = f"{account} is connected in {where} and {account.get_state_display()}."
    if account.state == AccountState.OBSERVING:
        said += " See what it would send with amazon_export --dry-run, then use --release."
    return said


def _codes(account: SellerAccount) -> list[str]:
    return list(account.marketplaces.order_by("code").values_list("code", flat=True))
