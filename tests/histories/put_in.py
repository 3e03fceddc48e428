"""Puts a fault of ``machine_faults`` into the package before a test imports it.

``SABOTAGE="runs: ..." python -m pytest -p tests.histories.put_in FILE``
"""

from __future__ import annotations

import os

from tests.histories.machine_faults import MACHINE_FAULTS
from tests.histories.sabotage import put_in

put_in(next(fault for fault in MACHINE_FAULTS if fault.name == os.environ["SABOTAGE"]))
