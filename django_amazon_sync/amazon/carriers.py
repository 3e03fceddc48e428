"""Amazon's carrier codes for confirmShipment (ordersV0.json, PackageDetail).

Amazon publishes no list by API; these are the codes of Seller Central's template for shipping
confirmations. One that is spelled otherwise, by a letter or its case, is not recognised
(docs/amazon.md#carriers-are-spelt-as-amazon-spells-them).
"""

from __future__ import annotations

#: Amazon's word for a carrier that its list does not have; it needs the carrier's name beside it.
OTHER = "Other"

CARRIERS = (
    "Aramex", "Australia Post", "Blue Package", "BlueDart", "BRT", "Canada Post", "Chronopost",
    "City Link", "Colissimo", "Correos", "Delhivery", "Deutsche Post", "DHL", "DHL Global Mail",
    "DPD", "DTDC", "Fastway", "FedEx", "FedEx SmartPost", "FEDEX_JP", "First Flight", "GLS", "GO!",
    "Hermes", "Hermes Logistik Gruppe", "India Post", "Japan Post", "JP_EXPRESS", "La Poste",
    "Lasership", "Newgistics", "NipponExpress", "NITTSU", "OnTrac", "OSM", "Overnite Express",
    "Parcelforce", "Parcelnet", "Poste Italiane", "Professional", "Royal Mail", "SAGAWA",
    "SagawaExpress", "SDA", "Smartmail", "Streamlite", "Target", "TNT", "UPS",
    "UPS Mail Innovations", "UPSMI", "USPS", "YAMATO", "YamatoTransport",
)  # fmt: skip

_SPELLED = {code.casefold(): code for code in (*CARRIERS, OTHER)}


def spelled(carrier: str) -> str:
    """The code as Amazon spells it; empty where Amazon's list, as it is known here, has none."""
    return _SPELLED.get(" ".join(carrier.split()).casefold(), "")
