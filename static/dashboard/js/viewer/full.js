// The log alone, over the whole window.

import { typing } from "../shell.js";
import { node, viewer } from "./state.js";

const button = node("full");

export function switchFull(full = !viewer.classList.contains("full")) {
  viewer.classList.toggle("full", full);
  document.documentElement.classList.toggle("log-alone", full);
  button.setAttribute("aria-pressed", full);
}

button.addEventListener("click", () => switchFull());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !typing(event)) switchFull(false);
});
