"use strict";
// A draft saves itself while one writes. What could not be saved - no network, the session over, a colleague's newer
// text - stays in this window and is offered back when the page is opened again.
document.addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector("[data-keep-url]");
  if (!box) return;
  const form = box.closest("form");
  const NAMES = ["draft", "category", "title", "text", "kept", "coordinates", "place_name", "place_address"];
  const WAIT = 2000; // milliseconds after the last keystroke
  const SAVED = "Salvata";
  const field = (name) => form.elements.namedItem(name);
  const find = (selector) => document.querySelector(selector);
  const slot = () => `whatsurp-draft:${location.pathname}`;
  let timer = 0;
  let dirty = false;
  let running = null; // the save under way
  let settled = true; // no colleague's text waits for a decision
  let going = false;
  form.autocomplete = "off"; // the browser's own memory would bring an old revision back

  const now = () => new Date().toLocaleTimeString("it-IT", { timeZone: "Europe/Rome", hour: "2-digit", minute: "2-digit" });
  const attachment = () => form.querySelector("[name=attachment]:checked")?.value ?? "none";
  const values = () => Object.fromEntries([...NAMES.map((name) => [name, field(name)?.value ?? ""]), ["attachment", attachment()]]);
  const empty = () => !field("title").value.trim() && !field("text").value.trim();

  function say(text) {
    const place = find("[data-saved]");
    if (place.textContent !== text) place.textContent = text; // the same words are not read out again
  }

  function warn(text, href, words) {
    const box = document.createElement("p");
    box.className = "wu-note wu-note--red";
    box.setAttribute("role", "alert");
    box.textContent = text;
    if (href) {
      const link = document.createElement("a");
      link.href = href;
      link.textContent = words;
      box.append(" ", link);
    }
    find("[data-conflict]").replaceChildren(box);
  }

  // --- This window's own copy

  function stash() {
    try { sessionStorage.setItem(slot(), JSON.stringify({ at: now(), values: values() })); } catch { /* full or forbidden */ }
  }

  function stashed() {
    try { return JSON.parse(sessionStorage.getItem(slot())); } catch { return null; }
  }

  function offer() {
    const found = stashed();
    const same = found && ["category", "title", "text"].every((name) => found.values[name] === field(name).value);
    if (!found || same) return sessionStorage.removeItem(slot());
    const place = find("[data-offer]");
    place.querySelector("p").textContent = `C'è un testo che avevi scritto qui alle ${found.at} e non è stato salvato: «${(found.values.title || found.values.text).slice(0, 60)}».`;
    place.hidden = false;
    place.querySelector("[data-take-back]").addEventListener("click", () => {
      for (const name of NAMES) if (field(name)) field(name).value = found.values[name];
      const radio = form.querySelector(`[name=attachment][value="${CSS.escape(found.values.attachment)}"]`);
      if (radio) radio.checked = true;
      for (const target of [radio, field("text")]) target?.dispatchEvent(new Event("input", { bubbles: true }));
      place.hidden = true;
      field("text").focus();
    });
    place.querySelector("[data-drop]").addEventListener("click", () => {
      sessionStorage.removeItem(slot());
      place.hidden = true;
    });
  }

  // --- Saving

  function body() {
    const data = new FormData();
    for (const [name, value] of Object.entries(values())) data.set(name, value);
    for (const name of ["csrfmiddlewaretoken", "seen"]) data.set(name, field(name).value);
    return data;
  }

  function saved(found) {
    sessionStorage.removeItem(slot());
    history.replaceState(null, "", found.address);
    form.setAttribute("action", found.address);
    field("seen").value = found.revision;
    find("[data-writing]").textContent = found.note;
    find("[data-writing]").hidden = !found.note;
    if (find("[data-conflict] > p")) find("[data-conflict]").replaceChildren();
    if (dirty) stash(); // typed meanwhile: not saved yet
    else say(`${SAVED} alle ${found.saved}`);
  }

  function disagree(found) {
    settled = false;
    say("");
    find("[data-conflict]").innerHTML = found.html; // our own template, which escapes
    find("[data-conflict]").scrollIntoView({ block: "nearest" });
    const mine = find("[data-mine]");
    if (!mine) return;
    mine.hidden = false;
    mine.addEventListener("click", () => {
      if (found.revision) field("seen").value = found.revision;
      find("[data-conflict]").replaceChildren();
      settled = dirty = true;
      save();
    });
  }

  async function send() {
    dirty = false;
    let answer;
    try {
      answer = await fetch(box.dataset.keepUrl, { method: "POST", body: body() });
    } catch {
      dirty = true;
      say("Non salvata: manca la rete. Il testo resta in questa finestra.");
      timer = setTimeout(save, 5 * WAIT);
      return false;
    }
    if (answer.redirected || answer.status === 403) {
      dirty = true;
      const login = `${box.dataset.loginUrl}?next=${encodeURIComponent(location.pathname)}`;
      warn("La sessione è finita: il testo resta in questa finestra.", login, "Accedi di nuovo e lo ritrovi qui.");
      say("");
      return false;
    }
    const found = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
    if (answer.ok) saved(found);
    else if (answer.status === 409) disagree(found);
    else say(`Non salvata. ${found.problem ?? "Riprova tra poco: il testo resta in questa finestra."}`);
    return true; // the page itself may be sent: its answer says the same
  }

  function save() {
    clearTimeout(timer);
    if (!dirty || !settled || empty()) return running ?? Promise.resolve(true);
    if (!field("category").value) {
      say("Scegli la categoria: poi la bozza si salva da sola.");
      return Promise.resolve(true);
    }
    const mine = (running ?? Promise.resolve()).then(send).catch(() => true)
      .finally(() => { if (running === mine) running = null; });
    running = mine;
    return mine;
  }

  form.addEventListener("input", () => {
    dirty = true;
    stash();
    if (find("[data-saved]").textContent.startsWith(SAVED)) say(""); // it was true of an earlier text
    clearTimeout(timer);
    timer = setTimeout(save, WAIT);
  });
  form.addEventListener("focusout", save);

  // --- One click, one effect; and nothing is sent to a log-in page that would lose it.

  const off = (disabled) => { for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = disabled; };
  form.addEventListener("submit", async (event) => {
    if (going || (!dirty && !running)) {
      setTimeout(off, 0, true);
      return;
    }
    event.preventDefault();
    const button = event.submitter;
    setTimeout(off, 0, true);
    going = await save();
    off(false);
    if (going) form.requestSubmit(button);
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    going = false;
    off(false);
  });
  if (find("[data-conflict]").childElementCount) {
    disagree({ html: find("[data-conflict]").innerHTML });
  } else {
    offer();
  }
});
