from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0005_embedding"),
    ]

    operations = [
        migrations.AddField(
            model_name="hoursexception",
            name="places",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="hoursexception",
            name="kind",
            field=models.CharField(
                choices=[
                    ("closed", "Closed"),
                    ("extra", "Extra"),
                    ("instead", "Instead"),
                    ("reduced", "Reduced"),
                ],
                max_length=8,
            ),
        ),
    ]
