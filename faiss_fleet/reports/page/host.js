// ---- the details of one host, section by section
function facts(record) {
  const f = record.facts;
  const said = [  // by the inventory, and of other hosts
    ["Groups", (record.groups || []).join(", ")],
    ...Object.entries(record.host.columns || {}),
    ["Same machine as", record.host.same_machine_as && [record.host.same_machine_as, quiet(", under which it is counted")]],
  ];
  if (!f) return section("Facts", quiet("This host was not probed in this run."), pairs(said));
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
    ...said,
    ["Not known", list(f.gaps, (each) => `${each.fact}: ${each.reason}`)],
    ["Probed by", f.method && (f.method === "raw" ? "shell (no usable Python)" : "module")],
  ]));
}

function waivers(record) {
  return section("Waivers", (record.host.waivers || []).map((waiver, place) => {
    const standing = record.standing[place];
    return el("div", { class: "item" },
      el("div", { class: "item-head" }, el("span", { class: standing === "expired" ? "bad" : "waived" }, standing),
        mono(waiver.cause), quiet(`until ${waiver.until}, by ${waiver.host ? "host" : "group"} ${waiver.host || waiver.group}`)),
      el("p", {}, waiver.reason, quiet(` ${waiver.owner}`)));
  }));
}

function earlier(record) {  // the host in the last comparable runs, newest first, this one on top
  if (!record.past.length) return null;
  const figure = number(cell("p95_ms", open));
  const way = [cell("provider", open), cell("faiss", open)].filter(Boolean).join(", FAISS ");
  const now = [el("strong", {}, "this run"), badge(record.state), record.state === "native" ? way : record.cause || way, figure];
  const moment = (text) => text.slice(0, 16).replace("T", " ");
  return section("Earlier runs", grid(["Finished (UTC)", "State", "Result", "p95 ms#"], [now, ...[...record.past].reverse().map(([when, state, words, p95]) =>
    [el("span", { class: "whole" }, moment(when)), badge(state), words.replace(/^(native|fallback|failed|unreachable)( by |: )?/, ""), number(p95)])], "This host in earlier runs"));
}

function artefacts() {
  const judged = data.columns.filter((column) => column.key.startsWith("loads:"));
  const shown = { yes: "ok", no: "bad", unknown: "warn" };
  return judged.length ? section("Artefacts", grid(["Artefact", "Loads", "Because"], judged.map((column) => {
    const verdict = cell(column.key, open);
    return [column.title.replace(/^Loads /, ""), el("span", { class: shown[verdict] || "quiet" }, verdict), readable(cell(column.key.replace("loads:", "why:"), open))];
  }), "Artefacts that this host can load")) : null;
}

function options(record) {
  const own = record.host.options || {};
  return section("Options that differ from the defaults", pairs(Object.entries(own).map(([name, value]) => [mono(name), mono(value)])));
}

function reasons(candidate) {
  const withNeed = candidate.reasons.filter((reason) => reason.need || reason.file);
  const others = candidate.reasons.filter((reason) => !withNeed.includes(reason));
  const where = (reason) => {  // which file asks which library for which symbols; the sentence where no file does
    const symbols = reason.symbols || [];
    return reason.file ? [el("div", {}, mono(reason.file)),
      el("div", { class: "small" }, symbols.length ? [quiet("asks for "), mono(symbols[0])] : null, reason.library ? quiet(`${symbols.length ? " of" : "loads"} ${reason.library}`) : null),
      symbols.length > 1 ? fold(`and ${symbols.length - 1} more`, symbols.slice(1).join("\n")) : null] : el("div", { class: "quiet" }, readable(reason.text));
  };
  return [
    withNeed.length ? grid(["Needs", "Has", "Where"], withNeed.map((reason) => [
      el("span", { class: "bad whole" }, mono(reason.need || reason.check)), el("span", { class: "whole" }, mono(reason.have || "nothing")), where(reason),
    ]), "Needs that are not met") : null,
    ...others.map((reason) => el("p", {}, readable(reason.text))),
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
    candidate.verdict === "blocked" && candidate.remedy ? el("p", { class: "small quiet" }, "→ ", readable(unquoted(candidate.remedy))) : null,
    candidate.note ? el("p", { class: "small quiet" }, candidate.note) : null));
  const there = (name) => record.plan.some((candidate) => candidate.strategy === name);
  const asked = given(record.strategies) ? el("p", { class: "small quiet" }, `Asked for, in this order: ${record.strategies.map((name) => (there(name) ? name : `${name} (no candidate)`)).join(", ")}.`) : null;
  return section("Plan, best first", asked, items);
}

function answers(record) {  // open where there is something to ask: why FAISS does not run, and what would help
  const open = record.state === "native" ? {} : { open: "" };
  return section("Questions that come up", record.answers.map(([question, text, evidence]) => el("details", { class: "item question", ...open },
    el("summary", {}, question), el("p", {}, readable(text)),
    evidence.length ? el("div", { class: "small quiet" }, "From these facts:", el("ul", {}, evidence.map((fact) => el("li", {}, readable(fact))))) : null)));
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
    attempt.message ? el("pre", {}, readable(attempt.message)) : null,
    attempt.remedy ? el("p", {}, "→ ", readable(unquoted(attempt.remedy))) : null,
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
    test.message ? el("pre", {}, readable(test.message)) : null,
    test.remedy ? el("p", {}, "→ ", readable(unquoted(test.remedy))) : null, fold("Log", test.log)))));
}

// Before and after with their keys in the same order, so that the eye finds what differs.
const sorted = (_key, each) => (each && typeof each === "object" && !Array.isArray(each)
  ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each);
function setting(record) {
  const s = record.setting;
  if (!s) return null;
  const show = (each) => el("pre", {}, each ? JSON.stringify(each, sorted, 2) : "nothing");
  return section("Backend configuration", el("p", {}, mono(s.path), s.changed ? el("span", { class: "warn" }, " changed") : quiet(" unchanged"), s.backup ? quiet(`, backup ${s.backup}`) : ""),
    s.changed ? el("div", { class: "two" }, el("div", {}, quiet("Before"), show(s.before)), el("div", {}, quiet("After"), show(s.after)))
      : fold("As it is", s.after ? JSON.stringify(s.after, sorted, 2) : "nothing"));
}

function errors(record) {
  return section("Errors, verbatim", record.errors.map((error) => el("div", { class: "item" },
    el("div", { class: "item-head" }, el("strong", {}, error.stage), error.cause ? mono(error.cause) : null),
    el("pre", {}, readable(error.message)), error.remedy ? el("p", {}, "→ ", readable(unquoted(error.remedy))) : null)));
}
