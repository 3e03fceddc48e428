from oscar.apps.partner import apps


class PartnerConfig(apps.PartnerConfig):  # type: ignore[misc]  # Oscar has no types
    name = "tests.forked.partner"
