"""The base of refusals: what a use-case raises when it declines a person's wish."""

import re
from typing import Any


def gettext_noop(text: str) -> str:
    """The text itself; marks it for the catalogues as Django's function does, without Django."""
    return text


class Refused(Exception):
    """A use-case declines for a reason that the person can be told; nothing has changed.

    A subclass sets `message`, or inherits it on purpose; its docstring is for developers.
    """

    # An English msgid, with `%(name)s` for each of `params`.
    message = gettext_noop("This is not possible.")

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self.params: dict[str, Any] = params

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message

    @property
    def code(self) -> str:
        """The class's name in snake_case, the stable name of this refusal in the API."""
        return re.sub(
            r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(self).__name__
        ).lower()
