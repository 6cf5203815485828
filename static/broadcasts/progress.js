"use strict";
// A notice's page, up to date by itself: the countdown, then the counters, often while it is being sent.
(() => {
  const box = document.querySelector("[data-progress]");
  if (!box) return;
  const SENDING = 1000;
  const SETTLING = 5000;
  const number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ".");
  const find = (selector) => box.querySelector(selector);
  const offline = find("[data-offline]");
  const state = find("[data-state]").dataset.state;
  const countdown = find("[data-countdown]");
  let left = countdown ? Number(countdown.textContent) : 0;
  let spoken = 0;
  let submitted = false; // a click on its way is not cut off by a reload
  box.addEventListener("submit", () => { submitted = true; });

  function show(found) {
    for (const name of ["total", "delivered", "read"]) find(`[data-total="${name}"]`).textContent = number(found[name]);
    for (const row of found.rows) {
      find(`[data-count="${row.state}"]`).textContent = number(row.count);
      find(`[data-row="${row.state}"]`).classList.toggle("bc-none", row.count === 0);
      const bar = find(`[data-bar="${row.state}"]`);
      bar.setAttribute("x", row.x);
      bar.setAttribute("width", row.width);
    }
    for (const link of box.querySelectorAll("[data-again]")) {
      const row = found.rows.find((one) => one.state === link.dataset.again);
      link.hidden = row.count === 0;
      link.querySelector("span").textContent = number(row.count);
    }
    // A screen reader is told every ten seconds, and at the end.
    const summary = find("[data-summary]");
    if (summary.textContent !== found.summary && (!found.running || Date.now() - spoken > 10000)) {
      summary.textContent = found.summary;
      spoken = Date.now();
    }
  }

  async function look() {
    let wait = SETTLING;
    try {
      if (!document.hidden) {
        const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
        if (answer.redirected) return location.reload(); // logged out meanwhile
        if (!answer.ok) throw new Error(String(answer.status));
        const found = await answer.json();
        // Another state has other buttons and other words: the page goes on by itself.
        if (found.state !== state && !submitted) return location.reload();
        if (countdown) left = found.left;
        else if (found.state === state && find("[data-summary]")) show(found);
        wait = found.running ? SENDING : SETTLING;
        offline.hidden = true;
      }
    } catch {
      offline.hidden = false;
    }
    setTimeout(look, wait);
  }
  look();

  // The server is asked about once a second too; between two answers the count goes on.
  if (countdown) {
    setInterval(() => {
      left = Math.max(0, left - 1);
      countdown.textContent = left;
      find("[data-seconds]").textContent = left === 1 ? "secondo" : "secondi";
    }, 1000);
  }
})();
