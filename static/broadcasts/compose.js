"use strict";
// While a notice is being written: the phone beside it, the room left, whom it reaches. Works without, too.
document.addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector("[data-preview-url]");
  if (!box) return;
  const form = box.closest("form");
  const field = (name) => form.elements.namedItem(name);
  const find = (selector) => box.querySelector(selector);
  const number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ".");
  const row = (name) => form.querySelector(`.form-row.field-${name}`);
  const stored = find("[data-file]");
  const room = find("[data-room]");
  // The counter stands where one writes; beside the phone it would be out of sight on a small screen.
  (row("text")?.querySelector(".help") ?? row("text"))?.append(room);
  let local = "";
  let asked = 0;
  let timer = 0;

  const attachment = () => form.querySelector("[name=attachment]:checked")?.value ?? "none";

  function header() {
    if (attachment() === "place") return "location";
    if (attachment() !== "file") return "none";
    const file = field("upload").files[0];
    if (!file) return stored?.dataset.kind ?? "image";
    return { "application/pdf": "document" }[file.type] ?? file.type.split("/")[0];
  }

  function showFields() {
    for (const name of ["upload"]) row(name)?.toggleAttribute("hidden", attachment() !== "file");
    stored?.toggleAttribute("hidden", attachment() !== "file");
    for (const name of ["coordinates", "place_name", "place_address"]) {
      row(name)?.toggleAttribute("hidden", attachment() !== "place");
    }
  }

  function showFile() {
    const file = field("upload").files[0];
    const slot = find("[data-slot]");
    if (!slot) return;
    if (!file) {
      const small = stored?.querySelector("img");
      if (small && slot.dataset.slot === "image") slot.replaceChildren(small.cloneNode());
      return;
    }
    if (slot.dataset.slot === "document") {
      slot.querySelector("[data-filename]").textContent = file.name;
      return;
    }
    URL.revokeObjectURL(local);
    local = URL.createObjectURL(file);
    const shown = document.createElement(slot.dataset.slot === "video" ? "video" : "img");
    shown.src = local;
    if (shown.tagName === "VIDEO") shown.controls = true;
    else shown.alt = "L'immagine scelta";
    slot.replaceChildren(shown);
  }

  function showRoom(left) {
    room.textContent = left >= 0 ? `Restano ${number(left)} caratteri` : `${number(-left)} caratteri di troppo: accorcia il testo`;
    room.classList.toggle("bc-room--over", left < 0);
  }

  async function ask() {
    const mine = ++asked;
    const body = new FormData();
    for (const name of ["csrfmiddlewaretoken", "category", "title", "text", "place_name", "follows"]) body.set(name, field(name)?.value ?? "");
    body.set("header", header());
    try {
      const answer = await fetch(box.dataset.previewUrl, { method: "POST", body });
      if (!answer.ok || mine !== asked) return;
      const found = await answer.json();
      if (mine !== asked) return;
      find("[data-phone]").innerHTML = found.html; // our own template, which escapes
      showFile();
      const problem = find("[data-problem]");
      problem.hidden = !found.problem;
      problem.textContent = found.problem ?? "";
      if (found.room !== undefined) showRoom(found.room);
      find("[data-reach]").textContent = found.reached === undefined ? "Scegli la categoria per vedere a quante persone arriva."
        : `Arriva a ${number(found.reached)} ${found.reached === 1 ? "persona" : "persone"}.`;
    } catch { /* the preview waits for the next keystroke */ }
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, 250);
  }

  form.addEventListener("input", (event) => {
    if (event.target.name === "attachment") showFields();
    later();
  });
  form.addEventListener("change", later);
  form.addEventListener("submit", () => setTimeout(() => {
    for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = true;
  }));
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = false;
  });
  showFields();
  ask();
});
