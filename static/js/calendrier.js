// Step 3 with a script: toggles without a round trip, the bar that counts and prices, and a draft that survives the
// back button, a reload and a sign-in. Without it the same form and buttons do the same on the server.
"use strict";
(() => {
  const cle = (inscription) => `calendrier-${inscription}`; // static/js/session.js forgets them at sign-out
  // The recap says that the changes arrived: the draft has done its work.
  for (const partie of document.querySelectorAll("[data-brouillon-fini]")) effacer(partie.dataset.brouillonFini);

  const formulaire = document.querySelector("form.calendrier");
  if (!formulaire?.elements.vus.value) return; // nothing can change: the year is not open, or is over
  const inscription = formulaire.dataset.inscription;
  // date → {reserve, centimes, ensuite}, every day of the year that can change; `ensuite`, the price of a late day once
  // the free late meals of the year are spent
  const jours = new Map();
  for (const ligne of formulaire.elements.vus.value.split(" ")) {
    const [date, reserve, centimes, ensuite] = ligne.split(":");
    jours.set(date, { reserve: reserve === "1", centimes: Number(centimes), ensuite: ensuite && Number(ensuite) });
  }
  const retards = Number(formulaire.dataset.retards);
  const cases = new Map([...formulaire.querySelectorAll("input[type=checkbox][name=jours]")].map((c) => [c.value, c]));
  const ailleurs = formulaire.querySelector("[data-ailleurs]");
  const barre = formulaire.querySelector(".barre");
  const bilan = barre.querySelector("[data-bilan]");
  const detail = barre.querySelector("[data-detail]");
  const bouton_effacer = barre.querySelector("[data-effacer]");
  const rien = { bilan: "Aucun changement à valider", detail: "Veuillez indiquer les jours de fréquentation." };
  let depart_voulu = false;
  let changes = lire();

  function lire() {
    const garde = relire();
    if (garde) return new Set(garde.filter(utile).map((signe) => signe.slice(1)));
    const page = [...cases.values()].filter((c) => c.checked !== jours.get(c.value)?.reserve).map((c) => c.value);
    const dehors = [...ailleurs.querySelectorAll("input")].map((champ) => champ.value);
    return new Set([...page, ...dehors].filter((date) => jours.has(date)));
  }
  // "+2026-12-03" is an addition, "-2026-12-03" a cancellation: it is kept only where it still changes something.
  function utile(signe) {
    const jour = jours.get(signe.slice(1));
    return jour !== undefined && jour.reserve === (signe[0] === "-");
  }
  function relire() {
    try {
      const texte = sessionStorage.getItem(cle(inscription));
      return texte === null ? null : texte.split(" ").filter(Boolean);
    } catch {
      return null;
    }
  }
  function garder() {
    try {
      const signes = [...changes].map((date) => (jours.get(date).reserve ? "-" : "+") + date);
      sessionStorage.setItem(cle(inscription), signes.join(" "));
      return true;
    } catch {
      return false;
    }
  }
  function effacer(numero) {
    try {
      sessionStorage.removeItem(cle(numero));
    } catch {
      // storage is closed: there is no draft
    }
  }

  const coche = (date) => jours.get(date).reserve !== changes.has(date);
  function mettre(date, voulu) {
    if (jours.get(date).reserve === voulu) changes.delete(date);
    else changes.add(date);
  }
  // The rule of reservations/regles.py, basculer().
  function basculer(plage) {
    if (plage.some((date) => !coche(date))) return plage.forEach((date) => mettre(date, true));
    const ajouts = plage.filter((date) => !jours.get(date).reserve);
    (ajouts.length ? ajouts : plage).forEach((date) => mettre(date, false));
  }
  function plage(bouton) {
    const valeur = bouton.value.split(":")[1];
    const toutes = [...jours.keys()];
    switch (bouton.dataset.portee) {
      case "semaine":
        return [...bouton.closest("tr").querySelectorAll("input[name=jours]")].map((c) => c.value);
      case "mois":
        return toutes.filter((date) => date.startsWith(valeur));
      case "jour":
        return toutes.filter((date) => (new Date(`${date}T12:00:00Z`).getUTCDay() || 7) === Number(valeur));
      default:
        return toutes;
    }
  }

  const euros = (centimes) =>
    `${String(Math.floor(centimes / 100)).replace(/\B(?=(\d{3})+$)/g, "\u202f")},${String(centimes % 100).padStart(2, "0")}\u00a0€`;
  const compter = (n, mot) => `${n}\u00a0${mot}${n > 1 ? "s" : ""}`;

  function dessiner() {
    const ajouts = [];
    const annulations = [];
    for (const date of changes) (jours.get(date).reserve ? annulations : ajouts).push(date);
    for (const [date, box] of cases) {
      box.checked = coche(date);
      const cellule = box.closest("td");
      cellule.classList.toggle("a-ajouter", box.checked && !jours.get(date).reserve);
      cellule.classList.toggle("a-annuler", !box.checked && jours.get(date).reserve);
    }
    const champs = [...changes].filter((date) => !cases.has(date)).map((date) => {
      const champ = document.createElement("input");
      champ.type = "hidden";
      champ.name = jours.get(date).reserve ? "deja" : "jours";
      champ.value = date;
      return champ;
    });
    ailleurs.replaceChildren(...champs);
    for (const marque of formulaire.querySelectorAll("[data-mois]")) {
      const du_mois = (dates) => dates.filter((date) => date.startsWith(marque.dataset.mois)).length;
      const [plus, moins] = [du_mois(ajouts), du_mois(annulations)];
      marque.textContent = [plus ? `+${plus}` : "", moins ? `−${moins}` : ""].filter(Boolean).join(" ");
    }
    const somme = (dates) => dates.reduce((total, date) => total + jours.get(date).centimes, 0);
    const tardifs = ajouts.filter((date) => jours.get(date).ensuite !== undefined).sort().slice(retards);
    const en_plus = tardifs.reduce((total, date) => total + jours.get(date).ensuite - jours.get(date).centimes, 0);
    const [plus, moins] = [somme(ajouts) + en_plus, somme(annulations)];
    const parts = [];
    if (ajouts.length) parts.push(compter(ajouts.length, "ajout"));
    if (annulations.length) parts.push(compter(annulations.length, "annulation"));
    if (ajouts.length) parts.push(euros(plus));
    bilan.textContent = parts.join(", ") || rien.bilan;
    detail.textContent = !parts.length ? rien.detail : !annulations.length ? "Pas encore validé"
      : plus === moins ? "sans changement de montant"
      : `soit ${euros(Math.abs(plus - moins))} ${plus > moins ? "de plus" : "de moins"}`;
    barre.classList.toggle("au-repos", !parts.length);
    bouton_effacer.hidden = !parts.length;
  }
  function changer() {
    garder();
    dessiner();
  }

  formulaire.addEventListener("change", (evenement) => {
    const date = evenement.target.value;
    if (cases.get(date) !== evenement.target) return;
    mettre(date, evenement.target.checked);
    changer();
  });
  formulaire.addEventListener("click", (evenement) => {
    const bouton = evenement.target.closest("button, a");
    if (!bouton) return;
    if (bouton.dataset.portee) {
      evenement.preventDefault();
      basculer(plage(bouton));
      changer();
    } else if (bouton.name === "aller" && garder()) {
      // The draft carries the changes: the month is a plain page, with a plain address.
      evenement.preventDefault();
      depart_voulu = true;
      location.assign(`?mois=${bouton.value}`);
    } else if (bouton === bouton_effacer) {
      evenement.preventDefault();
      changes.clear();
      effacer(inscription);
      dessiner();
    }
  });
  formulaire.addEventListener("submit", () => {
    depart_voulu = true;
  });
  addEventListener("session-finie", () => {
    depart_voulu = true; // the draft waits for the return
  });
  addEventListener("beforeunload", (evenement) => {
    if (changes.size && !depart_voulu) evenement.preventDefault();
  });
  // A page that comes back: kept whole, its draft may be newer, or sent; fetched again, the browser may have put back
  // the boxes of before, which nobody asked for.
  addEventListener("pageshow", (evenement) => {
    if (evenement.persisted) {
      depart_voulu = false;
      changes = new Set((relire() ?? []).filter(utile).map((signe) => signe.slice(1)));
    }
    dessiner();
  });
  dessiner();
})();
