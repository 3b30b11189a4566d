"""The tables of the journal: events, pending follow-ups, runs of periodic steps."""

from django.db import models


class Event(models.Model):
    """One event, with ids only: the journal contains no personal data."""

    id = models.BigAutoField(primary_key=True)
    # No foreign key, because the journal is a layer below offices and outlives them.
    office = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    actor = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["office", "kind", "at"], name="event_office_kind_at"),
            models.Index(fields=["office", "at"], name="event_office_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.data}"


class PendingFollowUp(models.Model):
    """An event whose follow-up (messages, offers, documents) has not been done yet.

    Created in the event's transaction and deleted when the follow-up is done, so that a lost job is
    noticed whatever queue carries the jobs. Events themselves never change.
    """

    event = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"follow-up of event {self.event}"


class StepRun(models.Model):
    """The last success and failure of a periodic step in one office or the installation."""

    step = models.CharField(max_length=40)
    office = models.BigIntegerField(null=True)
    last_good_at = models.DateTimeField(null=True)
    # The health check reports the step as late if it has not succeeded again by then.
    expected_by = models.DateTimeField()
    last_failure_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True, help_text="kind and place, no data")
    failures = models.PositiveIntegerField(default=0, help_text="in a row; 0 since it went well")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["step", "office"], nulls_distinct=False, name="step_run_once_per_office"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} of {self.office or 'all'}"
