"use strict";
// Everything a host said reaches the page as text (textContent), never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const body = document.querySelector("#table tbody");
  const rows = Array.from(body.rows, (element) => ({
    element,
    index: Number(element.dataset.index),
    search: (element.dataset.search + " " + element.textContent).toLowerCase(),
  }));
  const filter = { text: "", state: "", cause: "" };
  let order = rows;
  let open = -1;

  // ---- filters and sort
  function apply() {
    const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const seen = (!filter.state || row.element.dataset.state === filter.state)
        && (!filter.cause || row.element.dataset.cause === filter.cause)
        && words.every((word) => row.search.includes(word));
      row.element.hidden = !seen;
      shown += seen;
    }
    byId("shown").textContent = `${shown.toLocaleString("en")} of ${data.total.toLocaleString("en")}`;
    byId("nothing").hidden = shown > 0;
    byId("state").value = filter.state;
    for (const tile of document.querySelectorAll(".tile")) {
      tile.setAttribute("aria-pressed", String(tile.dataset.state === filter.state));
    }
    const chip = byId("cause-chip");
    chip.hidden = !filter.cause;
    chip.textContent = `cause: ${filter.cause} ✕`;
    chip.setAttribute("aria-label", `Remove the filter for cause ${filter.cause}`);
  }

  function value(row, column) {
    const cell = row.element.cells[column];
    if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
    return cell.classList.contains("num") ? null : cell.textContent.trim();
  }

  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  function sort(button) {
    const column = Number(button.dataset.column);
    const header = button.closest("th");
    const up = header.getAttribute("aria-sort") !== "ascending";
    for (const other of document.querySelectorAll("#table th")) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const keyed = order.map((row) => [value(row, column), row]);
    keyed.sort(([a], [b]) => {
      const none = (a === null || a === "") - (b === null || b === "");  // hosts without a value stay last
      if (none) return none;
      const way = typeof a === "number" ? a - b : collator.compare(a, b);
      return up ? way : -way;
    });
    order = keyed.map(([, row]) => row);
    body.append(...order.map((row) => row.element));
  }

  byId("search").addEventListener("input", (event) => { filter.text = event.target.value; apply(); });
  byId("state").addEventListener("change", (event) => { filter.state = event.target.value; apply(); });
  byId("cause-chip").addEventListener("click", () => { filter.cause = ""; apply(); byId("search").focus(); });
  byId("reset").addEventListener("click", () => {
    Object.assign(filter, { text: "", state: "", cause: "" });
    byId("search").value = "";
    apply();
    byId("search").focus();
  });
  for (const tile of document.querySelectorAll(".tile")) {
    tile.addEventListener("click", () => { filter.state = filter.state === tile.dataset.state ? "" : tile.dataset.state; apply(); });
  }
  for (const button of document.querySelectorAll("[data-cause].link")) {
    button.addEventListener("click", () => { filter.cause = button.dataset.cause; apply(); byId("hosts").scrollIntoView(); byId("search").focus(); });
  }
  for (const button of document.querySelectorAll(".sort")) button.addEventListener("click", () => sort(button));

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
  function grid(titles, lines) {
    const numeric = new Set(titles.map((title, place) => (title.endsWith("#") ? place : -1)));
    const cells = (line, tag) => line.map((each, place) => el(tag, { ...(numeric.has(place) ? { class: "num" } : {}), ...(tag === "th" ? { scope: "col" } : {}) }, each));
    return el("div", { class: "scroll" }, el("table", { class: "plain" },
      el("thead", {}, el("tr", {}, cells(titles.map((title) => title.replace("#", "")), "th"))),
      el("tbody", {}, lines.map((line) => el("tr", {}, cells(line, "td"))))));
  }

  // ---- a host's details. Equal parts of many hosts are held once, in data.pool.
  function resolve(host) {
    const get = (reference) => (reference === null ? null : data.pool[reference]);
    return {
      ...host,
      facts: host.facts && Object.fromEntries(Object.entries(host.facts).map(([key, reference]) => [key, get(reference)])),
      plan: host.plan.map(get), attempts: host.attempts.map(get), verification: host.verification.map(get),
      errors: host.errors.map(get), decision: get(host.decision), setting: get(host.setting), groups: get(host.groups),
    };
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
    return [
      withNeed.length ? grid(["Needs", "Has", "File", "Because of"], withNeed.map((reason) => [
        el("span", { class: "bad whole" }, mono(reason.need || reason.check)), el("span", { class: "whole" }, mono(reason.have || "nothing")),
        reason.file ? mono(reason.file) : quiet(reason.text),
        [reason.symbols && reason.symbols.length ? mono(reason.symbols[0]) : "", reason.library ? quiet(` of ${reason.library}`) : "",
          reason.symbols && reason.symbols.length > 1 ? fold(`and ${reason.symbols.length - 1} more`, reason.symbols.slice(1).join("\n")) : ""],
      ])) : null,
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
      el("div", { class: "small quiet" }, mono(candidate.id)),
      reasons(candidate),
      candidate.verdict === "blocked" && candidate.remedy ? el("p", { class: "small quiet" }, `→ ${candidate.remedy}`) : null,
      candidate.note ? el("p", { class: "small quiet" }, candidate.note) : null));
    return section("Plan, best first", items);
  }

  function attempts(record) {
    return section("Attempts", record.attempts.map((attempt) => el("div", { class: "item" },
      el("div", { class: "item-head" },
        attempt.ok === null ? el("span", { class: "warn" }, "predicted") : attempt.ok ? el("span", { class: "ok" }, "installed") : el("span", { class: "bad" }, "failed"),
        el("strong", {}, `${attempt.artefact.name} ${attempt.artefact.version || ""}`.trim()),
        quiet(`${number(attempt.seconds)} s${attempt.changed ? "" : ", unchanged"}${attempt.bytes_shipped ? `, ${bytes(attempt.bytes_shipped)} shipped` : ""}`),
        attempt.cause ? mono(attempt.cause) : null),
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
        el("strong", {}, test.faiss_version ? `FAISS ${test.faiss_version}` : test.backend === "js" ? "JavaScript fallback" : test.backend || ""),
        quiet([test.isa_loaded && `${test.isa_loaded} build`, test.numpy_version && `numpy ${test.numpy_version}`, test.stage && test.stage !== "done" && `stopped at ${test.stage}`, test.signal, test.peak_rss_bytes && `peak ${bytes(test.peak_rss_bytes)}`].filter(Boolean).join(" · ")),
        test.cause ? mono(test.cause) : null),
      el("div", { class: "small quiet" }, mono(test.candidate)),
      (test.indexes || []).length ? grid(["Index", "Recall#", "Queries/s#", "p50 ms#", "p95 ms#", "Batch queries/s#"], test.indexes.map((index) => [
        index.index, typeof index.recall_at_k === "number" ? index.recall_at_k.toFixed(3) : "", number(index.qps), number(index.p50_ms), number(index.p95_ms), number(index.batch_qps)])) : null,
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

  function show(index) {
    const row = rows.find((each) => each.index === index);
    const record = resolve(data.hosts[index]);
    open = index;
    byId("drawer-title").replaceChildren(el("bdi", {}, record.name));
    byId("drawer-sub").replaceChildren(el("span", { class: `badge ${record.state}` }, record.state), el("span", {}, record.because));
    byId("drawer-body").replaceChildren(...[
      record.cause || record.remedy ? el("div", { class: `callout ${record.state}` }, record.cause ? mono(record.cause) : null, record.remedy ? el("span", {}, `→ ${record.remedy}`) : null) : null,
      errors(record), verification(record), plan(record), attempts(record), setting(record), facts(record),
      el("p", { class: "small quiet" }, `Finished ${record.finished}. The whole record is this host's line in records.jsonl.`),
    ].filter(Boolean));
    byId("drawer-body").scrollTop = 0;
    const seen = order.filter((each) => !each.element.hidden);
    byId("previous").disabled = seen.indexOf(row) <= 0;
    byId("next").disabled = seen.indexOf(row) >= seen.length - 1;
    if (!byId("drawer").open) byId("drawer").showModal();
    byId("drawer-title").focus();
  }
  function step(by) {
    const seen = order.filter((each) => !each.element.hidden);
    const next = seen[seen.findIndex((each) => each.index === open) + by];
    if (next) show(next.index);
  }
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row && !String(window.getSelection())) show(Number(row.dataset.index));
  });
  byId("close").addEventListener("click", () => byId("drawer").close());
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("drawer").addEventListener("click", (event) => { if (event.target === byId("drawer")) byId("drawer").close(); });
  byId("drawer").addEventListener("close", () => {
    const row = rows.find((each) => each.index === open);
    if (row) row.element.querySelector(".open").focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !byId("drawer").open && !["INPUT", "SELECT"].includes(document.activeElement.tagName)) {
      event.preventDefault();
      byId("search").focus();
    }
  });
  apply();
})();
