"""Running a simulated Amazon: start and stop, addresses, and the memory on disk."""

import threading
import time
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from . import feeds, memory_file, order_life, reports, shipments, shoppers, stock, submissions
from .clock import Clock
from .gate import Gate
from .server import HttpServer, Incoming, Reply, Serving
from .switches import Switches
from .world import World

SAVE_EVERY_SECONDS = 2.0
HAPPENINGS = {
    "patch": submissions.patch_goes_live,
    "put": submissions.put_goes_live,
    "feed_starts": feeds.feed_starts,
    "feed_is_read": feeds.feed_is_read,
    "feed_ends": feeds.feed_ends,
    "report_starts": reports.report_starts,
    "report_ends": reports.report_ends,
    "package": shipments.package_takes_effect,
    "settle_payment": order_life.happening(order_life.settle_payment),
    "cancel": order_life.happening(order_life.cancel),
    "cancel_one_unit": order_life.happening(shoppers.cancel_one_unit),
    "request_cancellation": order_life.happening(order_life.request_cancellation),
    "ship": order_life.happening(order_life.ship),
}
"""What may be due, by the name under which it is kept in the memory."""


class Running:
    """The part of ``Simulator`` that serves and remembers."""

    def __init__(
        self,
        seed: int,
        switches: Switches,
        *,
        time_scale: float,
        state_file: str | Path | None,
        clock_offset: timedelta,
        rate_limits: bool,
        in_process: bool,
    ) -> None:
        self._world = World(seed, switches, Clock(time_scale, clock_offset))
        self._state_file = Path(state_file) if state_file else None
        self._gate = Gate(self._world, self._catch_up, rate_limits=rate_limits)
        self._in_process = in_process
        self._server: Serving | None = None
        self._saver: threading.Thread | None = None
        self._saving = threading.Lock()
        self._stopping = threading.Event()
        if self._state_file and self._state_file.exists():
            memory_file.load(self._world, self._state_file)
        else:
            stock.stock_up(self._world)

    def start(self, port: int = 0) -> Self:
        """Serve on 127.0.0.1, on any free port by default; in process there are no ports."""
        self._stopping.clear()
        self._server = self._serve(port)
        self._gate.base_url = self.endpoint
        if self._state_file:
            self._saver = threading.Thread(target=self._keep_saving, daemon=True)
            self._saver.start()
        return self

    def _serve(self, port: int) -> Serving:
        if not self._in_process:
            return HttpServer(port, self.respond)
        from .in_process import InProcess  # needs more than the standard library

        return InProcess(self.respond)

    def respond(self, incoming: Incoming) -> Reply:
        """Answer one request."""
        return self._gate.respond(incoming)

    def stop(self) -> None:
        """Stop serving, cut open connections, and keep the memory."""
        self._stopping.set()
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._saver is not None:
            self._saver.join()
            self._saver = None
        self.save()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def save(self) -> None:
        """Write the memory to the state file, if there is one."""
        if self._state_file:
            with self._saving:
                memory_file.save(self._world, self._state_file)

    def _keep_saving(self) -> None:
        """Save what changed, and be busy with it a tenth of the time at most."""
        saved = -1  # what was there before the first change is worth keeping, too
        pause = SAVE_EVERY_SECONDS
        while not self._stopping.wait(pause):
            if self._world.changes != saved:
                saved, started = self._world.changes, time.monotonic()
                self.save()
                pause = max(SAVE_EVERY_SECONDS, 10 * (time.monotonic() - started))

    def _catch_up(self) -> None:
        self._world.catch_up(HAPPENINGS)

    @property
    def endpoint(self) -> str:
        """The SP-API endpoint, which takes the tokens of every region."""
        if self._server is None:
            raise RuntimeError("The simulator has not been started; call start() first.")
        return self._server.endpoint

    @property
    def regional_endpoint(self) -> str:
        """A template: with ``{region}`` filled in (na, eu, fe) it takes that region's tokens."""
        return self.endpoint + "/{region}"

    @property
    def lwa_endpoint(self) -> str:
        """The token URL of Login with Amazon."""
        return f"{self.endpoint}/auth/o2/token"
