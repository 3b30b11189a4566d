"""The model of a chat's lines has another name and the same table."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("meetings", "0005_clean_addresses")]

    operations = [
        # Names the table as it is, so that renaming the model leaves it alone.
        migrations.AlterModelTable("Said", "meetings_said"),
        migrations.RenameModel("Said", "ChatMessage"),
        migrations.AlterField(
            "ChatMessage",
            "meeting",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="chat_messages",
                to="meetings.meeting",
            ),
        ),
        migrations.AlterField(
            "ChatMessage",
            "participant",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="chat_messages",
                to="meetings.participant",
            ),
        ),
    ]
