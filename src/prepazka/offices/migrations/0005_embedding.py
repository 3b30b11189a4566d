from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0004_short_messages"),
    ]

    operations = [
        migrations.AddField(
            model_name="office",
            name="embed_hosts",
            field=ArrayField(base_field=models.CharField(max_length=255), null=True, size=None),
        ),
    ]
