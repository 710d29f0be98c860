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

function matching(table, rows, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length ? rows.filter(row => words.every(word => table.text(row).includes(word))) : rows;
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

// A printed table: its first rows stand in the page, further ones are made of the data when they are to be seen.
function grid(state, printed) {
  const body = printed.tBodies[0], heads = [...printed.querySelectorAll("thead th[data-column]")];
  const lines = new Map([...body.rows].map(line => [Number(line.dataset.row), line]));
  const first = lines.size, wrap = printed.closest(".table-wrap") || printed;
  const written = wrap.nextElementSibling;
  if (written && written.matches("p.more")) written.classList.add("paper"); // on the screen the button says it
  const more = moreButton("rows", () => { most += MOST_ROWS; arrange(); });
  wrap.after(more.box);
  let most = first, seen = null;
  const line = row => {
    if (!lines.has(row)) lines.set(row, tableLine(state.table, heads, row));
    return lines.get(row);
  };
  const arrange = () => {
    if (seen !== state.shown) [most, seen] = [first, state.shown];
    const rows = state.shown.slice(0, most), visible = new Set(rows);
    for (const [row, made] of lines) {
      made.hidden = !visible.has(row);
      if (made.hidden && row >= first) { lines.delete(row); made.remove(); }
    }
    body.append(...rows.map(line), ...[...lines.values()].filter(made => made.hidden));
    more.say(state.shown.length - rows.length);
    for (const head of heads) {
      const sortedBy = state.order && state.order.name === head.dataset.column;
      if (sortedBy) head.setAttribute("aria-sort", state.order.down > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
  };
  return arrange;
}

// One row as perflib.reports.table writes it: an interval beside its estimate.
function tableLine(table, heads, row) {
  const cells = heads.map((head, n) => {
    const name = head.dataset.column, write = table.write(name), value = table.cell(name, row), { low, high } = boundsOf(table, name);
    const between = value !== null && low && high && table.numeric(name) && (table.numeric(low) || table.numeric(high))
      ? ` (${write(table.cell(low, row))} to ${write(table.cell(high, row))})` : "";
    const look = table.numeric(name) ? { class: "number" } : {};
    return el(n ? "td" : "th", n ? look : { scope: "row", ...look }, write(value) + between);
  });
  return el("tr", { "data-row": row }, ...cells);
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
