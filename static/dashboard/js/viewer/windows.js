// Windows of lines: older ones above, newer ones below, hidden ones in between; never too many.

import { batches, lines, log, placeOf, state, viewer } from "./state.js";

const MOST_LINES = 5000;
const query = new URLSearchParams(viewer.dataset.query);

function address(place) {
  const words = new URLSearchParams(query);
  for (const [name, value] of Object.entries(place)) words.set(name, value);
  return `?${words}`;
}

async function fetchWindow(load) {
  const response = await fetch(viewer.dataset.lines + load, { headers: { "HX-Request": "true" } });
  if (response.status === 409) viewer.dispatchEvent(new Event("viewer:stale"));
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return { content: template.content, seen: placeOf(response.headers.get("TaskLog-Seen")) };
}

// Puts the window in the place of an edge, and keeps what is being read where it is.
export async function loadEdge(edge) {
  if (edge.dataset.busy) return;
  edge.dataset.busy = "1";
  try {
    const { content, seen } = await fetchWindow(edge.dataset.load);
    const older = edge.classList.contains("older");
    keepPlace(older ? edge.nextElementSibling : edge.previousElementSibling, () => {
      edge.replaceWith(content);
      estimate();
      trim(older ? "newest" : "oldest");
    });
    if (edge.classList.contains("newer") && !lines.querySelector(".edge.newer")) attach(seen);
    watchEdges();
    viewer.dispatchEvent(new Event("viewer:drawn"));
  } catch {
    delete edge.dataset.busy;
  }
}

// Everything on the page makes way for one window.
export async function openWindow(place) {
  const { content, seen } = await fetchWindow(address(place));
  lines.replaceChildren(content);
  estimate();
  detachOr(seen);
  watchEdges();
  viewer.dispatchEvent(new Event("viewer:drawn"));
}

function detachOr(seen) {
  if (lines.querySelector(".edge.newer")) state.attached = false;
  else attach(seen);
}

// The page reaches to the newest line again; the stream goes on from exactly there.
function attach(seen) {
  state.attached = true;
  state.seen = seen;
  viewer.dispatchEvent(new Event("viewer:attached"));
}

function keepPlace(anchor, change) {
  const before = anchor?.getBoundingClientRect().top ?? 0;
  log.style.overflowAnchor = "none";
  change();
  if (anchor?.isConnected) log.scrollTop += anchor.getBoundingClientRect().top - before;
  requestAnimationFrame(() => { log.style.overflowAnchor = ""; });
}

export function trim(side) {
  const all = [...batches()];
  let excess = all.reduce((sum, batch) => sum + Number(batch.dataset.count), 0) - MOST_LINES;
  if (excess <= 0) return;
  if (side === "newest") all.reverse();
  let last = null;
  while (excess > 0 && all.length > 1) {
    last = all.shift();
    excess -= Number(last.dataset.count);
  }
  if (side === "oldest") cutAbove(all[0]);
  else cutBelow(all[0]);
}

function cutAbove(first) {
  while (first.previousSibling) first.previousSibling.remove();
  first.before(edge("older", { before: first.dataset.first }, "Older lines"));
  watchEdges();
}

function cutBelow(last) {
  while (last.nextSibling) last.nextSibling.remove();
  last.after(edge("newer", { after: last.dataset.last }, "Newer lines"));
  state.attached = false;
}

function edge(kind, place, words) {
  const link = document.createElement("a");
  link.className = `edge ${kind}`;
  link.href = link.dataset.load = address(place);
  link.innerHTML = "<span></span>";
  link.firstChild.textContent = words;
  return link;
}

// Batches out of view are not laid out; a height near the truth keeps the scroll bar honest.
export function estimate(root = lines) {
  const height = parseFloat(getComputedStyle(log).getPropertyValue("--row")) || 20;
  for (const batch of root.querySelectorAll(".batch:not([style])")) {
    batch.style.containIntrinsicBlockSize = `auto ${batch.dataset.count * height}px`;
  }
}

// A live run writes line by line: small batches become one, so that wrappers stay few.
export function mergeSmall() {
  let last = lines.lastElementChild;
  let before = last?.previousElementSibling;
  while (before?.matches(".batch") && last.matches(".batch")) {
    const count = Number(before.dataset.count) + Number(last.dataset.count);
    if (count > 100) return;
    before.append(...last.children);
    Object.assign(before.dataset, { last: last.dataset.last, count });
    before.removeAttribute("style");
    last.remove();
    [last, before] = [before, before.previousElementSibling];
  }
}

const nearing = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) if (isIntersecting) loadEdge(target);
}, { root: log, rootMargin: "600px 0px" });

export function watchEdges() {
  nearing.disconnect();
  for (const one of lines.querySelectorAll(".edge:not(.hidden)")) nearing.observe(one);
}

lines.addEventListener("click", (event) => {
  const clicked = event.target.closest(".edge");
  if (!clicked || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  loadEdge(clicked);
});
