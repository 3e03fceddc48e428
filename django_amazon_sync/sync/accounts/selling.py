"""Whether buyers can buy from the account at all, in each of its stores.

Amazon lists products of a seller who is suspended, or who does not take part in a store, and
accepts prices and quantities of them: no other call tells that nobody can buy.
"""

from __future__ import annotations

from django_amazon_sync.amazon import sellers
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.data import Participation
from django_amazon_sync.errors import AmazonError, Disconnected, NotSelling
from django_amazon_sync.models import SellerAccount
from django_amazon_sync.sync.accounts.access import Part, lacks, works

OPERATION = "getMarketplaceParticipations"


def try_selling(account: SellerAccount, client: Client) -> None:
    """Ask Amazon, and note what it says. Raises NotSelling, or another AmazonError."""
    found = {one.marketplace: one for one in sellers.marketplace_participations(client)}
    codes = account.marketplaces.order_by("code").values_list("code", flat=True)
    faults = [fault for code in codes if (fault := _fault(code, found.get(code)))]
    if faults:
        not_selling = NotSelling(OPERATION, " ".join(faults))
        lacks(account, Part.SELLING, not_selling)
        raise not_selling
    works(account, Part.SELLING)


def look_at_selling(account: SellerAccount, client: Client) -> None:
    """Note what Amazon says, if it says anything; whoever asks has other work to do.

    Raises Disconnected, as nothing works then.
    """
    try:
        try_selling(account, client)
    except Disconnected:
        raise
    except AmazonError:
        pass  # noted, or no statement about selling


def _fault(code: str, found: Participation | None) -> str:
    store = MARKETPLACES[code].store_domain if code in MARKETPLACES else code
    if found is None or not found.active:
        return f"{store}: the seller does not take part in this store, so nobody can buy there."
    if found.suspended:
        return (
            f"{store}: the seller's listings are suspended there (Amazon's listing status is "
            "inactive, as in a holiday), so nobody can buy them."
        )
    return ""
