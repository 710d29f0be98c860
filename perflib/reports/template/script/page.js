// Every Result of the page gets the controls its columns allow; without scripts the pictures and tables stand as they are.
const DRAWN = { line: lineChart, control: lineChart, steps: lineChart, dots: laneChart, bars: laneChart };

function choiceColumns(table) {
  const chart = table.result.chart || {}, marks = Object.values(chart.marks || {}), rows = table.all.length;
  const lanes = chart.kind === "dots" || chart.kind === "bars";
  return table.result.columns.filter(name => {
    const count = table.distinct(name).length;
    if (count < 2 || count > 200) return false;
    if (onlyOne(table, name)) return true;
    if (name === chart.by) return true;
    if (name === chart.x) return lanes && count > 2;
    const texts = table.present(name);
    return !marks.includes(name) && rows >= 4 && count <= rows / 2 && texts.length === rows
      && texts.every(text => typeof text === "string" && text.length <= 40);
  });
}

// A column of which one value at a time makes sense: the figure would draw the others over it.
const onlyOne = (table, name) => (((table.result.chart || {}).marks || {}).choose || []).includes(name);

function choice(state, name, live) {
  const { table } = state, values = table.distinct(name), by = live && table.result.chart.by === name;
  const hidden = new Set();
  state.hidden.set(name, hidden);
  const label = value => value === null || value === "" ? DASH : day(value);
  if (onlyOne(table, name)) {
    const keep = n => { hidden.clear(); values.forEach((value, k) => { if (k !== n) hidden.add(value); }); };
    keep(0);
    return select(table.heading(name), values.map(label), n => { keep(n); state.update(); }, 0).box;
  }
  if (values.length > MOST_CHIPS) {
    const picker = select(table.heading(name), ["all", ...values.map(label)], n => {
      hidden.clear();
      if (n > 0) values.forEach((value, k) => { if (k !== n - 1) hidden.add(value); });
      state.update();
    });
    return picker.box;
  }
  const box = el("fieldset", { class: "chips" }, el("legend", {}, table.heading(name)));
  values.forEach((value, n) => {
    const chip = el("button", { type: "button", "aria-pressed": "true" });
    if (by) { chip.append(swatch(n)); }
    chip.append(label(value));
    chip.addEventListener("click", () => {
      const off = !hidden.has(value);
      if (off && hidden.size === values.length - 1) return; // the last one stays
      if (off) hidden.add(value); else hidden.delete(value);
      chip.setAttribute("aria-pressed", String(!off));
      state.update();
    });
    box.append(chip);
  });
  return box;
}

function swatch(n) {
  const made = el("span", { class: "swatch", "aria-hidden": "true" });
  made.style.background = PALETTE[n % PALETTE.length];
  return made;
}

function select(label, options, changed, chosen) {
  const list = el("select", { "aria-label": label }, ...options.map((text, n) => el("option", { value: String(n) }, text)));
  if (chosen !== undefined) list.selectedIndex = chosen;
  list.addEventListener("change", () => changed(list.selectedIndex));
  return { box: el("label", {}, `${label} `, list), list };
}

function measureControl(state) {
  const { table } = state, chart = table.result.chart, marks = chart.marks || {};
  const others = ["control", "steps"].includes(chart.kind) ? [] : measures(table);
  if (!others.length) return [];
  const drawn = [chart.y, ...(marks.also || []).map(spec => spec.y)].map(name => table.heading(name)).join(" and ");
  return [select("Measure", [drawn, ...others.map(name => table.heading(name))], n => {
    state.measure = n ? others[n - 1] : null;
    state.update();
  }).box];
}

function periodControl(state) {
  const { table } = state, name = table.result.chart.x, axis = horizontal(table, name);
  if (!["line", "control", "steps"].includes(table.result.chart.kind)) return [];
  const values = table.distinct(name).filter(value => value !== null).sort((a, b) => axis.at(a) - axis.at(b));
  if (values.length < 4 || values.length > 1500) return [];
  const texts = values.map(axis.write);
  state.period = [0, values.length - 1];
  const set = (end, n) => {
    state.period[end] = n;
    if (state.period[0] > state.period[1]) { state.period[1 - end] = n; ends[1 - end].list.selectedIndex = n; }
    state.within = row => axis.at(table.cell(name, row)) >= axis.at(values[state.period[0]]) && axis.at(table.cell(name, row)) <= axis.at(values[state.period[1]]);
    state.update();
  };
  const ends = [select("From", texts, n => set(0, n), 0), select("to", texts, n => set(1, n), values.length - 1)];
  return ends.map(end => end.box);
}

function tooltip(holder) {
  const box = el("div", { class: "tip", "aria-hidden": "true" });
  box.hidden = true;
  holder.append(box);
  return {
    holder, hide: () => { box.hidden = true; },
    show: (lines, left, top) => {
      box.replaceChildren(...lines.map(line => el("div", {}, line)));
      box.hidden = false;
      const beyond = left + box.offsetWidth + 18 > holder.clientWidth;
      box.style.left = `${Math.max(0, beyond ? left - box.offsetWidth - 12 : left + 12)}px`;
      box.style.top = `${top}px`;
    },
  };
}

function liveChart(state, section, figure, tools) {
  const chart = state.table.result.chart;
  const holder = el("div", { class: "chart", tabindex: "0", role: "img", "aria-label": `${state.image.alt} Arrow keys read the values.` });
  const canvas = el("div", { class: "canvas" }), spokenTo = el("p", { class: "quiet", "aria-live": "polite" });
  holder.append(canvas);
  state.tip = tooltip(holder);
  const more = moreButton("not drawn", () => { state.most += MOST_DRAWN; state.update(); });
  figure.append(holder, more.box, spokenTo);
  section.classList.add("live");
  if (!chart.by && (chart.marks.also || []).length) tools.append(legend(state));
  const swap = el("button", { type: "button", "aria-pressed": "false" }, "Printed figure");
  swap.addEventListener("click", () => {
    const live = section.classList.toggle("live");
    swap.setAttribute("aria-pressed", String(!live));
    if (live) state.resize();
  });
  state.swap = swap;
  holder.addEventListener("keydown", event => {
    const move = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (event.key === "Escape") state.tip.hide();
    if (!move) return;
    event.preventDefault();
    spokenTo.textContent = state.readAt(move);
  });
  holder.addEventListener("blur", () => state.tip.hide());
  let width = 0;
  state.onupdate.push(() => {
    if (state.remove) state.remove();
    state.tip.hide();
    DRAWN[chart.kind](state, canvas);
    more.say(state.left);
    width = canvas.clientWidth;
  });
  new ResizeObserver(() => {
    if (canvas.clientWidth && canvas.clientWidth !== width) { width = canvas.clientWidth; state.resize(); }
  }).observe(holder);
}

function legend(state) {
  const marks = state.table.result.chart.marks, box = el("span", { class: "legend" });
  [marks.label || state.table.result.chart.y, ...marks.also.map(spec => spec.label)].forEach((label, n) => box.append(el("span", {}, swatch(n), label)));
  state.onupdate.push(() => { box.hidden = Boolean(state.measure); });
  return box;
}

function enliven(section) {
  const table = data(JSON.parse(section.querySelector("script.perflib-data").textContent));
  if (!table.all.length) return;
  const figure = section.querySelector("figure"), chart = table.result.chart;
  const state = {
    table, hidden: new Map(), onupdate: [], query: "", order: null, measure: null, within: () => true, most: MOST_DRAWN,
    image: figure && figure.querySelector("img"), printed: [...section.querySelectorAll("table")],
  };
  const tools = el("div", { class: "tools" });
  const live = Boolean(figure && chart && DRAWN[chart.kind]);
  tools.append(...choiceColumns(table).map(name => choice(state, name, live)));
  if (live) {
    tools.append(...measureControl(state), ...periodControl(state));
    liveChart(state, section, figure, tools);
  }
  const place = live ? figure : state.printed[0] && (state.printed[0].closest("details") || state.printed[0].closest(".table-wrap") || state.printed[0]);
  if (place && tools.childNodes.length) place.before(tools);
  const whole = state.printed.filter(printed => printed.tHead);
  if (table.all.length > 2) whole.forEach(printed => sortable(state, printed));
  const grids = whole.map(printed => grid(state, printed));
  const first = state.printed[0] && (section.querySelector(".result > details, .result > .table-wrap, .result > table"));
  if (first) tableTools(state, first);
  state.update = () => {
    state.chosen = table.all.filter(row => state.within(row) && [...state.hidden].every(([name, hidden]) => !hidden.has(table.cell(name, row))));
    state.shown = sorted(table, matching(table, state.chosen, state.query), state.order);
    state.onupdate.forEach(run => run());
    grids.forEach(run => run());
  };
  state.update();
}

for (const section of document.querySelectorAll("main section.result")) {
  try {
    enliven(section);
  } catch (error) { // the picture and the table still stand
    section.classList.remove("live");
    console.error(`perflib: ${section.id} is shown without its controls: ${error.message}`);
  }
}
