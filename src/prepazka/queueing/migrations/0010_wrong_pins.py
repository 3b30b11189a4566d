import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0017_after_hours"),
        ("queueing", "0009_clean_contacts"),
    ]

    operations = [
        migrations.CreateModel(
            name="WrongPin",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("answered", models.BooleanField(help_text="a second answer was asked and given")),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="wrong_pin_rows",
                        to="offices.device",
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="offices.office",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["office", "at"], name="wrong_pin_at")]},
        ),
    ]
