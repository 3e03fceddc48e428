"""``amazon_explain``: what should be at Amazon of a SKU, what it is made of, what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync.models import Listing, SellerAccount
from django_amazon_sync.sync.listings.explain import Explained, explain
from django_amazon_sync.sync.offers.fields import FIELDS
from django_amazon_sync.sync.orders.up_to_date import complete_accounts, sold_perhaps_by

from ._base import (
    ALL_WELL,
    AmazonCommand,
    Result,
    accounts_with_skus,
    add_account_arguments,
    chosen_accounts,
)


class Command(AmazonCommand):
    """It asks the shop and our own rows, and nothing of Amazon."""

    help = "Explain each value of a SKU: what it is made of, what becomes of it, and since when."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_account_arguments(parser)
        parser.add_argument(
            "--sku", action="append", required=True, help="This SKU; may be repeated."
        )

    def result(self, options: dict[str, Any]) -> Result:
        accounts = chosen_accounts(options["account"], options["marketplace"])
        chosen = accounts_with_skus(accounts, options["sku"], _has)
        complete = complete_accounts([account.pk for account in chosen])
        listings = [
            listing
            for account, skus in chosen.items()
            for listing in _listings(account, skus, options["marketplace"])
        ]
        behind = sold_perhaps_by({listing.sku.offer_pk for listing in listings})
        found = [
            (listing, explain(listing, complete=complete, behind=behind)) for listing in listings
        ]
        return Result(
            exit=ALL_WELL,
            document={"listings": [_document(*explained) for explained in found]},
            text=(line for explained in found for line in _text(*explained)),
        )


def _has(account: SellerAccount, sku: str) -> bool:
    return account.skus.filter(sku=sku).exists()


def _listings(account: SellerAccount, skus: list[str], marketplaces: list[str]) -> list[Listing]:
    rows = Listing.objects.filter(sku__account=account, sku__sku__in=skus)
    if marketplaces:
        rows = rows.filter(marketplace__code__in=marketplaces)
    with_all = rows.select_related("sku__account", "marketplace__account")
    secrets = ("sku__account__refresh_token", "marketplace__account__refresh_token")
    return list(with_all.defer(*secrets).order_by("sku__sku", "marketplace__code"))


def _document(listing: Listing, fields: dict[str, Explained]) -> dict[str, object]:
    return {
        "account": str(listing.sku.account),
        "sku": listing.sku.sku,
        "marketplace": listing.marketplace.code,
        "fields": [_field(explained) for explained in fields.values()],
    }


def _field(explained: Explained) -> dict[str, object]:
    return {
        "field": explained.name,
        "value": explained.value,
        "sentence": explained.sentence(str),
        "made_of": explained.reckoning.get(explained.name),
        "orders": list(explained.holding.numbers),
        "other_orders": explained.holding.others,
        "becomes": explained.becomes,
        "reason": explained.reason,
        "on_amazon": explained.believed,
        "since": explained.since and explained.since.isoformat(),
        "live_since": explained.live and explained.live.isoformat(),
    }


def _text(listing: Listing, fields: dict[str, Explained]) -> Iterator[str]:
    yield f"{listing.sku.sku} in {listing.marketplace.code}, of {listing.sku.account}:"
    if not fields:
        yield "  Nothing of it is sent, and nothing is known of what Amazon has."
    for explained in fields.values():
        said = explained.sentence(str)
        if not said:
            said = FIELDS[explained.name].to_text(explained.value) or "no value"
        yield f"  {explained.name}: {said}"
        yield f"    {explained.becomes}. {explained.reason}".rstrip()
