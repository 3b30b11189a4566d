"""Validators of passwords, with messages that a clerk understands."""

from __future__ import annotations

import logging
from pathlib import Path

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from prepazka.accounts.models import User
from prepazka.accounts.stolen_passwords import is_stolen

log = logging.getLogger(__name__)


class CommonPassword(CommonPasswordValidator):
    """Refuses the passwords that many people use, as Django does."""

    def get_error_message(self) -> str:
        """The sentence of the error."""
        return _("Do not use a common password.")

    def get_help_text(self) -> str:
        """The sentence shown beside the field."""
        return _("Do not use a common password.")


class StolenPassword:
    """Refuses passwords that are in a local file of stolen ones; no service is asked."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError, with the sentence that the person reads, if it was stolen.

        An unreadable file is logged as an error, and the password accepted.
        """
        try:
            stolen = is_stolen(password, self.path)
        except OSError:
            log.exception("The file of PREPAZKA_STOLEN_PASSWORDS cannot be read")
            return
        if stolen:
            sentence = _("This password has appeared in a data breach. Choose another one.")
            raise ValidationError(sentence, code="stolen")

    def get_help_text(self) -> str:
        """The sentence shown beside the field."""
        return _("Do not use a password that has appeared in a data breach.")
