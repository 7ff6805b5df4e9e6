// Files dropped on the form, sent one after another with their progress.  Without this script the
// form sends them all at once.

const form = document.getElementById("upload");
const input = form.querySelector("input[type=file]");
const drop = form.querySelector("[data-drop]");
const list = form.querySelector("[data-sending]");

form.querySelector("[data-drop-hint]").hidden = false;

for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  drop.addEventListener(kind, () => drop.classList.remove("over"));
}
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  sendAll([...event.dataTransfer.files]);
});

form.addEventListener("submit", (event) => {
  if (!input.files.length) return; // the server says what is missing
  event.preventDefault();
  sendAll([...input.files]);
  input.value = "";
});

let last = Promise.resolve();

function sendAll(files) {
  for (const file of files) {
    const row = rowOf(file);
    last = last.then(() => send(file, row));
  }
}

function rowOf(file) {
  const row = document.createElement("li");
  const name = document.createElement("b");
  const bar = document.createElement("progress");
  const told = document.createElement("span");
  name.textContent = file.name;
  bar.className = "progress";
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", `Sending ${file.name}`);
  told.className = "dim";
  told.textContent = "waits";
  row.append(name, told, bar);
  list.append(row);
  return { row, bar, told };
}

function send(file, shown) {
  const body = new FormData(form);
  body.delete("files");
  body.append("files", file);
  return new Promise((finish) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      const percent = event.lengthComputable ? (100 * event.loaded) / event.total : 0;
      shown.bar.value = percent;
      shown.told.textContent = `${Math.floor(percent)} %`;
    });
    request.addEventListener("loadend", () => {
      show(request, shown);
      finish();
    });
    request.send(body);
  });
}

function show({ status, response }, { row, bar, told }) {
  bar.remove();
  told.textContent = response?.told ?? response?.error ?? (status ? `The server answered ${status}.` : "Not sent: no connection.");
  told.className = status === 201 ? "fine" : "wrong";
  if (!response?.url) return;
  const link = document.createElement("a");
  link.href = response.url;
  link.textContent = "Open its lines";
  row.append(link);
}
