"""Messages of the town: written, shown as families will read them with their number, then sent once; never changed."""

import hashlib
import uuid

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from comptes.admin_communs import ChoixCherche, Fiche, LectureSeule
from comptes.francais import nombre
from comptes.models import Famille
from reservations.models import Ecole, MessageDeLaVille
from reservations.services.messages import Message, apercu, envoyer


class MessageForm(forms.Form):
    TOUTES, ECOLE, FAMILLE = "toutes", "ecole", "famille"

    portee = forms.ChoiceField(
        label="À qui",
        choices=[
            (TOUTES, "Toutes les familles"),
            (ECOLE, "Les familles d’une école"),
            (FAMILLE, "Une famille"),
        ],
        widget=forms.RadioSelect,
    )
    ecole = forms.ModelChoiceField(label="École", queryset=Ecole.objects.all(), required=False, empty_label="(choisir)")
    famille = forms.ModelChoiceField(
        label="Famille",
        queryset=Famille.objects.all(),
        required=False,
        widget=ChoixCherche(MessageDeLaVille._meta.get_field("famille"), admin.site),
    )
    titre = forms.CharField(
        label="Titre",
        max_length=120,
        help_text="L’objet de l’e-mail.",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    texte = forms.CharField(
        label="Texte",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 10, "class": "vLargeTextField"}),
        help_text="Du texte simple ; une adresse https:// devient un lien. Ni santé ni régime alimentaire : ce message "
        "part aussi par e-mail.",
    )

    def clean_titre(self):
        """One line: it becomes the subject of a mail."""
        return " ".join(self.cleaned_data["titre"].split())

    def clean(self):
        """Only the choice that goes with « À qui » counts."""
        lues = super().clean() or {}
        for portee in (self.ECOLE, self.FAMILLE):
            if lues.get("portee") != portee:
                lues[portee] = None
            elif not lues.get(portee) and portee not in self.errors:
                self.add_error(portee, "Choisissez à qui écrire.")
        return lues

    def message(self) -> Message:
        lues = self.cleaned_data
        return Message(titre=lues["titre"], texte=lues["texte"], ecole=lues["ecole"], famille=lues["famille"])


@admin.register(MessageDeLaVille)
class MessageDeLaVilleAdmin(LectureSeule, Fiche):
    list_display = ["titre", "a_qui", "envoye_le", "auteur", "destinataires", "termine_le"]
    list_filter = ["ecole"]
    list_select_related = ["ecole", "famille", "auteur"]
    search_fields = ["titre", "texte"]
    search_help_text = "Titre ou texte"
    ordering = ["-pk"]
    actions = None
    fields = ("titre", "texte", "a_qui", "auteur", "envoye_le", "destinataires", "termine_le")
    readonly_fields = fields

    def has_add_permission(self, request, obj=None):
        return request.user.has_perm("reservations.add_messagedelaville")

    def add_view(self, request, form_url="", extra_context=None):
        """Write, then see it with its number of readers (nothing is sent), then confirm: POST all three."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = MessageForm(request.POST) if request.method == "POST" else MessageForm(initial=self._propose(request))
        vue: dict = {"apercu": None}
        if form.is_bound and form.is_valid():
            vu = form.message().empreinte("")
            # Changed since it was shown: shown again first.
            if "envoyer" in request.POST and request.POST.get("vu") == vu:
                return self._envoyer(request, form.message())
            vue = {"apercu": apercu(form.message()), "vu": vu, "jeton": uuid.uuid4().hex}
        contexte: dict = {
            **self.admin_site.each_context(request),
            "title": "Écrire aux familles",
            "opts": self.opts,
            "form": form,
            **vue,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/reservations/messagedelaville/ecrire.html", contexte)

    def _propose(self, request) -> dict:
        """`?famille=12`: what another page of the administration proposes."""
        famille = request.GET.get("famille", "")
        if famille.isascii() and famille.isdecimal() and len(famille) <= ChoixCherche.CHIFFRES:
            return {"portee": MessageForm.FAMILLE, "famille": int(famille)}
        return {"portee": MessageForm.TOUTES}

    def _envoyer(self, request, message):
        jeton = f"{request.user.pk}:{request.POST.get('jeton', '')[:64]}"
        cle = message.empreinte(hashlib.sha256(jeton.encode()).hexdigest())
        try:
            ecrit = envoyer(message=message, auteur=request.user, cle=cle)
        except ValidationError as refus:
            self.message_user(request, " ".join(refus.messages), messages.ERROR)
            return redirect("admin:reservations_messagedelaville_add")
        self.log_addition(request, ecrit, "Message envoyé")
        lecteurs = nombre(ecrit.destinataires, "adulte le lit", "adultes le lisent")
        self.message_user(
            request, f"C’est envoyé : {lecteurs} dans le portail ; les e-mails partent.", messages.SUCCESS
        )
        return redirect("admin:reservations_messagedelaville_change", ecrit.pk)

    @admin.display(description="à qui")
    def a_qui(self, message):
        if message.ecole:
            return f"familles de l’école {message.ecole}"
        return str(message.famille) if message.famille else "toutes les familles"
