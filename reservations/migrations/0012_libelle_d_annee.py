"""The label of a year ends where it ends: `$` let a line break after it. No table changes."""

import django.core.validators
from django.db import migrations, models

VALIDATEURS = [
    django.core.validators.RegexValidator("^20\\d\\d-20\\d\\d\\Z", "L’année scolaire s’écrit 2025-2026.")
]


class Migration(migrations.Migration):
    dependencies = [("reservations", "0011_grilles_et_pointages")]

    operations = [
        migrations.AlterField(
            model_name="anneescolaire",
            name="libelle",
            field=models.CharField(max_length=9, unique=True, validators=VALIDATEURS, verbose_name="libellé"),
        ),
        migrations.AlterField(
            model_name="anneescolaireevent",
            name="libelle",
            field=models.CharField(max_length=9, validators=VALIDATEURS, verbose_name="libellé"),
        ),
    ]
