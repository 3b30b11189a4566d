import pytest

from prepazka.core.refusal import Refused


class TooEarly(Refused):
    """The kiosk opens at %(opens)s."""


class PINUsed(Refused):
    """This PIN has been used."""


class TestRefused:
    def test_says_its_docstring_and_keeps_what_to_fill_in(self):
        with pytest.raises(Refused) as caught:
            raise TooEarly(opens="8:30")
        assert caught.value.message == "The kiosk opens at %(opens)s."
        assert caught.value.params == {"opens": "8:30"}
        assert str(caught.value) == "The kiosk opens at 8:30."

    def test_has_a_code_in_snake_case(self):
        assert TooEarly(opens="").code == "too_early"
        assert PINUsed().code == "pin_used"

    def test_a_per_cent_sign_without_parameters_is_just_a_sign(self):
        class Full(Refused):
            """All 100 % are taken."""

        assert str(Full()) == "All 100 % are taken."
