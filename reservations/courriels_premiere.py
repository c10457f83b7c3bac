"""The letters of a first visit. None repeats what was typed: before the link is opened, anybody may have typed it."""

from dataclasses import dataclass

from comptes.courriels import mettre_en_file


@dataclass(frozen=True)
class Cas:
    sujet: str
    phrases: tuple[str, ...]
    bouton: str = ""


LIEN = Cas(
    "Votre première visite sur le portail famille : confirmez votre adresse",
    (
        "Une demande d’ouverture de dossier a été faite avec cette adresse. Elle n’est pas encore envoyée.",
        "Ouvrez ce lien pour confirmer votre adresse, joindre vos documents et envoyer la demande. Il est valable "
        "7 jours, et vous est personnel : gardez-le, il montre aussi où en est votre demande.",
        "Vous n’avez rien demandé ? Ne faites rien : la demande s’efface d’elle-même.",
    ),
    "Continuer ma demande",
)
EN_COURS = Cas(
    "Votre demande sur le portail famille est déjà en cours",
    (
        "Une demande de cette adresse est déjà en cours : il n’en faut pas d’autre.",
        "Ce lien la montre. Il remplace celui des e-mails précédents.",
    ),
    "Voir ma demande",
)
DEJA_CONNUE = Cas(
    "Vous avez déjà un compte sur le portail famille",
    (
        "Une première demande a été faite avec cette adresse, mais la ville vous connaît déjà : elle est sans effet.",
        "Connectez-vous avec cette adresse. Sans mot de passe, cliquez sur « Générer votre mot de passe ».",
    ),
    "Se connecter",
)
ACCEPTEE = Cas(
    "Votre dossier est ouvert sur le portail famille",
    (
        "Le guichet unique a accepté votre demande.",
        "Sur la page de connexion, cliquez sur « Générer votre mot de passe » et saisissez cette adresse : vos "
        "identifiants arrivent par e-mail.",
        "L’inscription de vos enfants à la cantine est faite ensuite par le guichet unique.",
    ),
    "Se connecter",
)
REFUSEE = Cas("Votre demande sur le portail famille n’a pas été acceptée", ("Le guichet unique vous répond :",))


def ecrire(cas: Cas, courriel: str, *, lien: str = "", mot: str = "") -> None:
    """Queue one letter, in the transaction of what it tells. `mot`: the words of the agent."""
    mettre_en_file(
        destinataires=[courriel],
        sujet=cas.sujet,
        gabarit="premiere_visite",
        contexte={"cas": cas, "lien": lien, "mot": mot},
    )
