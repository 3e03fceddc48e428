"""Amazon's catalogue and its product types."""

import pytest

from django_amazon_sync.amazon import catalog, product_types
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.data import CatalogItem, Identifier
from django_amazon_sync.errors import NotFound, Unavailable

from .conftest import Reply, ScriptedServer, asked

US = "ATVPDKIKX0DER"
ITEM = {
    "asin": "B01",
    "summaries": [
        {"marketplaceId": "OTHER", "itemName": "Autre"},
        {"marketplaceId": US, "itemName": "A spoon"},
    ],
    "identifiers": [
        {"marketplaceId": US, "identifiers": [{"identifierType": "EAN", "identifier": "4006"}]}
    ],
    "productTypes": [{"marketplaceId": US, "productType": "KITCHEN"}],
}
SPOON = CatalogItem("B01", "A spoon", "KITCHEN", (Identifier("ean", "4006"),))


def test_a_barcode_may_have_several_asins_on_several_pages(
    server: ScriptedServer, client: Client
) -> None:
    server.answers(
        Reply.of(200, {"items": [ITEM, None], "pagination": {"nextToken": "t"}}),
        Reply.of(200, {"items": [{"asin": "B02"}, ITEM, {}]}),
    )
    assert catalog.search_catalog(client, ["4006"], "ean", US) == [SPOON, CatalogItem("B02")]
    first, second = asked(server, 0)[1], asked(server, 1)[1]
    assert (first["identifiers"], first["identifiersType"]) == ("4006", "EAN")
    assert second == first | {"pageToken": "t"}


def test_more_than_twenty_barcodes_are_several_searches(
    server: ScriptedServer, client: Client
) -> None:
    server.answers(Reply.of(200, {"items": []}))
    assert catalog.search_catalog(client, [str(n) for n in range(25)], "EAN", US) == []
    assert [len(asked(server, n)[1]["identifiers"].split(",")) for n in range(2)] == [20, 5]


def test_a_search_that_never_ends_is_no_answer(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(200, {"items": [], "pagination": {"nextToken": "t"}}))
    with pytest.raises(Unavailable):
        catalog.search_catalog(client, ["1"], "EAN", US)


def test_one_item(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(200, ITEM), Reply.of(200, {}))
    assert catalog.get_catalog_item(client, "B01", US) == SPOON
    assert asked(server)[0] == "/catalog/2022-04-01/items/B01"
    with pytest.raises(Unavailable, match="without an ASIN"):
        catalog.get_catalog_item(client, "B01", US)


def test_an_unknown_item(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(404, {"errors": [{"code": "NOT_FOUND", "message": "No."}]}))
    with pytest.raises(NotFound):
        catalog.get_catalog_item(client, "B0X", US)


def test_product_types_by_title(server: ScriptedServer, client: Client) -> None:
    found = [{"name": "LUGGAGE", "displayName": "Luggage", "marketplaceIds": [US]}]
    server.answers(Reply.of(200, {"productTypes": found, "productTypeVersion": "v"}))
    types = product_types.search_product_types(client, US, title="A case")
    assert types == [product_types.ProductType("LUGGAGE", "Luggage")]
    assert asked(server)[1] == {"marketplaceIds": US, "itemName": "A case"}
    product_types.search_product_types(client, US, keywords=("case", "bag"))
    assert asked(server)[1] == {"marketplaceIds": US, "keywords": "case,bag"}


def test_one_product_type_is_made_for_the_seller(server: ScriptedServer, client: Client) -> None:
    link = {"resource": "https://schema.example.com/x", "verb": "GET"}
    server.answers(
        Reply.of(
            200,
            {
                "productType": "LUGGAGE",
                "displayName": "Luggage",
                "locale": "en_US",
                "productTypeVersion": {"version": "v1", "latest": True},
                "schema": {"link": link, "checksum": "c7af"},
            },
        ),
        Reply.of(200, {"productType": "LUGGAGE"}),
    )
    definition = product_types.get_product_type(client, "LUGGAGE", US)
    assert definition == product_types.ProductTypeDefinition(
        "LUGGAGE", "Luggage", "v1", "en_US", "https://schema.example.com/x", "c7af"
    )
    assert asked(server)[1]["sellerId"] == "A1SELLER"
    with pytest.raises(Unavailable, match="without schema"):
        product_types.get_product_type(client, "LUGGAGE", US)


def test_the_main_picture_is_the_smallest_that_is_large_enough(
    server: ScriptedServer, client: Client
) -> None:
    def image(variant: str, width: object) -> dict[str, object]:
        return {"variant": variant, "link": f"https://m/{variant}{width}.jpg", "width": width}

    def answer(*images: object) -> Reply:
        return Reply.of(200, {"asin": "B01", "images": [{"marketplaceId": US, "images": images}]})

    many = (image("MAIN", 1500), image("MAIN", 500), image("MAIN", 75), image("PT01", 200))
    small = (image("MAIN", 75), image("MAIN", 40), image("MAIN", "wide"))
    server.answers(answer(*many), answer(*small), answer(image("PT01", 500), None))
    found = [catalog.get_catalog_item(client, "B01", US).picture for _ in range(3)]
    assert found == ["https://m/MAIN500.jpg", "https://m/MAIN75.jpg", ""]
