// What every tab of a run's page asks of the browser: menus and copying.

import { typing } from "../shell.js";

for (const menu of document.querySelectorAll("details.menu")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => { if (event.key === "Escape") menu.open = false; });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard?.writeText(button.dataset.copy);
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1200);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "d" || typing(event)) return;
  const menu = document.getElementById("download");
  menu.open = !menu.open;
  if (menu.open) menu.querySelector("a").focus();
});
