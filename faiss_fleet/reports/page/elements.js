// ---- a small way to make elements. Everything a host said reaches the page as text (textContent), never as markup.
const byId = (id) => document.getElementById(id);
function el(tag, options, ...children) {
  const element = document.createElement(tag);
  const { class: name, ...rest } = options || {};
  if (name) element.className = name;
  for (const [key, each] of Object.entries(rest)) element.setAttribute(key, each);
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== "") element.append(child);
  return element;
}
const mono = (text) => el("span", { class: "mono" }, el("bdi", {}, readable(String(text))));
const quiet = (text) => el("span", { class: "quiet" }, String(text));
const given = (each) => each !== null && each !== undefined && each !== "" && !(Array.isArray(each) && !each.length);
function pairs(entries) {
  const kept = entries.filter(([, each]) => given(each));
  return kept.length ? el("dl", { class: "pairs" }, kept.flatMap(([name, each]) => [el("dt", {}, name), el("dd", {}, each)])) : null;
}
function section(title, ...children) {
  const kept = children.flat().filter(given);
  return kept.length ? el("section", {}, el("h3", {}, title), kept) : null;
}
function fold(title, text, isOpen) {
  return given(text) ? el("details", isOpen ? { open: "" } : {}, el("summary", { class: "quiet small" }, title), el("pre", {}, readable(text))) : null;
}
function number(each, digits = 3) {  // that many significant digits, whole above a thousand
  if (typeof each !== "number") return "";
  const whole = Math.abs(each) >= 1 ? String(Math.trunc(Math.abs(each))).length : 0;
  const places = Number.isInteger(each) ? 0 : Math.max(digits - whole, 0);
  return each.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
}
function bytes(each) {
  if (typeof each !== "number") return null;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let step = 0;
  while (each >= 1000 && step < 4) { each /= 1000; step += 1; }
  return `${each.toFixed(each < 10 && step ? 1 : 0)} ${units[step]}`;
}
function grid(titles, lines, name) {
  const numeric = new Set(titles.map((title, place) => (title.endsWith("#") ? place : -1)));
  const cells = (line, tag) => line.map((each, place) => el(tag, { ...(numeric.has(place) ? { class: "num" } : {}), ...(tag === "th" ? { scope: "col" } : {}) }, each));
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": name }, el("table", { class: "plain" },
    el("thead", {}, el("tr", {}, cells(titles.map((title) => title.replace("#", "")), "th"))),
    el("tbody", {}, lines.map((line) => el("tr", {}, cells(line, "td"))))));
}
// A name may break behind a dot, before it has to break anywhere.
const broken = (name) => name.split(/(?<=\.)/).flatMap((part, place) => (place ? [el("wbr"), part] : [part]));

// Commands and names stand between backticks in a remedy, which nothing renders here.
const unquoted = (text) => text.replace(/`([^`\n]*)`/g, "$1");

// C++ symbols as people read them; the name that the file has is shown by the pointer, and read out by its title.
let symbols = {};  // of the part whose host is open
function readable(text) {
  if (!text.includes("_Z")) return text;
  const parts = text.split(/\b(_Z\w+)/);
  if (!parts.some((part) => Object.hasOwn(symbols, part))) return text;
  const whole = document.createDocumentFragment();
  for (const part of parts) whole.append(Object.hasOwn(symbols, part) ? el("span", { class: "symbol", title: part }, symbols[part]) : part);
  return whole;
}
