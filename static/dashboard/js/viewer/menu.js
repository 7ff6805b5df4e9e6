// The small menu of the line under the pointer or the focus: copy it, copy its link, see it in context.

import { hashOf, pageWith } from "./place.js";
import { complete } from "./rest.js";
import { lines, merged, nameOf, viewer } from "./state.js";

const filtered = viewer.classList.contains("narrow");

// As much as a rule's pattern may hold.
const MOST = 500;
const SVG = "http://www.w3.org/2000/svg";

function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

function entry(kind, words, name) {
  const element = document.createElement(kind);
  element.title = element.ariaLabel = words;
  element.append(icon(name));
  return element;
}

const copyLine = entry("button", "Copy line", "copy");
const copyLink = entry("button", "Copy link", "link");
const context = entry("a", "Show in context", "context");
const watch = entry("a", "Create alert from this line", "bell");
const about = entry("a", "", "search");
about.hidden = true;
const { rule, search } = viewer.dataset;
for (const button of [copyLine, copyLink]) button.type = "button";
const menu = document.createElement("span");
menu.className = "line-menu";
menu.append(document.createElement("span"));
menu.firstChild.append(copyLine, copyLink, ...(filtered ? [context] : []), ...(rule ? [watch] : []), about);

const lineOf = () => menu.parentElement;
const addressOf = (hash, query = location.search) => location.origin + location.pathname + query + hash;

// The message as it was written: without what groups put around a name.
export function textOf(line) {
  const text = line.querySelector(".text").cloneNode(true);
  for (const added of text.querySelectorAll(".fold, .sum, .rest, .branch, .line-menu")) added.remove();
  if (!viewer.classList.contains("as-printed")) text.querySelector(".marker")?.remove();
  return text.textContent;
}

// `navigator.clipboard` is there on safe origins only; a log is often read over plain HTTP at home.
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  viewer.append(field);
  field.select();
  document.execCommand("copy");
  return field.remove();
}

async function copyBy(button, text) {
  const words = button.title;
  await copy(text);
  button.classList.add("copied");
  button.ariaLabel = button.title = "Copied";
  setTimeout(() => {
    button.classList.remove("copied");
    button.ariaLabel = button.title = words;
  }, 1200);
}

function show(event) {
  const line = event.target.closest?.("#lines .line");
  if (!line || line === lineOf()) return;
  if (!line.querySelector(".no") || selecting()) return;
  const name = nameOf(line);
  context.href = pageWith({ line: name }) + hashOf(name);
  if (rule) watch.href = `${rule}&pattern=${encodeURIComponent(textOf(line).trim().slice(0, MOST))}`;
  about.hidden = true;
  line.append(menu);
}

// A value is a word with a digit: an order, a customer, an id.
const VALUE = /[\p{L}\p{N}][\p{L}\p{N}_.@-]*[\p{L}\p{N}]/gu;
const LONGEST_VALUE = 100;

function wordAt(event) {
  const caret = document.caretPositionFromPoint?.(event.clientX, event.clientY);
  const range = caret ? null : document.caretRangeFromPoint?.(event.clientX, event.clientY);
  const node = caret?.offsetNode ?? range?.startContainer;
  const place = caret?.offset ?? range?.startOffset;
  if (node?.nodeType !== Node.TEXT_NODE || !node.parentElement.closest(".text")) return "";
  const found = [...node.data.matchAll(VALUE)].find(({ index, 0: word }) => index <= place && place <= index + word.length);
  return found && /\p{N}/u.test(found[0]) && found[0].length <= LONGEST_VALUE ? found[0] : "";
}

// A click on a value offers every line of every run that mentions it.
function offer(event) {
  if (!search || event.target.closest("a, button") || selecting()) return;
  show(event);
  const word = wordAt(event);
  about.hidden = !word;
  if (!word) return;
  about.href = `${search}?q=${encodeURIComponent(`"${word}"`)}`;
  about.title = about.ariaLabel = `Everything about ${word}`;
}

// Never move anything under a selection that is being made.
const selecting = () => !getSelection().isCollapsed && lines.contains(getSelection().anchorNode);

copyLine.addEventListener("click", async () => {
  await complete(lineOf());
  await copyBy(copyLine, textOf(lineOf()));
});
copyLink.addEventListener("click", () => copyBy(copyLink, addressOf(hashOf(nameOf(lineOf())), merged ? pageWith({}) : "")));
lines.addEventListener("pointerover", show);
lines.addEventListener("focusin", show);
lines.addEventListener("click", offer);
