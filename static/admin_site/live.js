// Keeps the living parts of a page up to date: fetched again every few seconds, replaced where they changed.
// [data-live-url] holds them, asks every data-live-every milliseconds, and may say with data-live-mark what it
// shows: the server then answers 204 while that is still so. Each [data-live="name"] is one part.
"use strict";
{
  const live = document.querySelector("[data-live-url]");
  const wait = Number(live?.dataset.liveEvery || 4000);

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
      const found = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      if (found) {
        replace(part, found.innerHTML);
      }
    }
    const mark = fresh.querySelector("[data-live-mark]");
    if (mark) {
      live.dataset.liveMark = mark.dataset.liveMark;
    }
  };

  const refresh = async () => {
    // A page nobody looks at asks nothing.
    if (!document.hidden) {
      try {
        const headers = { "X-Live": live.dataset.liveMark || "" };
        const answer = await fetch(live.dataset.liveUrl || location.href, { credentials: "same-origin", headers });
        // Logged out meanwhile: the next click says so.
        if (answer.status === 200 && !answer.redirected) {
          show(await answer.text());
        }
      } catch {
        // The network is away: what is shown stays, the next round tries again.
      }
    }
    setTimeout(refresh, wait);
  };

  if (live) {
    setTimeout(refresh, wait);
  }
}
