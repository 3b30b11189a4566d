"""What people's short messages mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.reply_parsing import ParsedReply, parse_reply


@pytest.mark.parametrize(
    ("text", "word", "choice"),
    [
        ("ANO", "confirm", 0),
        (" ano. ", "confirm", 0),
        ("Ok děkuji", "confirm", 0),
        ("yes!", "confirm", 0),
        ("zrušit", "cancel", 0),
        ("Zru\u0073\u030cit", "cancel", 0),
        ("STORNO prosím", "cancel", 0),
        ("cancel", "cancel", 0),
        ("Kdy?", "when", 0),
        ("when", "when", 0),
        ("STORNO 1", "cancel", 1),
        ("ano 2", "confirm", 2),
        ("storno 12", "cancel", 0),
        ("Stop", "stop", 0),
        ("2", "choose", 2),
        ("termín 3", "choose", 3),
        ("1.", "choose", 1),
        ("Ne", "decline", 0),
        ("ne, děkuji", "decline", 0),
        ("", "unknown", 0),
        ("ano nebo storno", "unknown", 0),
        ("1 nebo 2", "unknown", 0),
        ("0", "unknown", 0),
        ("10", "unknown", 0),
        ("Dobrý den, nemůžu přijít, zrušte to", "unknown", 0),
        ("neznámé", "unknown", 0),
        ("😀", "unknown", 0),
    ],
)
def test_words(text: str, word: str, choice: int) -> None:
    assert parse_reply(text) == ParsedReply(word, choice)


@given(st.text(max_size=500))
def test_any_text_means_something(text: str) -> None:
    said = parse_reply(text)
    assert said.choice > 0 or said.word != "choose"
    assert said.choice == 0 or said.word != "unknown"
