from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("offices", "0017_after_hours")]

    operations = [
        migrations.AddField(
            model_name="hoursexception",
            name="begins",
            field=models.PositiveSmallIntegerField(help_text="minute of the first day", null=True),
        ),
        migrations.AddField(
            model_name="hoursexception",
            name="ends",
            field=models.PositiveSmallIntegerField(help_text="minute of the last day", null=True),
        ),
    ]
