"""Many callers at once: nothing is lost, nothing counted twice."""

from concurrent.futures import ThreadPoolExecutor

from django_amazon_sync.testing.simulator import NotForSale, Simulator
from tests.testing.callers import US, Caller, merchant, replace


def test_buyers_at_once_take_each_unit_once(amazon: Simulator) -> None:
    def buy(_: int) -> str | None:
        try:
            return amazon.buy("na", US, "TEA-EARL-GREY-500")
        except NotForSale:
            return None

    with ThreadPoolExecutor(8) as threads:
        sold = [order_id for order_id in threads.map(buy, range(60)) if order_id]
    assert len(sold) == len(set(sold)) == 40
    live = amazon.live("na", "TEA-EARL-GREY-500", US)
    assert live is not None
    assert live.quantity == 0


def test_programs_at_once_are_all_heard(amazon: Simulator) -> None:
    def patch(number: int) -> str:
        caller = Caller(amazon)
        for quantity in range(10):
            got = caller.patch(
                "MUG-BLUE", replace("fulfillment_availability", merchant(number * 10 + quantity))
            )
            assert got.status == 200
        caller.close()
        return str(got.body["submissionId"])

    with ThreadPoolExecutor(8) as threads:
        submissions = list(threads.map(patch, range(8)))
    assert len(set(submissions)) == 8
    seen = amazon.requests_of("patchListingsItem")
    assert len(seen) == 80
    amazon.advance(61)
    live = amazon.live("na", "MUG-BLUE", US)
    last = seen[-1].body["patches"][0]["value"][0]["quantity"]
    assert live is not None
    assert live.quantity == last
