// What stands in the page's data blocks, and how its values are written. Texts reach the page as text nodes only.
const DASH = "–";
const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#8A4F9E", "#B8860B", "#56B4E9", "#444444"];
const INK = "#222222", MUTED = "#5F6368", FAINT = "#D9DCE0", ALERT = "#C2410C";
const MOST_CHIPS = 8, MOST_DRAWN = 60, MOST_ROWS = 200; // chips, lanes or lines of a figure, and rows added at once

function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A function of one key that works each answer out once.
function once(make) {
  const kept = new Map();
  return key => {
    if (!kept.has(key)) kept.set(key, make(key));
    return kept.get(key);
  };
}

// Whatever looks at a whole column is worked out once per column: a table may hold tens of thousands of rows.
function data(result) {
  const place = new Map(result.columns.map((name, n) => [name, n]));
  const cell = (name, row) => place.has(name) ? result.rows[row][place.get(name)] : null;
  const all = result.rows.map((_, n) => n);
  const present = once(name => all.map(row => cell(name, row)).filter(value => value !== null));
  const table = {
    result, cell, all, present, has: name => place.has(name),
    heading: name => result.labels[name] || spoken(String(name)),
    distinct: once(name => [...new Set(all.map(row => cell(name, row)))]),
    numeric: name => { const known = present(name); return known.length > 0 && known.every(v => typeof v === "number"); },
    write: once(name => writer(table, name)),
    share: once(name => isShare(table, name)),
    text: once(row => result.columns.map(name => table.write(name)(cell(name, row))).join(" ").toLowerCase()),
  };
  return table;
}

// The first of what could be drawn, and a button that says how much is left and adds it.
function limited(state, parts) {
  state.left = Math.max(0, parts.length - state.most);
  return state.left ? parts.slice(0, state.most) : parts;
}

function moreButton(words, clicked) {
  const button = el("button", { type: "button" }), box = el("p", { class: "tools more" }, button);
  button.addEventListener("click", clicked);
  return { box, say: left => { box.hidden = !left; button.textContent = `${grouped(left, 0)} more ${words}: show more`; } };
}

const smallest = values => values.reduce((a, b) => Math.min(a, b), Infinity); // Math.min(...values) has a most
const largest = values => values.reduce((a, b) => Math.max(a, b), -Infinity);

function spoken(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// Length of a text in characters of the usual width: Chinese, Japanese and Korean ones are wider.
const wide = text => [...text].reduce((sum, sign) => sum + (sign >= "\u1100" ? 1.8 : 1), 0);
// The same rule as perflib.figures.style.is_share: the name says it, or the words do and the values allow it.
function isShare(table, name) {
  if (String(name).split("_").includes("share")) return true;
  const chart = table.result.chart || {}, { low, high } = boundsOf(table, name);
  const words = `${table.heading(name)} ${name === chart.y ? chart.y_label : ""}`;
  return /\bshare\b/i.test(words) && !/%|per cent|points/.test(words)
    && [name, low, high].every(column => !column || table.present(column).every(v => typeof v !== "number" || v >= 0 && v <= 1));
}

const format = once(digits => new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
const grouped = (value, digits) => format(digits).format(value).replace("-", "\u2212");

function writer(table, name) {
  const { low, high } = boundsOf(table, name);
  const sizes = [name, low, high].flatMap(column => column ? table.present(column) : [])
    .filter(v => typeof v === "number").map(Math.abs);
  const size = largest(sizes.concat(0));
  const digits = sizes.every(Number.isInteger) ? 0 : size >= 1e4 ? 0 : size >= 1e3 ? 1 : size >= 0.1 ? 2 : 4;
  return value => {
    if (value === null || value === undefined) return DASH;
    if (typeof value === "boolean") return value ? "yes" : "no";
    if (typeof value !== "number") return day(value);
    if (["p", "p_value", "adjusted"].includes(name)) return value < 0.001 ? "<0.001" : value.toFixed(3);
    return table.share(name) ? `${(100 * value).toFixed(size < 0.01 ? 2 : 1)}%` : grouped(value, digits);
  };
}

const STAMP = /^\d{4}-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2})?.*)?)?$/;

function day(value) {
  const text = String(value);
  if (!STAMP.test(text) || text.length < 16) return text;
  return text.slice(11, 16) === "00:00" ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 16)}`;
}

// Seconds of a local time stamp read as it stands: the reader's own zone must not move it.
function seconds(text) {
  const parts = text.slice(0, 19).replace(" ", "T");
  return Date.parse((parts.length === 7 ? `${parts}-01` : parts.slice(0, 10)) + `T${parts.slice(11) || "00:00"}Z`) / 1000;
}

// The interval of an estimate: its own columns, or the chart's.
function boundsOf(table, name) {
  const chart = table.result.chart || {}, marks = chart.marks || {};
  if (name === chart.y && chart.low) {
    return { low: chart.low, high: chart.high, outerLow: marks.outer_low, outerHigh: marks.outer_high };
  }
  const known = column => table.has(column) && column !== name ? column : undefined;
  return {
    low: known(`${name}_low`), high: known(`${name}_high`), outerLow: known(`${name}_lower`),
    outerHigh: known(`${name}_upper`),
  };
}

// Other numbers that could be drawn instead: no bounds, no axis, nothing a mark already uses.
function measures(table) {
  const chart = table.result.chart;
  const taken = new Set([chart.x, chart.by, chart.low, chart.high, chart.y]);
  const bound = name => ["_low", "_high", "_lower", "_upper"].some(
    end => name.endsWith(end) && table.has(name.slice(0, -end.length)));
  const also = (chart.marks.also || []).length ? [chart.y] : [];
  const free = table.result.columns.filter(name => !taken.has(name) && !bound(name) && table.numeric(name));
  return [...also, ...free.filter(name => boundsOf(table, name).low), ...free.filter(name => !boundsOf(table, name).low)];
}

const FORMULA = /^(?=\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|[\t\r\n])|(?<=[\t\r\n;])(?=\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

// The same rule as perflib.result.spreadsheet_safe: no text is evaluated, whichever separator a spreadsheet expects.
function csv(table, rows) {
  const quoted = text => `"${text.replace(FORMULA, "'").replaceAll('"', '""')}"`;
  const field = value => value === null ? "" : typeof value === "string" ? quoted(value) : String(value);
  const lines = rows.map(row => table.result.rows[row].map(field).join(","));
  return "\ufeff" + [table.result.columns.map(name => quoted(name)).join(","), ...lines].join("\r\n") + "\r\n";
}
