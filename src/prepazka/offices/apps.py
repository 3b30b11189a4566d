"""Django's name for this package, and the warning of a clock that tests moved."""

import logging

from django.apps import AppConfig
from django.conf import settings

logger = logging.getLogger(__name__)


class OfficesConfig(AppConfig):
    """Registers the package."""

    name = "prepazka.offices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say in every process's log that its clock shows no real time."""
        if settings.TEST_CLOCK_OFFSET:
            logger.critical(
                "The clock is moved by %s s for tests (PREPAZKA_TEST_CLOCK_OFFSET).",
                settings.TEST_CLOCK_OFFSET,
            )
