"""What the quickstart lets a project write down works in one, with apps of Oscar that it forked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from oscar import INSTALLED_APPS as OSCAR_APPS

from tests.forked.settings import FORKS

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).parent.parent
SAMPLES = re.findall(
    r"^```python\n(.*?)^```$", (ROOT / "docs" / "quickstart.md").read_text("utf-8"), re.M | re.S
)
CELERY = next(sample for sample in SAMPLES if "app = Celery(" in sample)
OF_THE_PROJECT = SAMPLES[SAMPLES.index(CELERY) + 1]
SETTINGS = "".join(SAMPLES[: SAMPLES.index(CELERY)])


def settings_with(apps: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The apps of a project that had these, and follows the quickstart."""
    monkeypatch.setenv("AMAZON_ENCRYPTION_KEY", "A" * 43 + "=")
    names = {"INSTALLED_APPS": list(apps)}
    exec(SETTINGS, names)
    return names["INSTALLED_APPS"]


def test_what_a_project_forked_of_oscar_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    own = "myshop.dashboard.orders.apps.OrdersDashboardConfig"
    forks = FORKS | {"oscar.apps.dashboard.orders.apps.OrdersDashboardConfig": own}
    before = ["myshop", *(forks.get(app, app) for app in OSCAR_APPS), "myshop.last"]
    after = settings_with(before, monkeypatch)
    assert set(forks.values()) <= set(after)
    dashboard = "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig"
    changed = "django_amazon_sync.oscar_dashboard.catalogue.CatalogueConfig"
    assert after == [
        *(changed if app == dashboard else app for app in before),
        "django_amazon_sync",
    ]


def test_a_shop_that_forked_nothing_has_both_dashboards(monkeypatch: pytest.MonkeyPatch) -> None:
    after = settings_with(list(OSCAR_APPS), monkeypatch)
    assert [app for app in after if app.startswith("django_amazon_sync")] == [
        "django_amazon_sync.oscar_dashboard.orders.OrdersConfig",
        "django_amazon_sync.oscar_dashboard.catalogue.CatalogueConfig",
        "django_amazon_sync",
    ]


def test_its_celery_knows_the_tasks_and_beat_starts_them(tmp_path: Path) -> None:
    project = tmp_path / "mysite"
    project.mkdir()
    (project / "__init__.py").write_text(OF_THE_PROJECT)
    (project / "celery.py").write_text(CELERY)
    own = "from tests.plain_settings import *\nfrom tests.plain_settings import INSTALLED_APPS\n"
    of_celery = next(sample for sample in SAMPLES if "CELERY_BEAT_SCHEDULE" in sample)
    (project / "settings.py").write_text(f"import os\n{own}{of_celery}")
    script = (
        "import django; django.setup()\n"
        "from celery import current_app\n"
        "current_app.loader.import_default_modules()\n"
        "from django_amazon_sync.tasks import without_broker\n"
        "[entry] = current_app.conf.beat_schedule.values()\n"
        "assert entry['task'] in current_app.tasks, entry\n"
        "assert not without_broker()\n"
        "print(current_app.main)"
    )
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)]),
        "DJANGO_SETTINGS_MODULE": "mysite.settings",
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",  # nobody is asked
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.returncode) == ("mysite", 0), done.stderr
