// The tree of a workflow by the arrow keys of a tree grid; j and k are those of every table.

const links = () => [...document.querySelectorAll(".tree [data-open-row]")];
const levelOf = (link) => Number(link.closest("tr").ariaLevel);

function above(rows, at) {
  for (let place = at - 1; place >= 0; place -= 1) {
    if (levelOf(rows[place]) < levelOf(rows[at])) return rows[place];
  }
  return null;
}

const KEYS = {
  ArrowDown: (rows, at) => rows[at + 1],
  ArrowUp: (rows, at) => rows[at - 1],
  Home: (rows) => rows[0],
  End: (rows) => rows.at(-1),
  ArrowRight: (rows, at) => {
    const next = rows[at + 1];
    if (rows[at].ariaExpanded === "false") rows[at].click();
    else if (next && levelOf(next) > levelOf(rows[at])) return next;
    return null;
  },
  ArrowLeft: (rows, at) => {
    if (rows[at].ariaExpanded !== "true") return above(rows, at);
    rows[at].click();
    return null;
  },
};

document.addEventListener("keydown", (event) => {
  const rows = links();
  const at = rows.indexOf(document.activeElement);
  if (at < 0 || !KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  event.preventDefault();
  KEYS[event.key](rows, at)?.focus();
});

// What was pressed may be gone with the rows it stood among: then its group has the focus.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.elt.id !== "tree" || document.activeElement !== document.body) return;
  links().find((link) => link.ariaExpanded === "true")?.focus();
});
