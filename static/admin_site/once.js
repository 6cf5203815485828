"use strict";
// One click, one effect: the server sees to it anyway, this spares the doubt.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button[type=submit], button:not([type])");
    button.disabled = true;
    button.textContent = "Un momento…";
  });
}
// The page may come back from the browser's memory with its button still off.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
