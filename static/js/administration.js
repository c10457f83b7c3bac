// The searched lists of Django's administration have no name for who hears the page: give them their label's.
"use strict";
(() => {
  const nommer = () => {
    for (const boite of document.querySelectorAll(".select2-selection:not([data-nomme])")) {
      const liste = boite.closest(".select2-container")?.previousElementSibling;
      const texte = liste?.labels?.[0]?.textContent.trim().replace(/\s*:$/, "");
      if (!texte) continue;
      const valeur = boite.querySelector(".select2-selection__rendered");
      const etiquette = document.createElement("span");
      etiquette.id = `${valeur.id}-nom`;
      etiquette.className = "visually-hidden";
      etiquette.textContent = texte;
      boite.before(etiquette);
      boite.setAttribute("aria-labelledby", `${etiquette.id} ${valeur.id}`);
      valeur.setAttribute("aria-labelledby", etiquette.id);
      boite.dataset.nomme = "";
    }
  };
  // Django makes them when it is ready, and more of them with each row added.
  new MutationObserver(nommer).observe(document.body, { childList: true, subtree: true });
  nommer();
})();
