from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0007_queued_messages")]

    operations = [
        migrations.AlterField(
            model_name="reply",
            name="word",
            field=models.CharField(
                choices=[
                    ("confirm", "Confirm"),
                    ("cancel", "Cancel"),
                    ("when", "When"),
                    ("choose", "Choose"),
                    ("decline", "Decline"),
                    ("stop", "Stop"),
                    ("unknown", "Unknown"),
                    ("help", "Help"),
                ],
                max_length=8,
            ),
        ),
    ]
