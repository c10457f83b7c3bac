"""The contacts of a child or of a household on their pages of the administration: read by the roles that call."""

from django.contrib import admin

from comptes.models import Contact

VOIR_LES_CONTACTS = "comptes.view_contact"


class AvecContacts(admin.ModelAdmin):
    """`contacts_par` is the path from a contact to the object of the page."""

    contacts_par = ""

    def get_fieldsets(self, request, obj=None):
        pages = list(super().get_fieldsets(request, obj))
        if obj is not None and request.user.has_perm(VOIR_LES_CONTACTS):
            pages.append(("Contacts donnés par la famille", {"fields": ["les_contacts"]}))
        return pages

    def get_readonly_fields(self, request, obj=None):
        return [*super().get_readonly_fields(request, obj), "les_contacts"]

    @admin.display(description="contacts")
    def les_contacts(self, objet):
        """One line each: child, household, rank, who, number, what the town may ask."""
        contacts = Contact.objects.filter(**{self.contacts_par: objet}).select_related(
            "rattachement__enfant", "rattachement__famille"
        )
        return "\n".join(map(_ligne, contacts)) or "aucun"


def _ligne(contact: Contact) -> str:
    roles = [("à appeler", contact.a_appeler), ("peut venir chercher l’enfant", contact.peut_recuperer)]
    return (
        f"{contact.rattachement} : {contact.ordre}. {contact}, {contact.telephone}, "
        f"{', '.join(mot for mot, vrai in roles if vrai)}"
    )
