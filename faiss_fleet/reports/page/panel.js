// ---- the panel with the details of one host
async function show(host, stepped) {  // stepped: from the host before or after, by a button that may be pressed again
  open = host;
  const at = seen.indexOf(host);
  byId("drawer-title").replaceChildren(el("bdi", {}, cell("host", host)));
  byId("drawer-sub").replaceChildren(badge(cell("state", host)), el("span", {}, cell("because", host)));
  byId("drawer-body").replaceChildren(quiet("Opening …"));
  byId("drawer-body").setAttribute("aria-busy", "true");
  byId("previous").disabled = at <= 0;
  byId("next").disabled = at < 0 || at >= seen.length - 1;
  if (!byId("drawer").open) byId("drawer").showModal();
  if (!stepped || document.activeElement.disabled || document.activeElement === document.body) byId("drawer-title").focus();
  if (stepped) remember();
  else as_new(remember);
  let shown;
  try {
    const record = await details(host);
    symbols = record.symbols;
    shown = contents(record, host);
  } catch (error) {
    shown = [el("p", { class: "callout failed", role: "alert" }, `The details of this host cannot be shown. ${error.message}`)];
  }
  if (open !== host) return;  // another host was opened meanwhile
  byId("drawer-body").replaceChildren(...shown);
  byId("drawer-body").removeAttribute("aria-busy");
  byId("drawer-body").scrollTop = 0;
  reach();
}
function reach() {  // the keyboard reaches a text that scrolls within its place
  for (const text of document.querySelectorAll("#drawer-body pre")) {
    if (text.scrollHeight > text.clientHeight) text.tabIndex = 0;
  }
}
function contents(record, host) {
  byId("drawer-sub").lastChild.replaceChildren(readable(record.because));
  const good = cell("last_good", host);
  return [
    record.cause || record.remedy ? el("div", { class: `callout ${record.state}` }, record.cause ? mono(record.cause) : null, record.remedy ? el("span", {}, "→ ", readable(unquoted(record.remedy))) : null) : null,
    good ? section("Last good result", el("p", {}, good)) : null,
    facts(record), waivers(record), earlier(record),
    errors(record), verification(record), answers(record), plan(record), attempts(record), setting(record), artefacts(), options(record),
    el("p", { class: "small quiet" }, `Finished ${record.finished}. The whole record is this host's line in records.jsonl.`),
  ].filter(Boolean);
}
function step(by) {
  const next = seen[seen.indexOf(open) + by];
  if (next !== undefined) show(next, true);
}
function closed() {
  const left = open;
  open = -1;
  if (left < 0) return;  // by an address that names no host
  // The table shows the page that the host is on, as Next may have led far away.
  const page = Math.floor(Math.max(seen.indexOf(left), 0) / table.page.len());
  as_new(() => {
    if (page !== table.page()) table.page(page).draw("page");
    remember();
  });
  const row = document.querySelector(`#table tr[data-host="${left}"] .open`);
  if (row) row.focus();
}
