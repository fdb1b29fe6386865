// ---- the hosts: their cells, and which of them pass the filters in which order
const data = JSON.parse(byId("data").textContent);
const columns = new Map(data.columns.map((column) => [column.key, column]));
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
for (const column of data.columns) if (column.texts) column.places = unpacked(column.places);
const filters = [...document.querySelectorAll("select[data-filter]")];
const chosen = { text: "", ...Object.fromEntries(filters.map((select) => [select.dataset.filter, ""])) };
const NONE = "\u0000";  // the filter's value for hosts that have nothing there; no text of a host has this in it
const NOT_NATIVE = "!native";  // the state's value for all hosts that want a person
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const cell = (key, host) => {
  const column = columns.get(key);
  if (!column) return "";
  return column.numbers ? column.numbers[host] : column.texts[column.places[host]];
};
// By host the place among a column's texts: nothing is said where each host has its own, and a letter where they are few.
function unpacked(places) {
  if (places === null) return Int32Array.from({ length: data.total }, (_, host) => host);
  if (typeof places !== "string") return Int32Array.from(places);
  const found = new Int32Array(data.total), byCode = new Int32Array(128);
  for (let place = 0; place < LETTERS.length; place += 1) byCode[LETTERS.charCodeAt(place)] = place;
  for (let host = 0; host < found.length; host += 1) found[host] = byCode[places.charCodeAt(host)];
  return found;
}
let seen = [];  // hosts that pass the filters, in the table's order

// Each different text of a column is looked at once, however many hosts have it.
function passing() {
  const left = new Uint8Array(data.total).fill(1);
  const keep = (ways) => {  // a host stays that passes one of the ways
    for (let host = 0; host < left.length; host += 1) {
      if (!left[host]) continue;
      let passes = 0;
      for (let way = 0; way < ways.length && !passes; way += 1) passes = ways[way].fits[ways[way].places[host]];
      left[host] = passes;
    }
  };
  const among = ({ places }, texts, fits) => ({ places, fits: Uint8Array.from(texts, fits) });
  for (const [key, wanted] of Object.entries(chosen)) {
    if (key === "text" || !wanted) continue;
    const column = columns.get(key);
    const named = wanted === NONE ? "" : wanted;
    keep([column.members ? among(column, column.members, (own) => (wanted === NONE ? !own.length : own.includes(Number(wanted))))
      : among(column, column.texts, (text) => (wanted === NOT_NATIVE ? text !== "native" : text === named))]);
  }
  for (const word of chosen.text.toLowerCase().split(/\s+/).filter(Boolean)) {
    keep(data.columns.filter((column) => column.texts).map((column) => among(column, lowered(column), (text) => text.includes(word)))
      .filter(({ fits }) => fits.includes(1)));
  }
  const hosts = [];
  left.forEach((stays, host) => { if (stays) hosts.push(host); });
  return hosts;
}
function lowered(column) {
  column.lower = column.lower || column.texts.map((text) => text.toLowerCase());
  return column.lower;
}

function ranks(column) {  // a number for each host to sort by, NaN for hosts without a value
  if (!column.ranks) {
    if (column.numbers) column.ranks = Float64Array.from(column.numbers, (each) => (each === null ? NaN : each));
    else {
      const rank = new Float64Array(column.texts.length);
      [...column.texts.keys()].sort((a, b) => collator.compare(column.texts[a], column.texts[b])).forEach((place, at) => { rank[place] = column.texts[place] === "" ? NaN : at; });
      column.ranks = Float64Array.from(column.places, (place) => rank[place]);
    }
  }
  return column.ranks;
}
function sorted_hosts(hosts, key, up) {
  const rank = ranks(columns.get(key));
  const known = hosts.filter((host) => !Number.isNaN(rank[host]));
  known.sort((a, b) => (up ? rank[a] - rank[b] : rank[b] - rank[a]) || a - b);
  return known.concat(hosts.filter((host) => Number.isNaN(rank[host])));  // hosts without a value stay last
}

let asked = "";
function answer(request, reply) {  // what the table shows of a page, as it asks for it
  const [by] = request.order;
  const key = by && by.dir ? data.columns[by.column].key : "";
  const question = JSON.stringify([chosen, key, key && by.dir]);
  if (question !== asked) {
    seen = passing();
    if (key) seen = sorted_hosts(seen, key, by.dir === "asc");
    asked = question;
  }
  reply({ draw: request.draw, recordsTotal: data.total, recordsFiltered: seen.length,
    data: seen.slice(request.start, request.start + request.length).map((host) => ({ host })) });
}

// Of a host's name, the host; -1 where there is none of that name.
function host_named(name) {
  const { texts, places } = columns.get("host");
  const place = texts.indexOf(name);
  return place < 0 ? -1 : places.indexOf(place);
}
