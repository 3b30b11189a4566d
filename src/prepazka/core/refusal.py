"""What the product says when it must refuse a citizen's or a clerk's wish."""

import inspect
import re
from typing import Any


class Refused(Exception):
    """This is not possible."""

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self.params: dict[str, Any] = params

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message

    @property
    def message(self) -> str:
        """The class's own docstring: an English msgid, with `%(name)s` for each of `params`."""
        return inspect.cleandoc(type(self).__doc__ or Refused.__doc__ or "")

    @property
    def code(self) -> str:
        """The class's name in snake_case, the stable name of this refusal in the API."""
        return re.sub(
            r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(self).__name__
        ).lower()
