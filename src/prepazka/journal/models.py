"""The journal: what happened, in the order it was written."""

from django.db import models


class Event(models.Model):
    """One thing that happened, by ids only: no personal data ever enters the journal."""

    id = models.BigAutoField(primary_key=True)
    # A plain number, not a foreign key: the journal lies below the offices and outlives them.
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
    """An event whose follow-up (messages, offers, papers) is still owed.

    Written in the event's own transaction and deleted when the follow-up is done, so that a lost
    job is found by our rows, whatever queue carries the jobs. The journal itself never changes.
    """

    event = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"follow-up of event {self.event}"


class StepRun(models.Model):
    """How a periodic step of the worker goes in one office, or in the whole installation."""

    step = models.CharField(max_length=40)
    office = models.BigIntegerField(null=True)
    last_good_at = models.DateTimeField(null=True)
    # Health calls the step late when it has not gone well again by then.
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
