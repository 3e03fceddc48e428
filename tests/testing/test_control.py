"""The door for other processes does what the object does."""

import json
from decimal import Decimal

import pytest

from django_amazon_sync.testing.simulator import Simulator, SimulatorControl
from django_amazon_sync.testing.simulator.control import CHANGES
from tests.testing.callers import US, Caller, merchant, message, replace


@pytest.fixture
def control(amazon: Simulator) -> SimulatorControl:
    return SimulatorControl(amazon.endpoint)


def test_state_tells_endpoints_and_credentials(
    amazon: Simulator, control: SimulatorControl
) -> None:
    state = control.state()
    assert state["endpoint"] == amazon.endpoint
    assert state["lwa_endpoint"] == amazon.lwa_endpoint
    assert [row["region"] for row in state["sellers"]] == ["na", "eu", "fe"]
    assert state["sellers"][0]["refresh_token"] == amazon.seller("na").refresh_token
    assert state == json.loads(json.dumps(state))


def test_a_story_from_outside(amazon: Simulator, control: SimulatorControl) -> None:
    control.add_product(asin="B0MINE", title="Mine", ean="4006381333931", product_type="TOY")
    control.add_listing(
        "na", "MINE", marketplace=US, asin="B0MINE", price=Decimal("12.50"), quantity=4
    )
    live = control.live("na", "MINE", US)
    assert live == amazon.live("na", "MINE", US)
    assert live is not None
    assert (live.price, live.quantity, live.title) == (Decimal("12.50"), 4, "Mine")
    order_id = control.buy("na", US, "MINE", 2, status="PENDING", tax=Decimal("1.00"))
    assert control.order(order_id)["fulfillment"]["fulfillmentStatus"] == "PENDING"
    control.settle_payment(order_id)
    control.cancel(order_id, quantity=1)
    control.request_cancellation(order_id)
    control.ship_by_hand(order_id)
    assert control.order(order_id) == amazon.order(order_id)
    assert control.order(order_id)["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    assert len(control.let_buyers_buy(3, "na")) == 3
    assert len(control.orders("na")) == len(control.orders()) == 4


def test_feeds_and_reports_from_outside(amazon: Simulator, control: SimulatorControl) -> None:
    caller = Caller(amazon)
    rows = [{"sku": f"S{n}", "asin": f"B{n:09}", "price": "5.00", "quantity": n} for n in range(3)]
    assert control.add_listings("na", US, rows) == 3
    control.switch(feed_outcome="fatal")
    caller.send_feed(message(1, "S0", replace("fulfillment_availability", merchant(3))))
    caller.create_report()
    control.finish_feeds()
    control.finish_reports()
    assert control.feeds("na") == amazon.feeds("na")
    assert [job.status for job in control.feeds() + control.reports()] == ["FATAL", "DONE"]
    control.set_job(control.reports()[0].job_id, status="CANCELLED")
    assert amazon.reports("na")[0].status == "CANCELLED"
    assert control.reports("eu") == []
    control.set_amazon_stock("na", "FBA-KETTLE", US, fulfillable=1)
    with pytest.raises(LookupError, match="Amazon has 1"):
        control.buy("na", US, "FBA-KETTLE", 2)
    with pytest.raises(ValueError, match="weather"):
        control.switch(weather="fair")
    caller.close()


def test_ignoring_advancing_and_faults_from_outside(
    amazon: Simulator, control: SimulatorControl
) -> None:
    caller = Caller(amazon)
    control.ignore_changes("na", "MUG-BLUE", US)
    caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(3)))
    control.advance(61)
    assert control.live("na", "MUG-BLUE", US).quantity == 12  # type: ignore[union-attr]
    control.heed_changes("na", "MUG-BLUE", US)
    caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(3)))
    control.advance(61)
    assert control.live("na", "MUG-BLUE", US).quantity == 3  # type: ignore[union-attr]
    assert control.attributes("na", "MUG-BLUE", US) == amazon.attributes("na", "MUG-BLUE", US)
    control.change_by_hand("na", "MUG-BLUE", US, price="8.75")
    assert str(control.live("na", "MUG-BLUE", US).price) == "8.75"  # type: ignore[union-attr]
    control.remove_listing("na", "MUG-BLUE", US)
    assert control.live("na", "MUG-BLUE", US) is None
    control.add_fault(operation="getOrder", kind="429", times=None)
    assert caller.get_order("1").status == 429
    control.clear_faults()
    assert caller.get_order("1").status == 404
    assert [seen["status"] for seen in control.requests_of("getOrder")] == [429, 404]
    caller.close()


def test_mistakes_come_back_as_sentences(control: SimulatorControl) -> None:
    with pytest.raises(LookupError, match="only 12 are there"):
        control.buy("na", US, "MUG-BLUE", 99)
    with pytest.raises(LookupError, match=r"^There is no seller 'antarctica'"):
        control.live("antarctica", "MUG-BLUE", US)
    with pytest.raises(ValueError, match="earthquake"):
        control.add_fault(kind="earthquake")
    with pytest.raises(ValueError, match="colour"):
        control.add_product(asin="B0MINE", title="Mine", colour="red")
    assert control.live("na", "no such SKU", US) is None


def test_every_path_leads_to_a_method() -> None:
    for method in CHANGES.values():
        assert callable(getattr(Simulator, method))
