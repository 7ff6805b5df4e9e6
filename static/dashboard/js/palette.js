// The keys of the command palette: arrows choose, Enter goes there.
const dialog = document.getElementById("palette");
const field = dialog?.querySelector("input");

// The hits are links, so the browser's own focus is the choice; the field is above the first.
function step(by) {
  const places = [field, ...dialog.querySelectorAll("[data-hit]")];
  const at = places.indexOf(document.activeElement);
  places[Math.min(Math.max(at + by, 0), places.length - 1)].focus();
}

dialog?.addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by) {
    event.preventDefault();
    step(by);
  } else if (event.key === "Enter" && event.target === field) {
    event.preventDefault();
    dialog.querySelector("[data-hit]")?.click();
  }
});
