"""The counters of the limits; keys are keyed hashes, and rows live for a day."""

from django.db import models


class Count(models.Model):
    """How often one key has tried one thing in one window of time."""

    scope = models.CharField(max_length=20)
    key = models.CharField(max_length=64)
    starts_at = models.DateTimeField(db_index=True)
    tries = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "key", "starts_at"], name="count_once")
        ]
