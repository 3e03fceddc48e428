"""A simulated Amazon on localhost, with memory: SP-API, Login with Amazon, buyers, faults.

    with Simulator() as amazon:
        seller = amazon.seller("eu")
        order_id = amazon.buy(seller, "A1PA6795UKMFR9", "MUG-BLUE", 2, status="PENDING")
        amazon.settle_payment(order_id)
        amazon.faults.add(Fault("patchListingsItem", "drop_after"))
        ...  # let the program under test talk to amazon.endpoint and amazon.lwa_endpoint
        assert amazon.live(seller, "MUG-BLUE", "A1PA6795UKMFR9").quantity == 10

It needs nothing but the standard library. ``Simulator(in_process=True)`` answers what the package
asks in this process without HTTP, and needs ``requests``. ``Switches`` chooses between the answers
to what Amazon leaves open; ``SimulatorControl`` drives a simulator in another process.
"""

from .buying import NotForSale
from .control import SimulatorControl
from .faults import Fault
from .live import LiveListing
from .log import RequestSeen
from .simulator import Simulator
from .switches import Switches
from .world import Job, Product, Seller

__all__ = [
    "Fault",
    "Job",
    "LiveListing",
    "NotForSale",
    "Product",
    "RequestSeen",
    "Seller",
    "Simulator",
    "SimulatorControl",
    "Switches",
]
