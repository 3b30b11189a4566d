"""Counts of rate limits, and stored responses of idempotent requests."""

from django.db import models


class RateCount(models.Model):
    """The tries of one key in one window of a limit; keys are keyed hashes, kept for a day."""

    scope = models.CharField(max_length=20)
    key = models.CharField(max_length=64)
    starts_at = models.DateTimeField(db_index=True)
    tries = models.PositiveIntegerField()

    class Meta:
        db_table = "web_count"
        constraints = [
            models.UniqueConstraint(fields=["scope", "key", "starts_at"], name="count_once")
        ]


class IdempotentReply(models.Model):
    """The stored response to an API request with an Idempotency-Key; kept for two days."""

    principal = models.CharField(max_length=40, help_text="whose key it is: device:1, staff:2")
    key = models.UUIDField()
    asked = models.CharField(max_length=64, help_text="a hash of what was asked")
    answer = models.JSONField(null=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "web_answered"
        constraints = [models.UniqueConstraint(fields=["principal", "key"], name="answered_once")]
