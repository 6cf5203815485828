// The phones of the page. State lives in the simulator: here it is drawn, and what one does is posted to it.

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const narrow = matchMedia("(max-width: 700px)");
const phones = new Map(); // id -> {data, node, closed, visible}
let selected = null;

function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child || child === 0));
  return node;
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const icon = (name, kind = "") =>
  svg("svg", { "aria-hidden": "true", class: kind }, svg("use", { href: `#i-${name}` }));

async function call(path, body) {
  const form = body instanceof FormData;
  const answer = await fetch(`/control/${path}`, {
    method: "POST",
    body: form ? body : JSON.stringify(body ?? {}),
    headers: form ? {} : { "Content-Type": "application/json" },
  });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.error || "Il simulatore non ha risposto.");
  return found;
}

// ---- Text as WhatsApp shows it

const MARKUP =
  /```([\s\S]+?)```|(https?:\/\/\S+|www\.\S+)|(?<![\p{L}\p{N}])([*_~])(?=[^\s*_~])([^\n]*?\S)\3(?![\p{L}\p{N}])/gu;
const TAGS = { "*": "strong", _: "em", "~": "s" };

function formatted(text) {
  const found = [];
  let done = 0;
  for (const match of text.matchAll(MARKUP)) {
    found.push(text.slice(done, match.index));
    done = match.index + match[0].length;
    if (match[1]) found.push(el("code", {}, match[1]));
    else if (match[2]) {
      const address = match[2].replace(/[.,;:!?)»"'*_~]+$/, "");
      found.push(link(address, address));
      found.push(match[2].slice(address.length));
    } else found.push(el(TAGS[match[3]], {}, ...formatted(match[4])));
  }
  found.push(text.slice(done));
  return found;
}

function link(address, ...children) {
  const href = /^(https?|tel):/.test(address) ? address : `https://${address}`;
  return el("a", { href, target: "_blank", rel: "noreferrer" }, ...children);
}

// ---- A small map, drawn here: no tiles from outside. Neighbouring places share their streets.

const chance = (a, b) => {
  const value = Math.sin(a * 127.1 + b * 311.7) * 43758.5453;
  return value - Math.floor(value);
};

function drawMap({ latitude, longitude }) {
  const [width, height, step] = [280, 140, 56];
  const x0 = longitude * 39500 - width / 2;
  const y0 = -latitude * 50000 - height / 2;
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const add = (tag, attributes) => drawing.append(svg(tag, attributes));
  add("rect", { class: "ground", width, height });
  const lake = [14.5985 * 39500 - x0, -37.6595 * 50000 - y0];
  for (let i = Math.floor(x0 / step) - 1; i * step < x0 + width + step; i += 1) {
    for (let j = Math.floor(y0 / step) - 1; j * step < y0 + height + step; j += 1) {
      const [x, y] = [i * step - x0, j * step - y0];
      const wood = chance(i, j) > 0.82;
      if (wood) add("rect", { class: "wood", x: x + 6, y: y + 6, width: step - 4, height: step - 4, rx: 8 });
      for (let n = 0; n < 4 && !wood; n += 1) {
        if (chance(i + n * 7, j - n) < 0.3) continue;
        const size = 12 + 8 * chance(j, i + n);
        add("rect", { class: "house", x: x + 10 + (n % 2) * 23, y: y + 10 + (n >> 1) * 23, width: size, height: size, rx: 2 });
      }
    }
    const bend = (chance(i, 0) - 0.5) * 26;
    const x = i * step - x0 + 3;
    add("path", { class: "road", d: `M${x - bend} -5Q${x + bend} ${height / 2} ${x} ${height + 5}`, "stroke-width": i % 3 ? 5 : 9 });
  }
  for (let j = Math.floor(y0 / step) - 1; j * step < y0 + height + step; j += 1) {
    const bend = (chance(0, j) - 0.5) * 22;
    const y = j * step - y0 + 3;
    add("path", { class: "road", d: `M-5 ${y}Q${width / 2} ${y + bend} ${width + 5} ${y - bend}`, "stroke-width": j % 3 ? 5 : 9 });
  }
  add("path", { class: "water", d: `M${lake[0] - 190} ${lake[1] - 20}q60-70 150-40t180-20q40 50-30 90t-150 40q-130 40-150-70z` });
  add("path", { class: "pin", "stroke-width": 1.5, d: `M140 78c-5-9-13-16-13-24a13 13 0 0 1 26 0c0 8-8 15-13 24z` });
  add("circle", { cx: 140, cy: 54, r: 4.5, fill: "#fff" });
  return drawing;
}

function placeCard(place) {
  const address = `https://www.openstreetmap.org/?mlat=${place.latitude}&mlon=${place.longitude}#map=17/${place.latitude}/${place.longitude}`;
  const where = place.address || `${place.latitude.toFixed(5)}, ${place.longitude.toFixed(5)}`;
  const card = link(address, drawMap(place), el("span", {}, place.name || "Posizione", el("small", {}, where)));
  card.className = "map";
  return card;
}

// ---- Bubbles

const clock = (at) => new Date(at).toLocaleTimeString("it-IT", { hour: "2-digit", minute: "2-digit" });

function dayName(at) {
  const [day, today] = [new Date(at).setHours(0, 0, 0, 0), new Date().setHours(0, 0, 0, 0)];
  if (day === today) return "Oggi";
  if (day === new Date(today - 1).setHours(0, 0, 0, 0)) return "Ieri";
  return new Date(at).toLocaleDateString("it-IT", { day: "numeric", month: "long", year: "numeric" });
}

function size(bytes) {
  if (!bytes) return "";
  return bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toLocaleString("it-IT", { maximumFractionDigits: 1 })} MB`;
}

function mediaNode(kind, media, caption) {
  if (kind === "image" || kind === "sticker") {
    const label = caption ? caption.slice(0, 120) : "Immagine";
    const show = () => {
      Object.assign(one("#viewer img"), { src: media.url, alt: label });
      one("#viewer").showModal();
    };
    return el("button", { type: "button", className: "picture", "aria-label": "Ingrandisci l'immagine", onclick: show },
      el("img", { src: media.url, alt: label }));
  }
  if (kind === "video") return el("video", { src: media.url, controls: true, preload: "metadata", "aria-label": media.name || "Video" });
  if (kind === "audio") return el("audio", { src: media.url, controls: true, preload: "metadata", "aria-label": "Nota vocale" });
  const type = (media.name || "").split(".").pop().toUpperCase();
  const card = link(new URL(media.url, location).href, icon("file"),
    el("span", {}, media.name || "Documento", el("small", {}, [size(media.size), type].filter(Boolean).join(" · "))));
  card.className = "card";
  return card;
}

function headerNode(header, caption) {
  if (!header) return null;
  if (header.kind === "text") return el("div", { className: "title" }, header.text);
  if (header.kind === "location") return placeCard(header.location);
  return mediaNode(header.kind, header.media, caption);
}

const KINDS = { image: "📷 Foto", video: "🎥 Video", audio: "🎤 Nota vocale", document: "📄 Documento", sticker: "Adesivo",
  location: "📍 Posizione", contacts: "👤 Contatto", template: "Avviso", interactive: "Messaggio" };
const BUTTON_ICONS = { url: "open", button: "reply", button_reply: "reply", list: "list", location: "pin", contacts: "person" };

function buttonNode(phone, message, button) {
  if (button.kind === "url") return link(button.url, icon("open"), button.text);
  const tap = () => act(phone, message, button);
  return el("button", { type: "button", onclick: tap }, icon(BUTTON_ICONS[button.kind] || "reply"), button.text);
}

function act(phone, message, button) {
  const id = message.id;
  if (button.kind === "list") chooseFrom(phone, message, button);
  else if (button.kind === "location") askPlace(phone, id);
  else if (button.kind === "button") write(phone, { type: "button", message: id, text: button.text, payload: button.payload });
  else if (button.kind === "button_reply") write(phone, { type: "button_reply", message: id, id: button.id, title: button.text });
  else if (button.kind === "contacts") {
    const { name, own_number: number } = phone.data;
    if (number) write(phone, { type: "contacts", message: id, name, number });
    else alert("Questo telefono non ha più un numero: prima assegnagliene uno dal menu «Altro».");
  }
}

function messageNode(phone, message, turn) {
  const { mine, header, text = "", footer, buttons = [], quote, kind, edited } = message;
  const gone = kind === "revoke";
  const tick = mine && icon(message.ticks > 1 ? "two" : "one", `tick${message.ticks > 2 ? " read" : ""}`);
  const label = mine ? ["inviato", "consegnato", "letto"][message.ticks - 1] : "";
  if (tick) {
    tick.removeAttribute("aria-hidden");
    tick.setAttribute("role", "img");
    tick.setAttribute("aria-label", label);
  }
  const plain = !header && !footer && !buttons.length && !quote;
  const bubble = el("div", { className: "bubble" },
    quote && el("div", { className: "quote" }, el("strong", {}, quote.mine ? "Tu" : "WhatsURP Comune di Regalbuto"), KINDS[quote.text] || quote.text.replace(/[*_~`]/g, "")),
    headerNode(header, text),
    el("div", { className: gone ? "body gone" : "body" }, ...formatted(gone ? `🚫 ${text}` : text)),
    footer && el("div", { className: "foot" }, footer),
    el("div", { className: "meta", title: label }, edited && !gone && "Modificato", el("time", {}, clock(message.at)), !gone && tick),
    buttons.length > 0 && el("div", { className: "buttons" }, ...buttons.map((button) => buttonNode(phone, message, button))));
  if (!gone) {
    const open = (event) => { event.preventDefault(); messageMenu(phone, message, bubble); };
    bubble.append(el("button", { type: "button", className: "options", "aria-label": "Azioni sul messaggio", "aria-haspopup": "menu", onclick: open }, icon("down")));
    bubble.addEventListener("contextmenu", open); // a long press, on a telephone
  }
  const reaction = [message.reaction, message.own_reaction].filter(Boolean).join(" ");
  const kinds = ["message", mine && "mine", plain && "plain", turn && "turn", header && header.kind !== "text" && "rich"];
  return el("div", { className: kinds.filter(Boolean).join(" "), "data-id": message.id },
    bubble, reaction && el("span", { className: "reaction" }, reaction));
}

// ---- Menus

function showMenu(phone, anchor, items) {
  const menu = el("div", { className: "menu", role: "menu" }, ...items.map(([symbol, label, choose]) =>
    el("button", { type: "button", role: "menuitem", className: symbol ? "" : "emoji", onclick: () => { close(); choose(); } },
      symbol && icon(symbol), label)));
  let open = true; // removing it takes its focus away, which closes it again
  const close = (focus) => {
    if (!open) return;
    open = false;
    menu.remove();
    anchor.setAttribute("aria-expanded", false);
    if (focus) anchor.focus();
  };
  menu.addEventListener("mousedown", (event) => event.preventDefault()); // Safari would give the focus to nobody
  menu.addEventListener("focusout", ({ relatedTarget }) => { if (!menu.contains(relatedTarget)) close(); });
  menu.addEventListener("keydown", (event) => {
    const entries = all("button", menu);
    const move = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (move) entries.at((entries.indexOf(document.activeElement) + move) % entries.length).focus();
    if (event.key === "Escape") close(true);
    if (move || event.key === "Escape") event.preventDefault();
  });
  const [screen, box] = [one(".frame", phone.node).getBoundingClientRect(), anchor.getBoundingClientRect()];
  one(".frame", phone.node).append(menu);
  const keep = (wanted, size, room) => Math.max(8, Math.min(wanted, room - size - 26));
  const below = box.bottom - screen.top + menu.offsetHeight < screen.height - 20;
  menu.style.top = `${keep(below ? box.bottom - screen.top : box.top - screen.top - menu.offsetHeight - 12, menu.offsetHeight, screen.height)}px`;
  menu.style.left = `${keep(box.right - screen.left - menu.offsetWidth, menu.offsetWidth, screen.width)}px`;
  anchor.setAttribute("aria-expanded", true);
  one("button", menu).focus();
}

const EMOJI = ["👍", "❤️", "🙏", "😮", "😢"];

function messageMenu(phone, message, bubble) {
  const { id, mine, kind, text, own_reaction: reaction } = message;
  const react = (emoji) => write(phone, { type: "reaction", message: id, emoji });
  showMenu(phone, one(".options", bubble), [
    ...(mine ? [] : EMOJI.map((emoji) => [null, emoji, () => react(emoji)])),
    ["reply", "Rispondi", () => draft(phone, message, false)],
    reaction && ["bin", "Togli la reazione", () => react("")],
    mine && kind === "text" && ["edit", "Modifica", () => draft(phone, message, true)],
    mine && ["bin", "Elimina per tutti", () => write(phone, { type: "revoke", message: id })],
  ].filter(Boolean));
}

// What is being written answers a message, or takes its place.
function draft(phone, message, edits) {
  const [strip, area] = [one(".draft", phone.node), one("textarea", phone.node)];
  phone.draft = message && { message: message.id, ...(edits && { type: "edit" }) };
  strip.hidden = !message;
  if (!message) return;
  one("span", strip).replaceChildren(el("strong", {}, edits ? "Modifica" : message.mine ? "Tu" : "WhatsURP Comune di Regalbuto"), message.text || KINDS[message.kind] || "Messaggio");
  if (edits) area.value = message.text;
  area.focus();
}

function phoneMenu(phone, anchor) {
  const { id, name, number, own_number: own, marketing } = phone.data;
  const change = (what) => call(`phones/${id}/identity`, what).catch((error) => alert(error.message));
  const asking = (question, known, done) => () => { const answer = prompt(question, known); if (answer) done(answer.trim()); };
  showMenu(phone, anchor, [
    ["hide", number ? "Nascondi il numero" : "Mostra il numero", () => change({ hidden: Boolean(number) })],
    ["swap", "Cambia numero…", asking(`Il nuovo numero di ${name}. Se era di un altro, glielo toglie.`, own || "+39", (answer) => change({ number: answer }))],
    ["swap", "Cambia identificativo", () => change({ number: null })],
    ["person", "Cambia nome utente…", asking("Il nuovo nome utente, senza chiocciola", phone.data.username, (answer) => change({ username: answer }))],
    ["bell", marketing ? "Ferma le promozioni" : "Riprendi le promozioni", () => call(`phones/${id}/marketing`, { wanted: !marketing })],
  ]);
}

// ---- One phone

function write(phone, message) {
  return call(`phones/${phone.data.id}/send`, message).catch((error) => alert(error.message));
}

function drawPhone(phone) {
  const { data, node } = phone;
  const open = data.window_open;
  one("h2", node).textContent = data.name;
  one(".number", node).textContent = data.number ? data.number.replace(/^(\+39)(\d{3})(\d+)$/, "$1 $2 $3") : `Nascosto · @${data.username}`;
  one(".window", node).textContent = `Finestra 24 h ${open ? "aperta" : "chiusa"}`;
  one(".window", node).setAttribute("aria-checked", open);
  one(".presence", node).textContent = data.typing ? "sta scrivendo…" : "account business";
  one(".chat", node).hidden = phone.closed;
  one(".home", node).hidden = !phone.closed;
  one(".badge", node).hidden = !data.unread;
  one(".badge", node).textContent = data.unread;
  const last = data.chat.at(-1);
  one(".last", node).textContent = last ? (last.text || "").replace(/[*_~`]/g, "") || KINDS[last.kind] || "Allegato" : "Nessun messaggio";
  drawTabs();
  readIfSeen(phone);
}

function drawChat(phone) {
  const log = one(".log", phone.node);
  const nodes = [];
  phone.data.chat.forEach((message, index) => nodes.push(...withDay(phone, message, phone.data.chat[index - 1])));
  if (!nodes.length) nodes.push(emptyNode(phone));
  log.replaceChildren(...nodes);
  toBottom(log, log);
}

// Pictures have no height until they are loaded.
function toBottom(log, fresh) {
  const down = () => { log.scrollTop = log.scrollHeight; };
  down();
  all("img", fresh).forEach((image) => image.addEventListener("load", down, { once: true }));
}

function withDay(phone, message, before) {
  const newDay = !before || dayName(before.at) !== dayName(message.at);
  const node = messageNode(phone, message, newDay || before.mine !== message.mine);
  return newDay ? [el("div", { className: "day" }, dayName(message.at)), node] : [node];
}

function emptyNode(phone) {
  const join = () => write(phone, { text: "ISCRIZIONE ON" });
  return el("div", { className: "empty" }, "Scrivi ", el("strong", {}, "ISCRIZIONE ON"), " per iscriverti agli avvisi del Comune.",
    el("br"), el("button", { type: "button", onclick: join }, "ISCRIZIONE ON"));
}

function receive(phone, message) {
  const { chat } = phone.data;
  const log = one(".log", phone.node);
  const index = chat.findIndex((known) => known.id === message.id);
  if (index >= 0) {
    const [before, old] = [chat[index], one(`[data-id="${CSS.escape(message.id)}"]`, log)];
    chat[index] = message;
    // Only the ticks and the reactions change: a video must not restart because of them.
    const fresh = messageNode(phone, message, old.classList.contains("turn"));
    if (before.text !== message.text) return old.replaceWith(fresh);
    one(".meta", old).replaceWith(one(".meta", fresh));
    one(".reaction", old)?.remove();
    if (one(".reaction", fresh)) old.append(one(".reaction", fresh));
    return;
  }
  const follow = message.mine || log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  one(".empty", log)?.remove();
  log.append(...withDay(phone, message, chat.at(-1)));
  chat.push(message);
  if (follow) toBottom(log, log.lastElementChild);
}

function readIfSeen(phone) {
  const seen = !phone.closed && phone.visible && document.visibilityState === "visible";
  if (seen && phone.data.unread) call(`phones/${phone.data.id}/open`).catch(() => {});
}

const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const phone = phones.get(target.dataset.phone);
    if (!phone) continue;
    phone.visible = isIntersecting;
    readIfSeen(phone);
  }
}, { threshold: 0.3 });

function addPhone(data) {
  const node = one("#phone").content.firstElementChild.cloneNode(true);
  const phone = { data, node, closed: false, visible: false };
  phones.set(data.id, phone);
  node.dataset.phone = data.id;
  node.id = `panel-${data.id}`;
  node.setAttribute("aria-label", `Telefono di ${data.name}`);
  one(".log", node).setAttribute("aria-label", `Messaggi di ${data.name}`);
  one("textarea", node).setAttribute("aria-label", `Messaggio di ${data.name}`);
  one(".clock", node).textContent = clock(Date.now());
  const toggle = (closed) => () => {
    phone.closed = closed;
    drawPhone(phone);
    one(closed ? ".row" : "textarea", node).focus();
  };
  one(".more", node).addEventListener("click", ({ currentTarget }) => phoneMenu(phone, currentTarget));
  one(".draft button", node).addEventListener("click", () => { draft(phone, null); one("textarea", node).value = ""; });
  one(".back", node).addEventListener("click", toggle(true));
  one(".row", node).addEventListener("click", toggle(false));
  one(".window", node).addEventListener("click", () => call(`phones/${data.id}/window`, { closed: phone.data.window_open }));
  prepareComposer(phone);
  one("main").append(node);
  sight.observe(node);
  drawPhone(phone);
  drawChat(phone);
}

function prepareComposer(phone) {
  const [form, area] = [one(".composer", phone.node), one("textarea", phone.node)];
  const attach = one(".attach", form);
  const send = (event) => {
    event.preventDefault();
    if (area.value.trim()) write(phone, { text: area.value.trim(), ...phone.draft });
    area.value = "";
    draft(phone, null);
  };
  form.addEventListener("submit", send);
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  });
  const pick = (accept) => () => pickFile(phone, accept);
  attach.addEventListener("click", () => showMenu(phone, attach, [
    ["photo", "Foto", pick("image/*")], ["video", "Video", pick("video/*")], ["pin", "Posizione", () => askPlace(phone)],
    ["file", "Documento", pick("*/*")], ["mic", "Nota vocale", pick("audio/*")],
    ["poll", "Sondaggio", () => write(phone, { type: "unsupported", what: "poll" })],
    ["hide", "Foto visibile una volta", () => write(phone, { type: "unsupported", what: "view_once" })],
  ]));
}

// ---- Dialogs

function ask(id, fill, done) {
  const dialog = one(`#${id}`);
  const form = one("form", dialog);
  const error = one(".error", dialog);
  error.textContent = "";
  fill(form, dialog);
  form.onsubmit = async (event) => {
    event.preventDefault();
    try {
      await done(new FormData(form), form);
      dialog.close();
    } catch (problem) { error.textContent = problem.message; }
  };
  dialog.showModal();
}

function pickFile(phone, accept) {
  const input = el("input", { type: "file", accept });
  input.addEventListener("change", async () => {
    const file = accept === "image/*" ? await asWhatsAppSends(input.files[0]) : input.files[0];
    const url = URL.createObjectURL(file);
    const [kind] = file.type.split("/");
    ask("file", (form) => {
      form.reset();
      const shown = { image: () => el("img", { src: url, alt: "" }), video: () => el("video", { src: url, controls: true }), audio: () => el("audio", { src: url, controls: true }) };
      one(".preview", form).replaceChildren(shown[kind]?.() ?? el("p", {}, `${file.name} · ${size(file.size)}`));
      form.caption.parentElement.hidden = kind === "audio";
    }, async (data) => {
      data.append("file", file, file.name);
      await call(`phones/${phone.data.id}/send`, data);
      URL.revokeObjectURL(url);
    });
  });
  input.click();
}

// The app itself turns pictures into smaller JPEGs without EXIF: so must what arrives from here.
async function asWhatsAppSends(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
    const canvas = el("canvas", { width: picture.width * scale, height: picture.height * scale });
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.82); });
    return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
  } catch { return file; }
}

const PLACES = [
  ["Piazza della Repubblica", 37.6535, 14.6396], ["Via Ingrassia", 37.6517, 14.6423], ["Lago Pozzillo", 37.6584, 14.6012],
  ["Cimitero comunale", 37.6489, 14.6351], ["Contrada fuori dal paese", 37.6312, 14.6608], ["Altro punto…"],
];

function askPlace(phone, message = "") {
  ask("place", (form) => {
    form.preset.replaceChildren(...PLACES.map(([name], index) => el("option", { value: index }, name)));
    const draw = () => {
      const place = { latitude: Number(form.latitude.value), longitude: Number(form.longitude.value) };
      one(".preview", form).replaceChildren(drawMap(place));
    };
    const choose = () => {
      const [, latitude, longitude] = PLACES[form.preset.value];
      if (latitude) { form.latitude.value = latitude; form.longitude.value = longitude; }
      draw();
    };
    form.preset.onchange = choose;
    form.latitude.oninput = form.longitude.oninput = () => { form.preset.value = PLACES.length - 1; draw(); };
    choose();
  }, (data) => call(`phones/${phone.data.id}/send`,
    { type: "location", message, latitude: Number(data.get("latitude")), longitude: Number(data.get("longitude")) }));
}

function chooseFrom(phone, message, button) {
  const dialog = one("#list");
  const row = ({ id, title, description }) => el("button", { type: "button", onclick: () => {
    dialog.close();
    write(phone, { type: "list_reply", message: message.id, id, title, description });
  } }, title, description && el("small", {}, description));
  one("h2", dialog).textContent = button.text;
  one(".rows", dialog).replaceChildren(...button.sections.flatMap((section) =>
    [section.title && el("h3", {}, section.title), ...section.rows.map(row)].filter(Boolean)));
  dialog.showModal();
  // The sheet rises from the bottom of that phone.
  const screen = one(".chat", phone.node).getBoundingClientRect();
  Object.assign(dialog.style, { left: `${screen.left}px`, width: `${screen.width}px`, bottom: `${Math.max(0, innerHeight - screen.bottom)}px` });
}

function settingNode({ name, kind, value, label, help, choices }) {
  const properties = { name, "data-kind": kind };
  const note = help && el("small", { className: "help" }, help);
  if (kind === "bool") return el("label", { className: "check" }, el("input", { ...properties, type: "checkbox", checked: value }), el("span", {}, label, note));
  if (!choices.length) {
    const most = kind === "rate" ? { max: 100 } : {};
    const field = el("input", { ...properties, ...most, type: "number", min: 0, step: kind === "int" ? 1 : "any", value: kind === "rate" ? Number((value * 100).toFixed(4)) : value });
    return el("label", {}, el("span", {}, label, note), field);
  }
  if (!choices.some(([choice]) => choice === value)) choices.push([value, "altro"]);
  const options = choices.map(([choice, text]) => el("option", { value: choice, selected: choice === value }, kind === "str" ? text : `${choice || "–"}: ${text}`));
  return el("label", {}, el("span", {}, label, note), el("select", properties, ...options));
}

function settingValue(field) {
  const { kind } = field.dataset;
  if (kind === "bool") return field.checked;
  if (kind === "str") return field.value;
  return kind === "rate" ? field.value / 100 : Number(field.value);
}

async function askFaults() {
  const [state, table] = await Promise.all(["state?counters=0", "settings"].map(async (path) => (await fetch(`/control/${path}`)).json()));
  const [what, template] = [one("#news-what"), one("#news-template")];
  const said = (text) => { one("#done").textContent = text; };
  const tell = async (path, body, text) => { try { await call(path, body); said(text); } catch (error) { said(error.message); } };
  const chosen = () => table.news[what.value];
  what.replaceChildren(...table.news.map(({ label }, index) => el("option", { value: index }, label)));
  template.replaceChildren(...state.templates.map(({ name, language }, index) => el("option", { value: index }, `${name} (${language})`)));
  what.onchange = () => { template.parentElement.hidden = !chosen().field.includes("template_"); };
  what.onchange();
  one("#news-tell").onclick = () => {
    const { name, language } = state.templates[template.value] ?? {};
    const about = template.parentElement.hidden ? {} : { message_template_name: name, message_template_language: language };
    tell("account", { field: chosen().field, value: { ...about, ...chosen().value } }, "Notizia mandata.");
  };
  for (const button of all("#spoil button")) {
    const lose = Boolean(button.dataset.lose);
    button.onclick = () => tell("media", { lose }, lose ? "I file non si scaricano più." : "Gli indirizzi sono scaduti.");
  }
  ask("faults", (form) => {
    const { calls, received, failed } = state.totals;
    one("#figures").textContent = `Messaggi: ${calls} chiamate, ${received} ricevuti, ${failed} falliti. ` +
      `Webhook: ${state.webhooks.posted} consegnati, ${state.webhooks.pending} in attesa. Modelli: ${state.templates.length}.`;
    said("");
    const groups = new Map();
    for (const row of table.settings) groups.set(row.group, [...(groups.get(row.group) ?? []), settingNode(row)]);
    one("#settings", form).replaceChildren(...[...groups].map(([group, fields]) => el("fieldset", {}, el("legend", {}, group), ...fields)));
  }, (data, form) => call("settings", Object.fromEntries(all("[name]", form).map((field) => [field.name, settingValue(field)]))));
}

const OPENERS = {
  faults: askFaults,
  add: () => ask("add", (form) => form.reset(), async (data) => {
    const { id } = await call("phones", { name: data.get("name"), number: data.get("number") || null });
    await load();
    select(id);
    phones.get(id).node.scrollIntoView({ behavior: "smooth", block: "center" });
  }),
};

// ---- Tabs, for narrow screens

function select(id) {
  selected = id;
  for (const phone of phones.values()) phone.node.classList.toggle("selected", phone.data.id === id);
  const log = phones.has(id) && one(".log", phones.get(id).node);
  if (log && narrow.matches) toBottom(log, log);
  drawTabs();
}

function drawTabs() {
  const bar = one(".tabs");
  const focused = bar.contains(document.activeElement);
  bar.replaceChildren(...[...phones.values()].map(({ data }) => el("button", {
    type: "button", role: "tab", "aria-selected": data.id === selected, "aria-controls": `panel-${data.id}`,
    tabIndex: data.id === selected ? 0 : -1, onclick: () => select(data.id),
  }, data.name.replace(/ \(.*/, "").split(" ").slice(0, data.name.startsWith("Nonna") ? 2 : 1).join(" "), " ", data.unread > 0 && el("span", { className: "badge" }, data.unread))));
  if (focused) one("[aria-selected=true]", bar)?.focus();
}

one(".tabs").addEventListener("keydown", (event) => {
  const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!move) return;
  const ids = [...phones.keys()];
  select(ids.at((ids.indexOf(selected) + move) % ids.length));
});

// ---- Start, and what arrives while the page is open

async function load() {
  const state = await (await fetch("/control/state?counters=0")).json();
  const closed = new Set([...phones.values()].filter((phone) => phone.closed).map((phone) => phone.data.id));
  sight.disconnect();
  phones.clear();
  one("main").replaceChildren();
  one("#service").textContent = state.number.replace(/^(\+39)(\d{3})(\d{4})(\d+)$/, "$2 $3 $4");
  state.phones.forEach(addPhone);
  for (const id of closed) if (phones.has(id)) { phones.get(id).closed = true; drawPhone(phones.get(id)); }
  select(phones.has(selected) ? selected : state.phones[0]?.id);
}

function listen() {
  const source = new EventSource("/control/events");
  source.onopen = () => { one("#offline").hidden = true; load(); };
  source.onerror = () => { one("#offline").hidden = false; };
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.reset) return load();
    if (!event.phone) return undefined;
    const phone = phones.get(event.phone.id);
    if (!phone) return load();
    if (event.message) receive(phone, event.message);
    Object.assign(phone.data, event.phone);
    return drawPhone(phone);
  };
}

for (const button of all("[data-dialog]")) button.addEventListener("click", OPENERS[button.dataset.dialog]);
for (const button of all("dialog [value=cancel][type=button]")) button.addEventListener("click", () => button.closest("dialog").close());
one("#reset").addEventListener("click", async () => { await call("reset"); one("#faults").close(); });
one("#viewer").addEventListener("click", () => one("#viewer").close());
document.addEventListener("visibilitychange", () => phones.forEach(readIfSeen));
narrow.addEventListener("change", () => select(selected));
setInterval(() => all(".clock").forEach((node) => { node.textContent = clock(Date.now()); }), 10000);
listen();
