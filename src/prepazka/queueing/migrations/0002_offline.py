import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("offices", "0008_device_page"),
        ("queueing", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="ticket",
            name="offline",
            field=models.JSONField(null=True),
        ),
        migrations.CreateModel(
            name="OfflineGrant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("date", models.DateField()),
                ("pairing", models.CharField(help_text="hash of token and browser", max_length=64)),
                ("made_at", models.DateTimeField()),
                ("renewed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "version",
                    models.PositiveIntegerField(default=0, help_text="of the list of tickets"),
                ),
                (
                    "merged",
                    models.PositiveIntegerField(default=0, help_text="the last event of its log"),
                ),
                (
                    "device",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="offices.device",
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="offices.office",
                    ),
                ),
                (
                    "shift",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="queueing.shift",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OfflineEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seq", models.PositiveIntegerField()),
                ("at", models.DateTimeField(help_text="corrected, in the order of the log")),
                ("kind", models.CharField(max_length=10)),
                ("label", models.CharField(max_length=12)),
                ("body", models.JSONField()),
                ("booking", models.UUIDField(null=True)),
                ("outcome", models.CharField(blank=True, max_length=12)),
                ("told_at", models.DateTimeField(null=True)),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="offices.office",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="queueing.offlinegrant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NumberLease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("date", models.DateField()),
                ("letter", models.CharField(max_length=3)),
                ("first", models.PositiveIntegerField()),
                ("last", models.PositiveIntegerField()),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="offices.office",
                    ),
                ),
                (
                    "series",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leases",
                        to="queueing.numberseries",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="numbers",
                        to="queueing.offlinegrant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CallLease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "leaving",
                    models.PositiveIntegerField(
                        help_text="version of the list without it", null=True
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="offices.office",
                    ),
                ),
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="call_lease",
                        to="queueing.ticket",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calls",
                        to="queueing.offlinegrant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="offlinegrant",
            constraint=models.UniqueConstraint(
                fields=("device", "date", "pairing"), name="grant_of_kiosk_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="offlinegrant",
            constraint=models.UniqueConstraint(
                fields=("shift", "date", "pairing"), name="grant_of_counter_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="offlinegrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("device__isnull", True), ("shift__isnull", True), _connector="XOR"
                ),
                name="grant_of_kiosk_or_counter",
            ),
        ),
        migrations.AddConstraint(
            model_name="offlineevent",
            constraint=models.UniqueConstraint(fields=("grant", "seq"), name="offline_event_once"),
        ),
        migrations.AddConstraint(
            model_name="numberlease",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    (
                        models.Func(
                            models.F("series"),
                            models.F("series"),
                            models.Value("[]"),
                            function="int8range",
                            output_field=django.contrib.postgres.fields.ranges.IntegerRangeField(),
                        ),
                        "&&",
                    ),
                    (
                        models.Func(
                            models.F("first"),
                            models.F("last"),
                            models.Value("[]"),
                            function="int4range",
                            output_field=django.contrib.postgres.fields.ranges.IntegerRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="number_leases_apart",
            ),
        ),
        migrations.AddConstraint(
            model_name="numberlease",
            constraint=models.CheckConstraint(
                condition=models.Q(("last__gte", models.F("first"))), name="number_lease_length"
            ),
        ),
    ]
