// Step 3 with a script, for one child or for all: toggles without a round trip, the bar that counts and prices, and a
// draft that survives the back button, a reload and a sign-in. Without it the same form does the same on the server.
"use strict";
(() => {
  const cle = (inscription) => `calendrier-${inscription}`; // static/js/session.js forgets them at sign-out
  const ENVOI = cle("envoi"); // a calendar of this tab was just sent
  // The recap of what was just sent says that the changes arrived: the draft has done its work. Read later, any recap
  // leaves the draft alone; so does one after a calendar shown again, whose form did not arrive.
  const parties = envoye() ? document.querySelectorAll("[data-brouillon-fini]") : [];
  for (const partie of parties) oublier(partie.dataset.brouillonFini);

  const formulaire = document.querySelector("form.calendrier");
  const barre = formulaire?.querySelector(".barre");
  if (!barre) return; // nothing can change: the year is not open, or is over
  // What the form calls a day: its date, or `12:2026-12-07` when there are several enrolments.
  const nommer = "tous" in formulaire.dataset ? (inscription, date) => `${inscription}:${date}` : (_, date) => date;
  const retards = new Map(); // enrolment → late meals of the year that are still free; below zero, too many are booked
  // code → {date, inscription, enfant, reserve, centimes, ensuite}, every day of the year that can change; `ensuite`, of
  // late meals only: the price once the free ones of the year are spent
  const jours = new Map();
  for (const champ of formulaire.querySelectorAll("input[name=vus]")) {
    const { inscription, enfant } = champ.dataset;
    retards.set(inscription, Number(champ.dataset.retards));
    for (const ligne of champ.value.split(" ").filter((mot) => mot.includes(":"))) {
      const [date, reserve, centimes, ensuite] = ligne.split(":");
      const jour = { date, inscription, enfant, reserve: reserve === "1", centimes: Number(centimes) };
      jours.set(nommer(inscription, date), { ...jour, ensuite: ensuite && Number(ensuite) });
    }
  }
  const cases = new Map([...formulaire.querySelectorAll("input[type=checkbox][name=jours]")].map((c) => [c.value, c]));
  const ailleurs = formulaire.querySelector("[data-ailleurs]");
  const bilan = barre.querySelector("[data-bilan]");
  const detail = barre.querySelector("[data-detail]");
  const annonce = barre.querySelector("[data-annonce]");
  const effacer = barre.querySelector("[data-effacer]");
  let depart_voulu = false;
  let changes = lire();

  // --- What is not sent ---------------------------------------------------------------------------------------------
  // An address that carries changes is newer than any draft: it becomes the draft, and a plain address.
  function lire() {
    const adresse = new URL(location.href);
    const portes = ["c", "plus", "moins"].filter((nom) => adresse.searchParams.has(nom));
    const page = lire_page();
    if (!portes.length) return lire_brouillons(page) ?? page;
    if (garder(page)) {
      for (const nom of portes) adresse.searchParams.delete(nom);
      history.replaceState(history.state, "", adresse);
    }
    return page;
  }
  function lire_page() {
    const page = [...cases].filter(([code, c]) => c.checked !== jours.get(code)?.reserve).map(([code]) => code);
    const dehors = [...ailleurs.querySelectorAll("input")].flatMap((champ) => champ.value.split(","));
    return new Set([...page, ...dehors].filter((code) => jours.has(code)));
  }
  // "+2026-12-03" is an addition, "-2026-12-03" a cancellation: it is kept only where it still changes something. An
  // enrolment without a draft is as the page has it. Null when storage is closed.
  function lire_brouillons(page) {
    try {
      return new Set([...retards.keys()].flatMap((inscription) => {
        const texte = sessionStorage.getItem(cle(inscription));
        if (texte === null) return [...page].filter((code) => jours.get(code).inscription === inscription);
        const signes = texte.split(" ").filter((signe) => {
          const jour = jours.get(nommer(inscription, signe.slice(1)));
          return jour !== undefined && jour.reserve === (signe[0] === "-");
        });
        return signes.map((signe) => nommer(inscription, signe.slice(1)));
      }));
    } catch {
      return null;
    }
  }
  function garder(codes = changes) {
    try {
      for (const inscription of retards.keys()) {
        const siens = [...codes].map((code) => jours.get(code)).filter((jour) => jour.inscription === inscription);
        if (siens.length) sessionStorage.setItem(cle(inscription), siens.map((j) => (j.reserve ? "-" : "+") + j.date).join(" "));
        else sessionStorage.removeItem(cle(inscription));
      }
      return true;
    } catch {
      return false;
    }
  }
  function envoye() {
    try {
      const envoi = sessionStorage.getItem(ENVOI);
      sessionStorage.removeItem(ENVOI);
      return envoi !== null;
    } catch {
      return false;
    }
  }
  function oublier(inscription) {
    try {
      sessionStorage.removeItem(cle(inscription));
    } catch {
      // storage is closed: there is no draft
    }
  }

  // --- Toggles ------------------------------------------------------------------------------------------------------
  const coche = (code) => jours.get(code).reserve !== changes.has(code);
  function mettre(code, voulu) {
    if (jours.get(code).reserve === voulu) changes.delete(code);
    else changes.add(code);
  }
  const midi = (date) => new Date(`${date}T12:00:00Z`);
  const du_lundi = (date) => midi(date).getUTCDay() || 7;
  // ISO weeks begin on Monday: two days are in one week when their Mondays are the same.
  function lundi(date) {
    const jour = midi(date);
    jour.setUTCDate(jour.getUTCDate() - (du_lundi(date) - 1));
    return jour.toISOString().slice(0, 10);
  }
  // The rules of reservations/regles.py, plage() and basculer(), and of formulaires_famille.py, _plage_de_famille().
  function plage(bouton) {
    const [portee, inscription] = bouton.value.split("@");
    const valeur = portee.split(":")[1];
    const dedans = {
      date: (date) => date === valeur,
      semaine: (date) => date.slice(0, 7) === valeur.slice(0, 7) && lundi(date) === lundi(valeur),
      mois: (date) => date.startsWith(valeur),
      jour: (date) => du_lundi(date) === Number(valeur),
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

  // --- The bar ------------------------------------------------------------------------------------------------------
  const euros = (centimes) =>
    `${String(Math.floor(centimes / 100)).replace(/\B(?=(\d{3})+$)/g, "\u202f")},${String(centimes % 100).padStart(2, "0")}\u00a0€`;
  const compter = (n, mot) => `${n}\u00a0${mot}${n > 1 ? "s" : ""}`;
  const somme = (nombres) => nombres.reduce((total, n) => total + n, 0);

  // As reservations/calendrier.py, montant_tardif: late meals cancelled free their rank, and the first late days, by
  // date, take it.
  function montant_tardif(ajouts, annulations) {
    const tardifs = (liste, inscription) => liste.filter((j) => j.ensuite !== undefined && j.inscription === inscription);
    return somme([...retards].flatMap(([inscription, restants]) => {
      const francs = Math.max(0, restants + tardifs(annulations, inscription).length);
      const dates = tardifs(ajouts, inscription).sort((a, b) => (a.date < b.date ? -1 : 1));
      return dates.map((jour, rang) => (rang < francs ? jour.centimes : jour.ensuite));
    }));
  }

  function dessiner() {
    const les = [...changes].map((code) => ({ code, ...jours.get(code) }));
    const [ajouts, annulations] = [les.filter((j) => !j.reserve), les.filter((j) => j.reserve)];
    for (const [code, box] of cases) {
      box.checked = coche(code);
      const cellule = box.closest("td");
      cellule.classList.toggle("a-ajouter", box.checked && !jours.get(code).reserve);
      cellule.classList.toggle("a-annuler", !box.checked && jours.get(code).reserve);
    }
    const champs = Object.entries({ jours: ajouts, deja: annulations }).map(([name, siens]) => {
      const value = siens.map((j) => j.code).filter((code) => !cases.has(code)).join(",");
      return Object.assign(document.createElement("input"), { type: "hidden", name, value });
    });
    ailleurs.replaceChildren(...champs.filter((champ) => champ.value));
    for (const marque of formulaire.querySelectorAll("[data-mois]")) {
      const du_mois = (liste) => liste.filter((j) => j.date.startsWith(marque.dataset.mois)).length;
      const [plus, moins] = [du_mois(ajouts), du_mois(annulations)];
      marque.textContent = [plus ? `+${plus}` : "", moins ? `−${moins}` : ""].filter(Boolean).join(" ");
    }
    const tardif = montant_tardif(ajouts, annulations);
    const plus = tardif + somme(ajouts.filter((j) => j.ensuite === undefined).map((j) => j.centimes));
    const moins = somme(annulations.map((j) => j.centimes));
    annonce.value = tardif;
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
  function changer() {
    garder();
    dessiner();
  }

  formulaire.addEventListener("change", (evenement) => {
    const code = evenement.target.value;
    if (cases.get(code) !== evenement.target) return;
    mettre(code, evenement.target.checked);
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
      const adresse = new URL(formulaire.action);
      adresse.searchParams.set("mois", bouton.value);
      location.assign(adresse);
    } else if (bouton === effacer) {
      evenement.preventDefault();
      changes.clear();
      changer();
    }
  });
  formulaire.addEventListener("submit", () => {
    depart_voulu = true;
    try {
      sessionStorage.setItem(ENVOI, "1");
    } catch {
      // storage is closed: there is no draft to forget
    }
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
      changes = lire_brouillons(new Set()) ?? changes;
    }
    dessiner();
  });
  dessiner();
})();
