"""A paper whose end was told to its household: once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("comptes", "0006_accompagner_famille")]

    operations = [
        migrations.AddField(
            model_name="document",
            name="echeance_dite_le",
            field=models.DateTimeField(editable=False, null=True, verbose_name="échéance annoncée le"),
        ),
    ]
