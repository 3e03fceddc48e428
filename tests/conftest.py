"""What all tests need."""

from __future__ import annotations

pytest_plugins = ["django_amazon_sync.testing.plugin"]
