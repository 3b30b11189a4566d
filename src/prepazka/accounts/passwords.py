"""What a password must not be, in words that a clerk reads."""

from __future__ import annotations

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.utils.translation import gettext as _


class CommonPassword(CommonPasswordValidator):
    """Refuses the passwords that many people use, as Django does."""

    def get_error_message(self) -> str:
        """The refusal."""
        return _("Do not use a common password.")

    def get_help_text(self) -> str:
        """The same beside the field."""
        return _("Do not use a common password.")
