"""Sign: write the answers of a household, one more row each. Nothing that was signed changes."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from comptes.models import Autorisation, Rattachement, Texte, VersionDeTexte


@dataclass(frozen=True)
class Bilan:
    """What `signer` did: how many answers it wrote, and the titles of the texts that had changed meanwhile."""

    signees: int
    changes: tuple[str, ...]


def signer(
    *, reponses: Mapping[tuple[int, int], bool], par, horloge: Callable[[], dt.datetime] = timezone.now
) -> Bilan:
    """Write each answer (child of the household, version) that is not the one in force already.

    An answer to a version that is no longer in force is not written: its text is named. What is only read (« j’ai lu »)
    is never refused. Rights are the caller's business. The lock on the children makes the same form sent twice wait
    here, so the second finds the answers of the first.
    """
    enfants = sorted({rattachement for rattachement, _ in reponses})
    versions = {version for _, version in reponses}
    with transaction.atomic():
        list(Rattachement.objects.filter(pk__in=enfants).order_by("pk").select_for_update(no_key=True))
        maintenant = horloge()
        en_vigueur = {t.version_id: t for t in Texte.objects.a_signer().avec_version(maintenant)}
        deja = {
            (rattachement, version): accordee
            for rattachement, version, accordee in Autorisation.objects.filter(
                rattachement__in=enfants, version__in=versions
            )
            .order_by("pk")
            .values_list("rattachement", "version", "accordee")
        }
        nouvelles = [
            Autorisation(
                rattachement_id=rattachement,
                version_id=version,
                accordee=accordee,
                signataire=par,
                nom_signataire=_signature(par),
                signee_le=maintenant,
            )
            for (rattachement, version), accordee in sorted(reponses.items())
            if version in en_vigueur
            and deja.get((rattachement, version)) != accordee
            and (accordee or not en_vigueur[version].oui_seulement)
        ]
        Autorisation.objects.bulk_create(nouvelles)
        depassees = VersionDeTexte.objects.filter(pk__in=versions - set(en_vigueur))
        titres = depassees.order_by("texte__ordre").values_list("texte__titre", flat=True).distinct()
        return Bilan(len(nouvelles), tuple(titres) if versions - set(en_vigueur) else ())


def _signature(par) -> str:
    """The name that stays when the account is gone. An agent signs for a household at the desk, and says so."""
    nom = par.get_full_name()[:100]
    return f"{nom}, agent de la ville" if par.famille_accompagnee else nom
