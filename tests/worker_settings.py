"""Settings of a Celery worker that the tests start: their database, their simulated Amazon."""

import os

from tests.settings import *  # noqa: F403  (the settings of the tests, all of them)
from tests.settings import AMAZON_SYNC, DATABASES

DATABASES["default"]["NAME"] = os.environ["WORKER_DATABASE"]
AMAZON_SYNC = {
    **AMAZON_SYNC,
    "ENDPOINT": os.environ["WORKER_ENDPOINT"],
    "LWA_ENDPOINT": os.environ["WORKER_LWA_ENDPOINT"],
}
