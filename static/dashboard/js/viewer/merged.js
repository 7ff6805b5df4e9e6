// The log of a whole workflow: its places are no numbers, and each line leads to its own run.

import { KEYS } from "./find.js";
import { listen } from "./keys.js";
import "./menu.js";
import { goToHash, goToLast } from "./place.js";
import { viewer } from "./state.js";
import { begin, openStream } from "./stream.js";

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
viewer.addEventListener("viewer:end", goToLast);
listen(KEYS);

await begin(goToHash);
