// What the viewer's modules share: the elements, and where the reader stands.

export const node = (id) => document.getElementById(id);
export const viewer = node("viewer");
export const log = node("log");
export const lines = node("lines");

// Where a log can go on from: a line's number; in a merged log a text for all of its runs.
export const placeOf = (text) => ("places" in viewer.dataset ? text : Number(text));

export const state = {
  // The newest place known, here or not: where a reconnection goes on.
  seen: placeOf(viewer.dataset.seen),
  // The lines on the page reach to the newest one; otherwise new ones are only counted.
  attached: lines.querySelector(".edge.newer") === null,
  following: false,
  held: false,
  fresh: 0,
  live: "live" in viewer.dataset,
};

export const batches = () => lines.querySelectorAll(":scope > .batch");
export const lineAt = (number) =>
  lines.querySelector(`a[name="L${number}"]`)?.parentElement ?? null;
export const numberOf = (line) => Number(line.firstElementChild.textContent);
// Asks whatever hides this line to show it.
export const reveal = (line) => line?.dispatchEvent(new Event("viewer:reveal", { bubbles: true }));
