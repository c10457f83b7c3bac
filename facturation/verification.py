"""Proof of the accounts: for every household bills − avoirs − payments + refunds = balance, and each number in order.

Each check is one statement that returns what is wrong: nothing, when all is right.
"""

import datetime as dt
from collections.abc import Iterator

from django.db import connection
from django.utils import timezone

from comptes.francais import euros
from facturation.services.avoirs import HORIZON, SOURCES

# The balance of each household, three ways that share no column: the documents' totals; each bill and each source
# less its imputations; what the bills say of themselves (`regle`).
_SOLDES = """
WITH imp_facture AS (SELECT facture_id, sum(montant) AS m FROM facturation_imputation GROUP BY 1),
     imp_avoir AS (
        SELECT avoir_id, sum(montant) AS m FROM facturation_imputation WHERE avoir_id IS NOT NULL GROUP BY 1),
     imp_paiement AS (
        SELECT paiement_id, sum(montant) AS m FROM facturation_imputation WHERE paiement_id IS NOT NULL GROUP BY 1),
     valides AS (
        SELECT p.* FROM facturation_paiement p
         WHERE NOT EXISTS (SELECT FROM facturation_rejet r WHERE r.paiement_id = p.id)),
     emises AS (SELECT * FROM facturation_facture WHERE numero IS NOT NULL),
     rendus AS (SELECT famille_id, sum(montant) AS m FROM facturation_remboursement GROUP BY 1),
     factures AS (
        SELECT e.famille_id, sum(e.total) AS total, sum(e.total - COALESCE(i.m, 0)) AS ouvert,
               sum(e.total - e.regle) AS reste
          FROM emises e LEFT JOIN imp_facture i ON i.facture_id = e.id GROUP BY 1),
     avoirs AS (
        SELECT a.famille_id, sum(a.total) AS total, sum(a.total - COALESCE(i.m, 0)) AS libre
          FROM facturation_avoir a LEFT JOIN imp_avoir i ON i.avoir_id = a.id GROUP BY 1),
     paiements AS (
        SELECT v.famille_id, sum(v.montant) AS total, sum(v.montant - COALESCE(i.m, 0)) AS libre
          FROM valides v LEFT JOIN imp_paiement i ON i.paiement_id = v.id GROUP BY 1),
     soldes AS (
        SELECT x.id AS famille,
               COALESCE(f.total, 0) - COALESCE(a.total, 0) - COALESCE(p.total, 0) + COALESCE(r.m, 0) AS documents,
               COALESCE(f.ouvert, 0) - COALESCE(a.libre, 0) - COALESCE(p.libre, 0) + COALESCE(r.m, 0) AS imputations,
               COALESCE(f.reste, 0) - COALESCE(a.libre, 0) - COALESCE(p.libre, 0) + COALESCE(r.m, 0) AS regles
          FROM comptes_famille x LEFT JOIN factures f ON f.famille_id = x.id LEFT JOIN avoirs a ON a.famille_id = x.id
          LEFT JOIN paiements p ON p.famille_id = x.id LEFT JOIN rendus r ON r.famille_id = x.id)
SELECT famille, documents, imputations, regles FROM soldes
 WHERE documents <> imputations OR documents <> regles ORDER BY famille
"""
_NUMEROS = """
WITH tous AS (
    SELECT numero FROM facturation_facture WHERE numero IS NOT NULL
    UNION ALL SELECT numero FROM facturation_avoir UNION ALL SELECT numero FROM facturation_paiement
), lus AS (
    SELECT left(numero, 5) AS serie, substr(numero, 7)::int AS rang FROM tous
), series AS (
    SELECT serie, count(*) AS n, count(DISTINCT rang) AS distincts, min(rang) AS premier, max(rang) AS dernier
      FROM lus GROUP BY 1
)
SELECT COALESCE(s.serie, c.serie || c.annee), COALESCE(s.n, 0), COALESCE(s.dernier, 0), COALESCE(c.dernier, 0)
  FROM series s FULL JOIN facturation_compteur c ON c.serie || c.annee = s.serie
 WHERE COALESCE(s.n, 0) <> COALESCE(c.dernier, 0) OR COALESCE(s.dernier, 0) <> COALESCE(c.dernier, 0)
    OR s.distincts <> s.n OR s.premier <> 1
 ORDER BY 1
"""
# Phrase of a discrepancy → the statement that finds it: rows whose columns fill the phrase.
_CONTROLES = {
    "Facture {} : son total n’est pas la somme de ses lignes, ou de ses repas": """
        SELECT COALESCE(f.numero, 'brouillon ' || f.id) FROM facturation_facture f
          LEFT JOIN (SELECT facture_id, sum(montant) AS m FROM facturation_lignefacture GROUP BY 1) l
                 ON l.facture_id = f.id
          LEFT JOIN (SELECT facture_id, sum(prix) AS m FROM facturation_repasfacture GROUP BY 1) r
                 ON r.facture_id = f.id
         WHERE f.total <> COALESCE(l.m, 0) OR f.total <> COALESCE(r.m, 0) ORDER BY f.id
    """,
    "Facture {}, ligne {} : ses repas ne sont pas ceux de ses jours": """
        SELECT COALESCE(f.numero, 'brouillon ' || f.id), l.rang
          FROM facturation_lignefacture l JOIN facturation_facture f ON f.id = l.facture_id
          LEFT JOIN (SELECT ligne_id, count(*) AS n, sum(prix) AS m, min(facture_id) AS un, max(facture_id) AS autre,
                            array_agg(date ORDER BY date) AS jours
                       FROM facturation_repasfacture GROUP BY 1) r ON r.ligne_id = l.id
         WHERE COALESCE(r.n, 0) <> l.quantite OR COALESCE(r.m, 0) <> l.montant OR r.jours <> l.jours
            OR r.un <> l.facture_id OR r.autre <> l.facture_id
         ORDER BY f.id, l.rang
    """,
    "Facture {} : {} € réglés, {} € imputés": """
        SELECT COALESCE(f.numero, 'brouillon ' || f.id), f.regle, COALESCE(i.m, 0) FROM facturation_facture f
          LEFT JOIN (SELECT facture_id, sum(montant) AS m FROM facturation_imputation GROUP BY 1) i
                 ON i.facture_id = f.id
         WHERE f.regle <> COALESCE(i.m, 0) ORDER BY f.id
    """,
    "Imputation {} : la facture et l’argent ne sont pas du même foyer": """
        SELECT i.id FROM facturation_imputation i JOIN facturation_facture f ON f.id = i.facture_id
          LEFT JOIN facturation_avoir a ON a.id = i.avoir_id LEFT JOIN facturation_paiement p ON p.id = i.paiement_id
         WHERE f.famille_id <> COALESCE(a.famille_id, p.famille_id) OR f.numero IS NULL ORDER BY i.id
    """,
    "{} : {} € imputés ou remboursés, pour {} €": """
        SELECT s.numero, COALESCE(i.m, 0) + COALESCE(r.m, 0), s.montant
          FROM (SELECT id AS paiement, NULL::bigint AS avoir, numero,
                       CASE WHEN EXISTS (SELECT FROM facturation_rejet j WHERE j.paiement_id = p.id) THEN 0
                            ELSE montant END AS montant
                  FROM facturation_paiement p
                UNION ALL SELECT NULL, id, numero, total FROM facturation_avoir) s
          LEFT JOIN LATERAL (SELECT sum(montant) AS m FROM facturation_imputation
                              WHERE paiement_id = s.paiement OR avoir_id = s.avoir) i ON true
          LEFT JOIN LATERAL (SELECT sum(montant) AS m FROM facturation_remboursement
                              WHERE paiement_id = s.paiement OR avoir_id = s.avoir) r ON true
         WHERE COALESCE(i.m, 0) + COALESCE(r.m, 0) NOT BETWEEN 0 AND s.montant ORDER BY s.numero
    """,
    "Avoir {} : son total n’est pas la somme de ses lignes": """
        SELECT a.numero FROM facturation_avoir a
          LEFT JOIN (SELECT avoir_id, sum(montant) AS m FROM facturation_ligneavoir GROUP BY 1) l ON l.avoir_id = a.id
         WHERE a.total <> COALESCE(l.m, 0) ORDER BY a.numero
    """,
    "Facture {}, ligne {} : {} € rendus, pour {} €": """
        SELECT f.numero, l.rang, a.m, l.montant
          FROM (SELECT ligne_id, sum(montant) AS m FROM facturation_ligneavoir GROUP BY 1) a
          JOIN facturation_lignefacture l ON l.id = a.ligne_id JOIN facturation_facture f ON f.id = l.facture_id
         WHERE a.m > l.montant ORDER BY f.numero, l.rang
    """,
    "Avoir {} : une de ses lignes est d’une autre facture": """
        SELECT DISTINCT a.numero FROM facturation_ligneavoir la JOIN facturation_avoir a ON a.id = la.avoir_id
          JOIN facturation_lignefacture l ON l.id = la.ligne_id
          LEFT JOIN facturation_repasfacture r ON r.id = la.repas_id
         WHERE l.facture_id <> a.facture_id OR r.ligne_id <> l.id ORDER BY 1
    """,
    "Inscription {}, {} : le même repas est facturé {} fois, sans avoir": """
        SELECT r.inscription_id, to_char(r.date, 'DD/MM/YYYY'), count(*) FROM facturation_repasfacture r
         WHERE NOT EXISTS (
               SELECT FROM facturation_ligneavoir a WHERE a.repas_id = r.id AND a.montant = r.prix)
         GROUP BY r.inscription_id, r.date, r.supplement HAVING count(*) > 1 ORDER BY 1, 2
    """,
    "Facture {} : reportée sur une facture d’un autre foyer, ou non émise": """
        SELECT f.numero FROM facturation_facture f JOIN facturation_facture s ON s.id = f.reportee_sur_id
         WHERE s.famille_id <> f.famille_id OR s.numero IS NULL OR f.numero IS NULL ORDER BY f.numero
    """,
}
# After `proposer_avoirs`, nothing is left here.
_SANS_SOURCE = f"""
SELECT f.numero, to_char(r.date, 'DD/MM/YYYY'), s.prix, COALESCE(s.du, 0)
  FROM ({SOURCES}) s JOIN facturation_repasfacture r ON r.id = s.id JOIN facturation_facture f ON f.id = r.facture_id
 WHERE s.prix > COALESCE(s.du, 0)
   AND NOT EXISTS (SELECT FROM facturation_propositionavoir p WHERE p.repas_id = s.id)
 ORDER BY f.numero, r.date
"""  # noqa: S608  # nosec B608  words of our own


def ecarts() -> Iterator[str]:
    """A French line for each discrepancy of the accounts; none when they are right."""
    for famille, documents, imputations, regles in _lire(_SOLDES):
        yield (
            f"Foyer n° {famille} : solde de {euros(documents)} par les pièces, {euros(imputations)} par les "
            f"imputations, {euros(regles)} par les factures"
        )
    for serie, n, dernier, compteur in _lire(_NUMEROS):
        yield f"Série {serie} : {n} numéros, le dernier est {dernier}, le compteur dit {compteur}"
    for phrase, requete in _CONTROLES.items():
        for colonnes in _lire(requete):
            yield phrase.format(*(str(colonne).replace(".", ",") for colonne in colonnes))
    depuis: dt.date = timezone.localdate() - HORIZON
    for numero, jour, prix, du in _lire(_SANS_SOURCE, {"depuis": depuis}):
        yield f"Facture {numero}, repas du {jour} : facturé {euros(prix)}, dû {euros(du)}, sans avoir ni proposition"


def _lire(requete: str, parametres: dict | None = None) -> list[tuple]:
    with connection.cursor() as curseur:
        curseur.execute(requete, parametres)
        return curseur.fetchall()
