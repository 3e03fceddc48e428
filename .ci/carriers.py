"""Write django_amazon_sync/amazon/carriers.csv from the list of Amazon's feed schema.

    .venv/bin/python .ci/carriers.py LIST

LIST has one code a line, quoted or not: the enumeration CarrierCode of amzn-base.xsd. It mixes
regions and has doubles; of several spellings the first stays. Amazon does not say where a carrier
is at home: COUNTRIES has those of which it is common knowledge, and ALSO what people write instead.
"""

import csv
import sys
import unicodedata
from pathlib import Path

CARRIERS = Path(__file__).parent.parent / "django_amazon_sync" / "amazon" / "carriers.csv"

#: No carriers: what a feed calls something else, and the words for Other in several languages.
LEFT_OUT = {"HS code", "Digital Delivery", "Other", "Otro", "Andere", "Sonstige", "Interno"}

#: Mistyped in the list itself.
MISTYPED = {"DASCHER": "DACHSER", "DACSHER": "DACHSER"}

COUNTRIES = {
    "AE": "Aramex, Emirates Post",
    "AT": "AT POST",
    "AU": "Australia Post, Australia Post-Consignment, Australia Post-ArticleId, AUSSIE_POST, "
    "CouriersPlease, Fastway, Hunter Logistics, Sendle, StarTrack-ArticleID, "
    "StarTrack-Consignment",
    "BE": "BPOST",
    "BR": "Correios, DirectLog, Total Express, TransFolha",
    "CA": "Canada Post, PUROLATOR",
    "CH": "Swiss post",
    "CN": "4PX, Best Express, China Post, Chukou1, CNE, EUB, First Flight China, SF Express, "
    "Shunfeng Express, STO Express, WINIT, Yanwen, YTO Express, Yun Express, Yunda Express, "
    "ZTO Express",
    "DE": "AO Deutschland, CargoLine, Der Kurier, Deutsche Post, DHL-Paket, Emons, GO!, "
    "Hermes Einrichtungsservice, Hermes Logistik Gruppe, Mail Alliance, Mainpost, MZZ-Briefdienst, "
    "PIN, Post Modern, Trans-o-Flex",
    "ES": "CELERITAS, Chrono Express, Correos, Correos Express, CTTExpress, Envialia, MRW, Nacex, "
    "REDUR, Seur, Szendex, TIPSA, Tourline, Transaher, Transaragonés, Zeleris",
    "FR": "Chronopost, COLIS PRIVE, Coliposte, Colissimo, Delivengo, Exapaq, France Express, "
    "Geodis Calberson, Heppner, La Poste, Mondial Relay",
    "GB": "AMZL_UK, APC, APC Overnight, Arrow XL, City Link, DPD Local, DX, DX Express, "
    "DX Freight, DX Secure, Hermes (Corporate), Hermes UK, Interlink, Jersey Post, "
    "Parcelforce, PARCEL2GO.COM, Royal Mail, The Delivery Group, Tuffnells, UKMail, Whistl, "
    "XDP, Yodel",
    "IN": "BlueDart, Delhivery, Dotzot, DTDC, Ecom Express, First Flight, Gati, India Post, "
    "Overnite Express, Professional, Rivigo, Safexpress, Ship Delight, Shree Maruti Courier, "
    "Shree Tirupati Courier, Spoton, The Professional Couriers, Trackon, Xpressbees",
    "IT": "Arco Spedizioni, Bartolini, BRT, Consegna Mezzi Propri, FERCAM, Liccardi, Mezzi propri, "
    "Milkman, Nexive, Poste Italiane, Sailpost, SDA, TNTIT, Zust Ambrosetti",
    "JP": "FEDEX_JP, Japan Post, JP_EXPRESS, NipponExpress, NITTSU, SAGAWA, SagawaExpress, Seino, "
    "SEINO TRANSPORTATION, YAMATO, YamatoTransport",
    "MX": "Estafeta",
    "NL": "Post NL",
    "PL": "DHLPL, InPost, Polish Post",
    "SE": "PostNord",
    "SG": "Ninjavan, Qxpress, Singapore Post",
    "TR": "Aras Kargo, Arkas, Balnak, Ceva Lojistik, DHL Kargo, Fillo Kargo, Geopost Kargo, "
    "Horoz Lojistik, Kargokar, Metro Kargo, MNG Kargo, Narpost Kargo, PTT Kargo, Selem Kargo, "
    "Tezel Lojistik, TNT Kargo",
    "US": "AAA Cooper, ABF, Blue Package, Conway, Estes, Fedex Freight, FedEx SmartPost, "
    "First Mile, Lasership, Newgistics, Old Dominion, OnTrac, OSM, R+L, Roadrunner, Saia, "
    "South Eastern Freight Lines, Streamlite, UPS Freight, UPS Mail Innovations, UPSMI, USPS, "
    "Watkins and Shepard, XPO Freight, Yellow Freight",
}

ALSO = {
    "Australia Post": "Post|AusPost",
    "AT POST": "Post|Österreichische Post|Austrian Post",
    "BPOST": "Post",
    "BRT": "BRT Corriere Espresso",
    "Canada Post": "Post",
    "Correos": "Post",
    "DACHSER": "DASCHER|DACSHER",
    "Deutsche Post": "Post|DP|Deutsche Post AG|Deutsche Post DHL",
    "DHL-Paket": "DHL Paket Deutschland",
    "FedEx": "Federal Express",
    "Hermes": "Hermes Versand|myHermes",
    "India Post": "Post",
    "Japan Post": "Post|日本郵便|ゆうパック",
    "La Poste": "Post",
    "Polish Post": "Post|Poczta Polska",
    "Post NL": "Post",
    "Poste Italiane": "Post|Poste",
    "PostNord": "Post",
    "Royal Mail": "Post",
    "SAGAWA": "佐川急便|佐川",
    "Singapore Post": "Post|SingPost",
    "Swiss post": "Post|Die Post",
    "UPS": "United Parcel Service",
    "USPS": "Post|US Postal Service|United States Postal Service",
    "YAMATO": "ヤマト運輸|ヤマト|クロネコヤマト",
}


def folded(name: str) -> str:
    return "".join(
        sign for sign in unicodedata.normalize("NFKD", name).casefold() if sign.isalnum()
    )


def codes(path: Path) -> list[str]:
    """Each code once, in the list's order; what was read in the wrong encoding is put right."""
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        code = line.strip().strip('"')
        if "Ã" in code:
            code = code.encode("latin-1").decode("utf-8")
        if code and code not in LEFT_OUT and code not in MISTYPED:
            found.setdefault(folded(code), code)
    return sorted(found.values(), key=str.casefold)


def main() -> None:
    home: dict[str, list[str]] = {}
    for country, those in COUNTRIES.items():
        for code in those.split(", "):
            home.setdefault(code, []).append(country)
    known = codes(Path(sys.argv[1]))
    if unknown := {*home, *ALSO} - set(known):
        raise SystemExit(f"The list has no {sorted(unknown)}.")
    with CARRIERS.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("code", "countries", "also"))
        rows.writerows((code, "|".join(home.get(code, [])), ALSO.get(code, "")) for code in known)


if __name__ == "__main__":
    main()
