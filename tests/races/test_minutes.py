"""Two officials at the minutes at once: nothing written is lost, and they are closed once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prepazka.core import minutes_text
from prepazka.journal.models import Event
from prepazka.meetings import meeting_permissions, minutes
from prepazka.meetings.models import Meeting, Minutes, Participant
from tests import town
from tests.meetings_town import Held, held
from tests.races.together import meet_before, together

pytestmark = pytest.mark.django_db(transaction=True)
NOW = town.at("9:10")
FIELDS = ("course", "conclusions")


@pytest.fixture
def here(files: Path) -> Held:
    made = held()
    made.enter(made.chair, NOW)
    minutes.begin_minutes(participant=made.chair.pk, now=NOW)
    return made


def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked before either writes."""

    def look(participant: Any) -> Any:
        who = Participant.objects.select_related("official").get(pk=participant)
        return Meeting.objects.select_related("booking").get(pk=who.meeting_id), who

    monkeypatch.setattr(meeting_permissions, "lock_meeting", look)


def both_write(here: Held) -> list[Any]:
    was = Minutes.objects.get().content

    def one(number: int) -> Any:
        content = was | {FIELDS[number]: f"píše {number}"}
        return minutes.save_minutes(participant=here.chair.pk, base=1, content=content, now=NOW)

    return together(2, one)


def both_close(here: Held) -> list[Any]:
    return together(
        2, lambda _: minutes.close_minutes(participant=here.chair.pk, version=1, now=NOW).closed_at
    )


def test_two_write_at_once(here: Held) -> None:
    both_write(here)
    held_minutes = Minutes.objects.get()
    assert [held_minutes.content[name] for name in FIELDS] == ["píše 0", "píše 1"]
    assert held_minutes.version == 3


def test_control_without_the_lock_a_text_is_lost_or_refused(
    here: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked(monkeypatch)
    monkeypatch.setattr(minutes_text, "merge_changes", meet_before(2, minutes_text.merge_changes))
    answers = both_write(here)
    assert [one for one in answers if isinstance(one, Exception)]
    content = Minutes.objects.get().content
    assert [content[name] for name in FIELDS].count("") == 1


def test_two_close_at_once(here: Held) -> None:
    Minutes.objects.update(content=Minutes.objects.get().content | {"course": "Proběhlo."})
    assert both_close(here) == [NOW, NOW]
    assert Event.objects.filter(kind="MinutesClosed").count() == 1


def test_control_without_the_lock_they_are_closed_twice(
    here: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    Minutes.objects.update(content=Minutes.objects.get().content | {"course": "Proběhlo."})
    unlocked(monkeypatch)
    monkeypatch.setattr(minutes_text, "is_blank", meet_before(2, minutes_text.is_blank))
    both_close(here)
    assert Event.objects.filter(kind="MinutesClosed").count() == 2
