// Places in the log: links to lines (#L120, #L120-L140), first and last line, where the reader is.

import { batches, lineAt, lines, log, merged, nameOf, node, reveal, START, state, viewer } from "./state.js";
import { openWindow } from "./windows.js";
import { toEnd, turn } from "./follow.js";

const filtered = viewer.classList.contains("narrow");

// The page with these words, for a link to one of its lines.
export const pageWith = (words) => `?${new URLSearchParams(merged ? { tab: "log", ...words } : words)}`;
export const hashOf = (name) => `#L${encodeURI(name)}`;

function hashed() {
  try {
    return decodeURI(location.hash);
  } catch {
    return "";
  }
}

function asked() {
  const hash = hashed();
  if (merged) return /^#L.+:\d+$/.test(hash) ? { first: hash.slice(2), last: hash.slice(2) } : null;
  const found = /^#L(\d+)(?:-L(\d+))?$/.exec(hash);
  if (!found) return null;
  const ends = [Number(found[1]), Number(found[2] ?? found[1])].sort((a, b) => a - b);
  return { first: ends[0], last: ends[1] };
}

// Shows the linked lines in their context; loads it when it is not on the page.
export async function goToHash() {
  const range = asked();
  say("");
  mark(range);
  if (!range) return false;
  turn(false);
  try {
    if (!lineAt(range.first)) await openWindow({ at: range.first });
  } catch {
    say(`Line ${said(range.first)} could not be loaded. Try again in a moment.`);
    return true;
  }
  // A line that the filters hide is shown without them.
  if (!lineAt(range.first) && filtered) {
    location.assign(pageWith({ line: range.first }) + hashOf(range.first));
    return true;
  }
  mark(range);
  land(range);
  return true;
}

const said = (name) => (merged ? name.slice(name.lastIndexOf(":") + 1) : name.toLocaleString("en"));

// At the first of the lines that is there; where none is, at the place they left, and says so.
function land({ first, last }) {
  const line = merged ? lineAt(first) : nearest(first);
  if (merged && !line) return say(`There is no line ${said(first)} of this run, or it was dropped.`);
  const number = line ? nameOf(line) : 0;
  if (!merged && (number < first || number > last)) say(missing(first));
  const gap = number > last && line.parentElement.previousElementSibling;
  const place = gap && gap.matches(".mark.gap") ? gap : line;
  reveal(line);
  place?.scrollIntoView({ block: "center" });
}

function nearest(number) {
  const all = [...batches()];
  const batch = all.find(({ dataset }) => Number(dataset.last) >= number) ?? all.at(-1);
  const rows = [...(batch?.children ?? [])];
  return rows.find((row) => nameOf(row) >= number) ?? rows.at(-1);
}

function missing(number) {
  const [asked, seen] = [number.toLocaleString("en"), state.seen.toLocaleString("en")];
  if (number > state.seen) return `There is no line ${asked}: the log ends at ${seen}.`;
  return `Line ${asked} is gone: it was dropped here.`;
}

function say(words) {
  const gone = node("gone");
  gone.textContent = words;
  gone.hidden = !words;
}

function mark(range) {
  for (const line of lines.querySelectorAll(".line.target")) line.classList.remove("target");
  if (!range) return;
  const count = Math.min(range.last - range.first, 5000) + 1;
  const names = merged ? [range.first] : Array.from({ length: count }, (_, n) => range.first + n);
  for (const name of names) lineAt(name)?.classList.add("target");
}

export function remark() {
  const range = asked();
  if (range) mark(range);
}

export async function goToFirst() {
  turn(false);
  if (lines.querySelector(".edge.older")) await openWindow({ after: viewer.dataset.first });
  log.scrollTop = 0;
}

export async function goToLast() {
  if (!state.attached) await openWindow({});
  toEnd();
}

export async function goToLine(name) {
  const address = new URL(location);
  address.hash = hashOf(name);
  history.replaceState(null, "", address);
  await goToHash();
}

const shownIn = (rect, box) => rect.top >= box.top - 1 && rect.bottom <= box.bottom + 1;

// Where a reader stands: at the marked line while it is in view, else just outside the lines in
// view, so that a match among them comes first.
export function standing(back) {
  const box = log.getBoundingClientRect();
  const inView = (line) => shownIn(line.getBoundingClientRect(), box);
  const marked = lines.querySelector(".line.target");
  if (marked && inView(marked)) return nameOf(marked);
  const near = [...lines.querySelectorAll(".batch")].filter((batch) => {
    const { top, bottom } = batch.getBoundingClientRect();
    return bottom > box.top && top < box.bottom;
  });
  const shown = near.flatMap((batch) => [...batch.querySelectorAll(".line")]).filter(inView);
  return shown.length ? outside(shown.at(back ? -1 : 0), back) : START;
}

// Numbers have a place even where no line is; names are those of lines.
function outside(line, back) {
  if (!merged) return nameOf(line) + (back ? 1 : -1);
  const all = [...lines.querySelectorAll(".line")];
  const beside = all[all.indexOf(line) + (back ? 1 : -1)];
  return beside ? nameOf(beside) : START;
}

// A click on a number links to the line, with Shift to the range from the marked one.
lines.addEventListener("click", (event) => {
  const number = Number(event.target.closest(".no")?.textContent);
  if (!number || !event.shiftKey || merged) return;
  event.preventDefault();
  const [first, last] = [asked()?.first ?? number, number].sort((a, b) => a - b);
  location.hash = first === last ? `L${first}` : `L${first}-L${last}`;
});

addEventListener("hashchange", goToHash);
viewer.addEventListener("viewer:drawn", remark);
