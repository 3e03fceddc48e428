from oscar.apps.order import apps


class OrderConfig(apps.OrderConfig):  # type: ignore[misc]  # Oscar has no types
    name = "tests.forked.order"
