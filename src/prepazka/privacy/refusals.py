"""What must sometimes be refused; each docstring is the sentence the person reads."""

from prepazka.core.refusal import Refused


class PersonNotNamed(Refused):
    """Enter a whole e-mail address, a whole telephone number, or the code of a booking."""


class NoRecordChosen(Refused):
    """Choose at least one record."""


class RecordsChanged(Refused):
    """Meanwhile something has changed in these records. Please look at them again."""


class IdentityNotStated(Refused):
    """State how the person has shown who they are."""


class NothingToCorrect(Refused):
    """Enter what shall be corrected: the name, the e-mail address or the telephone number."""


class ErasureNotConfirmed(Refused):
    """Confirm that you have read what will be erased and cancelled."""


class MeetingIsRunning(Refused):
    """The person is in a meeting by video now. End the meeting first."""
