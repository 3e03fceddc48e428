"""What Amazon says of product types and categories: kept, refreshed, and never taken on trust."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from django_amazon_sync.errors import AmazonError, NotFound
from django_amazon_sync.models import ProductType
from django_amazon_sync.sync.accounts.connect import client_for
from django_amazon_sync.sync.offers import product_types
from django_amazon_sync.testing.simulator import Fault
from django_amazon_sync.testing.simulator.faults import FaultKind
from tests.world import DE, World


def test_a_search_suggests_keywords_nodes_and_types(world: World) -> None:
    world.amazon.add_product(asin="B000000042", title="Blue espresso cup", product_type="CUP")
    found = product_types.suggest(client_for(world.account), DE, "espresso cup")
    assert found.keywords == ("cup",)
    assert [node.path for node in found.nodes] == ["Everything > Cup"]
    assert [one.name for one in found.product_types] == ["CUP"]
    nothing = product_types.suggest(client_for(world.account), DE, "no such thing anywhere")
    assert (nothing.keywords, nothing.nodes) == ((), ())


@pytest.mark.parametrize("kind", ["403", "500", "string"])
@pytest.mark.parametrize("operation", ["searchCatalogItems", "searchDefinitionsProductTypes"])
def test_where_one_of_both_fails_the_other_is_shown(
    world: World, operation: str, kind: FaultKind
) -> None:
    world.amazon.add_product(asin="B000000042", title="Blue espresso cup", product_type="CUP")
    world.amazon.faults.add(Fault(operation, kind, times=None))
    found = product_types.suggest(client_for(world.account), DE, "espresso cup")
    assert bool(found.keywords) is (operation != "searchCatalogItems")
    assert bool(found.product_types) is (operation == "searchCatalogItems")


def test_where_both_fail_the_page_says_why(world: World) -> None:
    world.amazon.faults.add(Fault("*", "503", times=None))
    with pytest.raises(AmazonError):
        product_types.suggest(client_for(world.account), DE, "espresso cup")


def test_what_a_product_type_says_is_kept_and_read_again_only_where_it_changed(
    world: World,
) -> None:
    world.amazon.add_product(asin="B000000042", title="Tea", product_type="GROCERY")
    place = world.account.marketplaces.get()
    row = product_types.read(client_for(world.account), place, "GROCERY")
    assert row.facts["conditions"] == ["new_new"]
    assert "browse_nodes" in product_types.fields_required(row.facts)
    assert product_types.is_fresh(row)

    ProductType.objects.update(
        read_at=timezone.now() - timedelta(days=8), facts={"conditions": ["kept"]}
    )
    row.refresh_from_db()
    assert not product_types.is_fresh(row)
    again = product_types.read(client_for(world.account), place, "GROCERY")
    assert again.facts == {"conditions": ["kept"]}  # the same checksum: nothing was downloaded
    assert product_types.is_fresh(again)
    assert ProductType.objects.count() == 1


def test_a_product_type_that_amazon_has_not_keeps_nothing(world: World) -> None:
    place = world.account.marketplaces.get()
    with pytest.raises(NotFound):
        product_types.read(client_for(world.account), place, "NO_SUCH_TYPE")
    assert not ProductType.objects.exists()


def test_conditions_are_those_that_all_product_types_have() -> None:
    rows = [
        ProductType(name="A", facts={"conditions": ["new_new", "used_good", "club_club"]}),
        ProductType(name="B", facts={"conditions": ["used_good", "new_new"]}),
        ProductType(name="C", facts={}),
    ]
    assert product_types.conditions_in(rows) == ["new_new", "used_good"]
    assert product_types.conditions_in([]) == []
