// Comfort only: the page does everything without it.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
    const dialog = document.getElementById("foto-grande");
    document.querySelectorAll("a.rp-photo").forEach((link) => {
        link.addEventListener("click", (event) => {
            if (!dialog || event.ctrlKey || event.metaKey) {
                return;
            }
            event.preventDefault();
            dialog.querySelector("img").src = link.href;
            dialog.showModal();
        });
    });

    // One click, one message: the server refuses the second anyway.
    document.querySelectorAll("form[data-once]").forEach((form) => {
        form.addEventListener("submit", () => {
            form.querySelectorAll("button").forEach((button) => {
                button.disabled = true;
            });
        });
    });

    // Coming back with the browser's arrow brings the page as it was left: its buttons must work again.
    window.addEventListener("pageshow", () => {
        document.querySelectorAll("form[data-once] button").forEach((button) => {
            button.disabled = false;
        });
    });

    const error = document.getElementById("errore");
    if (error) {
        error.focus();
    }
});
