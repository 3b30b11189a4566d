import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0002_provider_when_known"),
    ]

    operations = [
        migrations.AddField(
            model_name="meeting",
            name="leader",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="meetings.participant",
            ),
        ),
    ]
