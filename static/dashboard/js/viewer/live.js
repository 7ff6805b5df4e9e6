// The log of one run: what its page is made of.

import { typing } from "../shell.js";
import { hold, switchFollow } from "./follow.js";
import { switchFull } from "./full.js";
import { switchGroups } from "./groups.js";
import "./menu.js";
import { goToFirst, goToHash, goToLast } from "./place.js";
import { state, viewer } from "./state.js";
import { begin, openStream } from "./stream.js";
import { nextTime, nextWrap } from "./switches.js";

openStream(({ lastEventId }) => {
  const last = Number(lastEventId);
  return { last, count: last - state.seen };
});
viewer.addEventListener("viewer:end", goToLast);

const KEYS = {
  f: switchFollow,
  t: nextTime,
  w: nextWrap,
  o: switchGroups,
  z: () => switchFull(),
  g: goToFirst,
  G: () => { hold(false); },
};

document.addEventListener("keydown", (event) => {
  if (typing(event) || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

await begin(goToHash);
