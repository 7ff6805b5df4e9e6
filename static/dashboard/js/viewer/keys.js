// The keys of a log; what only one kind of it knows is added by its own page.

import { typing } from "../shell.js";
import { hold, switchFollow } from "./follow.js";
import { switchFull } from "./full.js";
import { goToFirst } from "./place.js";
import { nextTime, nextWrap } from "./switches.js";

const KEYS = {
  f: switchFollow,
  t: nextTime,
  w: nextWrap,
  z: () => switchFull(),
  g: goToFirst,
  G: () => { hold(false); },
};

export function listen(more = {}) {
  const keys = { ...KEYS, ...more };
  document.addEventListener("keydown", (event) => {
    if (typing(event) || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}
