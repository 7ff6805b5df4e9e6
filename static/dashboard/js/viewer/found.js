// Matches on the page, painted by the browser: no element is added, so copying stays clean.

import { lines, viewer } from "./state.js";

const MOST = 5000;
let wanted = "";
let waiting = 0;

const special = /[\\^$.*+?()[\]{}|/]/g;

// What the log puts before a line is none of its text.
const own = (node) => (node.parentElement.matches(".branch") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);

// A text may go across colours, so the nodes of a line are taken together.
function rangesIn(text, pattern) {
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT, own);
  const nodes = [];
  let whole = "";
  while (walker.nextNode()) {
    nodes.push([whole.length, walker.currentNode]);
    whole += walker.currentNode.data;
  }
  return [...whole.matchAll(pattern)].map(({ index, 0: found }) => {
    const range = document.createRange();
    const place = (at) => nodes.findLast(([start]) => start <= at);
    const [first, from] = place(index);
    const [last, to] = place(index + found.length - 1);
    range.setStart(from, index - first);
    range.setEnd(to, index + found.length - last);
    return range;
  });
}

function paint() {
  waiting = 0;
  const highlights = window.CSS?.highlights;
  if (!highlights) return;
  highlights.delete("found");
  if (!wanted) return;
  const pattern = new RegExp(wanted.replace(special, "\\$&"), "giu");
  const found = new window.Highlight();
  for (const text of lines.querySelectorAll(".text")) {
    if (found.size > MOST) break;
    for (const range of rangesIn(text, pattern)) found.add(range);
  }
  highlights.set("found", found);
}

export function light(text) {
  wanted = text;
  paint();
}

viewer.addEventListener("viewer:drawn", () => {
  if (wanted && !waiting) waiting = setTimeout(paint, 100);
});
