// Keeps what is being typed into a form marked [data-keep] (whose value is the user's id) until it has arrived, so
// that a session that ends meanwhile loses nothing: after the log-in, on the same page, the text is offered back.
// In this tab only, and forgotten with the log-out ([data-forget]). Where a form did not arrive (log-in, code, error pages) the page is marked [data-undone].
"use strict";
{
  const PREFIX = "keep:";
  const read = (key) => JSON.parse(sessionStorage.getItem(key) || "null");
  const write = (key, held) => sessionStorage.setItem(key, JSON.stringify(held));
  const kept = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));

  if (document.querySelector("[data-undone]")) {
    kept().forEach((key) => write(key, { ...read(key), sent: false }));
  }

  if (document.querySelector("[data-forget]")) {
    kept().forEach((key) => sessionStorage.removeItem(key));
  }

  const fieldsOf = (form) => [...form.querySelectorAll("textarea[name], input[type=text][name]")];
  const textOf = (form) => Object.fromEntries(fieldsOf(form).map((field) => [field.name, field.value]));

  const offer = (form, key, texts) => {
    const bar = document.createElement("div");
    bar.className = "wu-note wu-note--amber";
    bar.setAttribute("role", "status");
    bar.textContent = "Qui c'era un testo che non è stato inviato. ";
    const button = (label, act) => {
      const made = Object.assign(document.createElement("button"), { type: "button", className: "wu-button", textContent: label });
      made.addEventListener("click", () => { act(); bar.remove(); });
      bar.append(made, " ");
    };
    button("Riprendilo", () => {
      for (const field of fieldsOf(form)) {
        if (field.name in texts) {
          field.value = texts[field.name];
          field.dispatchEvent(new Event("input", { bubbles: true }));
        }
      }
    });
    button("Scartalo", () => sessionStorage.removeItem(key));
    form.closest("details")?.setAttribute("open", "");
    form.prepend(bar);
  };

  for (const mark of document.querySelectorAll("[data-keep]")) {
    const form = mark.closest("form");
    if (form.querySelector("[data-keep-url]")) {
      continue; // a notice's draft saves itself
    }
    const key = `${PREFIX}${mark.dataset.keep}:${form.action || location.pathname}`;
    const held = read(key);
    const now = textOf(form);
    if (held?.sent || (held && Object.entries(held.texts).every(([name, text]) => now[name] === text))) {
      sessionStorage.removeItem(key);
    } else if (held) {
      offer(form, key, held.texts);
    }
    form.addEventListener("input", (event) => {
      if (event.isTrusted || read(key)) {
        write(key, { texts: textOf(form), sent: false });
      }
    });
    form.addEventListener("submit", () => read(key) && write(key, { ...read(key), sent: true }));
  }
}
