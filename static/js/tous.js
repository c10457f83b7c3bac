// The calendar of all the children with a script: toggles without a round trip, and the bar that counts and prices what
// is not sent. Without it the same form and buttons do the same on the server, which keeps changes from month to month.
"use strict";
(() => {
  const formulaire = document.querySelector("form[data-tous]");
  const barre = formulaire?.querySelector(".barre");
  if (!barre) return; // nothing can change
  const jours = new Map(); // "12:2026-12-07" → {date, inscription, enfant, reserve, centimes}
  for (const champ of formulaire.querySelectorAll("input[name=vus]")) {
    const [inscription, ...lignes] = champ.value.split(" ").filter(Boolean);
    for (const ligne of lignes) {
      const [date, reserve, centimes] = ligne.split(":");
      const enfant = champ.dataset.enfant;
      jours.set(`${inscription}:${date}`, { date, inscription, enfant, reserve: reserve === "1", centimes: Number(centimes) });
    }
  }
  const cases = new Map([...formulaire.querySelectorAll("input[type=checkbox][name=jours]")].map((c) => [c.value, c]));
  const ailleurs = [...formulaire.querySelectorAll("[data-ailleurs]")];
  const bilan = barre.querySelector("[data-bilan]");
  const detail = barre.querySelector("[data-detail]");
  const effacer = barre.querySelector("[data-effacer]");
  let depart_voulu = false;
  let changes = lire();

  function lire() {
    const page = [...cases].filter(([code, c]) => c.checked !== jours.get(code)?.reserve).map(([code]) => code);
    const dehors = ailleurs.flatMap((champ) => champ.value.split(","));
    return new Set([...page, ...dehors].filter((code) => jours.has(code)));
  }
  const coche = (code) => jours.get(code).reserve !== changes.has(code);
  function mettre(code, voulu) {
    if (jours.get(code).reserve === voulu) changes.delete(code);
    else changes.add(code);
  }
  // ISO weeks begin on Monday: two days are in one week when their Mondays are the same.
  function lundi(date) {
    const jour = new Date(`${date}T12:00:00Z`);
    jour.setUTCDate(jour.getUTCDate() - ((jour.getUTCDay() || 7) - 1));
    return jour.toISOString().slice(0, 10);
  }
  // The rules of reservations/formulaires_famille.py, _plage_de_famille(), and of regles.py, basculer().
  function plage(bouton) {
    const [portee, inscription] = bouton.value.split("@");
    const valeur = portee.split(":")[1];
    const dedans = {
      date: (date) => date === valeur,
      semaine: (date) => date.slice(0, 7) === valeur.slice(0, 7) && lundi(date) === lundi(valeur),
      mois: (date) => date.startsWith(valeur),
      annee: () => true,
    }[bouton.dataset.portee];
    const pris = new Set();
    return [...jours].filter(([, jour]) => {
      if (!dedans(jour.date) || (inscription && jour.inscription !== inscription)) return false;
      const repas = `${jour.enfant}:${jour.date}`;
      return !pris.has(repas) && pris.add(repas);
    }).map(([code]) => code);
  }
  function basculer(codes) {
    if (codes.some((code) => !coche(code))) return codes.forEach((code) => mettre(code, true));
    const ajouts = codes.filter((code) => !jours.get(code).reserve);
    (ajouts.length ? ajouts : codes).forEach((code) => mettre(code, false));
  }

  const euros = (centimes) =>
    `${String(Math.floor(centimes / 100)).replace(/\B(?=(\d{3})+$)/g, "\u202f")},${String(centimes % 100).padStart(2, "0")}\u00a0€`;
  const compter = (n, mot) => `${n}\u00a0${mot}${n > 1 ? "s" : ""}`;

  function dessiner() {
    const ajouts = [...changes].filter((code) => !jours.get(code).reserve);
    const annulations = [...changes].filter((code) => jours.get(code).reserve);
    for (const [code, box] of cases) {
      box.checked = coche(code);
      const cellule = box.closest("td");
      cellule.classList.toggle("a-ajouter", box.checked && !jours.get(code).reserve);
      cellule.classList.toggle("a-annuler", !box.checked && jours.get(code).reserve);
    }
    for (const champ of ailleurs) {
      const codes = champ.dataset.ailleurs === "jours" ? ajouts : annulations;
      champ.value = codes.filter((code) => !cases.has(code)).join(",");
    }
    for (const marque of formulaire.querySelectorAll("[data-mois]")) {
      const du_mois = (codes) => codes.filter((code) => jours.get(code).date.startsWith(marque.dataset.mois)).length;
      const [plus, moins] = [du_mois(ajouts), du_mois(annulations)];
      marque.textContent = [plus ? `+${plus}` : "", moins ? `−${moins}` : ""].filter(Boolean).join(" ");
    }
    const somme = (codes) => codes.reduce((total, code) => total + jours.get(code).centimes, 0);
    const [plus, moins] = [somme(ajouts), somme(annulations)];
    const parts = [];
    if (ajouts.length) parts.push(compter(ajouts.length, "ajout"));
    if (annulations.length) parts.push(compter(annulations.length, "annulation"));
    if (ajouts.length) parts.push(euros(plus));
    bilan.textContent = parts.join(", ") || "Aucun changement à valider";
    detail.textContent = !parts.length ? "Veuillez indiquer les jours de fréquentation."
      : !annulations.length ? "Pas encore validé"
      : plus === moins ? "sans changement de montant"
      : `soit ${euros(Math.abs(plus - moins))} ${plus > moins ? "de plus" : "de moins"}`;
    barre.classList.toggle("au-repos", !parts.length);
    effacer.hidden = !parts.length;
  }

  formulaire.addEventListener("change", (evenement) => {
    if (cases.get(evenement.target.value) !== evenement.target) return;
    mettre(evenement.target.value, evenement.target.checked);
    dessiner();
  });
  formulaire.addEventListener("click", (evenement) => {
    const bouton = evenement.target.closest("button, a");
    if (bouton?.dataset.portee) {
      evenement.preventDefault();
      basculer(plage(bouton));
      dessiner();
    } else if (bouton && bouton === effacer) {
      evenement.preventDefault();
      changes.clear();
      dessiner();
    }
  });
  formulaire.addEventListener("submit", () => {
    depart_voulu = true;
  });
  addEventListener("session-finie", () => {
    depart_voulu = true;
  });
  addEventListener("beforeunload", (evenement) => {
    if (changes.size && !depart_voulu) evenement.preventDefault();
  });
  // The browser may keep the page whole, or its boxes only: both are read again.
  addEventListener("pageshow", () => {
    depart_voulu = false;
    changes = lire();
    dessiner();
  });
  dessiner();
})();
