"""The right to act for a household at the desk: no table changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("comptes", "0005_codes_de_secours")]

    operations = [
        migrations.AlterModelOptions(
            name="famille",
            options={
                "ordering": ["nom", "pk"],
                "permissions": [("accompagner_famille", "Peut agir pour une famille au guichet")],
                "verbose_name": "famille",
                "verbose_name_plural": "familles",
            },
        ),
    ]
