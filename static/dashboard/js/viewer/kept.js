// What the reader chose for lines.  The server keeps it for them; this browser keeps it too, for a
// server that does not answer.  A choice that is not sent yet counts more than what the server knows.

import { viewer } from "./state.js";

const place = (name) => `tasklog.${viewer.dataset.reader}.${name}`;
const unsent = (name) => place(`unsent.${name}`);
const NAMES = ["time", "wrap", "groups"];
let sending = false;

export function kept(name, fallback) {
  const here = localStorage.getItem(place(name));
  if (here !== null && localStorage.getItem(unsent(name)) !== null) return here;
  return viewer.getAttribute(`data-kept-${name}`) ?? here ?? fallback;
}

export function keep(name, value) {
  localStorage.setItem(place(name), value);
  localStorage.setItem(unsent(name), "");
  send();
}

// One at a time, so that the last choice is the one that stays.
async function send() {
  if (sending) return;
  sending = true;
  try {
    for (let name; (name = NAMES.find((n) => localStorage.getItem(unsent(n)) !== null)); ) {
      if (!(await sent(name))) break;
    }
  } catch {
    // Not reached: the next page tries again.
  } finally {
    sending = false;
  }
}

async function sent(name) {
  const value = localStorage.getItem(place(name)) ?? "";
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  const body = new URLSearchParams({ name, value });
  const answer = await fetch(viewer.dataset.preferences, { method: "POST", headers, body, keepalive: true });
  if (!answer.ok && answer.status !== 422) return false;
  if (answer.ok) viewer.setAttribute(`data-kept-${name}`, value);
  if (localStorage.getItem(place(name)) === value) localStorage.removeItem(unsent(name));
  return true;
}

send();
