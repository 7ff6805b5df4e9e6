// One group: its header row, what lies in it, and whether it is folded.

const moment = (row) => {
  const { title } = row.querySelector("time");
  return Date.parse(`${title.slice(0, 23).replace(" ", "T")}Z`);
};

function words(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 0.1) return `${Math.round(ms)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds % 60)];
  if (minutes < 60) return `${minutes} m ${String(rest).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} m`;
}

const counted = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

export class Group {
  constructor(row, chosen) {
    // `chosen` is what the reader said; it goes before what the group would do by itself.
    Object.assign(this, { row, chosen, folded: chosen ?? false, fresh: true });
    this.number = Number(row.firstElementChild.textContent);
    this.name = row.querySelector(".name").textContent.trim() || "Group";
    this.began = moment(row);
    this.forget();
    this.dress();
  }

  forget() {
    Object.assign(this, { count: 0, errors: 0, last: this.number, ended: null, running: false, cut: false });
  }

  take(row, count, errors) {
    this.count += count;
    this.errors += errors;
    this.last = Number(row.firstElementChild.textContent);
  }

  close(row) {
    this.ended = row;
    this.last = Number(row.firstElementChild.textContent);
  }

  settle() {
    if (this.chosen === undefined) this.folded = this.ended !== null && this.errors === 0;
  }

  choose(folded) {
    this.chosen = this.folded = folded;
  }

  // The button comes first in the text, so that it is reached by Tab and read with the name.
  dress() {
    if (this.row.querySelector(".fold")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "fold";
    const sum = document.createElement("span");
    sum.className = "sum";
    this.row.querySelector(".text").prepend(button);
    this.row.querySelector(".text").append(sum);
  }

  leave() {
    this.row.querySelector(".fold")?.remove();
    this.row.querySelector(".sum")?.remove();
    this.row = document.createElement("div");
  }

  took() {
    if (this.ended) return words(moment(this.ended) - this.began);
    if (this.running) return words(Date.now() - this.began);
    return this.cut ? "" : "not ended";
  }

  draw() {
    const button = this.row.querySelector(".fold");
    if (!button) return;
    const said = [counted(this.count, "line"), this.took()].filter(Boolean);
    const loud = this.errors ? counted(this.errors, "error") : "";
    const label = [this.name, loud, ...said].filter(Boolean).join(", ");
    button.setAttribute("aria-expanded", !this.folded);
    if (button.ariaLabel === label) return;
    button.ariaLabel = label;
    this.row.classList.toggle("with-errors", this.errors > 0);
    this.row.querySelector(".sum").replaceChildren(...spans(loud, said.join(" · ")));
  }
}

function spans(loud, said) {
  const parts = [said];
  if (loud) {
    const bold = document.createElement("b");
    bold.textContent = loud;
    parts.unshift(bold, " · ");
  }
  return parts;
}
