from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("booking", "0011_public_reasons")]

    operations = [
        *(
            migrations.AddField(
                model_name="booking",
                name=name,
                field=models.CharField(blank=True, db_default="", default="", max_length=32),
            )
            for name in ("network", "network_56", "network_48")
        ),
        migrations.AddField(
            model_name="booking",
            name="crowds",
            field=models.BooleanField(
                db_default=False, default=False, help_text="not by the staff"
            ),
        ),
    ]
