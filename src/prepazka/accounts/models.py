"""Accounts of people who log in; `offices.Membership` gives their roles."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A member of staff who can log in."""

    # Somebody else set the password; until it is changed, no other page opens.
    must_change_password = models.BooleanField(default=False)
    # A one-time password: until when it lets in, and when it did; none: no end, not used yet.
    one_time_until = models.DateTimeField(null=True, blank=True)
    one_time_used_at = models.DateTimeField(null=True, blank=True)
    # Somebody else reset the second factor; the notice stays until the person has read it.
    second_factor_reset_at = models.DateTimeField(null=True, blank=True)
    second_factor_reset_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )  # none: the installation's operator
    # Wrong passwords since the last log-in, shown to the person once there are several.
    wrong_passwords = models.PositiveIntegerField(default=0, db_default=0)
    wrong_passwords_since = models.DateTimeField(null=True, blank=True)


class StaffSession(models.Model):
    """User and last use of a session; the session itself is Django's."""

    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    browser = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField()
    used_at = models.DateTimeField()


class ApiToken(models.Model):
    """A key with which a program acts for a member of staff; only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)  # none: of a release before 0.3, without an end
    # Opens nothing until the person, logged in with their second factor, has allowed it.
    waits = models.BooleanField(default=False, db_default=False)


class SealingDelay(models.Model):
    """Until when secrets of second factors are stored in clear, for a release that reads no others.

    Left by the migration where accounts existed before it; no row: secrets are sealed.
    """

    until = models.DateTimeField()


class FailedLogIns(models.Model):
    """How often log-ins of one kind of source failed in a row; keys are keyed hashes.

    In a table of its own, where no other traffic can push the counts out.
    """

    kind = models.CharField(max_length=16)
    key = models.CharField(max_length=64)
    failures = models.PositiveIntegerField()
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="failed_log_ins_once")]


class StaffScreen(models.Model):
    """The screens of one session: when a person last pressed anything there, and whether they are locked.

    Not in the session, which is written as a whole: a request under way would unlock it.
    """

    session_key = models.CharField(max_length=40, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    pressed_at = models.DateTimeField()
    locked_at = models.DateTimeField(null=True)
