// Of a very long line the page has the beginning; the rest comes when it is asked for.

import { lines, numberOf, viewer } from "./state.js";

// Below the page of its run, also in a log of several.
const wholeOf = (line) => new URL(`lines/?whole=${numberOf(line)}`, line.querySelector(".no").href);

// Fetches the line and puts its text in the place of its beginning.
export async function complete(line) {
  const rest = line.querySelector(":scope > .text > .rest");
  if (!rest || rest.dataset.busy) return;
  rest.dataset.busy = "1";
  try {
    const response = await fetch(wholeOf(line), { headers: { "HX-Request": "true" } });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    const text = template.content.querySelector(".text");
    const before = line.querySelector(":scope > .text");
    text.prepend(...before.querySelectorAll(":scope > .branch"));
    before.replaceWith(text);
    viewer.dispatchEvent(new Event("viewer:drawn"));
  } catch {
    delete rest.dataset.busy;
    rest.textContent = "… not loaded, try again";
  }
}

lines.addEventListener("click", (event) => {
  const rest = event.target.closest(".rest");
  if (!rest || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  complete(rest.closest(".line"));
});
