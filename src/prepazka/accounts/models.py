"""People who log in; what they may do in which office is said by `offices.Membership`."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A member of staff who can log in."""
