// Places in the log: links to lines (#L120, #L120-L140), first and last line, where the reader is.

import { batches, lineAt, lines, log, node, numberOf, reveal, state, viewer } from "./state.js";
import { openWindow } from "./windows.js";
import { toEnd, turn } from "./follow.js";

const filtered = viewer.classList.contains("narrow");

function asked() {
  const found = /^#L(\d+)(?:-L(\d+))?$/.exec(location.hash);
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
    say(`Line ${range.first.toLocaleString("en")} could not be loaded. Try again in a moment.`);
    return true;
  }
  // A line that the filters hide is shown without them.
  if (!lineAt(range.first) && filtered) {
    location.assign(`?line=${range.first}#L${range.first}`);
    return true;
  }
  mark(range);
  land(range);
  return true;
}

// At the first of the lines that is there; where none is, at the place they left, and says so.
function land({ first, last }) {
  const line = nearest(first);
  const number = line ? numberOf(line) : 0;
  if (number < first || number > last) say(missing(first));
  const gap = number > last && line.parentElement.previousElementSibling;
  const place = gap && gap.matches(".mark.gap") ? gap : line;
  reveal(line);
  place?.scrollIntoView({ block: "center" });
}

function nearest(number) {
  const all = [...batches()];
  const batch = all.find(({ dataset }) => Number(dataset.last) >= number) ?? all.at(-1);
  const rows = [...(batch?.children ?? [])];
  return rows.find((row) => numberOf(row) >= number) ?? rows.at(-1);
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
  for (let number = range.first; number <= Math.min(range.last, range.first + 5000); number += 1) {
    lineAt(number)?.classList.add("target");
  }
}

export function remark() {
  const range = asked();
  if (range) mark(range);
}

export async function goToFirst() {
  turn(false);
  if (lines.querySelector(".edge.older")) await openWindow({ after: 0 });
  log.scrollTop = 0;
}

export async function goToLast() {
  if (!state.attached) await openWindow({});
  toEnd();
}

export async function goToLine(number) {
  const address = new URL(location);
  address.hash = `L${number}`;
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
  if (marked && inView(marked)) return numberOf(marked);
  const near = [...lines.querySelectorAll(".batch")].filter((batch) => {
    const { top, bottom } = batch.getBoundingClientRect();
    return bottom > box.top && top < box.bottom;
  });
  const shown = near.flatMap((batch) => [...batch.querySelectorAll(".line")]).filter(inView);
  if (!shown.length) return 0;
  return back ? numberOf(shown.at(-1)) + 1 : numberOf(shown[0]) - 1;
}

// A click on a number links to the line, with Shift to the range from the marked one.
lines.addEventListener("click", (event) => {
  const number = Number(event.target.closest(".no")?.textContent);
  if (!number || !event.shiftKey) return;
  event.preventDefault();
  const [first, last] = [asked()?.first ?? number, number].sort((a, b) => a - b);
  location.hash = first === last ? `L${first}` : `L${first}-L${last}`;
});

addEventListener("hashchange", goToHash);
viewer.addEventListener("viewer:drawn", remark);
