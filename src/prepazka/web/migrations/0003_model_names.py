"""The models of rate limits and stored replies have other names and the same tables."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("web", "0002_api")]

    operations = [
        # Names the tables as they are, so that renaming the models leaves them alone.
        migrations.AlterModelTable("Count", "web_count"),
        migrations.RenameModel("Count", "RateCount"),
        migrations.AlterModelTable("Answered", "web_answered"),
        migrations.RenameModel("Answered", "IdempotentReply"),
    ]
