"""Listings: what is echoed, what is live, what a patch leaves behind, what is refused."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.testing.simulator import Simulator, Switches
from django_amazon_sync.testing.simulator.patches import apply_patch
from tests.testing.callers import CA, DE, JP, US, Caller, merchant, offer, replace

WEIRD = "a/b c%2F+#,ü"
DATA = "summaries,attributes,issues,offers,fulfillmentAvailability"


def settled(amazon: Simulator) -> None:
    amazon.advance(amazon.switches.live_delay + 1)


def quantity(caller: Caller, sku: str, marketplace: str = US) -> int | None:
    live = caller.amazon.live(caller.seller, sku, marketplace)
    assert live is not None
    return live.quantity


def with_switches(**choices: Any) -> tuple[Simulator, Caller]:
    amazon = Simulator(switches=Switches(**choices), rate_limits=False).start()
    return amazon, Caller(amazon)


# -- reading


def test_a_weird_sku_is_found_when_it_is_encoded_once(caller: Caller) -> None:
    got = caller.get_listing(WEIRD, f"{US},{CA}", DATA)
    assert got.body["sku"] == WEIRD
    assert [row["marketplaceId"] for row in got.body["summaries"]] == [US, CA]
    assert got.body["fulfillmentAvailability"] == [
        {"fulfillmentChannelCode": "DEFAULT", "quantity": 7}
    ]


def test_only_the_data_that_was_asked_for_comes(caller: Caller) -> None:
    assert set(caller.get_listing("MUG-BLUE").body.fields) == {"sku", "summaries"}
    assert set(caller.get_listing("MUG-BLUE", data="offers").body.fields) == {"sku", "offers"}


def test_offers_show_consumer_and_business_price(caller: Caller) -> None:
    offers = caller.get_listing("MUG-BLUE", data="offers").body["offers"]
    assert [(row["offerType"].text, row["price"]["amount"].text) for row in offers] == [
        ("B2C", "9.50"),
        ("B2B", "8.75"),
    ]


def test_a_running_sale_is_shown_in_offers_by_switch() -> None:
    amazon, caller = with_switches(offers_show_sale_price=True)
    offers = caller.get_listing("MUG-BLUE", data="offers").body["offers"]
    assert offers[0]["price"]["amount"] == "7.99"
    caller.close()
    amazon.stop()


def test_a_sku_of_amazons_shows_no_quantity(caller: Caller) -> None:
    got = caller.get_listing("FBA-KETTLE", data="fulfillmentAvailability,summaries").body
    assert got["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "AMAZON_NA"}]
    assert "BUYABLE" in got["summaries"][0]["status"]


def test_a_sku_that_is_not_there_is_404(caller: Caller) -> None:
    got = caller.get_listing("no such SKU")
    assert (got.status, got.error["code"]) == (404, "NotFound")
    assert got.rate is not None


def test_search_pages_through_everything_once(caller: Caller) -> None:
    skus, token = [], None
    while True:
        body = caller.search_listings(pageSize=2, sortBy="sku", pageToken=token).body
        skus += [item["sku"] for item in body["items"]]
        token = body.get("pagination").get("nextToken")
        if not token:
            break
    assert len(skus) == len(set(skus)) == body["numberOfResults"]
    assert WEIRD in skus


def test_a_page_token_dies_with_its_parameters_and_with_time(caller: Caller) -> None:
    token = caller.search_listings(pageSize=2).body["pagination"]["nextToken"]
    assert caller.search_listings(pageSize=2, pageToken=token).status == 200
    assert caller.search_listings(pageSize=3, pageToken=token).status == 400
    assert caller.search_listings(pageSize=2, pageToken="nonsense").status == 400
    caller.amazon.advance(25 * 3600)
    caller.token = caller.fetch_token().body["access_token"].text
    assert caller.search_listings(pageSize=2, pageToken=token).status == 400


@pytest.mark.parametrize(
    ("kind", "identifier", "skus"),
    [
        ("ASIN", "B0SIMMUG02", {"MUG-BLUE", "MUG-2"}),
        ("EAN", "4012345000023", {"MUG-BLUE", "MUG-2"}),
        ("UPC", "036000291452", {"LAMP-OAK"}),
        ("EAN", "036000291452", set()),
        ("ASIN", "B0SIMNEW10", set()),
    ],
)
def test_search_by_what_is_sold(
    amazon: Simulator, caller: Caller, kind: str, identifier: str, skus: set[str]
) -> None:
    amazon.add_listing("na", "MUG-2", marketplace=US, asin="B0SIMMUG02", price=5, quantity=1)
    amazon.add_listing("na", "MUG-2", marketplace=US, asin="B0SIMMUG02", price=6, quantity=1)
    found = caller.search_listings(identifiers=identifier, identifiersType=kind).body
    assert {item["sku"] for item in found["items"]} == skus
    assert found["numberOfResults"] == len(skus)


def test_search_by_sku_cannot_carry_a_comma(caller: Caller) -> None:
    found = caller.search_listings(identifiers="MUG-BLUE,0042", identifiersType="SKU").body
    assert {item["sku"] for item in found["items"]} == {"MUG-BLUE", "0042"}
    assert caller.search_listings(identifiers=WEIRD, identifiersType="SKU").body["items"] == []


def test_search_filters_by_status_and_time(caller: Caller) -> None:
    sold_out = caller.search_listings(withoutStatus="BUYABLE").body["items"]
    assert [item["sku"] for item in sold_out] == ["0042"]
    future = caller.search_listings(lastUpdatedAfter="2999-01-01T00:00:00Z").body
    assert future == {"numberOfResults": 0, "items": []}


def test_search_falls_silent_after_a_thousand(caller: Caller) -> None:
    for number in range(1010):
        caller.amazon.add_listing(
            "na", f"MANY-{number:04}", marketplace=US, asin="B0SIMTEA01", price=5, quantity=1
        )
    seen, token = 0, None
    while True:
        body = caller.search_listings(pageSize=20, sortBy="sku", pageToken=token).body
        seen += len(body["items"])
        token = body.get("pagination").get("nextToken")
        if not token:
            break
    assert body["numberOfResults"].number > 1010
    assert seen == 1000


# -- accepted, echoed, live


def test_attributes_echo_at_once_and_the_rest_follows(caller: Caller) -> None:
    got = caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(3)))
    assert (got.status, got.body["status"].text, list(got.body["issues"])) == (200, "ACCEPTED", [])
    echo = caller.get_listing("MUG-BLUE", data=DATA).body
    assert echo["attributes"]["fulfillment_availability"] == [merchant(3)]
    assert echo["fulfillmentAvailability"][0]["quantity"] == 12
    settled(caller.amazon)
    live = caller.get_listing("MUG-BLUE", data=DATA).body
    assert live["fulfillmentAvailability"][0]["quantity"] == 3


def test_what_is_ignored_is_accepted_and_echoed_and_never_live(caller: Caller) -> None:
    amazon = caller.amazon
    amazon.ignore_changes("na", "MUG-BLUE", US, reason="This image is not permitted.")
    assert (
        caller.patch("MUG-BLUE", replace("purchasable_offer", offer(11))).body["status"]
        == "ACCEPTED"
    )
    amazon.advance(7 * 24 * 3600)
    assert amazon.live("na", "MUG-BLUE", US).price == Decimal("9.50")  # type: ignore[union-attr]
    assert amazon.attributes("na", "MUG-BLUE", US)["purchasable_offer"][-1] == offer(11)
    caller.token = caller.fetch_token().body["access_token"].text
    (issue,) = caller.get_listing("MUG-BLUE", data="issues").body["issues"]
    assert (issue["severity"].text, issue["message"].text) == (
        "ERROR",
        "This image is not permitted.",
    )
    amazon.heed_changes("na", "MUG-BLUE", US)
    caller.patch("MUG-BLUE", replace("purchasable_offer", offer(12)))
    settled(amazon)
    assert amazon.live("na", "MUG-BLUE", US).price == Decimal("12.00")  # type: ignore[union-attr]


def test_changes_never_become_live_by_switch() -> None:
    amazon, caller = with_switches(never_live=1.0)
    caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(3)))
    settled(amazon)
    assert quantity(caller, "MUG-BLUE") == 12
    caller.close()
    amazon.stop()


def test_an_older_patch_may_be_live_after_a_newer_one() -> None:
    amazon, caller = with_switches(out_of_order=1.0)
    caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(3)))
    amazon.switch(out_of_order=0.0)
    caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(2)))
    settled(amazon)
    assert quantity(caller, "MUG-BLUE") == 2
    amazon.advance(300)
    assert quantity(caller, "MUG-BLUE") == 3
    caller.close()
    amazon.stop()


def test_another_hand_changes_what_is_live_at_once(caller: Caller) -> None:
    amazon = caller.amazon
    amazon.change_by_hand("na", "MUG-BLUE", US, price="8.75", quantity=2)
    live = amazon.live("na", "MUG-BLUE", US)
    assert live is not None
    assert (live.price, live.quantity) == (Decimal("8.75"), 2)
    echo = amazon.attributes("na", "MUG-BLUE", US)
    assert echo["fulfillment_availability"][0]["quantity"] == 2


def test_a_listing_is_deleted_at_amazon(caller: Caller) -> None:
    caller.amazon.remove_listing("na", "MUG-BLUE", US)
    assert caller.amazon.live("na", "MUG-BLUE", US) is None
    assert caller.get_listing("MUG-BLUE").status == 404


def test_an_unknown_sku_is_accepted_and_nothing_comes_of_it(caller: Caller) -> None:
    got = caller.patch("who?", replace("fulfillment_availability", merchant(3)))
    assert got.body["status"] == "ACCEPTED"
    settled(caller.amazon)
    assert caller.amazon.live("na", "who?", US) is None
    assert caller.get_listing("who?").status == 404


def test_changes_become_live_in_their_order(caller: Caller) -> None:
    for number in (3, 9, 5):
        caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(number)))
        caller.amazon.advance(1)
    settled(caller.amazon)
    assert quantity(caller, "MUG-BLUE") == 5


def test_a_validation_preview_has_no_effect(caller: Caller) -> None:
    preview = {"mode": "VALIDATION_PREVIEW", "includedData": "issues,identifiers"}
    good = caller.patch("MUG-BLUE", replace("purchasable_offer", offer(11)), **preview)
    assert good.body["status"] == "VALID"
    assert good.body["identifiers"] == [{"marketplaceId": US, "asin": "B0SIMMUG02"}]
    bad = caller.patch("MUG-BLUE", replace("purchasable_offer", offer(0)), **preview)
    assert bad.body["status"] == "INVALID"
    settled(caller.amazon)
    assert caller.amazon.attributes("na", "MUG-BLUE", US)["purchasable_offer"][0] != offer(11)
    assert (
        caller.patch(
            "MUG-BLUE", replace("purchasable_offer", offer(11)), includedData="identifiers"
        ).status
        == 400
    )


# -- the semantics of patches


def test_replacing_the_quantity_drops_the_lead_time(caller: Caller) -> None:
    caller.patch(WEIRD, replace("fulfillment_availability", merchant(6)))
    settled(caller.amazon)
    live = caller.amazon.live("na", WEIRD, US)
    assert live is not None
    assert (live.quantity, live.lead_time) == (6, None)


def test_replacing_the_quantity_with_the_lead_time_keeps_it(caller: Caller) -> None:
    sent = merchant(6, lead_time_to_ship_max_days=3)
    caller.patch(WEIRD, replace("fulfillment_availability", sent))
    settled(caller.amazon)
    live = caller.amazon.live("na", WEIRD, US)
    assert live is not None
    assert (live.quantity, live.lead_time) == (6, 3)


def test_a_merchant_quantity_gives_an_amazon_sku_a_second_channel(caller: Caller) -> None:
    caller.patch("FBA-KETTLE", replace("fulfillment_availability", merchant(5)))
    settled(caller.amazon)
    live = caller.amazon.live("na", "FBA-KETTLE", US)
    assert live is not None
    assert live.channels == ("AMAZON_NA", "DEFAULT")


@pytest.mark.parametrize(("choice", "sale"), [("drops", None), ("keeps", Decimal("7.99"))])
def test_replacing_the_offer_drops_or_keeps_the_sale_price(
    choice: str, sale: Decimal | None
) -> None:
    amazon, caller = with_switches(replace_offer=choice)
    caller.patch("MUG-BLUE", replace("purchasable_offer", offer(11)))
    settled(amazon)
    live = amazon.live("na", "MUG-BLUE", US)
    assert live is not None
    assert (live.price, live.sale_price) == (Decimal("11.00"), sale)
    assert live.business_price == Decimal("8.75")  # another audience is another instance
    caller.close()
    amazon.stop()


@pytest.mark.parametrize(("choice", "sale"), [("drops", None), ("keeps", Decimal("7.99"))])
def test_merging_the_offer_keeps_the_sale_price_unless_switched(
    choice: str, sale: Decimal | None
) -> None:
    amazon, caller = with_switches(merge=choice)
    caller.patch("MUG-BLUE", replace("purchasable_offer", offer(11), op="merge"))
    settled(amazon)
    live = amazon.live("na", "MUG-BLUE", US)
    assert live is not None
    assert (live.price, live.sale_price) == (Decimal("11.00"), sale)
    caller.close()
    amazon.stop()


def test_merge_is_refused_by_switch() -> None:
    amazon, caller = with_switches(merge="refused")
    got = caller.patch("MUG-BLUE", replace("purchasable_offer", offer(11), op="merge"))
    assert got.body["status"] == "INVALID"
    caller.close()
    amazon.stop()


def test_merge_and_delete_need_all_selectors(caller: Caller) -> None:
    without_audience = {key: part for key, part in offer(11).items() if key != "audience"}
    for op in ("merge", "delete"):
        got = caller.patch("MUG-BLUE", replace("purchasable_offer", without_audience, op=op))
        assert got.body["status"] == "INVALID"
    business = {"marketplace_id": US, "currency": "USD", "audience": "B2B"}
    assert (
        caller.patch("MUG-BLUE", replace("purchasable_offer", business, op="delete")).body["status"]
        == "ACCEPTED"
    )
    settled(caller.amazon)
    live = caller.amazon.live("na", "MUG-BLUE", US)
    assert live is not None
    assert (live.price, live.business_price) == (Decimal("9.50"), None)


def test_merging_a_lead_time_leaves_the_quantity_of_the_moment(caller: Caller) -> None:
    lead_time = {"fulfillment_channel_code": "DEFAULT", "lead_time_to_ship_max_days": 9}
    caller.patch("MUG-BLUE", replace("fulfillment_availability", lead_time, op="merge"))
    caller.amazon.buy("na", US, "MUG-BLUE", 2)
    settled(caller.amazon)
    live = caller.amazon.live("na", "MUG-BLUE", US)
    assert live is not None
    assert (live.quantity, live.lead_time) == (10, 9)


@pytest.mark.parametrize(("shared", "other"), [(True, 3), (False, 12)])
def test_marketplaces_share_the_merchant_quantity_or_not(shared: bool, other: int) -> None:
    amazon, caller = with_switches(quantity_shared=shared)
    caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(3)))
    settled(amazon)
    assert (quantity(caller, "MUG-BLUE", US), quantity(caller, "MUG-BLUE", CA)) == (3, other)
    amazon.buy("na", US, "MUG-BLUE")
    assert quantity(caller, "MUG-BLUE", CA) == (2 if shared else 12)
    caller.close()
    amazon.stop()


def test_two_marketplaces_in_one_patch_get_their_own_prices(caller: Caller) -> None:
    prices = replace("purchasable_offer", offer(11), offer(15, CA, "CAD"))
    got = caller.patch("MUG-BLUE", prices, marketplaceIds=f"{US},{CA}")
    assert got.body["status"] == "ACCEPTED"
    settled(caller.amazon)
    live = [caller.amazon.live("na", "MUG-BLUE", place) for place in (US, CA)]
    assert [one.price for one in live if one] == [Decimal("11.00"), Decimal("15.00")]
    own = caller.patch("MUG-BLUE", prices, product_type="DRINKING_CUP", marketplaceIds=f"{US},{CA}")
    assert own.body["issues"][0]["code"] == "4000003"
    stray = caller.patch("MUG-BLUE", replace("purchasable_offer", offer(15, CA, "CAD")))
    assert stray.body["status"] == "INVALID"


@pytest.mark.parametrize(
    "path",
    ["/attributes/purchasable_offer/0", "/attributes/purchasableOffer", "/purchasable_offer"],
)
def test_only_top_level_paths_work(caller: Caller, path: str) -> None:
    got = caller.patch("MUG-BLUE", {"op": "replace", "path": path, "value": [offer(11)]})
    assert got.status == 400


# -- refusals


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        (replace("purchasable_offer", offer(0)), "90226"),
        (replace("purchasable_offer", offer(-3)), "90226"),
        (replace("purchasable_offer", offer(10_000_001)), "90226"),
        (replace("purchasable_offer", offer(9.999)), "90226"),
        (replace("purchasable_offer", offer(9, currency="EUR")), "90225"),
        (replace("purchasable_offer", offer("9.99")), "4000001"),
        ({"op": "replace", "path": "/attributes/purchasable_offer", "value": offer(9)}, "4000001"),
        (replace("purchasable_offer", {**offer(9), "our_price": {"schedule": []}}), "4000001"),
        (
            replace(
                "purchasable_offer",
                offer(9, discounted_price=[{"schedule": [{"start_date": "2026-01-01"}]}]),
            ),
            "4000000",
        ),
        (replace("fulfillment_availability", merchant(-1)), "90228"),
        (replace("fulfillment_availability", merchant(10**9)), "90228"),
        (replace("fulfillment_availability", merchant(3, lead_time_to_ship_max_days=99)), "90228"),
        (
            replace(
                "fulfillment_availability",
                {"fulfillment_channel_code": "AMAZON_NA", "quantity": 3},
            ),
            "90228",
        ),
        (replace("fulfillment_availability", {"fulfillment_channel_code": "AMAZON_EU"}), "90227"),
        (replace("condition_type", {"value": "shiny"}), "90230"),
    ],
)
def test_bad_values_are_invalid_and_change_nothing(
    caller: Caller, patch: dict[str, Any], code: str
) -> None:
    before = caller.amazon.attributes("na", "MUG-BLUE", US)
    got = caller.patch("MUG-BLUE", patch)
    assert (got.status, got.body["status"].text) == (200, "INVALID")
    (issue,) = got.body["issues"]
    assert (issue["code"].text, issue["severity"].text) == (code, "ERROR")
    assert issue["marketplaceIds"] == [US]
    assert caller.amazon.attributes("na", "MUG-BLUE", US) == before


@pytest.mark.parametrize("title", ["x" * 201, "", "bell\x07"])
def test_bad_titles_are_invalid(caller: Caller, title: str) -> None:
    patch = replace("item_name", {"value": title, "language_tag": "en_US"})
    got = caller.patch("MUG-BLUE", patch, product_type="DRINKING_CUP")
    assert got.body["issues"][0]["attributeNames"] == ["item_name"]
    assert got.body["status"] == "INVALID"


def test_a_title_goes_with_the_listings_own_product_type(caller: Caller) -> None:
    patch = replace("item_name", {"value": "Mug, blue 🫖", "language_tag": "en_US"})
    for wrong in ("PRODUCT", "LAMP"):
        assert (
            caller.patch("MUG-BLUE", patch, product_type=wrong).body["issues"][0]["code"]
            == "4000003"
        )
    assert caller.patch("MUG-BLUE", patch, product_type="DRINKING_CUP").body["status"] == "ACCEPTED"
    settled(caller.amazon)
    summary = caller.get_listing("MUG-BLUE").body["summaries"][0]
    assert summary["itemName"] == "Mug, blue 🫖"


def test_yen_have_no_decimals(amazon: Simulator) -> None:
    caller = Caller(amazon, "fe")
    for price, status in ((1500, "ACCEPTED"), (1500.5, "INVALID")):
        patch = replace("purchasable_offer", offer(price, JP, "JPY"))
        assert caller.patch("MUG-BLUE", patch, marketplaceIds=JP).body["status"] == status
    settled(amazon)
    offers = caller.get_listing("MUG-BLUE", JP, "offers").body["offers"]
    assert offers[0]["price"] == {"currencyCode": "JPY", "amount": "1500"}
    caller.close()


def test_a_price_outside_its_guard_rails_is_accepted_and_then_suppressed(caller: Caller) -> None:
    rails = [{"schedule": [{"value_with_tax": 20}]}]
    patch = replace("purchasable_offer", offer(11, minimum_seller_allowed_price=rails))
    assert caller.patch("MUG-BLUE", patch).body["status"] == "ACCEPTED"
    settled(caller.amazon)
    got = caller.get_listing("MUG-BLUE", data="summaries,issues").body
    assert got["issues"][0]["enforcements"]["actions"] == [{"action": "LISTING_SUPPRESSED"}]
    assert got["summaries"][0]["status"] == ["DISCOVERABLE"]


# -- PUT and DELETE


NEW_OFFER = {
    "condition_type": [{"value": "new_new"}],
    "merchant_suggested_asin": [{"value": "B0SIMNEW10"}],
    "purchasable_offer": [offer(21.5)],
    "fulfillment_availability": [merchant(4)],
}


def test_a_put_makes_an_offer_for_an_asin(caller: Caller) -> None:
    assert caller.put("SHEARS", NEW_OFFER).body["status"] == "ACCEPTED"
    fresh = caller.get_listing("SHEARS", data=DATA).body
    assert fresh["summaries"] == fresh["offers"] == []
    assert fresh["attributes"]["purchasable_offer"] == [offer(21.5)]
    settled(caller.amazon)
    summary = caller.get_listing("SHEARS").body["summaries"][0]
    assert (summary["asin"].text, summary["productType"].text) == ("B0SIMNEW10", "GARDEN_TOOL")
    assert caller.amazon.live("na", "SHEARS", US).quantity == 4  # type: ignore[union-attr]


@pytest.mark.parametrize("left_out", sorted(NEW_OFFER))
def test_an_offer_needs_its_four_attributes(caller: Caller, left_out: str) -> None:
    attributes = {name: value for name, value in NEW_OFFER.items() if name != left_out}
    got = caller.put("SHEARS", attributes).body
    assert got["status"] == "INVALID"
    assert got["issues"][0]["attributeNames"] == [left_out]
    assert got["issues"][0]["categories"] == ["MISSING_ATTRIBUTE"]
    assert caller.get_listing("SHEARS").status == 404


@pytest.mark.parametrize(
    ("asin", "category"),
    [("B0SIMRST13", "QUALIFICATION_REQUIRED"), ("B000000000", "INVALID_ATTRIBUTE")],
)
def test_restricted_and_unknown_products_are_refused(
    caller: Caller, asin: str, category: str
) -> None:
    got = caller.put("NEW", {**NEW_OFFER, "merchant_suggested_asin": [{"value": asin}]}).body
    assert got["status"] == "INVALID"
    assert got["issues"][0]["categories"] == [category]


def test_a_put_erases_what_it_leaves_out(caller: Caller) -> None:
    attributes = {**NEW_OFFER, "merchant_suggested_asin": [{"value": "B0SIMMUG02"}]}
    caller.put("MUG-BLUE", attributes)
    settled(caller.amazon)
    live = caller.amazon.live("na", "MUG-BLUE", US)
    assert live is not None
    assert (live.price, live.sale_price, live.business_price) == (Decimal("21.50"), None, None)
    other = caller.amazon.live("na", "MUG-BLUE", CA)
    assert other is not None
    assert other.business_price == Decimal("11.81")  # a PUT is for one marketplace


def test_a_put_is_for_one_marketplace(caller: Caller) -> None:
    assert caller.put("SHEARS", NEW_OFFER, marketplaceIds=f"{US},{CA}").status == 400


def test_a_full_listing_makes_a_product_of_its_own(caller: Caller) -> None:
    attributes = {
        **NEW_OFFER,
        "item_name": [{"value": "A thing of mine"}],
        "brand": [{"value": "Mine"}],
    }
    del attributes["merchant_suggested_asin"]
    got = caller.put("MINE", attributes, requirements="LISTING", product_type="LAMP")
    assert got.body["status"] == "ACCEPTED"
    settled(caller.amazon)
    live = caller.amazon.live("na", "MINE", US)
    assert live is not None
    assert (live.title, live.product_type) == ("A thing of mine", "LAMP")
    assert live.asin not in ("", "B0SIMNEW10")


def test_a_deleted_listing_is_gone_in_that_marketplace(caller: Caller) -> None:
    path = f"/listings/2021-08-01/items/{caller.seller.seller_id}/MUG-BLUE"
    assert caller.call("DELETE", path, marketplaceIds=US).body["status"] == "ACCEPTED"
    assert caller.get_listing("MUG-BLUE", US).status == 404
    assert caller.get_listing("MUG-BLUE", CA).status == 200


def test_sellers_do_not_see_each_other(amazon: Simulator) -> None:
    caller = Caller(amazon, "eu")
    caller.patch(
        "MUG-BLUE",
        replace("fulfillment_availability", merchant(1)),
        marketplaceIds=DE,
    )
    settled(amazon)
    assert amazon.live("eu", "MUG-BLUE", DE).quantity == 1  # type: ignore[union-attr]
    assert amazon.live("na", "MUG-BLUE", US).quantity == 12  # type: ignore[union-attr]
    caller.close()


# -- properties of the patch function

instances = st.fixed_dictionaries(
    {
        "marketplace_id": st.just(US),
        "currency": st.just("USD"),
        "audience": st.sampled_from(["ALL", "B2B"]),
    },
    optional={"our_price": st.integers(1, 9), "discounted_price": st.integers(1, 9)},
)
offers = st.lists(instances, max_size=2, unique_by=lambda one: one["audience"])
switch = st.sampled_from(["drops", "keeps"])


@given(present=offers, sent=offers, op=st.sampled_from(["add", "replace", "merge"]), choice=switch)
def test_a_patch_is_idempotent_and_leaves_other_instances_alone(
    present: list[dict[str, Any]], sent: list[dict[str, Any]], op: str, choice: Any
) -> None:
    switches = Switches(replace_offer=choice, merge=choice)
    attributes: dict[str, Any] = {"purchasable_offer": [dict(one) for one in present]}
    apply_patch(attributes, op, "purchasable_offer", sent, switches)
    once = {one["audience"]: one for one in attributes.get("purchasable_offer", [])}
    for one in sent:
        assert once[one["audience"]].items() >= one.items()
    named = {one["audience"] for one in sent}
    for one in present:
        if one["audience"] not in named:
            assert once[one["audience"]] == one
    apply_patch(attributes, op, "purchasable_offer", sent, switches)
    assert {one["audience"]: one for one in attributes.get("purchasable_offer", [])} == once
