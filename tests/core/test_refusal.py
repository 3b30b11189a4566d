import pytest

from prepazka.core.refusal import Refused, gettext_noop


class TooEarly(Refused):
    """The kiosk is not open yet."""

    message = gettext_noop("The kiosk opens at %(opens)s.")


class PINUsed(Refused):
    """The PIN has a ticket."""


class TestRefused:
    def test_says_its_message_and_keeps_what_to_fill_in(self):
        with pytest.raises(Refused) as caught:
            raise TooEarly(opens="8:30")
        assert caught.value.message == "The kiosk opens at %(opens)s."
        assert caught.value.params == {"opens": "8:30"}
        assert str(caught.value) == "The kiosk opens at 8:30."

    def test_without_a_message_of_its_own_says_that_of_its_base(self):
        assert PINUsed().message == "This is not possible."

    def test_has_a_code_in_snake_case(self):
        assert TooEarly(opens="").code == "too_early"
        assert PINUsed().code == "pin_used"

    def test_a_per_cent_sign_without_parameters_is_just_a_sign(self):
        class Full(Refused):
            message = gettext_noop("All 100 % are taken.")

        assert str(Full()) == "All 100 % are taken."
