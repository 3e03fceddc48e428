"""The static facts of Amazon's stores."""

from django_amazon_sync.amazon.marketplaces import MARKETPLACES, REGIONS


def test_all_stores_are_there_each_in_one_region() -> None:
    assert len(MARKETPLACES) == 23
    regions = [facts.region for facts in MARKETPLACES.values()]
    assert {region: regions.count(region) for region in REGIONS} == {"na": 4, "eu": 16, "fe": 3}
    assert len({facts.country for facts in MARKETPLACES.values()}) == 23
    assert all(len(facts.currency) == 3 for facts in MARKETPLACES.values())
    assert all(facts.language[2] == "_" for facts in MARKETPLACES.values())


def test_one_store() -> None:
    germany = MARKETPLACES["A1PA6795UKMFR9"]
    assert (germany.country, germany.region, germany.currency) == ("DE", "eu", "EUR")
    assert (germany.language, germany.store_domain) == ("de_DE", "www.amazon.de")
    assert germany.seller_central == "sellercentral.amazon.de"
    assert MARKETPLACES["A1F83G8C2ARO7P"].country == "GB"


def test_prices_include_tax_but_in_north_america() -> None:
    without = {facts.country for facts in MARKETPLACES.values() if not facts.prices_include_tax}
    assert without == {"US", "CA"}
