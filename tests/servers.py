"""An early pytest plugin: PostgreSQL and Redis of the test run's own, before the settings are read."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from regalbuto_urp.local import TRIAL_ENVIRONMENT, Servers


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the servers once; xdist's workers inherit the environment."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    os.environ.update(TRIAL_ENVIRONMENT)
    os.environ["MEDIA_ROOT"] = tempfile.mkdtemp(prefix="whatsurp-media-")
    os.environ["DEBUG"] = "true"  # plain static files: the manifest needs collectstatic
    early_config.add_cleanup(lambda: shutil.rmtree(os.environ["MEDIA_ROOT"], ignore_errors=True))
    if "DATABASE_URL" in os.environ and "CELERY_BROKER_URL" in os.environ:
        return
    data = Path(tempfile.mkdtemp(prefix="whatsurp-test-"))
    servers = Servers(data, fast=True)
    early_config.add_cleanup(lambda: shutil.rmtree(data, ignore_errors=True))
    early_config.add_cleanup(servers.stop)
    servers.start()
    os.environ.update(servers.environment("whatsurp"))
