// Keeps the living parts of the home page up to date: fetched again every few seconds, replaced where they changed.
"use strict";
{
  const EVERY_MS = 4000;
  const live = document.querySelector("[data-live-url]");

  const replace = (part, html) => {
    if (part.dataset.shown === html) {
      return;
    }
    const focused = part.contains(document.activeElement) && document.activeElement.getAttribute("href");
    part.innerHTML = html;
    part.dataset.shown = html;
    if (focused) {
      part.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    }
  };

  const show = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const part of live.querySelectorAll("[data-live]")) {
      replace(part, fresh.querySelector(`[data-live="${part.dataset.live}"]`).innerHTML);
    }
  };

  const refresh = async () => {
    // A page nobody looks at asks nothing.
    if (!document.hidden) {
      try {
        const answer = await fetch(live.dataset.liveUrl, { credentials: "same-origin" });
        // Logged out meanwhile: the next click says so.
        if (answer.ok && !answer.redirected) {
          show(await answer.text());
        }
      } catch {
        // The network is away: the figures stay, the next round tries again.
      }
    }
    setTimeout(refresh, EVERY_MS);
  };

  if (live) {
    setTimeout(refresh, EVERY_MS);
  }
}
