// The log of a whole workflow: its places are no numbers, and each line leads to its own run.

import { typing } from "../shell.js";
import { hold, switchFollow, toEnd } from "./follow.js";
import { switchFull } from "./full.js";
import { lines, log, state, viewer } from "./state.js";
import { begin, openStream } from "./stream.js";
import { nextTime, nextWrap } from "./switches.js";
import { openWindow } from "./windows.js";

// Those that are shown, and those behind the bar of a flood.
const linesIn = (html) => html.split('class="line ').length - 1
  + Number(/ data-hidden="(\d+)"/.exec(html)?.[1] ?? 0);

// What the page holds fits the workflow no more: it starts over where the newest lines are, soon,
// but never again and again at once.
const SETTLED_MS = 5000;

function startOver() {
  setTimeout(() => location.replace(location.href), Math.max(0, SETTLED_MS - performance.now()));
}

function moved(word) {
  if (word === "reset") startOver();
  else window.htmx.trigger("#status", "refresh");
}

openStream(({ lastEventId, data }) => ({ last: lastEventId, count: linesIn(data) }), moved);

viewer.addEventListener("viewer:stale", startOver);
viewer.addEventListener("viewer:end", async () => {
  if (!state.attached) await openWindow({});
  toEnd();
});

async function goToFirst() {
  state.following = false;
  if (lines.querySelector(".edge.older")) await openWindow({ after: viewer.dataset.first });
  log.scrollTop = 0;
}

const KEYS = {
  f: switchFollow,
  t: nextTime,
  w: nextWrap,
  z: () => switchFull(),
  g: goToFirst,
  G: () => { hold(false); },
};

document.addEventListener("keydown", (event) => {
  if (typing(event) || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

await begin();
