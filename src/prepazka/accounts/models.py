"""People who log in; what they may do in which office is said by `offices.Membership`."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A member of staff who can log in."""

    # The password was set by somebody else; until it is changed, no other page opens.
    must_change_password = models.BooleanField(default=False)


class ApiToken(models.Model):
    """A key with which a program acts for a member of staff; only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
