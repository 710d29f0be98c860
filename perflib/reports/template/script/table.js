// Tables: sorted by their headings, narrowed by a text and by the choices above them.
function sorted(table, rows, order) {
  if (!order) return rows;
  const value = row => table.cell(order.name, row);
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b
    : String(a).localeCompare(String(b), "en", { numeric: true });
  return [...rows].sort((a, b) => {
    const [first, second] = [value(a), value(b)];
    if (first === null || second === null) return (first === null) - (second === null);
    return order.down * compare(first, second);
  });
}

function matching(rows, query, texts) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(row => words.every(word => texts.get(row).includes(word)));
}

function sortable(state, printed) {
  for (const head of printed.querySelectorAll("thead th[data-column]")) {
    const name = head.dataset.column;
    const button = el("button", { type: "button", class: "sort" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const again = state.order && state.order.name === name;
      state.order = again && state.order.down < 0 ? null : { name, down: again ? -1 : 1 };
      state.update();
    });
  }
}

function arrange(state, printed) {
  const body = printed.tBodies[0];
  const lines = new Map([...body.rows].map(line => [Number(line.dataset.row), line]));
  const shown = new Set(state.shown);
  const order = [...state.shown, ...state.table.all.filter(row => !shown.has(row))];
  for (const row of order) {
    const line = lines.get(row);
    if (!line) continue;
    line.hidden = !shown.has(row);
    body.append(line);
  }
  for (const head of printed.querySelectorAll("thead th[data-column]")) {
    const sortedBy = state.order && state.order.name === head.dataset.column;
    if (sortedBy) head.setAttribute("aria-sort", state.order.down > 0 ? "ascending" : "descending");
    else head.removeAttribute("aria-sort");
  }
}

function download(name, content) {
  const address = URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" }));
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function tableTools(state, before) {
  const tools = el("div", { class: "tools" });
  const save = el("button", { type: "button" });
  save.addEventListener("click", () => download(`${state.table.result.name}.csv`, csv(state.table, state.shown)));
  if (state.table.all.length >= 6 && state.printed.some(printed => printed.tHead)) {
    const filter = el("input", { type: "search", autocomplete: "off", size: "16" });
    filter.addEventListener("input", () => { state.query = filter.value; state.update(); });
    const label = el("label", {}, "Filter rows ", filter);
    if (before.tagName === "DETAILS") before.querySelector("summary").after(el("div", { class: "tools" }, label));
    else tools.append(label);
  }
  tools.append(save);
  if (state.image) {
    const name = `${state.table.result.name}.png`;
    tools.append(el("a", { href: state.image.src, download: name, class: "button" }, "Picture (PNG)"));
  }
  if (state.swap) tools.append(state.swap);
  state.onupdate.push(() => {
    const rows = state.shown.length;
    save.textContent = rows === state.table.all.length ? "Table (CSV)" : `Table (CSV, ${rows} of ${state.table.all.length} rows)`;
  });
  before.before(tools);
}
