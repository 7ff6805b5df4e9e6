// What every page asks of the browser alone: the theme, the keys, times that age, polls that rest.
// One file, because each module would be one more request on a cold page.

const one = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];

// Theme: kept in a cookie, so that the server draws the page in it and nothing flashes.
const THEMES = ["system", "light", "dark"];
const YEAR = 365 * 24 * 3600;

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  for (const word of all("[data-theme-word]")) word.textContent = `Theme: ${theme}`;
  for (const button of all("[data-theme-toggle]")) button.title = `Theme: ${theme}`;
}

function nextTheme() {
  const now = document.documentElement.dataset.theme;
  const theme = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  document.cookie = `theme=${theme}; path=/; max-age=${YEAR}; samesite=lax`;
  showTheme(theme);
}

showTheme(document.documentElement.dataset.theme);
for (const button of all("[data-theme-toggle]")) {
  button.hidden = false;
  button.addEventListener("click", nextTheme);
}

// Dialogs: <button data-open="ID">, or a click beside them to close.
for (const button of all("[data-open]")) {
  button.hidden = false;
  button.addEventListener("click", () => document.getElementById(button.dataset.open).showModal());
}
for (const dialog of all("dialog")) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}

// A form that unfolds is there to be filled in.
document.addEventListener("toggle", ({ target }) => {
  if (target.open) target.querySelector("[autofocus]")?.focus();
}, true);

// Keys.  A page adds its own with a listener of its own; typing into a field is never a key.
function step(by) {
  const rows = all("[data-row] a[data-open-row]");
  const at = rows.indexOf(document.activeElement);
  rows[at < 0 && by > 0 ? 0 : Math.max(0, at + by)]?.focus();
}

const KEYS = {
  "?": () => one("#keys")?.showModal(),
  "/": () => one("[data-find]")?.focus(),
  j: () => step(1),
  k: () => step(-1),
};

export const typing = (event) =>
  event.ctrlKey || event.metaKey || event.altKey ||
  event.target.closest?.("input, textarea, select, [contenteditable], dialog") !== null;

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches?.("input[type=search]")) event.target.blur();
  if (event.defaultPrevented || typing(event) || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

// The palette opens at once, so that no letter typed next is lost; its keys are fetched with it.
document.addEventListener("keydown", (event) => {
  const palette = document.getElementById("palette");
  if (event.key !== "k" || !(event.metaKey || event.ctrlKey) || !palette) return;
  event.preventDefault();
  const field = palette.querySelector("input");
  if (!palette.open) palette.showModal();
  field.select();
  field.focus();
  window.htmx?.trigger(field, "open");
  import("./palette.js");
});

// Times age in place, so that a list in which nothing happened need not be sent again.
const UNITS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [14 * 86400, 86400, "d"]];

function agoWords(seconds) {
  if (seconds <= -2) return `in ${durationWords(-seconds)}`;
  if (seconds < 2) return "now";
  const unit = UNITS.find(([limit]) => seconds < limit);
  return unit ? `${Math.floor(seconds / unit[1])} ${unit[2]} ago` : null;
}

function durationWords(seconds) {
  const two = (value) => String(value).padStart(2, "0");
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${two(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${two(minutes % 60)} m` : `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

function age() {
  if (document.hidden) return;
  const now = Date.now();
  const since = (text) => Math.floor((now - Date.parse(text)) / 1000);
  for (const time of all("time[data-ago]")) {
    const words = agoWords(since(time.dateTime));
    if (words && words !== time.textContent) time.textContent = words;
  }
  for (const time of all("[data-running-since]")) {
    time.textContent = durationWords(Math.max(0, since(time.dataset.runningSince)));
  }
}
setInterval(age, 1000);

// Nothing polls in a hidden tab, nor under a selection, an open menu or form; on return it asks at once.
const filling = (element) => element.querySelector("details[data-hold][open], .c-tick :checked") !== null;
const busy = (element) =>
  filling(element) ||
  (!getSelection().isCollapsed && element.contains(getSelection().anchorNode)) ||
  (document.activeElement?.matches("select") && element.contains(document.activeElement));

document.addEventListener("htmx:beforeRequest", (event) => {
  const element = event.detail.elt;
  if (!element.matches("[data-poll]") || event.detail.requestConfig.triggeringEvent?.type === "wake") return;
  if (document.hidden || busy(element)) event.preventDefault();
});
// What the reader asks for goes before what a poll brings.  (hx-sync would abort the poll instead,
// and htmx reports every abort as an error.)
document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt } = event.detail.requestConfig;
  if (elt.matches("[data-poll]") && (elt.querySelector(".htmx-request") || filling(elt))) event.detail.shouldSwap = false;
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const element of all("[data-poll]")) window.htmx?.trigger(element, "wake");
});
