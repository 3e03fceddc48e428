"""``amazon_simulator``: serve a simulated Amazon on localhost, with buyers who keep buying."""

import json
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext

from django_amazon_sync.testing.simulator import Simulator

HISTORY = 12
"""Orders that a fresh simulator starts with."""


class Command(BaseCommand):
    """Thin: options in, ``Simulator`` started, its address printed, served until Ctrl-C."""

    help = "Serve a simulated Amazon on localhost: SP-API, Login with Amazon, and buyers."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8600, help="Port on 127.0.0.1; 0: any.")
        parser.add_argument("--seed", type=int, default=1, help="Same seed, same credentials.")
        parser.add_argument("--state", type=Path, help="File that keeps the memory.")
        parser.add_argument("--faults", type=Path, help="JSON list of faults to play.")
        parser.add_argument(
            "--time-scale", type=float, default=1.0, help="Simulated seconds per real second."
        )
        parser.add_argument(
            "--orders-per-hour", type=float, default=60.0, help="In simulated time; 0: nobody buys."
        )
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        time_scale: float = options["time_scale"]
        orders_per_hour: float = options["orders_per_hour"]
        state: Path | None = options["state"]
        faults: Path | None = options["faults"]
        if time_scale <= 0:
            raise CommandError(gettext("--time-scale must be greater than 0."), returncode=2)
        fresh = not (state and state.exists())
        try:
            amazon = Simulator(options["seed"], time_scale=time_scale, state_file=state)
            if faults:
                amazon.faults.load(faults)
            amazon.start(options["port"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            text = gettext("The simulator cannot start: %(error)s") % {"error": error}
            raise CommandError(text, returncode=2) from error
        if orders_per_hour > 0 and fresh:
            amazon.let_buyers_buy(HISTORY)
        self._say(amazon, options["format"])
        self._serve(amazon, orders_per_hour * time_scale)

    def _say(self, amazon: Simulator, how: str) -> None:
        """Print where it is and with which credentials; they open nothing but the simulator."""
        about = amazon.description()
        if how == "json":
            self.stdout.write(json.dumps(about))
        else:
            self.stdout.write(f"AMAZON_SP_API_ENDPOINT={about['endpoint']}")
            self.stdout.write(f"AMAZON_LWA_ENDPOINT={about['lwa_endpoint']}")
            self.stdout.write(f"AMAZON_SELLER_CENTRAL={about['seller_central']}")
            for seller in about["sellers"]:
                self.stdout.write("")
                self.stdout.write(f"{seller['region']}  {seller['seller_id']}")
                self.stdout.write("    " + " ".join(seller["marketplaces"]))
                self.stdout.write(f"    application id {seller['application_id']}")
                for name in ("client_id", "client_secret", "refresh_token"):
                    self.stdout.write(f"    AMAZON_LWA_{name.upper()}={seller[name]}")
        self.stdout.flush()

    def _serve(self, amazon: Simulator, orders_per_hour: float) -> None:
        """Serve until Ctrl-C or SIGTERM, with a buyer now and then (``orders_per_hour``, real)."""
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        pause = 3600 / orders_per_hour if orders_per_hour > 0 else None
        while not stop.wait(pause):
            amazon.let_buyers_buy(1)
        amazon.stop()
