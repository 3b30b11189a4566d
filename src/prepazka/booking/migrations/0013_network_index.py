from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built while people book

    dependencies = [("booking", "0012_networks")]

    operations = [
        AddIndexConcurrently(
            model_name="booking",
            index=models.Index(
                condition=models.Q(("network_48", ""), _negated=True),
                fields=["office", "network_48"],
                name="booking_network",
            ),
        ),
    ]
