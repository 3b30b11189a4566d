import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0003_papers"),
    ]

    operations = [
        migrations.CreateModel(
            name="StrayFolder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("office", models.BigIntegerField()),
                ("key", models.CharField(max_length=255, unique=True)),
                ("first_seen_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="document",
            name="missing_since",
            field=models.DateTimeField(
                help_text="when the nightly check first did not find its file", null=True
            ),
        ),
        migrations.AddField(
            model_name="minutes",
            name="missing_since",
            field=models.DateTimeField(
                help_text="when the nightly check first did not find the PDF", null=True
            ),
        ),
        migrations.CreateModel(
            name="FileStorage",
            fields=[
                (
                    "only",
                    models.BooleanField(
                        db_default=True, default=True, primary_key=True, serialize=False
                    ),
                ),
                ("identity", models.UUIDField(default=uuid.uuid4)),
                (
                    "marked_at",
                    models.DateTimeField(help_text="when the storage first bore the id", null=True),
                ),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("unmarked", "Unmarked"),
                            ("foreign", "Foreign"),
                            ("unreachable", "Unreachable"),
                        ],
                        max_length=12,
                    ),
                ),
                ("problem_since", models.DateTimeField(null=True)),
                ("checked_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("only", True)), name="one_file_storage"
                    )
                ],
            },
        ),
    ]
