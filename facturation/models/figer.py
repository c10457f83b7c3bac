"""Triggers that freeze what belongs to something issued."""

import pgtrigger

_FIGEE = """
    IF EXISTS (SELECT FROM facturation_facture WHERE numero IS NOT NULL AND id IN ({lignes})) THEN
        RAISE EXCEPTION 'pgtrigger: Cannot {verbe} rows of an issued bill';
    END IF;
    RETURN NULL;
"""


def _fige(operation: pgtrigger.Operation, lignes: str, **tables: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"figee_{str(operation).lower()}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**tables),
        func=_FIGEE.format(lignes=lignes, verbe=str(operation).lower()),
    )


def figees_avec_leur_facture() -> list[pgtrigger.Trigger]:
    """Rows with a `facture` are neither added, changed, moved nor removed once it has a number.

    One check a statement, through its transition tables: a month writes 65,000 such rows at once.
    """
    avant, apres = "SELECT facture_id FROM avant", "SELECT facture_id FROM apres"
    return [
        _fige(pgtrigger.Insert, apres, new="apres"),
        _fige(pgtrigger.Update, f"{avant} UNION ALL {apres}", old="avant", new="apres"),
        _fige(pgtrigger.Delete, avant, old="avant"),
    ]


def ajout_seulement() -> pgtrigger.Protect:
    """Rows are added, never changed nor removed."""
    return pgtrigger.Protect(name="ajout_seulement", operation=pgtrigger.Update | pgtrigger.Delete)
