"""Why something was closed, for the staff: beside the exceptions, whose reasons people read."""

from typing import Any

from django.db import migrations, models


def move_to_staff(apps: Any, _editor: Any) -> None:
    """What the screen promised to keep among the staff was shown where a whole day is closed."""
    disruption_rows = apps.get_model("booking", "Disruption").objects
    unnoted = disruption_rows.filter(note="").prefetch_related("exceptions")
    for disruption in unnoted.iterator(chunk_size=500):
        rows = [one for one in disruption.exceptions.all() if one.reason]
        shown = [one for one in rows if one.official_id is None and one.counter_id is None]
        if shown:
            disruption.note = next(iter(shown[0].reason.values()))[:120]
            disruption.save(update_fields=["note"])
        for row in shown:
            row.reason = {}
            row.save(update_fields=["reason"])


class Migration(migrations.Migration):
    dependencies = [("booking", "0010_clean_contacts"), ("offices", "0017_after_hours")]

    operations = [
        migrations.AddField(
            model_name="disruption",
            name="note",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="why; for the staff only",
                max_length=120,
            ),
        ),
        migrations.RunPython(move_to_staff, migrations.RunPython.noop),
    ]
