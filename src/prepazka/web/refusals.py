"""Refusals that only programs meet."""

from django.utils.translation import gettext_noop

from prepazka.core.refusal import Refused


class NotUnderstood(Refused):
    """The body or the parameters do not match the API's schema; correct the request."""

    message = gettext_noop("The request does not have the documented form.")


class KeyReused(Refused):
    """The Idempotency-Key came with another request before; send a new key."""

    message = gettext_noop("This Idempotency-Key already belongs to another request.")


class PhonesNotTaken(Refused):
    """The office sends no SMS, so a telephone number is no contact; send an e-mail address."""

    message = gettext_noop(
        "This office does not send text messages. Please give an e-mail address."
    )


class NotFound(Refused):
    """The object does not exist, or the token or the link does not open it."""

    message = gettext_noop("This does not exist, or the link is not valid.")


class NotAllowed(Refused):
    """The actor's role does not permit the step; log in as somebody whose role does."""

    message = gettext_noop("You are not allowed to do this.")


class LogInFirst(Refused):
    """The token's user has a first step to do in a browser, such as choosing a password."""

    message = gettext_noop(
        "The owner of this token must log in to the website first, to choose a password, "
        "set up a second factor, or allow the token."
    )


class WhoAreYou(Refused):
    """The request has no valid bearer token; send one."""

    message = gettext_noop("Send a valid token in the header Authorization: Bearer.")
