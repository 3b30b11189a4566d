from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0009_waits"),
    ]

    operations = [
        migrations.AddField(
            model_name="office",
            name="walkin_cap_min",
            field=models.PositiveSmallIntegerField(null=True),
        ),
    ]
