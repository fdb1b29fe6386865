// ---- what the reader does, and what follows
function filter_by(key, value) {
  as_new(() => {
    chosen[key] = value;
    show_view("hosts");
    apply();
  });
}
for (const select of filters) {
  select.append(...choices(columns.get(select.dataset.filter)));
  select.addEventListener("change", () => filter_by(select.dataset.filter, select.value));
}
for (const tile of document.querySelectorAll(".tile")) {
  tile.addEventListener("click", () => filter_by("state", chosen.state === tile.dataset.state ? "" : tile.dataset.state));
}
boxes.forEach((box, place) => box.addEventListener("change", () => {
  table.column(place).visible(box.checked);
  remember();
  fit();
}));
byId("search").addEventListener("input", (event) => { chosen.text = event.target.value; apply(); });
byId("clear").addEventListener("click", clear);
byId("reset").addEventListener("click", clear);

document.querySelector("#table tbody").addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-host]");
  if (row && !String(window.getSelection())) show(Number(row.dataset.host));
});
byId("close").addEventListener("click", () => byId("drawer").close());
byId("previous").addEventListener("click", () => step(-1));
byId("next").addEventListener("click", () => step(1));
byId("drawer").addEventListener("click", (event) => { if (event.target === byId("drawer")) byId("drawer").close(); });
byId("drawer").addEventListener("close", closed);
byId("drawer-body").addEventListener("toggle", reach, true);

// A menu lies over the table: Escape and a click elsewhere close it.
for (const menu of document.querySelectorAll(".menu")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !byId("drawer").open && !["INPUT", "SELECT"].includes(document.activeElement.tagName)) {
    event.preventDefault();
    show_view("hosts");
    remember();
    byId("search").focus();
  }
});
for (const link of document.querySelectorAll(".tabs a")) {
  link.addEventListener("click", (event) => {  // the filters stay, and the page does not jump
    event.preventDefault();
    show_view(link.hash.slice(1));
    as_new(remember);
  });
}
const skip = document.querySelector(".skip");
skip.hash = "#view-hosts";
skip.addEventListener("click", (event) => {
  event.preventDefault();
  show_view("hosts");
  remember();
  byId("view-hosts").focus();
});
window.addEventListener("hashchange", () => {
  follow();
  document.querySelector(".tabs").scrollIntoView({ block: "nearest" });
});
follow();
window.scrollTo(0, 0);
table.on("draw", () => { remember(); fit(); });
window.addEventListener("resize", fit);
fit();
