"""Registers the package with Django, and warns where tests have moved the clock."""

import logging

from django.apps import AppConfig
from django.conf import settings

logger = logging.getLogger(__name__)


class OfficesConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.offices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Log in every process that the clock is moved for tests, if it is."""
        if settings.TEST_CLOCK_OFFSET:
            logger.critical(
                "The clock is moved by %s s for tests (PREPAZKA_TEST_CLOCK_OFFSET).",
                settings.TEST_CLOCK_OFFSET,
            )
