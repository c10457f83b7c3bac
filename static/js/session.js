// Before an idle session ends, asks whether the person is still there. Every tab shares the instant of the end.
"use strict";
(() => {
  const dialogue = document.getElementById("session");
  if (!dialogue) return;
  const { prolonger, connexion } = dialogue.dataset;
  const duree = Number(dialogue.dataset.duree) * 1000;
  const avertissement = Number(dialogue.dataset.avertissement) * 1000;
  const reste = dialogue.querySelector("[data-reste]");
  const bouton = dialogue.querySelector("button");
  const CLE = "portail-fin-de-session";
  const MARGE = 2000; // the server's clock starts a little after ours: by then its session is over for sure
  let ici;
  noter(); // this page was just answered: the session was alive

  function noter() {
    ici = Date.now() + duree;
    try {
      localStorage.setItem(CLE, String(ici));
    } catch {
      // storage is closed: this tab counts alone
    }
  }
  function fin() {
    try {
      return Math.max(ici, Number(localStorage.getItem(CLE)) || 0);
    } catch {
      return ici;
    }
  }
  function finir() {
    dispatchEvent(new Event("session-finie"));
    location.assign(`${connexion}?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  async function rester() {
    try {
      const corps = new URLSearchParams({ csrfmiddlewaretoken: document.querySelector("[name=csrfmiddlewaretoken]").value });
      const reponse = await fetch(prolonger, { method: "POST", body: corps, redirect: "error" });
      if (reponse.status === 403) return finir();
      if (!reponse.ok) return;
      noter();
      dialogue.close();
    } catch {
      // no network for now: the button can be pressed again
    }
  }
  function battre() {
    const restant = fin() - Date.now();
    if (restant <= -MARGE) return finir();
    if (restant > avertissement) {
      if (dialogue.open) dialogue.close();
      return setTimeout(battre, Math.min(restant - avertissement, 60_000));
    }
    const secondes = Math.max(0, Math.ceil(restant / 1000));
    reste.textContent = secondes > 60 ? `${Math.ceil(secondes / 60)}\u00a0minutes` : `${secondes}\u00a0seconde${secondes > 1 ? "s" : ""}`;
    if (!dialogue.open) dialogue.showModal();
    return setTimeout(battre, 1000);
  }
  // Who signs out leaves no draft of a calendar to the next person of a shared computer.
  document.querySelector("form[data-deconnexion]").addEventListener("submit", () => {
    try {
      for (const nom of Object.keys(sessionStorage)) if (nom.startsWith("calendrier-")) sessionStorage.removeItem(nom);
    } catch {
      // storage is closed: there is no draft
    }
  });
  bouton.addEventListener("click", rester);
  dialogue.addEventListener("cancel", rester); // Escape: somebody is there
  battre();
})();
