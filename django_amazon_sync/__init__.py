"""Keep a Django shop and its Amazon seller account in step, on Amazon's Selling Partner API."""

__version__ = "0.1.0"
