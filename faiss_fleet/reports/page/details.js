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
    script.addEventListener("error", () => { script.remove(); reject(new Error(`${name} is not beside this page. Copy the directory along with it, or render the run again with report.yml.`)); });
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
  const pool = JSON.parse(found[found.length - 1]);  // what is said of the part's hosts, each answer once
  return plainly({ ...record, name: record.host.name, groups: record.host.groups, finished: record.run.finished,
    answers: (pool.hosts[at] || []).map((place) => pool.answers[place]), past: pool.past[at] || [], standing: pool.standing[at], symbols: pool.symbols });
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
