from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0020_crest"),
    ]

    operations = [
        migrations.AddField(
            model_name="office",
            name="lock_after_min",
            field=models.PositiveSmallIntegerField(db_default=15, default=15),
        ),
    ]
