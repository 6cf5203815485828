"use strict";
// One click, one effect: the server sees to it anyway, this spares the doubt.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    const pressed = event.submitter ?? form.querySelector("button[type=submit], button:not([type])");
    // A moment later: a button that is off says neither its name nor its address.
    setTimeout(() => {
      for (const button of form.querySelectorAll("button")) button.disabled = true;
      pressed.textContent = "Un momento…";
    });
  });
}
// The page may come back from the browser's memory with its button still off.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
