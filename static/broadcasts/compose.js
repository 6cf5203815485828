"use strict";
// While a notice is being written: the phone and the page beside it, the room left, whom it reaches; a ready text's
// fields to fill; files checked as soon as they are chosen. Works without, too. Saving by itself: drafts.js.
document.addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector("[data-preview-url]");
  if (!box) return;
  const form = box.closest("form");
  const field = (name) => form.elements.namedItem(name);
  const find = (selector) => box.querySelector(selector);
  const number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ".");
  const row = (name) => form.querySelector(`.form-row.field-${name}`);
  const stored = () => find("[data-file]");
  const note = find("[data-file-note]");
  const buttons = () => form.querySelectorAll("button[type=submit]");
  const room = find("[data-room]");
  // The counter stands where one writes; beside the phone it would be out of sight on a small screen.
  (row("text")?.querySelector(".help") ?? row("text"))?.append(room);
  const titleRoom = find("[data-title-room]");
  (row("title")?.querySelector(".help") ?? row("title"))?.append(titleRoom);
  let chosen = null; // the file just uploaded, to be shown from this machine
  let local = "";
  let asked = 0;
  let timer = 0;

  const attachment = () => form.querySelector("[name=attachment]:checked")?.value ?? "none";

  function header() {
    if (attachment() === "place") return "location";
    return attachment() === "file" ? stored()?.dataset.kind ?? "image" : "none";
  }

  function showFields() {
    for (const name of ["upload"]) row(name)?.toggleAttribute("hidden", attachment() !== "file");
    stored()?.toggleAttribute("hidden", attachment() !== "file");
    for (const name of ["coordinates", "place_name", "place_address"]) {
      row(name)?.toggleAttribute("hidden", attachment() !== "place");
    }
  }

  function showFile() {
    const slot = find("[data-slot]");
    if (!slot || attachment() !== "file") return;
    if (slot.dataset.slot === "document") {
      slot.querySelector("[data-filename]").textContent = stored()?.querySelector("[data-name]").textContent ?? "Documento";
      return;
    }
    if (!chosen) {
      const small = stored()?.querySelector("img");
      if (small && slot.dataset.slot === "image") slot.replaceChildren(small.cloneNode());
      return;
    }
    URL.revokeObjectURL(local);
    local = URL.createObjectURL(chosen);
    const shown = document.createElement(slot.dataset.slot === "video" ? "video" : "img");
    shown.src = local;
    if (shown.tagName === "VIDEO") shown.controls = true;
    else shown.alt = "L'immagine scelta";
    slot.replaceChildren(shown);
  }

  function say(text, bad = false) {
    note.textContent = text;
    note.hidden = !text;
    note.classList.toggle("wu-note--red", bad);
    note.classList.toggle("wu-note--amber", !bad);
  }

  // --- Files: refused here where the size is enough to tell, else by the server at once.

  async function check() {
    const input = field("upload");
    const file = input.files[0];
    if (!file) return;
    const limit = Number(file.type.startsWith("video/") ? input.dataset.limitVideo : input.dataset.limit);
    if (file.size > limit) {
      const size = (bytes) => `${(bytes / 1048576).toFixed(1).replace(".", ",")} MB`;
      say(`«${file.name}» è di ${size(file.size)}, il massimo è ${size(limit)}: accorcialo o salvalo in qualità più bassa.`, true);
      input.value = "";
      return;
    }
    say("Controllo il file…");
    for (const button of buttons()) button.disabled = true;
    const body = new FormData();
    body.set("csrfmiddlewaretoken", field("csrfmiddlewaretoken").value);
    body.set("upload", file);
    try {
      const answer = await fetch(box.dataset.fileUrl, { method: "POST", body });
      const found = await answer.json();
      say(found.problem ?? found.note, !answer.ok);
      input.value = ""; // it is kept already, or must not be sent
      if (answer.ok) {
        chosen = file;
        field("kept").value = found.kept;
        find("[data-stored]").innerHTML = found.html; // our own template, which escapes
        form.dispatchEvent(new Event("input", { bubbles: true }));
        await ask(); // the page grows by the picture: before the buttons are given back, not under the finger
        await find("[data-slot] img")?.decode().catch(() => {});
      }
    } catch {
      say("Il file sarà controllato quando salvi la bozza."); // it is still chosen, and goes with the form
    }
    for (const button of buttons()) button.disabled = false;
  }

  // --- A ready text: each {field} becomes a box; what is typed there goes to its place in title and text.

  const slots = document.createElement("fieldset");
  slots.className = "bc-slots";
  let base = {};

  const fill = (text, given) => text.replace(/\{([^{}\n]{1,40})\}/g, (whole, name) => given.get(name.trim()) || whole);

  function drawSlots() {
    base = { title: field("title").value, text: field("text").value };
    const names = [...`${base.title}\n${base.text}`.matchAll(/\{([^{}\n]{1,40})\}/g)].map((match) => match[1].trim());
    const legend = document.createElement("legend");
    legend.textContent = "Completa il testo";
    slots.replaceChildren(legend, ...[...new Set(names)].map((name) => {
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "text";
      input.dataset.slotName = name;
      input.maxLength = 100;
      label.append(name.charAt(0).toUpperCase() + name.slice(1), input);
      return label;
    }));
    slots.hidden = !names.length;
  }

  function fillSlots() {
    const inputs = [...slots.querySelectorAll("input")];
    const given = new Map(inputs.map((input) => [input.dataset.slotName, input.value.trim()]));
    for (const name of ["title", "text"]) {
      const filled = fill(base[name], given);
      field(name).value = filled.charAt(0).toUpperCase() + filled.slice(1);
    }
  }

  function write(values) {
    for (const [name, value] of Object.entries(values)) field(name).value = value;
    drawSlots();
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  const library = document.querySelector("[data-library]");
  const putBack = library?.querySelector("[data-put-back]");
  let before = null;
  library?.addEventListener("submit", (event) => {
    event.preventDefault();
    const ready = library.elements.namedItem("modello").selectedOptions[0];
    if (!ready?.value) return;
    before = { category: field("category").value, title: field("title").value, text: field("text").value };
    putBack.hidden = !(before.title || before.text);
    write({ category: ready.dataset.category, title: ready.dataset.title, text: ready.dataset.text });
    (slots.querySelector("input") ?? field("title")).focus();
  });
  putBack?.addEventListener("click", () => {
    write(before);
    putBack.hidden = true;
    field("text").focus();
  });

  function showRoom(left) {
    room.textContent = left >= 0 ? `Restano ${number(left)} caratteri` : `${number(-left)} caratteri di troppo: accorcia il testo`;
    room.classList.toggle("bc-room--over", left < 0);
  }

  async function ask() {
    const mine = ++asked;
    const body = new FormData();
    for (const name of ["csrfmiddlewaretoken", "category", "title", "text", "place_name", "draft"]) body.set(name, field(name)?.value ?? "");
    body.set("header", header());
    try {
      const answer = await fetch(box.dataset.previewUrl, { method: "POST", body });
      if (!answer.ok || mine !== asked) return;
      const found = await answer.json();
      if (mine !== asked) return;
      find("[data-phone]").innerHTML = found.html; // our own templates, which escape
      find("[data-page]").innerHTML = found.page;
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
    const free = field("title").maxLength - field("title").value.length;
    titleRoom.textContent = free <= 20 ? `Titolo: restano ${free} caratteri` : "";
    clearTimeout(timer);
    timer = setTimeout(ask, 250);
  }

  form.addEventListener("input", (event) => {
    if (event.target.name === "attachment") showFields();
    if (slots.contains(event.target)) fillSlots();
    else if (["title", "text"].includes(event.target.name)) drawSlots();
    later();
  });
  form.addEventListener("change", (event) => (event.target.name === "upload" ? check() : later()));
  row("title")?.before(slots);
  drawSlots();
  showFields();
  ask();
});
