"""The example shop's settings with a database of the benchmarks' own.

DATABASE_URL says on which server it is made: SQLite without it. It is dropped at the end.
"""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("DEBUG", "1")  # the secrets for development serve the benchmarks as well

from config.settings import *  # noqa: F403  (the example shop's settings, all of them)
from config.settings import AMAZON_SYNC, DATABASES

DEBUG = False  # or Django would keep every query
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

_name = f"amazon_sync_benchmark_{os.getpid()}"
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    _name = str(Path(tempfile.gettempdir()) / f"{_name}.sqlite3")
DATABASES["default"] |= {"NAME": _name, "TEST": {"NAME": _name, "MIGRATE": False}}

AMAZON_SYNC = {**AMAZON_SYNC, "DEPLOYMENT": "benchmark"}
