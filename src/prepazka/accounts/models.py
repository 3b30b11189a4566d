"""People who log in; what they may do in which office is said by `offices.Membership`."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A member of staff who can log in."""

    # The password was set by somebody else; until it is changed, no other page opens.
    must_change_password = models.BooleanField(default=False)
