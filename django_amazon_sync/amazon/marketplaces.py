"""Static facts of every Amazon marketplace (docs/amazon.md#marketplace-ids).

Amazon's ids are the keys: country codes are not unique, because Amazon also answers with internal
marketplaces that carry a real country's code
(docs/amazon.md#internal-marketplaces-carry-real-countries).
"""

from __future__ import annotations

from dataclasses import dataclass

REGIONS = ("na", "eu", "fe")


@dataclass(frozen=True, slots=True)
class MarketplaceFacts:
    """One Amazon store.

    ``language`` is the tag that texts are sent with (docs/amazon.md#default-languages).
    ``prices_include_tax`` says whether buyers are quoted prices including VAT: believed of every
    store but the United States and Canada
    (docs/amazon.md#prices-include-tax-outside-north-america).
    """

    id: str
    country: str
    region: str
    currency: str
    language: str
    store_domain: str
    seller_central: str

    @property
    def store_name(self) -> str:
        """What buyers call it: Amazon.de."""
        return self.store_domain.removeprefix("www.").capitalize()

    @property
    def prices_include_tax(self) -> bool:
        return self.country not in ("US", "CA")


# Amazon's id, country (ISO 3166-1), region, currency, language and the store's domain.
_TABLE = """
ATVPDKIKX0DER  US na USD en_US amazon.com
A2EUQ1WTGCTBG2 CA na CAD en_CA amazon.ca
A1AM78C64UM0Y8 MX na MXN es_MX amazon.com.mx
A2Q3Y263D00KWC BR na BRL pt_BR amazon.com.br
A1F83G8C2ARO7P GB eu GBP en_GB amazon.co.uk
A1PA6795UKMFR9 DE eu EUR de_DE amazon.de
A13V1IB3VIYZZH FR eu EUR fr_FR amazon.fr
APJ6JRA9NG5V4  IT eu EUR it_IT amazon.it
A1RKKUPIHCS9HS ES eu EUR es_ES amazon.es
A1805IZSGTT6HS NL eu EUR nl_NL amazon.nl
A2NODRKZP88ZB9 SE eu SEK sv_SE amazon.se
A1C3SOZRARQ6R3 PL eu PLN pl_PL amazon.pl
AMEN7PMS3EDWL  BE eu EUR fr_BE amazon.com.be
A28R8C7NBKEWEA IE eu EUR en_IE amazon.ie
A33AVAJ2PDY3EV TR eu TRY tr_TR amazon.com.tr
A2VIGQ35RCS4UG AE eu AED en_AE amazon.ae
A17E79C6D8DWNP SA eu SAR ar_AE amazon.sa
ARBP9OOSHTCHU  EG eu EGP ar_AE amazon.eg
AE08WJ6YKNBMC  ZA eu ZAR en_ZA amazon.co.za
A21TJRUUN4KGV  IN eu INR en_IN amazon.in
A19VAU5U5O7RUS SG fe SGD en_SG amazon.sg
A39IBJ37TRP1C6 AU fe AUD en_AU amazon.com.au
A1VC38T7YXB528 JP fe JPY ja_JP amazon.co.jp
"""


def _facts(row: str) -> MarketplaceFacts:
    marketplace, country, region, currency, language, domain = row.split()
    return MarketplaceFacts(
        marketplace, country, region, currency, language, f"www.{domain}", f"sellercentral.{domain}"
    )


MARKETPLACES: dict[str, MarketplaceFacts] = {
    facts.id: facts for facts in map(_facts, _TABLE.strip().splitlines())
}
