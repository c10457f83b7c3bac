"""The official school calendar: read from the committed, reviewed file `donnees/calendrier_zone_c.json`."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

FICHIER = Path(__file__).resolve().parent / "donnees" / "calendrier_zone_c.json"


@dataclass(frozen=True)
class Periode:
    nature: str
    libelle: str
    debut: dt.date
    fin: dt.date


@dataclass(frozen=True)
class CalendrierScolaire:
    libelle: str
    debut: dt.date
    fin: dt.date
    source: str
    periodes: tuple[Periode, ...]


def calendriers() -> dict[str, CalendrierScolaire]:
    """Every school year of the file, by its name (`2025-2026`). Dates are first and last days without class."""
    jour = dt.date.fromisoformat
    lus = json.loads(FICHIER.read_text(encoding="utf-8"))
    return {
        libelle: CalendrierScolaire(
            libelle=libelle,
            debut=jour(annee["rentree"]),
            fin=jour(annee["dernier_jour"]),
            source=annee["source"],
            periodes=tuple(
                Periode(p["nature"], p["libelle"], jour(p["debut"]), jour(p.get("fin", p["debut"])))
                for p in annee["periodes"]
            ),
        )
        for libelle, annee in lus["annees"].items()
    }
