"""Fill the example shop with its sample catalogue."""

from typing import Any

from django.core.management.base import BaseCommand

from shop.catalogue import SAMPLES, fill


class Command(BaseCommand):
    help = "Creates a partner, products with prices and stock, and the shipping event type."

    def handle(self, *args: Any, **options: Any) -> None:
        created = fill()
        self.stdout.write(f"{created} of {len(SAMPLES)} products created, the others were there.")
