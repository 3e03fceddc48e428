"""The Celery application: one beat entry drives everything, as due times live in rows.

Without CELERY_BROKER_URL there is no worker: `manage.py amazon_tick` then does what the beat's
tick would do.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("example_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "amazon": {"task": "django_amazon_sync.tasks.tick", "schedule": 15.0},
}
