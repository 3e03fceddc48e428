"""The simulated stores: what a listing, an order or a participation needs to know of each.

Written down apart from the app's own table on purpose: a simulator that shared the app's
facts could never contradict them.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True)
class Marketplace:
    """One Amazon store; ``order_prefix`` begins the ids of the orders that are placed there."""

    id: str
    country: str
    region: str
    currency: str
    language: str
    domain: str
    order_prefix: str
    price_factor: Decimal

    @property
    def name(self) -> str:
        """The name as orders and participations show it, such as "Amazon.de"."""
        return self.domain.removeprefix("www.").capitalize()


MARKETPLACES = {
    row.id: row
    for row in (
        Marketplace(id_, country, region, currency, language, domain, prefix, Decimal(factor))
        for id_, country, region, currency, language, domain, prefix, factor in (
            ("ATVPDKIKX0DER", "US", "na", "USD", "en_US", "www.amazon.com", "111", "1"),
            ("A2EUQ1WTGCTBG2", "CA", "na", "CAD", "en_CA", "www.amazon.ca", "702", "1.35"),
            ("A1AM78C64UM0Y8", "MX", "na", "MXN", "es_MX", "www.amazon.com.mx", "701", "18"),
            ("A2Q3Y263D00KWC", "BR", "na", "BRL", "pt_BR", "www.amazon.com.br", "703", "5.4"),
            ("A1PA6795UKMFR9", "DE", "eu", "EUR", "de_DE", "www.amazon.de", "302", "0.92"),
            ("A13V1IB3VIYZZH", "FR", "eu", "EUR", "fr_FR", "www.amazon.fr", "402", "0.92"),
            ("A1F83G8C2ARO7P", "GB", "eu", "GBP", "en_GB", "www.amazon.co.uk", "202", "0.79"),
            ("APJ6JRA9NG5V4", "IT", "eu", "EUR", "it_IT", "www.amazon.it", "405", "0.92"),
            ("A1RKKUPIHCS9HS", "ES", "eu", "EUR", "es_ES", "www.amazon.es", "404", "0.92"),
            ("A1C3SOZRARQ6R3", "PL", "eu", "PLN", "pl_PL", "www.amazon.pl", "407", "4"),
            ("A1VC38T7YXB528", "JP", "fe", "JPY", "ja_JP", "www.amazon.co.jp", "250", "150"),
            ("A39IBJ37TRP1C6", "AU", "fe", "AUD", "en_AU", "www.amazon.com.au", "503", "1.5"),
            ("A19VAU5U5O7RUS", "SG", "fe", "SGD", "en_SG", "www.amazon.sg", "504", "1.34"),
        )
    )
}

SELLING_IN = {
    "na": ("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8"),
    "eu": ("A1PA6795UKMFR9", "A13V1IB3VIYZZH", "A1F83G8C2ARO7P", "APJ6JRA9NG5V4", "A1RKKUPIHCS9HS"),
    "fe": ("A1VC38T7YXB528", "A39IBJ37TRP1C6"),
}
"""Region -> the marketplaces that its seller takes part in."""

PSEUDO_MARKETPLACES = {
    "na": (
        ("A2ZV50J4W1RKNI", "Non-Amazon", "US"),
        ("A1MQXOICRS2Z7M", "SI Prod CA Marketplace", "CA"),
    ),
    "eu": (("A38D8NSA03LJTC", "Non-Amazon DE", "DE"), ("A1ZFFQZ3HTUKT9", "Non-Amazon GB", "GB")),
    "fe": (("A3ROTO6SIGKBZX", "SI Prod JP Marketplace", "JP"),),
}
"""Region -> what participations list besides: no stores, yet with a real country's code."""

AMAZON_CHANNELS = {"na": "AMAZON_NA", "eu": "AMAZON_EU", "fe": "AMAZON_JP"}
"""Region -> fulfilment channel code of the SKUs that Amazon ships."""

WITHOUT_MINOR_UNITS = frozenset({"JPY"})


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01, or 1 for the yen."""
    return Decimal(1) if currency in WITHOUT_MINOR_UNITS else Decimal("0.01")


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole minor units, halves rounded up."""
    return amount.quantize(minor_unit(currency), ROUND_HALF_UP)
