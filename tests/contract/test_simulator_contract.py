"""What the simulator says, and what it understands, is what Amazon's models say.

One long story touches every operation with every kind of answer; then each request and each
response of the log is judged by the models.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from django_amazon_sync.testing.simulator import Fault, Simulator, Switches
from django_amazon_sync.testing.simulator.orders import DATA_SETS as ORDER_DATA
from django_amazon_sync.testing.simulator.plans import PLANS
from django_amazon_sync.testing.simulator.routes import ROUTES
from tests.contract.amazon_models import Models, load_models
from tests.testing.callers import (
    CA,
    DE,
    FEEDS,
    JP,
    LISTINGS_REPORT,
    REPORTS,
    SHOWING_ITEMS,
    US,
    Caller,
    merchant,
    message,
    offer,
    replace,
)

ALL_ORDER_DATA = ",".join(ORDER_DATA)
LISTING_DATA = (
    "summaries,attributes,issues,offers,fulfillmentAvailability,procurement,relationships,"
    "productTypes"
)
CATALOG_DATA = (
    "attributes,classifications,dimensions,identifiers,images,productTypes,relationships,"
    "salesRanks,summaries,vendorDetails"
)
NEW_OFFER = {
    "condition_type": [{"value": "new_new"}],
    "merchant_suggested_asin": [{"value": "B0SIMNEW10"}],
    "purchasable_offer": [offer(21.5)],
    "fulfillment_availability": [merchant(4)],
}


FBA_OFFER = {"asin": "B0SIMKET04", "price": 5, "channel": "AMAZON"}


@pytest.fixture
def models() -> Models:
    return load_models()


@pytest.fixture(params=["plain", "other"])
def amazon(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """The simulator under the default switches, and under the other answer of each."""
    other = Switches(
        discount_sign="positive",
        order_tax="included",
        replace_offer="keeps",
        merge="refused",
        quantity_shared=False,
        pending_prices=True,
        personal_data=False,
        cancellation_restocks=True,
        offers_show_sale_price=True,
    )
    switches = Switches() if request.param == "plain" else other
    with Simulator(switches=switches, rate_limits=False) as simulator:
        yield simulator


def listings_story(caller: Caller) -> None:
    """Every way to read and write a listing."""
    sku = "a/b c%2F+#,ü"
    caller.get_listing(sku, f"{US},{CA}", LISTING_DATA)
    caller.get_listing("FBA-KETTLE", US, LISTING_DATA)
    caller.get_listing("no such SKU")
    caller.get_listing("MUG-BLUE", "")
    caller.get_listing("MUG-BLUE", DE)
    page = caller.search_listings(pageSize=4, includedData=LISTING_DATA, sortBy="sku")
    token = page.body["pagination"]["nextToken"]
    caller.search_listings(pageSize=4, includedData=LISTING_DATA, sortBy="sku", pageToken=token)
    caller.search_listings(pageSize=5, pageToken=token)
    caller.search_listings(identifiers="MUG-BLUE,0042", identifiersType="SKU")
    caller.search_listings(identifiersType="SKU")
    caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(3)))
    caller.patch("MUG-BLUE", replace("purchasable_offer", offer(11), op="merge"))
    caller.patch("MUG-BLUE", replace("purchasable_offer", offer(-1)))
    caller.patch("MUG-BLUE", replace("item_name", {"value": "x" * 201}))
    caller.patch("MUG-BLUE", replace("item_name", {"value": "Mug"}), includedData="issues")
    caller.patch("unknown", replace("fulfillment_availability", merchant(3)))
    preview = {"mode": "VALIDATION_PREVIEW", "includedData": "issues,identifiers"}
    caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(3)), **preview)
    caller.put("SHEARS", NEW_OFFER, **preview)
    caller.put("SHEARS", NEW_OFFER)
    caller.put("SHEARS", {"condition_type": [{"value": "new_new"}]})
    caller.get_listing("SHEARS", US, LISTING_DATA)
    caller.amazon.ignore_changes("na", "LAMP-OAK", US, reason="The image is not clear.")
    caller.get_listing("LAMP-OAK", US, LISTING_DATA)
    path = f"/listings/2021-08-01/items/{caller.seller.seller_id}/0042"
    caller.call("DELETE", path, marketplaceIds=US)


def catalogue_story(caller: Caller) -> None:
    """Products, their types and restrictions, and the seller's marketplaces."""
    caller.call("GET", "/sellers/v1/marketplaceParticipations")
    for asin in ("B0SIMRST13", "B0SIMNEW10", "B000000000"):
        caller.call(
            "GET",
            "/listings/2021-08-01/restrictions",
            asin=asin,
            sellerId=caller.seller.seller_id,
            marketplaceIds=US,
            conditionType="new_new",
        )
    caller.call(
        "GET",
        "/listings/2021-08-01/restrictions",
        asin="B0SIMRST13",
        sellerId="SOMEBODY",
        marketplaceIds=US,
    )
    items = "/catalog/2022-04-01/items"
    ean = "4012345000115"
    caller.call(
        "GET",
        items,
        marketplaceIds=US,
        identifiers=ean,
        identifiersType="EAN",
        includedData=CATALOG_DATA,
    )
    caller.call("GET", items, marketplaceIds=US, keywords="wool,scarf", pageSize=1)
    caller.call("GET", items, marketplaceIds=US)
    caller.call("GET", f"{items}/B0SIMTEA01", marketplaceIds=US, includedData=CATALOG_DATA)
    caller.call("GET", f"{items}/B000000000", marketplaceIds=US)
    types = "/definitions/2020-09-01/productTypes"
    caller.call("GET", types, marketplaceIds=US, keywords="LAMP")
    caller.call("GET", types, marketplaceIds=US, keywords="LAMP", itemName="Lamp")
    caller.call("GET", f"{types}/LAMP", marketplaceIds=US, requirements="LISTING_OFFER_ONLY")
    caller.call("GET", f"{types}/NO_SUCH_TYPE", marketplaceIds=US)


def orders_story(caller: Caller) -> None:
    """Orders of every status and channel, and their shipments."""
    amazon = caller.amazon
    amazon.add_listing("na", "PLENTY", marketplace=US, asin="B0SIMTEA01", price="10", quantity=90)
    sums: dict[str, Any] = {"tax": "1.07", "shipping": "4.99", "discount": "2", "gift_wrap": "3"}
    ids = [
        amazon.buy("na", US, "PLENTY", 2, status=status, **sums)
        for status in (
            "PENDING_AVAILABILITY",
            "PENDING",
            "UNSHIPPED",
            "PARTIALLY_SHIPPED",
            "SHIPPED",
            "CANCELLED",
            "UNFULFILLABLE",
        )
    ]
    ids.append(amazon.buy("na", US, "FBA-KETTLE", 1, status="SHIPPED", gift_message="Hi"))
    ids.append(
        amazon.buy("na", US, lines=[("PLENTY", 2), ("LAMP-OAK", 1)], channel_name="NON_AMAZON")
    )
    amazon.cancel(ids[-1], item="PLENTY", quantity=1)
    amazon.request_cancellation(ids[2])
    for order_id in ids:
        caller.get_order(order_id, ALL_ORDER_DATA)
        caller.get_order(order_id)
    caller.get_order("111-0000000-0000000")
    caller.confirm(ids[2])
    caller.confirm(ids[2], "not a number")
    caller.confirm(ids[0])
    amazon.advance(200)
    caller.get_order(ids[2], ALL_ORDER_DATA)
    page = caller.search_orders(maxResultsPerPage=4, includedData=ALL_ORDER_DATA)
    token = page.body["pagination"]["nextToken"]
    caller.search_orders(maxResultsPerPage=4, includedData=ALL_ORDER_DATA, paginationToken=token)
    caller.search_orders(maxResultsPerPage=5, paginationToken=token)
    caller.search_orders(createdAfter="2026-01-01T00:00:00Z", marketplaceIds=US)
    caller.search_orders(lastUpdatedBefore="2999-01-01T00:00:00Z")
    caller.search_orders(fulfillmentStatuses="PENDING,SHIPPED", fulfilledBy="MERCHANT")


def feeds_story(caller: Caller) -> None:
    """Feeds and reports of every state, their documents and their pages."""
    amazon = caller.amazon
    price = replace("purchasable_offer", offer(11))
    caller.send_feed(message(1, "MUG-BLUE", price), report=SHOWING_ITEMS)
    waiting = caller.send_feed(message(1, "MUG-BLUE", price))
    caller.create_feed(caller.upload(b"no feed"))
    caller.create_feed("unknown")
    caller.call("POST", f"{FEEDS}/documents", {"contentType": 1})
    caller.call("DELETE", f"{FEEDS}/feeds/{waiting}")
    caller.create_report()
    caller.create_report(CA, US, type_="GET_FLAT_FILE_OPEN_LISTINGS_DATA")
    cancelled = caller.create_report("A1AM78C64UM0Y8").body["reportId"]
    caller.call("DELETE", f"{REPORTS}/reports/{cancelled}")
    caller.create_report(type_="GET_WEATHER")
    for seconds in (0, 20, 20, 60, 60):
        amazon.advance(seconds)
        for feed in amazon.feeds():
            caller.get_feed(feed.job_id)
        for report in amazon.reports():
            caller.get_report(report.job_id)
    assert {job.status for job in amazon.feeds()} == {"DONE", "FATAL", "CANCELLED"}
    caller.processing_report(amazon.feeds()[0].job_id)
    caller.report_file(amazon.reports()[0].job_id)
    jobs = ((FEEDS, "feed", "JSON_LISTINGS_FEED"), (REPORTS, "report", LISTINGS_REPORT))
    for path, name, type_ in jobs:
        types = {f"{name}Types": type_}
        page = caller.call("GET", f"{path}/{name}s", **types, pageSize=1, marketplaceIds=US).body
        if "nextToken" in page:
            caller.call("GET", f"{path}/{name}s", nextToken=page["nextToken"])
        caller.call("GET", f"{path}/{name}s", pageSize=5)
        caller.call("GET", f"{path}/{name}s/1")
        caller.call("GET", f"{path}/documents/unknown")
    amazon.add_listings("na", US, ({"sku": f"FBA-{n}", **FBA_OFFER} for n in range(60)))
    summaries: dict[str, Any] = {
        "granularityType": "Marketplace",
        "granularityId": US,
        "marketplaceIds": US,
    }
    path = "/fba/inventory/v1/summaries"
    page = caller.call("GET", path, **summaries, details="true").body
    caller.call("GET", path, **summaries, nextToken=page["pagination"]["nextToken"])
    caller.call("GET", path, **summaries, sellerSkus="FBA-1,FBA-2", details="perhaps")


def refusals_story(caller: Caller) -> None:
    """Every operation without a good token, over its quota, and in a front-end fault."""
    amazon = caller.amazon
    good, token = caller.token, "wrong"
    paths = {
        "getOrder": "/orders/2026-01-01/orders/111-0000000-0000000",
        "getListingsRestrictions": "/listings/2021-08-01/restrictions?asin=B&sellerId=A"
        f"&marketplaceIds={US}",
        "getMarketplaceParticipations": "/sellers/v1/marketplaceParticipations",
        "searchCatalogItems": f"/catalog/2022-04-01/items?marketplaceIds={US}",
        "getFeed": f"{FEEDS}/feeds/1",
        "getReportDocument": f"{REPORTS}/documents/1",
        "getInventorySummaries": "/fba/inventory/v1/summaries"
        f"?granularityType=Marketplace&granularityId={US}&marketplaceIds={US}",
    }
    for path in paths.values():
        caller.token = token
        caller.call("GET", path)
        caller.token = good
    for operation, path in paths.items():
        for kind in ("400", "403", "429", "500"):
            amazon.faults.add(Fault(operation, kind))
            caller.call("GET", path)


STORIES: list[Callable[[Caller], None]] = [
    listings_story,
    catalogue_story,
    orders_story,
    feeds_story,
    refusals_story,
]


@pytest.mark.parametrize("story", STORIES)
def test_every_request_and_response_fits_the_models(
    models: Models, amazon: Simulator, story: Callable[[Caller], None]
) -> None:
    caller = Caller(amazon)
    story(caller)
    caller.close()
    assert len(amazon.requests) > 10
    assert models.faults_of(amazon.requests) == []


def test_the_stories_leave_out_no_operation_and_no_kind_of_answer(
    models: Models, amazon: Simulator
) -> None:
    caller = Caller(amazon)
    for story in STORIES:
        story(caller)
    caller.close()
    seen = {(one.operation, one.status) for one in amazon.requests}
    others = {"token", "upload", "download"}
    assert {name for name, status in seen if status < 300} - others == set(PLANS)
    assert {status for _, status in seen} >= {200, 201, 202, 204, 400, 403, 404, 429, 500}


def test_the_operations_stand_where_the_models_have_them(models: Models) -> None:
    for route in ROUTES:
        operation = models.operations[route.operation]
        path = re.sub(r"{\w+}", "*", operation.path).lstrip("/")
        assert (operation.method, path) == (route.method, route.path)


def test_the_usage_plans_are_those_of_the_models(models: Models) -> None:
    assert {name: tuple(plan) for name, plan in PLANS.items()} == {
        name: models.operations[name].plan for name in PLANS
    }


def test_headers_come_where_the_models_foresee_them(models: Models, amazon: Simulator) -> None:
    caller = Caller(amazon)
    order_id = amazon.buy("na", US, "MUG-BLUE")
    answers = [caller.get_order(order_id), caller.get_order("111-0000000-0000000")]
    caller.token = "wrong"
    answers.append(caller.get_order(order_id))
    amazon.faults.add(Fault("getOrder", "429"))
    answers.append(caller.get_order(order_id))
    assert [answer.status for answer in answers] == [200, 404, 403, 429]
    for answer in answers:
        foreseen = models.response_headers("getOrder", answer.status)
        assert {name for name in answer.headers if name.lower().startswith("x-amzn-")} == foreseen
    caller.close()


@pytest.mark.parametrize("region", ["eu", "fe"])
def test_random_buyers_of_every_region_fit_the_models(models: Models, region: str) -> None:
    with Simulator(rate_limits=False) as amazon:
        caller = Caller(amazon, region)
        for order_id in amazon.let_buyers_buy(30, region):
            caller.get_order(order_id, ALL_ORDER_DATA)
        amazon.advance(2 * 24 * 3600)
        caller.token = caller.fetch_token().body["access_token"].text
        caller.search_orders(
            includedData=ALL_ORDER_DATA, marketplaceIds=DE if region == "eu" else JP
        )
        caller.close()
        assert {seen.status for seen in amazon.requests} == {200}
        assert models.faults_of(amazon.requests) == []


def test_the_judge_is_not_blind(models: Models) -> None:
    good: dict[str, Any] = {"sku": "A", "status": "ACCEPTED", "submissionId": "1", "issues": []}
    name = "patchListingsItem"
    assert models.response_faults(name, 200, good) == []
    assert models.response_faults(name, 200, {**good, "status": "PERHAPS"})
    assert models.response_faults(name, 200, {**good, "unheardOf": 1})
    assert models.response_faults(name, 200, {"sku": "A"})
    assert models.response_faults(name, 418, good)
    body = {"productType": "PRODUCT", "patches": [replace("item_name", {"value": "x"})]}
    query = {"marketplaceIds": [US]}
    path = ["seller", quote("a/b", safe="")]
    assert models.request_faults(name, path, query, body) == []
    assert models.request_faults(name, path, {}, body)
    assert models.request_faults(name, path, {**query, "colour": ["red"]}, body)
    assert models.request_faults(name, path, query, {"patches": []})
    assert models.request_faults(name, ["seller"], query, body)
    window = {"lastUpdatedAfter": ["yesterday"]}
    assert models.request_faults("searchOrders", [], window, None)
    assert models.request_faults("searchOrders", [], {"maxResultsPerPage": ["5"]}, None) == []
