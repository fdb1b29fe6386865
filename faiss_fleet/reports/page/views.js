// ---- every view has an address: #hosts?state=fallback&sort=-p95_ms&host=web01 opens as it was copied
const views = [...document.querySelectorAll("[data-view]")];
const view_names = views.map((each) => each.dataset.view);
// The address names a view, and not the element to which a browser would scroll on its own.
for (const each of views) each.id = `view-${each.dataset.view}`;
let view = "";
let open = -1;  // the host whose details are open

const ABSENT = "?";  // before a name that no host of this run has: none passes
function value_in_address(key, value) {  // nothing at all for hosts without a value
  if (value === NONE) return "";
  if (!columns.get(key).members) return value;
  return value.startsWith(ABSENT) ? value.slice(1) : columns.get(key).names[Number(value)];
}
function value_of_address(key, text) {
  const column = columns.get(key);
  if (text === "") return NONE;
  if (!column.members) return text;
  const place = column.names.indexOf(text);
  return place < 0 ? ABSENT + text : String(place);
}
function address() {
  const parts = new URLSearchParams();
  if (chosen.text) parts.set("text", chosen.text);
  for (const select of filters) {
    const key = select.dataset.filter;
    if (chosen[key]) parts.set(key, value_in_address(key, chosen[key]));
  }
  const [by] = table.order();
  if (by && by[1]) parts.set("sort", (by[1] === "desc" ? "-" : "") + data.columns[by[0]].key);
  if (table.page() > 0) parts.set("page", table.page() + 1);
  if (table.page.len() !== ROWS) parts.set("rows", table.page.len());
  const shown = shown_columns();
  if (shown.join() !== usual_columns.join()) parts.set("columns", shown.join());
  if (open >= 0) parts.set("host", cell("host", open));
  const text = parts.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%21", "!");
  return `#${view}${text ? `?${text}` : ""}`;
}

let reading = false;  // while an address is being followed, none is written
let newly = false;  // whether Back is to lead to the view from before
function as_new(change) {
  newly = true;
  try {
    change();
  } finally {
    newly = false;
  }
}
function remember() {
  const now = address();
  if (reading || now === location.hash) return;
  history[newly ? "pushState" : "replaceState"](null, "", now);
}
function follow() {  // shows what the address says
  const [name, query] = location.hash.slice(1).split(/\?(.*)/s);
  const parts = new URLSearchParams(query || "");
  reading = true;
  try {
    show_view(view_names.includes(name) ? name : "overview");
    chosen.text = parts.get("text") || "";
    byId("search").value = chosen.text;
    for (const select of filters) {
      const key = select.dataset.filter;
      chosen[key] = parts.has(key) ? value_of_address(key, parts.get(key)) : "";
    }
    const sort = parts.get("sort") || "";
    const place = data.columns.findIndex((column) => column.key === sort.replace(/^-/, ""));
    table.order(place < 0 ? [] : [[place, sort.startsWith("-") ? "desc" : "asc"]]);
    table.page.len([25, 50, 100, 500].includes(Number(parts.get("rows"))) ? Number(parts.get("rows")) : ROWS);
    show_columns(parts.has("columns") ? parts.get("columns").split(",") : usual_columns);
    apply();
    const page = Number(parts.get("page") || 1) - 1;
    if (page > 0 && page < table.page.info().pages) table.page(page).draw("page");
    const host = parts.has("host") ? host_named(parts.get("host")) : -1;
    astray(parts, host);
    if (host >= 0) show(host);
    else if (byId("drawer").open) {
      open = -1;
      byId("drawer").close();
    }
  } finally {
    reading = false;
  }
}
// An address of another run may ask for what this one does not have: all hosts must not pass for the answer.
const UNDERSTOOD = new Set(["text", "sort", "page", "rows", "columns", "host", ...filters.map((select) => select.dataset.filter)]);
function astray(parts, host) {
  const lacking = [...new Set(parts.keys())].filter((key) => !UNDERSTOOD.has(key));
  const said = parts.has("host") && host < 0 ? [`This run has no host ${plainly(parts.get("host")).slice(0, 200)}.`] : [];
  if (lacking.length) said.push(`The address filters by ${plainly(lacking.join(", ")).slice(0, 200)}, which this run does not have: its filter is left out.`);
  byId("astray").textContent = said.join(" ");
  byId("astray").hidden = !said.length;
}
function show_view(name) {
  view = name;
  for (const each of views) each.hidden = each.dataset.view !== name;
  for (const link of document.querySelectorAll(".tabs a")) {
    if (link.hash === `#${name}`) {
      link.setAttribute("aria-current", "page");
      link.parentElement.scrollLeft = link.offsetLeft - link.parentElement.offsetLeft;  // where they do not all fit
    } else link.removeAttribute("aria-current");
  }
}
