"""Records of erasures on request, so that a restored backup is erased again."""

from django.db import models

from prepazka.offices.models import OfOffice


class ErasedRecord(OfOffice):
    """A record that was erased on request, as a keyed hash of its id, without personal data."""

    key = models.CharField(max_length=64, unique=True)
    erased_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
