// The way to a line by its number.

import { goToLine } from "./place.js";
import { node, state } from "./state.js";

const goto = node("goto");

goto.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const number = Number(event.target.elements.line.value.replace(/\D/g, ""));
  goto.close();
  goToLine(Math.min(Math.max(number, 1), Math.max(state.seen, 1)));
});

export const askLine = () => goto.showModal();
