// Groups: `::group::name` … `::endgroup::` fold.  The rows stay where they are, one below the other;
// folding only hides them, so that windows, trimming, copying and the browser's find go on as ever.

import { following, toEnd, turn } from "./follow.js";
import { Group } from "./group.js";
import { keep, kept } from "./kept.js";
import { batches, lines, log, node, numberOf, state, viewer } from "./state.js";

// Found by the browser's own find, which opens the group (`beforematch`).
const HIDDEN = "onbeforematch" in document.body ? "until-found" : "";
// Where other filters leave lines out, a mark says nothing about the lines below it.
const PLAIN = ["attempt", "find"];
const whole = [...new URLSearchParams(viewer.dataset.query).keys()].every((name) => PLAIN.includes(name));

const marks = lines.getElementsByClassName("group-start");
const known = new Map();
let within = new WeakMap();
let lowest = Infinity;

const on = () => whole && kept("groups", "on") === "on";

// Goes over the marks in the order of the lines and gives every batch and row its place.
function arrange() {
  const open = [];
  const asked = on();
  for (const group of known.values()) group.forget();
  for (const part of [...lines.children]) {
    if (part.matches(".batch")) place(part, open, asked);
    else if (part.matches(".mark.attempt")) open.length = 0;
    else if (part.matches(".edge.hidden")) cut(open.splice(0));
  }
  if (!state.attached) cut(open);
  else if (state.live) for (const group of open) group.running = true;
  return asked;
}

// Where they end is not on the page.
function cut(groups) {
  for (const group of groups) group.cut = true;
}

function place(batch, open, asked) {
  if (!batch.querySelector(".group-start, .group-end")) return placeWhole(batch, open);
  within.delete(batch);
  for (const row of batch.children) placeRow(row, open, asked);
}

function placeWhole(batch, open) {
  within.set(batch, [...open]);
  if (!open.length) return;
  const errors = batch.querySelectorAll(".line:is(.error, .crit)").length;
  for (const group of open) group.take(batch.lastElementChild, Number(batch.dataset.count), errors);
}

function placeRow(row, open, asked) {
  if (row.matches(".group-end")) {
    open.pop()?.close(row);
    within.set(row, [...open]);
    return;
  }
  within.set(row, [...open]);
  if (row.matches(".group-start")) {
    if (asked) open.push(groupOf(row));
    return;
  }
  const errors = row.matches(".error, .crit") ? 1 : 0;
  for (const group of open) group.take(row, 1, errors);
}

function groupOf(row) {
  const number = numberOf(row);
  let group = known.get(number);
  if (!group || group.row !== row) {
    group = new Group(row, group?.chosen);
    known.set(number, group);
  }
  return group;
}

// A group folds by itself when it is over without an error, and only where nobody's place moves.
function settle() {
  const edge = log.getBoundingClientRect().bottom;
  for (const group of known.values()) {
    if (!group.row.isConnected) continue;
    const read = group.number < lowest && group.last >= lowest;
    const still = following() || group.fresh || group.row.getBoundingClientRect().top > edge;
    if (!read && still) group.settle();
    group.fresh = false;
    group.draw();
  }
}

// What is on the page from now on may have been read.
function remember() {
  const first = lines.querySelector(".batch");
  lowest = first ? Number(first.dataset.first) : Infinity;
}

// Hides what lies in a folded group: a batch as a whole where it can be.
function show() {
  for (const batch of batches()) {
    const shared = within.get(batch);
    hide(batch, shared);
    if (shared && !batch.dataset.mixed) continue;
    if (shared) delete batch.dataset.mixed;
    else batch.dataset.mixed = "1";
    for (const row of batch.children) hide(row, shared ? [] : within.get(row));
  }
}

function hide(element, groups = []) {
  const folded = groups.some((group) => group.folded);
  if (folded !== element.hasAttribute("hidden")) element.toggleAttribute("hidden", folded);
  if (folded) element.setAttribute("hidden", HIDDEN);
  if (groups.length) element.dataset.depth = Math.min(groups.length, 3);
  else delete element.dataset.depth;
}

function update() {
  node("groups").hidden = !whole || !marks.length;
  viewer.classList.toggle("as-printed", !on());
  if (marks.length || known.size) refold();
  remember();
}

function refold() {
  if (following() && state.attached) {
    redraw();
    toEnd();
  } else keepPlace(redraw);
}

function redraw() {
  if (arrange()) settle();
  for (const [number, group] of known) if (!group.row.isConnected) known.delete(number);
  show();
}

// What is being read stays where it is, whatever folds above it.
function keepPlace(change) {
  const box = log.getBoundingClientRect();
  const row = document.elementFromPoint(box.left + 60, box.top + 12)?.closest("#lines > .batch > .line");
  const before = row?.getBoundingClientRect().top;
  change();
  if (row?.isConnected && !row.hidden) log.scrollTop += row.getBoundingClientRect().top - before;
}

function openAll(groups = []) {
  for (const group of groups) group.choose(false);
  for (const group of groups) group.draw();
  if (groups.length) show();
}

const groupsOf = (element) => within.get(element) ?? within.get(element.closest(".batch")) ?? [];

// By hand: the reader is here now; the view stays, and follows only if its end is still in sight.
function toggle(row) {
  const group = known.get(numberOf(row));
  if (!group || !on()) return;
  const before = row.getBoundingClientRect().top;
  turn(false);
  group.choose(!group.folded);
  group.draw();
  show();
  log.scrollTop += row.getBoundingClientRect().top - before;
  requestAnimationFrame(() => {
    if (state.attached && log.scrollHeight - log.scrollTop - log.clientHeight < 8) toEnd();
  });
}

lines.addEventListener("click", (event) => {
  const row = event.target.closest(".group-start");
  if (row && !event.target.closest("a, .line-menu") && getSelection().isCollapsed) toggle(row);
});
lines.addEventListener("beforematch", (event) => openAll(groupsOf(event.target)));
viewer.addEventListener("viewer:reveal", (event) => openAll(groupsOf(event.target)));

export function switchGroups() {
  keep("groups", on() ? "off" : "on");
  node("groups").setAttribute("aria-pressed", on());
  if (!on()) for (const group of known.values()) group.leave();
  within = new WeakMap();
  update();
}

node("groups").setAttribute("aria-pressed", on());
node("groups").addEventListener("click", switchGroups);
viewer.addEventListener("viewer:drawn", update);
viewer.addEventListener("htmx:sseClose", () => setTimeout(update));
setInterval(() => {
  if (!document.hidden) for (const group of known.values()) if (group.running) group.draw();
}, 1000);
update();
