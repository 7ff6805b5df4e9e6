// The connection.  Stands in for the EventSource that htmx would open: the browser's own reopens
// with a stale address and htmx's waits up to a minute; this one always asks for what comes after
// the last line seen, soon, and can say when.

const NAMES = ["lines", "tail", "state", "channel", "end"];
// Seconds before each try; spread by half, so that a restarted server is not met by all at once.
const DELAYS = [0.5, 1, 2, 3, 5];
// A hidden tab gives its connection back after so many seconds, and one that was opened in the
// background takes none: browsers allow six per host, and a seventh page would wait for ever.
const HIDDEN_SECONDS = 10;

export class LiveSource extends EventTarget {
  constructor(address, seen, tell) {
    super();
    Object.assign(this, { address, seen, tell, tries: 0, readyState: EventSource.CONNECTING });
    this.open();
    document.addEventListener("visibilitychange", () => this.rest());
  }

  open() {
    clearTimeout(this.timer);
    this.drop();
    if (document.hidden) return;
    const address = new URL(this.address, location.href);
    address.searchParams.set("after", this.seen());
    this.source = new EventSource(address);
    this.source.onopen = () => this.opened();
    this.source.onerror = () => this.lost();
    for (const name of NAMES) this.source.addEventListener(name, (event) => this.pass(event));
  }

  close() {
    this.readyState = EventSource.CLOSED;
    clearTimeout(this.timer);
    this.drop();
  }

  drop() {
    this.source?.close();
    this.source = null;
  }

  opened() {
    this.tries = 0;
    this.readyState = EventSource.OPEN;
    this.onopen?.(new Event("open"));
  }

  pass(event) {
    const { data, lastEventId } = event;
    this.dispatchEvent(new MessageEvent(event.type, { data, lastEventId }));
  }

  lost() {
    this.drop();
    if (this.readyState === EventSource.CLOSED) return;
    this.readyState = EventSource.CONNECTING;
    const delay = DELAYS[Math.min(this.tries, DELAYS.length - 1)];
    this.tries += 1;
    this.count(Date.now() + delay * (0.75 + Math.random() / 2) * 1000);
  }

  count(until) {
    const left = until - Date.now();
    if (left <= 0) return this.open();
    this.tell("reconnecting", `reconnecting in ${Math.ceil(left / 1000)} s`);
    this.timer = setTimeout(() => this.count(until), Math.min(left, 250));
  }

  rest() {
    clearTimeout(this.resting);
    if (this.readyState === EventSource.CLOSED) return;
    if (document.hidden) {
      this.resting = setTimeout(() => this.drop(), HIDDEN_SECONDS * 1000);
    } else if (!this.source) {
      this.open();
    }
  }
}
