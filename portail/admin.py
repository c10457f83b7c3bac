"""What the administration shows of the mail queue: whether a mail left, and when.

django-post-office brings its own pages, which load an editor from another site and let a link resend a mail: they are
replaced by a list to read, without the text of the mails, which may hold a password.
"""

import post_office.admin  # noqa: F401  registers its pages first, so that they can be removed
from django.contrib import admin
from post_office.models import STATUS, Attachment, Email, EmailTemplate, Log

for modele in (Attachment, Email, EmailTemplate, Log):
    admin.site.unregister(modele)

ETATS = {
    STATUS.sent: "envoyé",
    STATUS.failed: "échec",
    STATUS.queued: "en attente",
    STATUS.requeued: "à réessayer",
    None: "brouillon",
}


@admin.register(Email)
class CourrielAdmin(admin.ModelAdmin):
    change_form_template = "admin/change_form.html"  # the library's own has a link that sends
    list_display = ["sujet", "destinataires", "etat", "cree_le", "dernier_essai"]
    list_filter = ["created"]
    search_fields = ["to", "subject"]
    search_help_text = "Adresse ou sujet"
    ordering = ["-created", "-pk"]
    show_full_result_count = False
    fields = ["sujet", "destinataires", "etat", "cree_le", "dernier_essai", "essais"]
    readonly_fields = ["sujet", "destinataires", "etat", "cree_le", "dernier_essai", "essais"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="sujet", ordering="subject")
    def sujet(self, courriel):
        return courriel.subject

    @admin.display(description="destinataires", ordering="to")
    def destinataires(self, courriel):
        return ", ".join(courriel.to)

    @admin.display(description="état", ordering="status")
    def etat(self, courriel):
        return ETATS[courriel.status]

    @admin.display(description="créé le", ordering="created")
    def cree_le(self, courriel):
        return courriel.created

    @admin.display(description="dernier essai", ordering="last_updated")
    def dernier_essai(self, courriel):
        return courriel.last_updated

    @admin.display(description="essais manqués")
    def essais(self, courriel):
        return courriel.number_of_retries or 0
