/* Every map of the admin, on Leaflet: <div data-map …></div>, with vendor/leaflet/ and reports/map.css on the page.

   data-boundary-url  GeoJSON of the town's boundary, and beside it `tiles` and `attribution` of a background, if any
   data-points-url    GeoJSON of the reports around; `bbox` and `zoom` are added to the address. Without it: none
   data-lat data-lon  the case this map is about, in the middle, with a circle of 150 metres. Without them: the town
   data-pick          a click on the map (or Enter, for the map's middle) writes the degrees into the inputs named
                      `latitude` and `longitude` of the form around the map, else of the page

   An element [data-map-status] on the page says in words what the map shows. Numbers in attributes have a point,
   not a comma: {{ report.latitude|unlocalize }}. Everything from the server is set as text, never as HTML. */
"use strict";

const AROUND = 150; // metres, as `surroundings.NEAR`
const NEAR_ZOOM = 17;

function element(tag, text, properties) {
    return Object.assign(document.createElement(tag), { textContent: text }, properties);
}

function pin(kind, text, size) {
    return L.divIcon({ className: `rm-pin rm-pin--${kind}`, html: element("span", text), iconSize: [size, size] });
}

/* A marker that can be reached and pressed with the keyboard, and that says what it is. */
function marker(place, icon, label, press) {
    const made = L.marker(place, { icon, keyboard: true, riseOnHover: true });
    made.on("add", () => made.getElement().setAttribute("aria-label", label));
    made.on("click", press);
    made.on("keydown", ({ originalEvent: event }) => {
        if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            press();
        }
    });
    return made;
}

/* One case in a popup: number, category, state, how old, how serious. */
function told(report) {
    const lines = element("p", "");
    const state = `${report.state}, ricevuta ${report.received}`;
    lines.append(element("a", `Segnalazione ${report.number}`, { href: report.url }));
    for (const text of [`${report.category}: ${report.level_name}`, state]) {
        lines.append(document.createElement("br"), text);
    }
    return lines;
}

class TownMap {
    constructor(box) {
        this.box = box;
        this.map = L.map(box, { zoomControl: false, zoomSnap: 0.5, maxZoom: 20, minZoom: 8 });
        this.map.attributionControl.setPrefix(false);
        L.control.zoom({ zoomInTitle: "Ingrandisci", zoomOutTitle: "Riduci" }).addTo(this.map);
        L.control.scale({ imperial: false }).addTo(this.map);
        this.points = L.layerGroup().addTo(this.map);
        this.status = document.querySelector("[data-map-status]");
        this.map.on("popupopen", ({ popup }) => {
            const close = popup.getElement().querySelector(".leaflet-popup-close-button");
            close?.setAttribute("aria-label", "Chiudi");
            popup.getElement().querySelector("p a").focus();
        });
        this.map.on("popupclose", ({ popup }) => {
            this.popup = null;
            if (popup.getElement().contains(document.activeElement)) {
                this.pressed.getElement()?.focus();
            }
            if (this.missed) {
                this.refresh();
            }
        });
        box.addEventListener("keydown", (event) => event.key === "Escape" && this.map.closePopup());
    }

    async start() {
        const { lat, lon, boundaryUrl, pick, pointsUrl } = this.box.dataset;
        const boundary = await (await fetch(boundaryUrl)).json();
        const town = L.geoJSON(boundary, { style: { className: "rm-town" }, interactive: false });
        if (boundary.tiles) {
            const attribution = element("span", boundary.attribution).innerHTML; // text made safe: Leaflet takes HTML
            L.tileLayer(boundary.tiles, { attribution, maxZoom: 20, maxNativeZoom: 19, referrerPolicy: "origin" }).addTo(this.map);
        }
        town.addTo(this.map);
        if (lat && lon) {
            this.map.setView([lat, lon], NEAR_ZOOM);
            this.mark([lat, lon]);
        } else {
            this.map.fitBounds(town.getBounds());
        }
        if (pick !== undefined) {
            this.map.on("click", ({ latlng }) => this.pick(latlng));
            this.map.on("keydown", ({ originalEvent: event }) => {
                if (event.key === "Enter" && event.target === this.box) {
                    event.preventDefault();
                    this.pick(this.map.getCenter());
                }
            });
        }
        if (pointsUrl) {
            this.map.on("moveend", () => this.refresh());
            await this.refresh();
        }
    }

    /* The place this map is about, and how far «near» is. */
    mark(place) {
        this.around ??= L.circle(place, { radius: AROUND, className: "rm-around", interactive: false });
        this.around.setLatLng(place).addTo(this.map);
        this.here ??= L.marker(place, { icon: pin("this", "", 20), interactive: false, keyboard: false, zIndexOffset: 1000 });
        this.here.setLatLng(place).addTo(this.map);
    }

    pick({ lat, lng }) {
        const around = this.box.closest("form") ?? document;
        for (const [name, value] of [["latitude", lat], ["longitude", lng]]) {
            const input = around.querySelector(`input[name="${name}"]`);
            input.value = value.toFixed(6);
            input.dispatchEvent(new Event("change", { bubbles: true }));
        }
        this.mark([lat, lng]);
    }

    /* Ask for what is in view; an answer that comes too late is dropped. A popup that is open stays. */
    async refresh() {
        this.missed = Boolean(this.popup);
        if (this.missed) {
            return;
        }
        this.asking?.abort();
        this.asking = new AbortController();
        const url = new URL(this.box.dataset.pointsUrl, location.href);
        const view = this.map.getBounds();
        const [west, east] = [view.getWest(), view.getEast()].map((side) => Math.min(Math.max(side, -180), 180));
        url.searchParams.set("bbox", [west, view.getSouth(), east, view.getNorth()].join());
        url.searchParams.set("zoom", Math.round(this.map.getZoom()));
        try {
            const answer = await fetch(url, { signal: this.asking.signal });
            if (!answer.ok) {
                throw new Error(`${answer.status}`);
            }
            this.show(await answer.json());
        } catch (problem) {
            if (problem.name !== "AbortError") {
                this.say("Non riesco a leggere le segnalazioni: controlla la rete e ricarica la pagina.");
            }
        }
    }

    show({ features, left_out: leftOut }) {
        const focused = this.box.querySelector(".rm-pin:focus")?.getAttribute("aria-label");
        this.points.clearLayers();
        const spots = new Map(); // several cases at one spot share a pin
        let count = 0;
        for (const { geometry, properties, bbox } of features) {
            const [lon, lat] = geometry.coordinates;
            if (bbox) {
                count += properties.count;
                this.group([lat, lon], properties, bbox);
            } else {
                count += 1;
                const spot = `${lat.toFixed(5)} ${lon.toFixed(5)}`;
                spots.set(spot, [...(spots.get(spot) ?? []), { place: [lat, lon], ...properties }]);
            }
        }
        spots.forEach((reports) => this.spot(reports));
        const more = leftOut ? " Qui sono troppe: si vedono le più gravi. Ingrandisci o scegli un filtro." : "";
        this.say(`${count === 1 ? "Una segnalazione" : `${count} segnalazioni`} in questa parte della mappa.${more}`);
        if (focused) {
            const pins = [...this.box.querySelectorAll(".rm-pin")];
            (pins.find((one) => one.getAttribute("aria-label") === focused) ?? this.box).focus();
        }
    }

    group(place, { count, level, level_name: name }, [west, south, east, north]) {
        const size = count < 10 ? 30 : count < 100 ? 36 : 44;
        const label = `${count} segnalazioni, la più grave: ${name}. Premi per ingrandire`;
        const closer = () => {
            const zoom = this.map.getBoundsZoom([[south, west], [north, east]]);
            this.map.setView(place, Math.min(Math.max(zoom, this.map.getZoom() + 1), 18));
        };
        marker(place, pin(level, count, size), label, closer).addTo(this.points);
    }

    spot(reports) {
        const [first] = reports; // the most serious
        const content = element("div", "");
        content.append(...reports.map(told));
        const label = reports.map((one) => `Segnalazione ${one.number}, ${one.category}, ${one.level_name}, ${one.state}`).join("; ");
        const icon = pin(first.open ? first.level : "closed", reports.length > 1 ? reports.length : "", reports.length > 1 ? 26 : 20);
        const open = () => {
            this.pressed = made;
            this.popup = L.popup({ offset: [0, -6], minWidth: 200 }).setLatLng(first.place).setContent(content);
            this.popup.openOn(this.map);
        };
        const made = marker(first.place, icon, label, open).addTo(this.points);
    }

    say(text) {
        if (this.status) {
            this.status.textContent = text;
        }
    }
}

document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-map]").forEach((box) => new TownMap(box).start());
});
