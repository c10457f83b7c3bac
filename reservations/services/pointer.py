"""Take the attendance of a service: who was booked and did not come, who ate without a booking."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal

import pghistory
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from comptes.models import Utilisateur
from reservations.lecture_tarifs import tarifs_des
from reservations.models import Absence, Ecart, Grille, Inscription, Journee, Pointage, Reservation
from reservations.regles_pointage import prix_de_l_imprevu, refus_de_pointer, supplement_d_absence
from reservations.tarifs import prix_du_repas

N = Ecart.Nature


def pointer(
    *,
    journee: Journee,
    montres: Collection[int],
    presents: Collection[int],
    imprevus: Collection[int],
    par: Utilisateur,
) -> Pointage:
    """Record the attendance, in place of the one before.

    `montres`: the children (by key) that the form showed as booked; `presents`, those of them ticked; only they are
    judged, so a meal booked meanwhile is not an absence. `imprevus`: enrolments of this service that ate without a
    booking. Raises ValidationError with a sentence, and then nothing is written.
    """
    with transaction.atomic(), pghistory.context(user=par.pk):
        journee = Journee.objects.filter(pk=journee.pk).select_related("activite").verrouillees().get()
        maintenant = timezone.now()
        refus = refus_de_pointer(journee.date, aujourdhui=timezone.localdate(maintenant), delai=settings.POINTAGE_JOURS)
        if refus or journee.fermeture:
            raise ValidationError(refus or f"Le service est fermé ce jour-là : {journee.fermeture}.")
        reserves = {r.enfant_id: r for r in Reservation.objects.filter(journee=journee).select_related("inscription")}
        pointage, _ = Pointage.objects.update_or_create(
            journee=journee, defaults={"fait_le": maintenant, "fait_par": par}
        )
        absents = [reserves[e] for e in montres if e in reserves and e not in presents]
        ecarts = [*_absents(pointage, journee, absents), *_imprevus(pointage, journee, imprevus)]
        _ecrire(pointage, ecarts)
    return pointage


def _absents(pointage, journee, reservations):
    grille = _grille(journee)
    for reservation in reservations:
        prix = Decimal(0)
        if grille:
            prix = supplement_d_absence(reservation.prix, supplement=grille.supplement_absence, cout=grille.cout)
        yield _ecart(pointage, reservation.inscription, reservation.enfant_id, N.ABSENT, prix)


def _imprevus(pointage, journee, pks):
    inscriptions = list(Inscription.objects.sans_repas(journee).filter(pk__in=pks).completes().avec_prix())
    if len(inscriptions) != len(set(pks)):
        raise ValidationError("Un enfant ajouté n’est pas inscrit à ce service, ou son repas est déjà réservé.")
    tarifs = tarifs_des(inscriptions)
    dus = dict(Absence.objects.filter(journee=journee).values_list("enfant", "prix"))
    for inscription in inscriptions:
        activite = journee.activite
        prix = prix_du_repas(
            journee.date,
            tarifs[inscription.pk],
            retard=activite.regle_retard if activite.retard != activite.regle_retard.Mode.REFUS else None,
            tardives_avant=inscription.tardives,
        ).montant
        if prix is None:
            raise ValidationError(f"Le repas de {inscription.enfant} n’a pas de prix : dites-le à la régie.")
        prix = prix_de_l_imprevu(prix, deja_du=dus.get(inscription.enfant.pk, Decimal(0)))
        yield _ecart(pointage, inscription, inscription.enfant.pk, N.IMPREVU, prix)


def _ecart(pointage, inscription, enfant, nature, prix) -> Ecart:
    return Ecart(
        pointage=pointage,
        inscription=inscription,
        enfant_id=enfant,
        date=pointage.journee.date,
        nature=nature,
        prix=prix,
    )


def _ecrire(pointage: Pointage, ecarts: list[Ecart]) -> None:
    """The differences of this service and day become these: what did not change is not touched."""
    voulus = {e.enfant_id: e for e in ecarts}
    for ancien in pointage.ecarts.all():
        nouveau = voulus.get(ancien.enfant_id)
        garde = nouveau and (nouveau.nature, nouveau.prix) == (ancien.nature, ancien.prix)
        if garde and nouveau and nouveau.inscription.pk == ancien.inscription_id:
            del voulus[ancien.enfant_id]
        else:
            ancien.delete()
    ailleurs = Ecart.objects.filter(enfant__in=voulus, date=pointage.journee.date)
    if noms := [str(e.enfant) for e in ailleurs.select_related("enfant").order_by("pk")]:
        raise ValidationError(f"Déjà noté dans un autre service ce jour-là : {', '.join(noms)}.")
    Ecart.objects.bulk_create(voulus.values())


def _grille(journee: Journee) -> Grille | None:
    jour: dt.date = journee.date
    grilles = Grille.objects.filter(Q(fin__isnull=True) | Q(fin__gte=jour), debut__lte=jour)
    return grilles.filter(tarification__activites=journee.activite_id).first()
