"""What only programs are told; each docstring is the sentence."""

from prepazka.core.refusal import Refused


class NotUnderstood(Refused):
    """The request does not have the documented form."""


class KeyReused(Refused):
    """This Idempotency-Key already belongs to another request."""


class PhonesNotTaken(Refused):
    """This office sends no short messages; give an e-mail address."""


class NotFound(Refused):
    """There is no such thing, or the link is not valid."""


class NotAllowed(Refused):
    """You are not allowed to do this."""


class LogInFirst(Refused):
    """The person whose token it is must log in to the pages first, to choose a password, to set up a second factor, or to allow the token."""


class WhoAreYou(Refused):
    """Send a valid token in the header Authorization: Bearer."""
