"""The tables of meetings; the time of a meeting is that of its booking."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from prepazka.booking.models import Booking
from prepazka.core.contact_text import LONGEST_NAME
from prepazka.offices.models import Office, Official, OfOffice, Room


class MeetingState(models.TextChoices):
    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"


class Meeting(OfOffice):
    """The video meeting of a booking."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="meetings")
    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, related_name="meeting")
    state = models.CharField(
        max_length=8, choices=MeetingState.choices, default=MeetingState.PLANNED
    )
    # The provider of the room; empty until the official comes or chooses one.
    provider = models.CharField(max_length=16, choices=Room.choices, blank=True)
    # The address of an external room, entered by hand; if empty, the office's template is used.
    address = models.URLField(max_length=500, blank=True)
    # The document shown to all, and its page, counted from 1.
    shown = models.ForeignKey(
        "meetings.Document", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    shown_page = models.PositiveSmallIntegerField(default=1)
    # The participant who turns the pages; None means the chair.
    leader = models.ForeignKey(
        "meetings.Participant", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # The delay that the official has announced, in minutes.
    late_min = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)


class Participant(OfOffice):
    """A person invited to a meeting, by a personal link and without an account."""

    class Role(models.TextChoices):
        CITIZEN = "citizen"  # the person who booked
        GUEST = "guest"  # invited by the citizen or the official
        CHAIR = "chair"  # the official of the booking: admits, mutes, removes, ends
        COLLEAGUE = "colleague"  # an official of another department

    class Place(models.TextChoices):
        """Where the participant is."""

        AWAY = "away"
        LOBBY = "lobby"
        INSIDE = "inside"
        REMOVED = "removed"  # by the official, without return

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="participants")
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="participants")
    role = models.CharField(max_length=12, choices=Role.choices)
    official = models.ForeignKey(Official, null=True, on_delete=models.PROTECT)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    name = models.CharField(max_length=LONGEST_NAME, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=8, default="cs")
    # The number in the signed link; a new link increases it, which makes the old one invalid.
    link = models.PositiveSmallIntegerField(default=1)
    revoked_at = models.DateTimeField(null=True)
    place = models.CharField(max_length=8, choices=Place.choices, default=Place.AWAY)
    # The browser tab in which the participant is; one at a time.
    seat = models.UUIDField(null=True)
    seen_at = models.DateTimeField(null=True)
    came_at = models.DateTimeField(null=True, help_text="to the lobby, for the first time")
    admitted_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    hand_at = models.DateTimeField(null=True, help_text="raised and not yet lowered")
    invited_at = models.DateTimeField()
    invited_by = models.ForeignKey("self", null=True, on_delete=models.SET_NULL)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meeting"], condition=Q(role="chair"), name="meeting_has_one_chair"
            ),
            models.UniqueConstraint(
                fields=["meeting", "official"],
                condition=Q(official__isnull=False),
                name="official_once_in_a_meeting",
            ),
        ]


class Signal(OfOffice):
    """A message between browsers in a room; deleted after some minutes."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="signals")
    sender = models.UUIDField(null=True, help_text="the seat; none: the office's rules")
    receiver = models.UUIDField(null=True, help_text="the seat; none: everybody inside")
    kind = models.CharField(max_length=16)
    body = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["meeting", "id"], name="signal_of_a_meeting")]


class ChatMessage(OfOffice):
    """A line of the chat."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="chat_messages")
    participant = models.ForeignKey(
        Participant, on_delete=models.CASCADE, related_name="chat_messages"
    )
    text = models.CharField(max_length=2000)
    at = models.DateTimeField()

    class Meta:
        db_table = "meetings_said"


class DocumentState(models.TextChoices):
    CHECKING = "checking"
    READY = "ready"
    REFUSED = "refused"


class Document(OfOffice):
    """A file uploaded to a meeting."""

    class Kind(models.TextChoices):
        PDF = "pdf"
        IMAGE = "image"
        ODT = "odt"
        DOCX = "docx"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="documents")
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="documents")
    participant = models.ForeignKey(
        Participant, null=True, on_delete=models.SET_NULL, related_name="documents"
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    size = models.PositiveBigIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    # The folder of the file and its pages in the storage, made of ids.
    key = models.CharField(max_length=100, unique=True)
    state = models.CharField(
        max_length=8, choices=DocumentState.choices, default=DocumentState.CHECKING
    )
    refusal = models.CharField(max_length=40, blank=True, help_text="code of the reason")
    pages = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    missing_since = models.DateTimeField(
        null=True, help_text="when the nightly check first did not find its file"
    )


class Minutes(OfOffice):
    """The minutes (zápis) of a meeting; closed by the official."""

    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="minutes")
    meeting = models.OneToOneField(Meeting, on_delete=models.CASCADE, related_name="minutes")
    version = models.PositiveIntegerField(default=0)
    # present, subject, course, conclusions: texts; tasks: [{what, who, until}].
    content = models.JSONField(default=dict)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Participant, null=True, on_delete=models.SET_NULL)
    key = models.CharField(max_length=100, blank=True, help_text="of the PDF in the storage")
    missing_since = models.DateTimeField(
        null=True, help_text="when the nightly check first did not find the PDF"
    )


class MinutesVersion(OfOffice):
    """One version of the minutes; the last one is the current."""

    minutes = models.ForeignKey(Minutes, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    content = models.JSONField()
    participant = models.ForeignKey(Participant, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["minutes", "version"], name="minutes_version_once")
        ]


class MinutesComment(OfOffice):
    """A participant's comment on the draft."""

    minutes = models.ForeignKey(Minutes, on_delete=models.CASCADE, related_name="comments")
    participant = models.ForeignKey(Participant, null=True, on_delete=models.SET_NULL)
    text = models.CharField(max_length=2000)
    at = models.DateTimeField()


class FileStorage(models.Model):
    """The identity of the file storage: one row, whose id stands in a file of the storage."""

    class Problem(models.TextChoices):
        UNMARKED = "unmarked"  # it has no id: not mounted, or another folder
        FOREIGN = "foreign"  # it has the id of another database
        UNREACHABLE = "unreachable"

    only = models.BooleanField(primary_key=True, default=True, db_default=True)
    identity = models.UUIDField(default=uuid.uuid4)
    marked_at = models.DateTimeField(null=True, help_text="when the storage first bore the id")
    problem = models.CharField(max_length=12, blank=True, choices=Problem.choices)
    problem_since = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only=True), name="one_file_storage")]


class StrayFolder(models.Model):
    """A folder in the storage without a document or minutes, until it is removed."""

    # No foreign key, as the storage may have files of an office that the database does not have.
    office = models.BigIntegerField()
    key = models.CharField(max_length=255, unique=True)
    first_seen_at = models.DateTimeField()
