"""Settings of the test suite: the example shop's, with keys and speed of their own.

DATABASE_URL, REDIS_URL and CELERY_BROKER_URL come from the environment, as for the example shop:
without them the tests run on SQLite and need no service. Where pytest-xdist runs the tests in
several processes, each has a database, a number of Redis and a queue of Celery of its own.

DATABASE_TEMPLATE names a database of PostgreSQL that is migrated already: each process copies it.
"""

import base64
import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

# The secrets that the example shop has only for development serve the tests as well.
os.environ.setdefault("DEBUG", "1")

from config.settings import *  # noqa: F403  (the example shop's settings, all of them)
from config.settings import AMAZON_SYNC, DATABASES, INSTALLED_APPS, REDIS_URL

DEBUG = False

#: "gw0", "gw1" and so on; empty where one process runs all tests.
XDIST_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")

# No test asks what is left after the machine lost its power, so nothing waits for the disk.
database = DATABASES["default"]
options = database.setdefault("OPTIONS", {})
if database["ENGINE"] == "django.db.backends.sqlite3":
    options["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"
    # A file, so that threads and other processes of a test see the same tables; one a process,
    # so that two runs do not meet.
    test_database = Path(tempfile.gettempdir()) / f"django-amazon-sync-{os.getpid()}.sqlite3"
    database["TEST"] = {"NAME": str(test_database)}
else:
    options["options"] = "-c synchronous_commit=off"
    if template := os.environ.get("DATABASE_TEMPLATE"):
        database["TEST"] = {"TEMPLATE": template}

if REDIS_URL and XDIST_WORKER:
    # Redis numbers its databases; the first process has the one of REDIS_URL, each other the next.
    given = urlsplit(REDIS_URL)
    number = int(given.path.strip("/") or 0) + int(XDIST_WORKER.removeprefix("gw"))
    REDIS_URL = given._replace(path=f"/{number}").geturl()
    CACHES["default"]["LOCATION"] = REDIS_URL  # noqa: F405
CELERY_TASK_DEFAULT_QUEUE = f"tests-{XDIST_WORKER}" if XDIST_WORKER else "tests"

# The first one's `flush` stands in for Django's.
INSTALLED_APPS = ["tests.flushing", *INSTALLED_APPS, "tests.plainshop", "tests.tinyshop"]

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

AMAZON_SYNC = {
    **AMAZON_SYNC,
    "DEPLOYMENT": "tests",
    "REDIS_URL": REDIS_URL,
    # Nothing listens here: a test that forgot its simulator fails at once and reaches nobody.
    "ENDPOINT": "http://127.0.0.1:9",
    "LWA_ENDPOINT": "http://127.0.0.1:9/auth/o2/token",
    "SELLER_CENTRAL": "http://127.0.0.1:9",
    # Two keys, newest first, as after a rotation; they protect nothing but test data.
    "ENCRYPTION_KEYS": [
        base64.urlsafe_b64encode(b"tests-new-key-of-32-bytes-long!!").decode(),
        base64.urlsafe_b64encode(b"tests-old-key-of-32-bytes-long!!").decode(),
    ],
}
