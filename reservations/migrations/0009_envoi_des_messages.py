from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reservations", "0008_menus_messages_premieres"),
    ]

    operations = [
        migrations.AddField(
            model_name="messagedelaville",
            name="cle",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="Empreinte de la confirmation : la même, renvoyée, ne compte qu’une fois.",
                max_length=64,
                verbose_name="clé du formulaire",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="messagedelaville",
            name="reprise",
            field=models.BigIntegerField(default=0, editable=False, verbose_name="dernière famille"),
        ),
        migrations.AddField(
            model_name="messagedelaville",
            name="termine_le",
            field=models.DateTimeField(editable=False, null=True, verbose_name="e-mails prêts le"),
        ),
        migrations.AddConstraint(
            model_name="messagedelaville",
            constraint=models.UniqueConstraint(
                condition=models.Q(("cle", ""), _negated=True),
                fields=("cle",),
                name="message_unique_par_formulaire",
                violation_error_message="Ce message a déjà été envoyé.",
            ),
        ),
    ]
