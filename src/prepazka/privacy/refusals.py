"""Refusals of privacy requests."""

from django.utils.translation import gettext_noop

from prepazka.core.refusal import Refused


class PersonNotNamed(Refused):
    """The search is no whole address, number or code; parts of them find nobody by intent."""

    message = gettext_noop("Enter a full e-mail address, a full phone number, or a booking code.")


class NoRecordChosen(Refused):
    """The request names no record; choose one at least."""

    message = gettext_noop("Choose at least one record.")


class RecordsChanged(Refused):
    """The records differ from those shown; show them again before acting."""

    message = gettext_noop("These records have changed in the meantime. Please check them again.")


class IdentityNotStated(Refused):
    """The request does not record how the identity was verified; state it."""

    message = gettext_noop("Say how the person proved their identity.")


class NothingToCorrect(Refused):
    """The correction has no new value; enter one at least."""

    message = gettext_noop(
        "Enter what should be corrected: the name, the e-mail address or the phone number."
    )


class ErasureNotConfirmed(Refused):
    """The erasure was not confirmed explicitly; show the preview and ask again."""

    message = gettext_noop("Confirm that you have read what will be erased and cancelled.")


class MeetingIsRunning(Refused):
    """The person is in a running meeting, whose records are in use; end it before erasing."""

    message = gettext_noop("The person is in a video meeting now. End the meeting first.")
