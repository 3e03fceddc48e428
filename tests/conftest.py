"""What all tests need."""

from __future__ import annotations
