from django.apps import AppConfig


class ExampleShopConfig(AppConfig):
    """The example shop's own part: a command that fills it."""

    name = "shop"
    label = "example_shop"
    verbose_name = "Example shop"
