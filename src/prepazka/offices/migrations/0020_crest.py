import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0019_answering_printer"),
    ]

    operations = [
        migrations.AddField(
            model_name="office",
            name="crest",
            field=models.CharField(blank=True, db_default="", default="", max_length=16),
        ),
        migrations.CreateModel(
            name="Crest",
            fields=[
                (
                    "office",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="crest_picture",
                        serialize=False,
                        to="offices.office",
                    ),
                ),
                ("content", models.BinaryField()),
            ],
        ),
    ]
