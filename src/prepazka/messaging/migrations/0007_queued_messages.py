from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # built while messages are written
    dependencies = [("messaging", "0006_participants")]

    operations = [
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state", "queued")),
                fields=["created_at"],
                name="message_queued",
            ),
        ),
    ]
