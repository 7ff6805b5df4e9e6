// How lines look: their time, and whether they wrap.

import { keep, kept } from "./kept.js";
import { lines, node, viewer } from "./state.js";

const TIMES = ["absolute", "relative", "none"];

const started = () => Date.parse(viewer.dataset.started) || 0;
const moment = (time) => Date.parse(`${time.title.slice(0, 23).replace(" ", "T")}Z`);

function said(time, how) {
  if (how !== "relative") return time.title.slice(11, 23);
  return `+${((moment(time) - (started() || moment(lines.querySelector("time")))) / 1000).toFixed(3)}`;
}

export function showTimes(root = lines) {
  const how = kept("time", "absolute");
  viewer.classList.toggle("no-time", how === "none");
  const button = node("time");
  button.setAttribute("aria-label", `Time: ${how}`);
  button.title = `Time: ${how}`;
  if (how === "absolute" && root !== lines) return;
  for (const time of root.querySelectorAll("time")) time.textContent = said(time, how);
}

function showWrap() {
  const wrap = kept("wrap", "on") === "on";
  viewer.classList.toggle("no-wrap", !wrap);
  node("wrap").setAttribute("aria-pressed", wrap);
}

export function nextTime() {
  keep("time", TIMES[(TIMES.indexOf(kept("time", "absolute")) + 1) % TIMES.length]);
  showTimes();
}

export function nextWrap() {
  keep("wrap", kept("wrap", "on") === "on" ? "off" : "on");
  showWrap();
}

node("time").addEventListener("click", nextTime);
node("wrap").addEventListener("click", nextWrap);
viewer.addEventListener("viewer:drawn", () => {
  if (kept("time", "absolute") !== "absolute") showTimes();
});
showTimes();
showWrap();
