// ---- the table: DataTables shows a page of it at a time, what is on it comes from answer()
const ROWS = 50;
const LONGEST_LIST = 1000;
// Check mode tries nothing: what it says of a host is marked as a prediction.
const state_text = (state) => (data.predicted.includes(state) ? `predicted ${state}` : state);
const badge = (state) => el("span", { class: `badge ${state}` }, state_text(state));
function content(column, host) {
  const value = cell(column.key, host);
  if (column.key === "host") return el("button", { type: "button", class: "link open mono" }, el("bdi", {}, broken(value)));
  if (column.key === "state") return el("span", {}, badge(value), cell("waiver", host) ? el("span", { class: "waived" }, " waived") : null);
  if (column.numbers) return number(value) ? el("span", {}, number(value)) : null;
  if (!value) return null;
  if (column.key !== "because") return el("bdi", {}, value);
  const also = [["Last good: ", "last_good"], ["Waived ", "waiver"], ["→ ", "remedy"]].filter(([, key]) => cell(key, host));
  return el("span", {}, el("bdi", {}, value), also.map(([before, key]) => el("span", { class: "then" }, before, el("bdi", {}, unquoted(cell(key, host))))));
}
const own_columns = data.columns.filter((column) => column.key.startsWith("own:")).length;
const narrow = window.innerWidth < 1320 + 100 * own_columns ? ["os", "qps"] : [];
const usual_columns = data.columns.filter((column) => column.shown && !narrow.includes(column.key)).map((column) => column.key);
for (const element of document.querySelectorAll(".search, .controls, .copy")) element.hidden = false;
byId("place").replaceWith(el("table", { id: "table" },
  el("caption", { class: "unseen" }, "Hosts of this run. The column headers sort; a host's name opens its details."),
  el("thead", {}, el("tr", {}, data.columns.map((column) => el("th", { scope: "col" }, column.title)))), el("tbody", {})));
const table = window.jQuery("#table").DataTable({
  serverSide: true,
  ajax: answer,
  order: [],
  pageLength: ROWS,
  lengthMenu: [25, 50, 100, 500],
  autoWidth: false,
  searching: false,
  layout: { topStart: null, topEnd: null, bottomStart: "pageLength", bottomEnd: "paging" },
  language: { emptyTable: "", zeroRecords: "", lengthMenu: "Hosts on a page: _MENU_" },
  columns: data.columns.map((column) => ({
    data: "host",
    className: `col-${column.key.replace(/[^\w]/g, "_")}${column.numbers ? " num" : ""}`,
    visible: usual_columns.includes(column.key),
    orderSequence: ["asc", "desc", ""],
    render: (host, kind) => (kind === "display" ? content(column, host) || "" : host),
    createdCell: (element) => {
      element.dataset.title = column.title;
      if (column.key === "host") element.setAttribute("role", "rowheader");
    },
  })),
  createdRow: (row, { host }) => { row.dataset.host = host; },
});

// What a list offers, with how many hosts have it. Of very many the larger ones: a list of all would help nobody.
function choices(column) {
  const hosts = new Uint32Array(column.texts.length);
  for (const place of column.places) hosts[place] += 1;
  let bare = 0;
  let found = column.texts.map((text, place) => ({ value: text, text, hosts: hosts[place] }));
  if (column.members) {
    found = column.names.map((text, place) => ({ value: String(place), text, hosts: 0 }));
    column.members.forEach((own, place) => {
      if (!own.length) bare += hosts[place];
      for (const name of own) found[name].hosts += hosts[place];
    });
  } else {
    bare = found.reduce((sum, each) => sum + (each.value ? 0 : each.hosts), 0);
    found = found.filter((each) => each.value);
  }
  const left = found.length - LONGEST_LIST;
  if (left > 0) found = found.sort((a, b) => b.hosts - a.hosts).slice(0, LONGEST_LIST);
  const option = (value, text, count) => el("option", { value }, `${text} (${count.toLocaleString("en")})`);
  const others = column.key === "state" ? data.total - (found.find((each) => each.value === "native") || { hosts: 0 }).hosts : 0;
  return [others ? option(NOT_NATIVE, "not native", others) : null,
    ...found.sort((a, b) => collator.compare(a.text, b.text)).map((each) => option(each.value, each.text, each.hosts)),
    bare ? option(NONE, "None", bare) : null,
    left > 0 ? el("option", { disabled: "" }, `${left.toLocaleString("en")} smaller ones: use the search`) : null].filter(Boolean);
}

const boxes = data.columns.map((column) => {
  const box = el("input", { type: "checkbox", value: column.key });
  byId("choices").append(el("label", {}, box, ` ${column.title}`));
  return box;
});
const shown_columns = () => boxes.filter((box) => box.checked).map((box) => box.value);
function show_columns(keys) {
  boxes.forEach((box, place) => {
    box.checked = keys.includes(box.value);
    if (table.column(place).visible() !== box.checked) table.column(place).visible(box.checked, false);
  });
}

function fit() {  // a table that is wider than its place scrolls there, and the keyboard reaches it
  const place = document.querySelector(".dt-layout-table");
  place.classList.remove("wide");
  const wide = place.scrollWidth > place.clientWidth;
  place.classList.toggle("wide", wide);
  if (wide) {
    for (const [key, each] of [["tabindex", "0"], ["role", "group"], ["aria-label", "Hosts"]]) place.setAttribute(key, each);
  } else for (const key of ["tabindex", "role", "aria-label"]) place.removeAttribute(key);
}
function apply() {
  table.draw();
  byId("shown").textContent = `${seen.length.toLocaleString("en")} of ${data.total.toLocaleString("en")}`;
  byId("nothing").hidden = seen.length > 0;
  byId("clear").hidden = !Object.values(chosen).some(Boolean);
  for (const select of filters) {
    // A value of an address that is not among the larger ones is offered as well: the list must say what it filters by.
    if (chosen[select.dataset.filter] && ![...select.options].some((each) => each.value === chosen[select.dataset.filter])) {
      select.append(el("option", { value: chosen[select.dataset.filter] }, value_in_address(select.dataset.filter, chosen[select.dataset.filter])));
    }
    select.value = chosen[select.dataset.filter];
  }
  for (const tile of document.querySelectorAll(".tile")) tile.setAttribute("aria-pressed", String(tile.dataset.state === chosen.state));
}
function clear() {
  for (const key of Object.keys(chosen)) chosen[key] = "";
  byId("search").value = "";
  as_new(apply);
  byId("search").focus();
}
