"""What Amazon has in its warehouses: pages, tokens, and buyers who lower it."""

import pytest

from django_amazon_sync.testing.simulator import NotForSale, Simulator
from tests.testing.callers import CA, US, Caller, Got

PATH = "/fba/inventory/v1/summaries"


def summaries(caller: Caller, **query: str) -> Got:
    plain = {"granularityType": "Marketplace", "granularityId": US, "marketplaceIds": US}
    return caller.call("GET", PATH, **{**plain, **query})


def skus(got: Got) -> list[str]:
    return [row["sellerSku"].text for row in got.body["payload"]["inventorySummaries"]]


def many(amazon: Simulator, count: int) -> None:
    amazon.add_listings(
        "na",
        US,
        (
            {"sku": f"FBA-{number:03}", "asin": "B0SIMKET04", "price": 5, "channel": "AMAZON"}
            for number in range(count)
        ),
    )


def test_only_what_amazon_fulfils_is_there(amazon: Simulator, caller: Caller) -> None:
    amazon.set_amazon_stock(
        "na", "FBA-KETTLE", US, fulfillable=7, reserved=2, inbound=5, unfulfillable=1
    )
    got = summaries(caller, details="true")
    assert skus(got) == ["FBA-BLENDER", "FBA-KETTLE"]
    kettle = got.body["payload"]["inventorySummaries"][1]
    assert (kettle["asin"].text, kettle["totalQuantity"].number) == ("B0SIMKET04", 15)
    details = kettle["inventoryDetails"]
    assert details["fulfillableQuantity"] == 7
    assert details["reservedQuantity"]["totalReservedQuantity"] == 2
    assert details["inboundShippedQuantity"] == 5
    assert details["unfulfillableQuantity"]["totalUnfulfillableQuantity"] == 1
    plain = summaries(caller, sellerSkus="FBA-KETTLE,MUG-BLUE")
    assert skus(plain) == ["FBA-KETTLE"]
    assert "inventoryDetails" not in plain.body["payload"]["inventorySummaries"][0]


def test_buyers_lower_it_and_cannot_buy_more(amazon: Simulator) -> None:
    amazon.set_amazon_stock("na", "FBA-KETTLE", US, fulfillable=3)
    amazon.buy("na", US, "FBA-KETTLE", 2)
    with pytest.raises(NotForSale, match="Amazon has 1"):
        amazon.buy("na", US, "FBA-KETTLE", 2)
    amazon.buy("na", US, "FBA-BLENDER", 9)  # nobody set it: it never runs out
    amazon.buy("na", US, "FBA-BLENDER", 99)


def test_pages_of_fifty(amazon: Simulator, caller: Caller) -> None:
    many(amazon, 110)
    page = summaries(caller)
    found = skus(page)
    for _ in range(2):
        page = summaries(caller, nextToken=page.body["pagination"]["nextToken"].text)
        found += skus(page)
    assert page.body.get("pagination").get("nextToken").value is None
    assert len(found) == len(set(found)) == 112


def test_a_token_lives_half_a_minute(amazon: Simulator, caller: Caller) -> None:
    many(amazon, 60)
    token = summaries(caller).body["pagination"]["nextToken"].text
    amazon.advance(28)
    assert summaries(caller, nextToken=token).status == 200
    amazon.advance(3)
    assert summaries(caller, nextToken=token).status == 400


def test_the_start_time_must_come_with_every_token(amazon: Simulator, caller: Caller) -> None:
    many(amazon, 60)
    amazon.advance(3600)
    caller.token = caller.fetch_token().body["access_token"].text
    since = f"{amazon.now():%Y-%m-%dT%H:%M:%SZ}"
    for number in range(55):
        amazon.set_amazon_stock("na", f"FBA-{number:03}", US, fulfillable=1)
    token = summaries(caller, startDateTime=since).body["pagination"]["nextToken"].text
    right = skus(summaries(caller, startDateTime=since, nextToken=token))
    wrong = skus(summaries(caller, nextToken=token))
    assert right == [f"FBA-{number:03}" for number in range(50, 55)]
    assert wrong != right
    assert skus(summaries(caller, startDateTime="2990-01-01T00:00:00Z")) == []


def test_one_marketplace_and_its_granularity(caller: Caller) -> None:
    assert summaries(caller, granularityId=CA).status == 400
    assert summaries(caller, marketplaceIds=f"{US},{CA}").status == 400
    assert summaries(caller, nextToken="x").status == 400
