// Something that can be walked through the whole log: the matches of a text, the errors.

import { merged, state, viewer } from "./state.js";

const beside = (numbers, from, back) =>
  back ? numbers.findLast((n) => n < from) : numbers.find((n) => n > from);

export class Trail {
  constructor(url, words) {
    this.url = url;
    this.words = words;
    this.forget();
  }

  forget() {
    Object.assign(this, { numbers: [], exact: false, counted: false, came: state.came });
  }

  // The next line of the trail; what is known already is not asked for.
  async step(from, back) {
    if (state.came > this.came) this.forget();
    const known = this.pick(from, back);
    return known ?? this.ask(from, back);
  }

  pick(from, back) {
    const { numbers } = this;
    const at = numbers.indexOf(from);
    // Names have no order: from a line that is no match only the server knows the next one.
    if (merged && at < 0) return this.exact && !numbers.length ? {} : null;
    const ahead = at < 0 ? beside(numbers, from, back) : numbers[at + (back ? -1 : 1)];
    const within = back && at < 0 ? from <= (numbers.at(-1) ?? 0) + 1 : true;
    if (ahead && (within || this.exact)) return { number: ahead };
    if (!this.exact) return null;
    return { number: back ? numbers.at(-1) : numbers[0], wrapped: numbers.length > 0 };
  }

  async ask(from, back) {
    const query = new URLSearchParams(viewer.dataset.query);
    for (const [name, value] of Object.entries(this.words)) query.set(name, value);
    query.set("from", from);
    if (back) query.set("dir", "previous");
    if (this.counted) query.set("counted", "1");
    this.asking?.abort();
    this.asking = new AbortController();
    const response = await fetch(`${this.url}?${query}`, { signal: this.asking.signal });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const found = await response.json();
    if (!this.counted) this.keep(found);
    return found;
  }

  keep({ numbers, exact }) {
    Object.assign(this, { numbers, exact, counted: true });
  }

  // "3 of 17", "1,000+ matches"
  said(number) {
    const total = this.numbers.length.toLocaleString("en") + (this.exact ? "" : "+");
    const at = this.numbers.indexOf(number) + 1;
    if (!this.numbers.length) return this.exact ? "no match" : "";
    if (at) return `${at.toLocaleString("en")} of ${total}`;
    return `${total} ${total === "1" ? "match" : "matches"}`;
  }
}
