// The stream: lines are appended by htmx, counted when they may not be, and the words kept true.

import { arrived, caughtUp, following, show, toEnd } from "./follow.js";
import { LiveSource } from "./source.js";
import { lines, node, state, viewer } from "./state.js";
import { estimate, mergeSmall, trim, watchEdges } from "./windows.js";

const connection = node("connection");
let source = null;

function tell(name, words = name) {
  connection.dataset.state = name;
  connection.lastElementChild.textContent = words;
}

function refresh() {
  window.htmx.trigger("#status", "refresh");
}

// htmx has appended some lines.
function drawn() {
  const came = [];
  for (let one = lines.lastElementChild; one && !one.dataset.shown && !one.matches(".edge.older"); one = one.previousElementSibling) {
    one.dataset.shown = "1";
    came.push(one);
  }
  const count = came.reduce((sum, one) => sum + Number(one.dataset.count ?? one.dataset.hidden ?? 0), 0);
  node("tail").textContent = "";
  estimate();
  mergeSmall();
  trim(following() ? "oldest" : "newest");
  viewer.dispatchEvent(new Event("viewer:drawn"));
  arrived(count);
}

// `read(detail)` says of a message where the stream goes on and how many lines it holds.
export function openStream(read, moved = refresh) {
  window.htmx.createEventSource = (url) => {
    source = new LiveSource(url, () => state.seen, tell);
    return source;
  };

  // A message may come while the reader is elsewhere in the log: then it is counted, not shown.
  lines.addEventListener("htmx:sseBeforeMessage", (event) => {
    const { last, count } = read(event.detail);
    state.came += 1;
    if (!state.attached) {
      event.preventDefault();
      arrived(Math.max(0, count));
    }
    if (last) state.seen = last;
  });
  lines.addEventListener("htmx:sseMessage", drawn);
  node("tail").addEventListener("htmx:sseMessage", () => { if (following()) toEnd(); });
  node("channel").addEventListener("htmx:sseMessage", (event) => tell(event.detail.data));
  node("moved").addEventListener("htmx:sseMessage", (event) => moved(event.detail.data));
  node("end").addEventListener("htmx:sseMessage", () => {
    if (following()) toEnd();
    setTimeout(refresh, 300);
  });
  viewer.addEventListener("htmx:sseClose", () => {
    state.live = false;
    delete viewer.dataset.live;
    tell("ended");
  });
  viewer.addEventListener("viewer:attached", () => {
    caughtUp();
    if (state.live) source?.open();
  });
  viewer.addEventListener("viewer:follow", () => viewer.classList.toggle("paused", state.held));
}

// The lines that came with the page; `placed`: the address named one of them.
export async function begin(placed = () => false) {
  for (const batch of lines.children) batch.dataset.shown = "1";
  estimate();
  if (!await placed() && state.attached) toEnd();
  watchEdges();
  show();
}
