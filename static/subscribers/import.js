"use strict";
// An import's page, up to date by itself until its state changes.
(() => {
  const box = document.querySelector("[data-progress]");
  if (!box) return;
  const number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ".");
  const state = box.querySelector("[data-state]").dataset.state;
  const summary = box.querySelector("[data-summary]");
  const offline = box.querySelector("[data-offline]");
  let spoken = Date.now();

  function show(found) {
    for (const piece of found.pieces) {
      box.querySelector(`[data-count="${piece.key}"]`).textContent = number(piece.count);
      const bar = box.querySelector(`[data-bar="${piece.key}"]`);
      bar.setAttribute("x", piece.x);
      bar.setAttribute("width", piece.width);
    }
    // A screen reader is told every ten seconds.
    if (Date.now() - spoken > 10000) {
      summary.textContent = `Restano ${number(found.ready)} righe su ${number(found.total)}.`;
      spoken = Date.now();
    }
  }

  async function look() {
    try {
      if (!document.hidden) {
        const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
        if (answer.redirected) return location.reload(); // logged out meanwhile
        if (!answer.ok) throw new Error(String(answer.status));
        const found = await answer.json();
        if (found.state !== state) return location.reload(); // other words, other buttons
        show(found);
        offline.hidden = true;
      }
    } catch {
      offline.hidden = false;
    }
    setTimeout(look, 1000);
  }
  look();
})();
