from oscar.apps.shipping import apps


class ShippingConfig(apps.ShippingConfig):  # type: ignore[misc]  # Oscar has no types
    name = "tests.forked.shipping"
