"""Whose rooms an office meets people in by video."""

import django.contrib.postgres.fields
from django.db import migrations, models

import prepazka.offices.models


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0013_modes"),
    ]

    operations = [
        migrations.AddField(
            model_name="office",
            name="video_rooms",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=16),
                default=prepazka.offices.models.our_room,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="office",
            name="video_link",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="service",
            name="video_rooms",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=16), default=list, size=None
            ),
        ),
    ]
