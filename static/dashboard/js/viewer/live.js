// The log of one run: what its page is made of.

import { KEYS } from "./find.js";
import { askLine } from "./goto.js";
import { switchGroups } from "./groups.js";
import { listen } from "./keys.js";
import "./menu.js";
import { goToHash, goToLast } from "./place.js";
import { state, viewer } from "./state.js";
import { begin, openStream } from "./stream.js";

openStream(({ lastEventId }) => {
  const last = Number(lastEventId);
  return { last, count: last - state.seen };
});
viewer.addEventListener("viewer:end", goToLast);
listen({ ...KEYS, o: switchGroups, l: askLine, ":": askLine });

await begin(goToHash);
