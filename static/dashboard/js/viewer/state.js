// What the viewer's modules share: the elements, and where the reader stands.

export const node = (id) => document.getElementById(id);
export const viewer = node("viewer");
export const log = node("log");
export const lines = node("lines");

// The log of several runs: its lines have names instead of numbers of their own.
export const merged = "places" in viewer.dataset;

// Where a log can go on from: a line's number; in a merged log a text for all of its runs.
export const placeOf = (text) => (merged ? text : Number(text));

// A line's name is unique in its log: its number; in a merged log with the run's id before it.
export const nameOf = (line) => placeOf(line.firstElementChild.name.slice(1));
export const START = placeOf("");

export const state = {
  // The newest place known, here or not: where a reconnection goes on.
  seen: placeOf(viewer.dataset.seen),
  // The lines on the page reach to the newest one; otherwise new ones are only counted.
  attached: lines.querySelector(".edge.newer") === null,
  following: false,
  held: false,
  fresh: 0,
  // Messages with lines that have come so far.
  came: 0,
  live: "live" in viewer.dataset,
};

export const batches = () => lines.querySelectorAll(":scope > .batch");
export const lineAt = (name) =>
  lines.querySelector(`a[name="L${CSS.escape(name)}"]`)?.parentElement ?? null;
export const numberOf = (line) => Number(line.firstElementChild.textContent);
// Asks whatever hides this line to show it.
export const reveal = (line) => line?.dispatchEvent(new Event("viewer:reveal", { bubbles: true }));
