import django.db.models.deletion
from django.db import migrations, models


def each_hour_its_own(apps, schema_editor):
    """What was told before stands alone."""
    rows = apps.get_model("tasklog_insights", "Anomaly").objects.using(schema_editor.connection.alias)
    rows.update(storm=models.F("hour"))


class Migration(migrations.Migration):

    dependencies = [
        ("tasklog_insights", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="anomaly",
            name="storm",
            field=models.PositiveIntegerField(default=0, help_text="The hour in which the task's storm began."),
            preserve_default=False,
        ),
        migrations.RunPython(each_hour_its_own, migrations.RunPython.noop, elidable=True),
        migrations.AddField(
            model_name="finding",
            name="head",
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="also", to="tasklog_insights.finding"),
        ),
        migrations.AddField(
            model_name="finding",
            name="begin",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="finding",
            name="end",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="finding",
            name="sentence",
            field=models.CharField(max_length=600),
        ),
    ]
