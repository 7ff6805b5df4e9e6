// Following is being at the end: in view, new lines scroll; out of view, nothing ever moves.

import { lines, log, node, state, viewer } from "./state.js";

const bottom = node("bottom");
const fresh = node("fresh");
const pause = node("pause");
let frame = 0;
let top = 0;

export const following = () => state.following && !state.held;
const atEnd = () => following() && state.attached;

// The reader comes to the end, or goes somewhere else; the button says what it would do now.
export function turn(towardsEnd) {
  state.following = towardsEnd;
  show();
}

export function toEnd() {
  if (!state.following) turn(true);
  if (!frame) frame = requestAnimationFrame(settle);
}

// Twice: batches that come into view get their real height only then.
function settle() {
  log.scrollTop = log.scrollHeight;
  frame = requestAnimationFrame(() => {
    frame = 0;
    if (following()) log.scrollTop = log.scrollHeight;
    top = log.scrollTop;
  });
}

export function arrived(count) {
  if (atEnd()) return toEnd();
  state.fresh += count;
  show();
}

export function show() {
  const waiting = state.fresh > 0 && !atEnd();
  fresh.hidden = !waiting;
  const words = state.fresh === 1 ? "1 new line" : `${state.fresh.toLocaleString("en")} new lines`;
  fresh.querySelector("span").textContent = words;
  pause.querySelector("span").textContent = atEnd() ? "Pause" : "Follow";
  viewer.classList.toggle("held", state.held);
  viewer.dispatchEvent(new Event("viewer:follow"));
}

export function hold(held) {
  state.held = held;
  if (!held) viewer.dispatchEvent(new Event("viewer:end"));
  show();
}

export function caughtUp() {
  state.fresh = 0;
  show();
}

log.addEventListener("scroll", () => {
  if (log.scrollTop < top - 2 && !frame && state.following) turn(false);
  top = log.scrollTop;
}, { passive: true });

// A reader who turns the wheel or drags upwards is going somewhere: what is about to scroll to the
// end must not take the view back.
function leave() {
  if (!following() || log.scrollTop <= 0) return;
  cancelAnimationFrame(frame);
  frame = 0;
  turn(false);
}

let finger = 0;
log.addEventListener("wheel", (event) => event.deltaY < 0 && leave(), { passive: true });
log.addEventListener("touchstart", (event) => (finger = event.touches[0].clientY), { passive: true });
log.addEventListener("touchmove", (event) => event.touches[0].clientY > finger + 4 && leave(), { passive: true });

new IntersectionObserver(([entry]) => {
  if (!entry.isIntersecting || !state.attached) return;
  turn(true);
  if (!state.held) caughtUp();
}, { root: log, rootMargin: "0px 0px 8px 0px" }).observe(bottom);

// Heights settle when batches come into view; who follows stays at the end.
new ResizeObserver(() => { if (atEnd()) toEnd(); }).observe(lines);

// Who has scrolled away is paused already and wants back to the end.
export const switchFollow = () => hold(atEnd());
pause.addEventListener("click", switchFollow);
fresh.addEventListener("click", () => hold(false));
