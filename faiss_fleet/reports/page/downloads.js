// ---- the hosts of the table, as it is filtered and sorted, to be taken along
const FEW = 4;  // hosts that are named in a command; more go by a file
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;  // to --limit, anything else may be more than a name
// A spreadsheet would take these for a formula or a number; a leading apostrophe marks text.
const FORMULA = /^[=+\-@\uff1d\uff0b\uff0d\uff20]|^(?:\d*\.?\d+(?:[eE][+-]?\d+)?|\d+\.)$/;

function csv() {
  const kept = data.columns.filter((column) => shown_columns().includes(column.key));
  const quoted = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const text = (column, host) => {
    const value = cell(column.key, host);
    if (column.numbers) return value === null ? "" : String(value);
    const shown = column.key === "state" ? state_text(value) : value;
    return FORMULA.test(shown) ? `'${shown}` : shown;
  };
  const lines = [kept.map((column) => column.key), ...seen.map((host) => kept.map((column) => text(column, host)))];
  return lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
}
function names() {  // [those that --limit takes as names, how many it would not]
  const all = seen.map((host) => cell("host", host));
  const plain = all.filter((name) => PLAIN.test(name));
  return [plain, all.length - plain.length];
}
function download(name, type, text) {
  const link = el("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // not allowed to a page from disk, by this browser
    const area = el("textarea", { "aria-hidden": "true", class: "unseen" });
    const dialog = document.querySelector("dialog[open]");
    area.value = text;
    (dialog || document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
let untold;
function tell(text) {  // what was done; the menu has served
  clearTimeout(untold);
  byId("export").open = false;
  byId("export").querySelector("summary").focus();
  byId("told").textContent = text;
  untold = setTimeout(() => { byId("told").textContent = ""; }, 8_000);
}
const left_out = (count) => (count ? ` ${count.toLocaleString("en")} left out: --limit would read their names as patterns.` : "");
const LIMIT_FILE = `hosts-${data.run}.txt`;

byId("export-csv").addEventListener("click", () => {
  download(`hosts-${data.run}.csv`, "text/csv;charset=utf-8", csv());
  tell(`${seen.length.toLocaleString("en")} rows, with the columns shown.`);
});
byId("export-limit").addEventListener("click", () => {
  const [plain, odd] = names();
  download(LIMIT_FILE, "text/plain;charset=utf-8", plain.map((name) => `${name}\n`).join(""));
  tell(`${plain.length.toLocaleString("en")} names, for --limit @${LIMIT_FILE}.${left_out(odd)}`);
});
byId("export-command").addEventListener("click", async () => {
  const [plain, odd] = names();
  const few = plain.length <= FEW && !odd;
  const limit = few ? plain.join(",") : `@${LIMIT_FILE}`;
  if (!plain.length) return tell("No host to name.");
  await copy(`ansible-playbook audit.yml -i ${data.inventory} --limit ${limit}`);
  return tell(few ? "Copied." : `Copied. It reads ${LIMIT_FILE}: download the list as well.${left_out(odd)}`);
});
byId("export-link").addEventListener("click", async () => {
  await copy(location.href);
  tell("Copied.");
});
for (const button of document.querySelectorAll(".command .copy")) {
  button.addEventListener("click", async () => {
    await copy(button.parentElement.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2_000);
  });
}
