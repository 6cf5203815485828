// Comfort only: the page does everything without it.
"use strict";
{
  const dialog = document.getElementById("foto-grande");
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.rp-photo");
    if (dialog && link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      dialog.querySelector("img").src = link.href;
      dialog.showModal();
    }
  });

  // A letter, typed outside a field, opens what it stands beside.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) {
      return;
    }
    const key = document.querySelector(`kbd[data-key="${CSS.escape(event.key)}"]`);
    if (key) {
      event.preventDefault();
      const details = key.closest("details");
      if (details) {
        details.open = true;
      }
      const field = document.getElementById(key.dataset.focus) || details?.querySelector("textarea, select, input:not([type=hidden])");
      field?.focus();
      field?.scrollIntoView({ block: "center" });
    }
  });

  for (const select of document.querySelectorAll("[data-canned]")) {
    select.addEventListener("change", () => {
      const box = document.getElementById(select.dataset.canned);
      box.value = [box.value.trim(), select.value].filter(Boolean).join("\n");
      box.dispatchEvent(new Event("input"));
      box.focus();
      select.value = "";
    });
  }

  for (const preview of document.querySelectorAll("[data-preview-of]")) {
    const box = document.getElementById(preview.dataset.previewOf);
    box?.addEventListener("input", () => { preview.textContent = box.value.trim().replace(/\s+/g, " "); });
  }

  document.getElementById("errore")?.focus();
}
