"use strict";
// Everything a host said reaches the page as text (textContent), never as markup.
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const columns = new Map(data.columns.map((column) => [column.key, column]));
  const filters = [...document.querySelectorAll("select[data-filter]")];
  const chosen = { text: "", state: "", provider: "", cause: "", glibc: "", groups: "" };
  const NONE = "\u0000";  // the filter's value for hosts that have nothing there; no text of a host has this in it
  const LONGEST_LIST = 1000;
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const cell = (key, host) => { const column = columns.get(key); return column.numbers ? column.numbers[host] : column.texts[column.places[host]]; };
  let seen = [];  // hosts that pass the filters, in the table's order
  let open = -1;

  // ---- filters and sort: each different text of a column is looked at once, however many hosts have it
  for (const column of data.columns) if (column.places) column.places = Int32Array.from(column.places);
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
        : among(column, column.texts, (text) => text === named)]);
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
    const given = hosts.filter((host) => !Number.isNaN(rank[host]));
    given.sort((a, b) => (up ? rank[a] - rank[b] : rank[b] - rank[a]) || a - b);
    return given.concat(hosts.filter((host) => Number.isNaN(rank[host])));  // hosts without a value stay last
  }

  let asked = "";
  function answer(request, reply) {
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

  // ---- a small way to make elements
  function el(tag, options, ...children) {
    const element = document.createElement(tag);
    const { class: name, ...rest } = options || {};
    if (name) element.className = name;
    for (const [key, each] of Object.entries(rest)) element.setAttribute(key, each);
    for (const child of children.flat()) if (child !== null && child !== undefined && child !== "") element.append(child);
    return element;
  }
  const mono = (text) => el("span", { class: "mono" }, el("bdi", {}, String(text)));
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
    return given(text) ? el("details", isOpen ? { open: "" } : {}, el("summary", { class: "quiet small" }, title), el("pre", {}, text)) : null;
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
    return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name }, el("table", { class: "plain" },
      el("thead", {}, el("tr", {}, cells(titles.map((title) => title.replace("#", "")), "th"))),
      el("tbody", {}, lines.map((line) => el("tr", {}, cells(line, "td"))))));
  }

  // A name may break behind a dot, before it has to break anywhere.
  const broken = (name) => name.split(/(?<=\.)/).flatMap((part, place) => (place ? [el("wbr"), part] : [part]));

  // Check mode tries nothing: what it says of a host is marked as a prediction.
  const badge = (state) => el("span", { class: `badge ${state}` }, data.predicted.includes(state) ? `predicted ${state}` : state);

  // ---- the table: DataTables shows a page of it at a time, what is on it comes from answer()
  function content(column, host) {
    const value = cell(column.key, host);
    if (column.key === "host") return el("button", { type: "button", class: "link open mono" }, el("bdi", {}, broken(value)));
    if (column.key === "state") return badge(value);
    if (column.numbers) return number(value) ? el("span", {}, number(value)) : null;
    if (!value) return null;
    const remedy = column.key === "because" && cell("remedy", host);
    const good = column.key === "because" && cell("last_good", host);
    return el("span", {}, el("bdi", {}, value), good ? el("span", { class: "then" }, "Last good: ", el("bdi", {}, good)) : null,
      remedy ? el("span", { class: "then" }, "→ ", el("bdi", {}, remedy)) : null);
  }
  const narrow = window.innerWidth < 1320 ? ["os", "qps"] : [];
  for (const element of document.querySelectorAll(".search, .controls")) element.hidden = false;
  byId("place").replaceWith(el("table", { id: "table" },
    el("caption", { class: "unseen" }, "Hosts of this run. The column headers sort; a host's name opens its details."),
    el("thead", {}, el("tr", {}, data.columns.map((column) => el("th", { scope: "col" }, column.title)))), el("tbody", {})));
  const table = window.jQuery("#table").DataTable({
    serverSide: true,
    ajax: answer,
    order: [],
    pageLength: 50,
    lengthMenu: [25, 50, 100, 500],
    autoWidth: false,
    searching: false,
    layout: { topStart: null, topEnd: null, bottomStart: "pageLength", bottomEnd: "paging" },
    language: { emptyTable: "", zeroRecords: "", lengthMenu: "Hosts on a page: _MENU_" },
    columns: data.columns.map((column) => ({
      data: "host",
      className: `col-${column.key}${column.numbers ? " num" : ""}`,
      visible: column.shown && !narrow.includes(column.key),
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
    return [...found.sort((a, b) => collator.compare(a.text, b.text)).map((each) => option(each.value, each.text, each.hosts)),
      bare ? option(NONE, "None", bare) : null,
      left > 0 ? el("option", { disabled: "" }, `${left.toLocaleString("en")} smaller ones: use the search`) : null].filter(Boolean);
  }
  for (const select of filters) {
    select.append(...choices(columns.get(select.dataset.filter)));
    select.addEventListener("change", () => { chosen[select.dataset.filter] = select.value; apply(); });
  }
  byId("choices").append(...data.columns.map((column, place) => {
    const box = el("input", { type: "checkbox" });
    box.checked = table.column(place).visible();
    box.addEventListener("change", () => table.column(place).visible(box.checked));
    return el("label", {}, box, ` ${column.title}`);
  }));

  function apply() {
    table.draw();
    byId("shown").textContent = `${seen.length.toLocaleString("en")} of ${data.total.toLocaleString("en")}`;
    byId("nothing").hidden = seen.length > 0;
    byId("clear").hidden = !Object.values(chosen).some(Boolean);
    for (const select of filters) select.value = chosen[select.dataset.filter];
    for (const tile of document.querySelectorAll(".tile")) tile.setAttribute("aria-pressed", String(tile.dataset.state === chosen.state));
  }
  function clear() {
    for (const key of Object.keys(chosen)) chosen[key] = "";
    byId("search").value = "";
    apply();
    byId("search").focus();
  }
  byId("search").addEventListener("input", (event) => { chosen.text = event.target.value; apply(); });
  byId("clear").addEventListener("click", clear);
  byId("reset").addEventListener("click", clear);
  for (const tile of document.querySelectorAll(".tile")) {
    tile.addEventListener("click", () => { chosen.state = chosen.state === tile.dataset.state ? "" : tile.dataset.state; apply(); });
  }
  for (const button of document.querySelectorAll("[data-cause].link")) {
    button.addEventListener("click", () => { chosen.cause = button.dataset.cause; apply(); byId("hosts").scrollIntoView(); byId("search").focus(); });
  }

  // ---- a host's details: its line in a part, which is unpacked, and where it lies beside the page loaded, when wanted
  const inside = [...document.querySelectorAll("script.part")];
  const arriving = new Map();  // part: what to do with it
  const parts = new Map();  // part: promise of its lines; the last few are kept
  window.faissFleetPart = (part, text) => { if (arriving.has(part)) arriving.get(part)(text); };

  function load(part) {
    if (!data.beside) return Promise.resolve(inside[part].textContent);
    const name = `${data.beside}part-${String(part + 1).padStart(4, "0")}.js`;
    return new Promise((resolve, reject) => {
      arriving.set(part, resolve);
      const script = el("script", { src: name });
      script.nonce = data.nonce;
      script.addEventListener("load", () => { script.remove(); reject(new Error(`${name} is damaged. Render the run again with report.yml.`)); });
      script.addEventListener("error", () => { script.remove(); reject(new Error(`${name} is not beside this page. Copy the folder along with it, or render the run again with report.yml.`)); });
      document.head.append(script);
    }).finally(() => arriving.delete(part));
  }
  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return (await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text()).split("\n");
  }
  function lines(part) {
    if (!parts.has(part)) {
      const coming = load(part).then(unpack);
      coming.catch(() => parts.delete(part));
      parts.set(part, coming);
      if (parts.size > 4) parts.delete(parts.keys().next().value);
    }
    return parts.get(part);
  }
  async function details(host) {
    const part = Math.floor(host / data.part);
    const found = await lines(part);
    const at = host - part * data.part;
    const record = JSON.parse(found[at]);
    const pool = JSON.parse(found[found.length - 1]);  // every different answer of the part's hosts once
    return plainly({ ...record, name: record.host.name, groups: record.host.groups, finished: record.run.finished,
      answers: (pool.hosts[at] || []).map((place) => pool.answers[place]) });
  }

  // What is not seen but does something (direction marks, control characters) is spelled out, and much is cut.
  const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;
  const LONGEST = 8000;
  const spell = (letter) => `<U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}>`;
  function plainly(value) {
    if (typeof value === "string") {
      const half = LONGEST / 2;
      const cut = value.length > LONGEST ? `${value.slice(0, half)}\n[... ${value.length - LONGEST} characters more in records.jsonl ...]\n${value.slice(-half)}` : value;
      return cut.replace(/\r\n?/g, "\n").replace(UNSEEN, spell);
    }
    if (Array.isArray(value)) return value.map(plainly);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, each]) => [plainly(key), plainly(each)]));
    return value;
  }

  function facts(record) {
    const f = record.facts;
    if (!f) return section("Facts", quiet("This host was not probed in this run."));
    const library = (each, prefixes) => each && (each.error || prefixes.map((prefix) => each.versions[prefix] && `${prefix} ${each.versions[prefix]}`).filter(Boolean).join(", "));
    const list = (each, show) => (each || []).map(show).join("\n");
    return section("Facts", pairs([
      ["System", f.os && [f.os.name, quiet(` ${f.kernel} ${f.arch}`)]],
      ["C library", f.libc && [`${f.libc.family || "unknown"} ${f.libc.version || ""}`, quiet(` by ${f.libc.method || "no method"}, ${f.libc.answers.filter((answer) => answer.version).length} answers`), f.libc.disagreement && el("span", { class: "warn" }, ` ${f.libc.disagreement}`)]],
      ["libstdc++", library(f.libstdcxx, ["GLIBCXX", "CXXABI"])],
      ["libgomp", library(f.libgomp, ["GOMP", "OMP"])],
      ["CPU", f.cpu && [`${f.cpu.isa_level || "level unknown"}`, quiet(` ${f.cpu.count || "?"} × ${f.cpu.model || "unknown"}`)]],
      ["Memory", bytes(f.memory_bytes)],
      ["Pythons", list(f.pythons, (each) => `${each.version || each.error || "?"}  ${each.path}`)],
      ["Node", list(f.nodes, (each) => `${each.version || each.error || "?"}  ${each.path}`)],
      ["conda", list(f.condas, (each) => `${each.kind} ${each.version || ""}  ${each.path}`)],
      ["Engines", list(f.engines, (each) => `${each.name} ${each.version || ""}${each.answers ? "" : " (does not answer)"}`)],
      ["FAISS there", list(f.faiss, (each) => `${each.version || "?"}  ${each.python}`)],
      ["Prefixes", list(f.prefixes, (each) => `${each.path}${each.complete ? "" : " (incomplete)"}`)],
      ["File systems", list(f.filesystems, (each) => `${each.purpose}: ${each.path}, ${bytes(each.free_bytes) || "?"} free${each.noexec ? ", noexec" : ""}${each.read_only ? ", read-only" : ""}`)],
      ["SELinux", f.selinux && f.selinux.status],
      ["Groups", (record.groups || []).join(", ")],
      ["Not known", list(f.gaps, (each) => `${each.fact}: ${each.reason}`)],
      ["Probed by", f.method && (f.method === "raw" ? "shell (no usable Python)" : "module")],
    ]));
  }

  function reasons(candidate) {
    const withNeed = candidate.reasons.filter((reason) => reason.need || reason.file);
    const others = candidate.reasons.filter((reason) => !withNeed.includes(reason));
    const where = (reason) => {  // which file asks which library for which symbols; the sentence where no file does
      const symbols = reason.symbols || [];
      return reason.file ? [el("div", {}, mono(reason.file)),
        el("div", { class: "small" }, symbols.length ? [quiet("asks for "), mono(symbols[0])] : null, reason.library ? quiet(`${symbols.length ? " of" : "loads"} ${reason.library}`) : null),
        symbols.length > 1 ? fold(`and ${symbols.length - 1} more`, symbols.slice(1).join("\n")) : null] : el("div", { class: "quiet" }, reason.text);
    };
    return [
      withNeed.length ? grid(["Needs", "Has", "Where"], withNeed.map((reason) => [
        el("span", { class: "bad whole" }, mono(reason.need || reason.check)), el("span", { class: "whole" }, mono(reason.have || "nothing")), where(reason),
      ]), "Needs that are not met") : null,
      ...others.map((reason) => el("p", {}, reason.text)),
    ];
  }

  function plan(record) {
    const chosen = record.decision && record.decision.candidate;
    const items = record.plan.map((candidate) => el("div", { class: "item" },
      el("div", { class: "item-head" },
        candidate.verdict === "possible" ? el("span", { class: "ok" }, "possible") : el("span", { class: "bad" }, "blocked"),
        el("strong", {}, `${candidate.artefact.name} ${candidate.artefact.version || ""}`.trim()), quiet(candidate.strategy),
        candidate.id === chosen ? el("span", { class: "badge native" }, "chosen") : null),
      candidate.id !== candidate.strategy ? el("div", { class: "small quiet" }, mono(candidate.id)) : null,
      reasons(candidate),
      candidate.verdict === "blocked" && candidate.remedy ? el("p", { class: "small quiet" }, `→ ${candidate.remedy}`) : null,
      candidate.note ? el("p", { class: "small quiet" }, candidate.note) : null));
    const there = (name) => record.plan.some((candidate) => candidate.strategy === name);
    const asked = given(record.strategies) ? el("p", { class: "small quiet" }, `Asked for, in this order: ${record.strategies.map((name) => (there(name) ? name : `${name} (no candidate)`)).join(", ")}.`) : null;
    return section("Plan, best first", asked, items);
  }

  function answers(record) {  // open where there is something to ask: why FAISS does not run, and what would help
    const open = record.state === "native" ? {} : { open: "" };
    return section("Questions that come up", record.answers.map(([question, text, evidence]) => el("details", { class: "item question", ...open },
      el("summary", {}, question), el("p", {}, text),
      evidence.length ? el("div", { class: "small quiet" }, "From these facts:", el("ul", {}, evidence.map((fact) => el("li", {}, fact)))) : null)));
  }

  function attempts(record) {
    return section("Attempts", record.attempts.map((attempt) => el("div", { class: "item" },
      el("div", { class: "item-head" },
        attempt.lost_before ? el("span", { class: "quiet" }, "passed before") : attempt.ok === null ? el("span", { class: "warn" }, "predicted") : attempt.ok ? el("span", { class: "ok" }, "installed") : el("span", { class: "bad" }, "failed"),
        el("strong", {}, `${attempt.artefact.name} ${attempt.artefact.version || ""}`.trim()),
        quiet(`${number(attempt.seconds)} s${attempt.changed ? "" : ", unchanged"}${attempt.bytes_shipped ? `, ${bytes(attempt.bytes_shipped)} shipped` : ""}`),
        attempt.cause ? mono(attempt.cause) : null,
        attempt.prediction ? quiet(attempt.prediction === "confirmed" ? "as the plan predicted" : "the plan was refuted") : null,
        attempt.failed_before || attempt.lost_before ? quiet("not tried again") : null,
        attempt.removed ? quiet("removed, another is set") : null),
      attempt.prefix ? el("div", { class: "small quiet" }, mono(attempt.prefix)) : null,
      attempt.message ? el("pre", {}, attempt.message) : null,
      attempt.remedy ? el("p", {}, `→ ${attempt.remedy}`) : null,
      fold("Log", attempt.log), attempt.log_file ? el("p", { class: "small quiet" }, `Whole log: ${attempt.log_file}`) : null)));
  }

  function verification(record) {
    const advice = record.decision && record.decision.recommendation;
    return section("Verification", (advice ? [el("p", {}, advice.text)] : []).concat(record.verification.map((test) => el("div", { class: "item" },
      el("div", { class: "item-head" },
        test.ok ? el("span", { class: "ok" }, "passed") : el("span", { class: "bad" }, "failed"),
        el("strong", {}, test.faiss_version ? `FAISS ${test.faiss_version}` : ({ js: "JavaScript fallback", numpy: "numpy fallback" })[test.backend] || test.backend || ""),
        quiet([test.isa_loaded && `${test.isa_loaded} build`, test.numpy_version && `numpy ${test.numpy_version}`, test.stage && test.stage !== "done" && `stopped at ${test.stage}`, test.signal, test.peak_rss_bytes && `peak ${bytes(test.peak_rss_bytes)}`].filter(Boolean).join(" · ")),
        test.cause ? mono(test.cause) : null),
      ["js", "numpy"].includes(test.candidate) ? null : el("div", { class: "small quiet" }, mono(test.candidate)),
      (test.indexes || []).length ? grid(["Index", "Recall#", "Queries/s#", "p50 ms#", "p95 ms#", "Batch queries/s#"], test.indexes.map((index) => [
        index.index, typeof index.recall_at_k === "number" ? index.recall_at_k.toFixed(3) : "", number(index.qps), number(index.p50_ms), number(index.p95_ms), number(index.batch_qps)])
        .concat(test.loader ? [[`flat, through the loader (${test.loader.mode})`, "", number(test.loader.qps), number(test.loader.p50_ms), number(test.loader.p95_ms), ""]] : []), "Figures by index") : null,
      test.workload ? el("p", { class: "small quiet" }, ["n", "d", "k", "queries", "threads"].filter((key) => given(test.workload[key])).map((key) => `${key} = ${number(test.workload[key])}`).concat(given(test.measured_at) ? [`measured ${test.measured_at}; only the brief test was run this time, as nothing had changed`] : []).join(", ")) : null,
      test.message ? el("pre", {}, test.message) : null,
      test.remedy ? el("p", {}, `→ ${test.remedy}`) : null, fold("Log", test.log)))));
  }

  // Before and after with their keys in the same order, so that the eye finds what differs.
  const sorted = (_key, each) => (each && typeof each === "object" && !Array.isArray(each)
    ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each);
  function setting(record) {
    const s = record.setting;
    if (!s) return null;
    const show = (each) => el("pre", {}, each ? JSON.stringify(each, sorted, 2) : "nothing");
    return section("Setting", el("p", {}, mono(s.path), s.changed ? el("span", { class: "warn" }, " changed") : quiet(" unchanged"), s.backup ? quiet(`, backup ${s.backup}`) : ""),
      s.changed ? el("div", { class: "two" }, el("div", {}, quiet("Before"), show(s.before)), el("div", {}, quiet("After"), show(s.after)))
        : fold("As it is", s.after ? JSON.stringify(s.after, sorted, 2) : "nothing"));
  }

  function errors(record) {
    return section("Errors, verbatim", record.errors.map((error) => el("div", { class: "item" },
      el("div", { class: "item-head" }, el("strong", {}, error.stage), error.cause ? mono(error.cause) : null),
      el("pre", {}, error.message), error.remedy ? el("p", {}, `→ ${error.remedy}`) : null)));
  }

  async function show(host, stepped) {  // stepped: from the host before or after, by a button that may be pressed again
    open = host;
    const at = seen.indexOf(host);
    const state = cell("state", host);
    byId("drawer-title").replaceChildren(el("bdi", {}, cell("host", host)));
    byId("drawer-sub").replaceChildren(badge(state), el("span", {}, cell("because", host)));
    byId("drawer-body").replaceChildren(quiet("Opening …"));
    byId("drawer-body").setAttribute("aria-busy", "true");
    byId("previous").disabled = at <= 0;
    byId("next").disabled = at < 0 || at >= seen.length - 1;
    if (!byId("drawer").open) byId("drawer").showModal();
    if (!stepped || document.activeElement.disabled || document.activeElement === document.body) byId("drawer-title").focus();
    let shown;
    try {
      shown = contents(await details(host), cell("last_good", host));
    } catch (error) {
      shown = [el("p", { class: "callout failed", role: "alert" }, `The details of this host cannot be shown. ${error.message}`)];
    }
    if (open !== host) return;  // another host was opened meanwhile
    byId("drawer-body").replaceChildren(...shown);
    byId("drawer-body").removeAttribute("aria-busy");
    byId("drawer-body").scrollTop = 0;
  }
  function contents(record, good) {
    byId("drawer-sub").lastChild.textContent = record.because;
    return [
      record.cause || record.remedy ? el("div", { class: `callout ${record.state}` }, record.cause ? mono(record.cause) : null, record.remedy ? el("span", {}, `→ ${record.remedy}`) : null) : null,
      good ? section("Last good result", el("p", {}, good)) : null,
      errors(record), verification(record), answers(record), plan(record), attempts(record), setting(record), facts(record),
      el("p", { class: "small quiet" }, `Finished ${record.finished}. The whole record is this host's line in records.jsonl.`),
    ].filter(Boolean);
  }
  function step(by) {
    const next = seen[seen.indexOf(open) + by];
    if (next !== undefined) show(next, true);
  }
  document.querySelector("#table tbody").addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-host]");
    if (row && !String(window.getSelection())) show(Number(row.dataset.host));
  });
  byId("close").addEventListener("click", () => byId("drawer").close());
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("drawer").addEventListener("click", (event) => { if (event.target === byId("drawer")) byId("drawer").close(); });
  byId("drawer").addEventListener("close", () => {
    const left = open;
    open = -1;
    // The table shows the page that the host is on, as Next may have led far away.
    const page = Math.floor(Math.max(seen.indexOf(left), 0) / table.page.len());
    if (page !== table.page()) table.page(page).draw("page");
    const row = document.querySelector(`#table tr[data-host="${left}"] .open`);
    if (row) row.focus();
  });
  // The choice of columns lies over the table: Escape and a click elsewhere close it.
  document.addEventListener("click", (event) => { if (!byId("choice").contains(event.target)) byId("choice").open = false; });
  byId("choice").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    byId("choice").open = false;
    byId("choice").querySelector("summary").focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !byId("drawer").open && !["INPUT", "SELECT"].includes(document.activeElement.tagName)) {
      event.preventDefault();
      byId("search").focus();
    }
  });
  apply();
})();
