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
