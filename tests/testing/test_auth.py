"""Login with Amazon, access tokens, regions: who gets in, and what the others are told."""

import pytest

from django_amazon_sync.testing.simulator import Simulator, Switches
from tests.testing.callers import DE, US, Caller

EXPIRED = "The access token you provided has expired."


def test_a_refresh_token_gives_an_access_token_again_and_again(caller: Caller) -> None:
    first, second = caller.fetch_token(), caller.fetch_token()
    assert first.status == 200
    assert first.body["token_type"] == "bearer"
    assert first.body["expires_in"] == 3600
    assert first.body["refresh_token"] == caller.seller.refresh_token
    assert first.body["access_token"] != second.body["access_token"]


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "amzn1.sp.solution.1"}, 401, "invalid_client"),
        ({"refresh_token": "Atzr|wrong"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 400, "invalid_scope"),
    ],
)
def test_token_errors_have_their_own_body(
    caller: Caller, changes: dict[str, str], status: int, error: str
) -> None:
    got = caller.fetch_token(**changes)
    assert got.status == status
    assert got.body["error"] == error
    assert set(got.body.fields) == {"error", "error_description"}


def test_a_refresh_token_of_another_application_is_no_grant(amazon: Simulator) -> None:
    caller = Caller(amazon, "na")
    got = caller.fetch_token(refresh_token=amazon.seller("fe").refresh_token)
    assert got.body["error"] == "invalid_grant"
    assert "refresh_token" in got.body["error_description"]
    shared = caller.fetch_token(refresh_token=amazon.seller("eu").refresh_token)
    assert shared.status == 200  # one application, two sellers
    caller.close()


def test_an_expired_access_token_is_403_and_says_so(caller: Caller) -> None:
    assert caller.get_listing("MUG-BLUE").status == 200
    caller.amazon.advance(3601)
    got = caller.get_listing("MUG-BLUE")
    assert (got.status, got.error["code"], got.error["details"]) == (403, "Unauthorized", EXPIRED)
    assert got.rate is None
    caller.token = caller.fetch_token().body["access_token"].text
    caller.amazon.expire_access_tokens()
    assert caller.get_listing("MUG-BLUE").error["details"] == EXPIRED


def test_the_details_tell_a_missing_token_from_a_wrong_one(caller: Caller) -> None:
    caller.token = "Atza|wrong"
    assert "malformed or invalid" in caller.get_listing("MUG-BLUE").error["details"]
    got = caller.raw("GET", "/sellers/v1/marketplaceParticipations", None, {})
    assert got.status == 403
    assert "missing in the request header" in got.error["details"]


def test_a_revoked_seller_is_shut_out_and_the_others_are_not(amazon: Simulator) -> None:
    caller, other = Caller(amazon, "na"), Caller(amazon, "eu")
    amazon.revoke("na")
    assert caller.fetch_token().body["error"] == "invalid_grant"
    assert "revoked" in caller.get_listing("MUG-BLUE").error["details"]
    assert other.get_listing("MUG-BLUE", DE).status == 200
    assert caller.fetch_token(refresh_token=amazon.authorise_again("na")).status == 200
    caller.close()
    other.close()


def test_a_shorter_life_and_a_faster_clock_show_in_expires_in() -> None:
    switches = Switches(access_token_lifetime=600)
    with Simulator(switches=switches, time_scale=60) as amazon:
        caller = Caller(amazon)
        assert caller.fetch_token().body["expires_in"] == 10
        caller.close()


def test_an_unknown_path_looks_like_a_missing_role(caller: Caller) -> None:
    got = caller.call("GET", "/orders/2099-01-01/orders")
    assert got.status == 403
    assert got.error == {
        "code": "Unauthorized",
        "message": "Access to requested resource is denied.",
        "details": "",
    }


def test_the_host_of_a_region_takes_its_own_sellers_only(amazon: Simulator) -> None:
    assert amazon.regional_endpoint.format(region="eu") == f"{amazon.endpoint}/eu"
    at_home, abroad = Caller(amazon, "eu", "/eu"), Caller(amazon, "eu", "/na")
    assert at_home.get_listing("MUG-BLUE", DE).status == 200
    got = abroad.get_listing("MUG-BLUE", DE)
    assert got.status == 403
    assert "not valid for region NA" in got.error["details"]
    at_home.close()
    abroad.close()


def test_a_marketplace_of_another_region_or_none_is_403(caller: Caller) -> None:
    assert "not valid for region NA" in caller.get_listing("MUG-BLUE", DE).error["details"]
    pseudo = caller.search_orders(marketplaceIds="A2ZV50J4W1RKNI")
    assert pseudo.status == 403


def test_another_sellers_listings_are_denied(caller: Caller) -> None:
    path = f"/listings/2021-08-01/items/{caller.amazon.seller('eu').seller_id}/MUG-BLUE"
    assert caller.call("GET", path, marketplaceIds=US).status == 403


def test_the_log_keeps_what_was_asked_but_no_credentials(caller: Caller) -> None:
    caller.get_listing("a/b c%2F+#,ü")
    (seen,) = caller.amazon.requests_of("getListingsItem")
    assert seen.seller_id == caller.seller.seller_id
    assert seen.path.endswith("/a%2Fb%20c%252F%2B%23%2C%C3%BC")
    assert seen.query["marketplaceIds"] == [US]
    assert (seen.status, seen.response["sku"]) == (200, "a/b c%2F+#,ü")
    log = repr(caller.amazon.requests)
    for secret in (caller.token, caller.seller.client_secret, caller.seller.refresh_token):
        assert secret not in log
    assert caller.seller.client_secret not in repr(caller.seller)


def test_a_get_with_a_body_is_refused(caller: Caller) -> None:
    got = caller.call("GET", "/sellers/v1/marketplaceParticipations", {"a": 1})
    assert got.status == 400


def test_a_body_that_is_no_json_is_refused(caller: Caller) -> None:
    path = f"/listings/2021-08-01/items/{caller.seller.seller_id}/MUG-BLUE?marketplaceIds={US}"
    got = caller.raw("PATCH", path, b"{half", {"x-amz-access-token": caller.token})
    assert (got.status, got.error["code"]) == (400, "InvalidInput")
