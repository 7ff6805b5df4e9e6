// Find like an editor, over the whole log; the error keys.

import { light } from "./found.js";
import { goToLine, standing } from "./place.js";
import { merged, node, START, viewer } from "./state.js";
import { Trail } from "./trail.js";

const form = node("find");
const box = form.elements.q;
const said = node("found");
const steps = form.querySelector(".steps");
// In a view of matching lines alone the box stands for its filter until another text is typed.
const filter = new URLSearchParams(viewer.dataset.query).get("q") ?? "";
const errors = new Trail(form.dataset.url, { level: "error" });
let trail = null;
let waiting = 0;
let queue = Promise.resolve();

function sought() {
  if (trail?.words.find !== box.value) trail = new Trail(form.dataset.url, { find: box.value });
  return trail;
}

function remember(text) {
  const change = (href) => {
    const address = new URL(href, location);
    if (text && !address.searchParams.has("q")) address.searchParams.set("find", text);
    else address.searchParams.delete("find");
    return address;
  };
  history.replaceState(null, "", change(location));
  for (const link of viewer.querySelectorAll(".chips a[href]")) link.href = change(link.href);
}

function tell(words, hint = "") {
  said.textContent = hint ? `${words} · ${hint}` : words;
  said.classList.toggle("none", words === "no match");
  steps.hidden = !box.value || words === "no match";
}

function clear() {
  clearTimeout(waiting);
  trail?.asking?.abort();
  trail = null;
  box.value = "";
  tell("");
  light("");
  remember("");
}

// While typing: how many there are, and those on the page; nothing moves.
async function count() {
  if (!box.value) return clear();
  light(box.value);
  remember(box.value);
  tell("…");
  await guarded(async (own) => {
    await own.step(standing(false), false);
    tell(own.said());
  });
}

// One after the other: two quick presses are two steps.
function step(back, from) {
  clearTimeout(waiting);
  queue = queue.then(() => stepOnce(back, from));
}

async function stepOnce(back, from) {
  if (!box.value) return;
  light(box.value);
  remember(box.value);
  await guarded(async (own) => {
    const found = await own.step(from ?? own.reached ?? standing(back), back);
    own.reached = found.reached;
    if (found.number) await goToLine(found.number);
    tell(own.said(found.number), hint(found, back));
  });
}

async function guarded(work) {
  const own = sought();
  try {
    await work(own);
  } catch (error) {
    if (error.name !== "AbortError" && own === trail) tell("no answer");
  }
}

function hint({ wrapped, reached }, back) {
  if (reached && !merged) return `none up to line ${reached.toLocaleString("en")}, go on?`;
  if (reached !== null && reached !== undefined) return reached ? "none so far, go on?" : "none so far";
  if (!wrapped) return "";
  return back ? "from the end" : "from the top";
}

function stepError(back) {
  queue = queue.then(async () => {
    const found = await errors.step(standing(back), back);
    if (found.number) await goToLine(found.number);
  }).catch(() => {});
}

box.addEventListener("input", () => {
  clearTimeout(waiting);
  if (filter && box.value !== filter) return;
  waiting = setTimeout(count, 250);
});
box.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !filter) clear();
  if (event.key !== "Enter" || (filter && box.value !== filter)) return;
  event.preventDefault();
  step(event.shiftKey);
});
node("find-previous").addEventListener("click", () => step(true));
node("find-next").addEventListener("click", () => step(false));
node("error-previous").addEventListener("click", () => stepError(true));
node("error-next").addEventListener("click", () => stepError(false));

export const KEYS = {
  n: () => step(false),
  N: () => step(true),
  e: () => stepError(false),
  E: () => stepError(true),
};

if (box.value) {
  light(box.value);
  if (location.hash || filter) count();
  else step(false, START);
}
