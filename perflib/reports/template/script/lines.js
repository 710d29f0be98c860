// Lines, control charts and steps, drawn by uPlot.
function horizontal(table, name) {
  const known = table.present(name);
  if (known.length && known.every(v => typeof v === "number")) return { kind: "number", at: v => v, write: table.write(name) };
  if (known.length && known.every(v => typeof v === "string" && STAMP.test(v))) return { kind: "time", at: seconds, write: day };
  const order = table.distinct(name), place = new Map(order.map((v, n) => [v, n]));
  return { kind: "label", at: v => place.get(v) ?? -1, write: day, order };
}

function groupsOf(table, by, rows) {
  if (!by) return [{ label: "", colour: PALETTE[0], rows }];
  return table.distinct(by)
    .map((value, n) => ({
      label: value === null ? DASH : day(value), colour: PALETTE[n % PALETTE.length],
      rows: rows.filter(row => table.cell(by, row) === value),
    }))
    .filter(group => group.rows.length);
}

const HOUR = 3600, DAY = 24 * HOUR, MONTH = 30 * DAY, YEAR = 365 * DAY; // uPlot's own lengths of a month and a year
const STEPS = [60, 300, 900, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, MONTH, 2 * MONTH, 3 * MONTH,
  6 * MONTH, YEAR, 2 * YEAR, 5 * YEAR, 10 * YEAR];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function dates(_, splits, __, ___, step) {
  let year = null;
  return splits.map(split => {
    const at = new Date(split * 1000), month = MONTHS[at.getUTCMonth()];
    const fresh = at.getUTCFullYear() !== year;
    year = at.getUTCFullYear();
    if (step >= YEAR) return String(year);
    const text = step < DAY ? at.toISOString().slice(11, 16) : step < MONTH ? `${at.getUTCDate()} ${month}` : month;
    return fresh ? `${text}\n${year}` : text;
  });
}

function lineChart(state, holder) {
  const { table } = state, chart = table.result.chart, marks = chart.marks || {};
  const name = state.measure || chart.y, own = name === chart.y, bounds = boundsOf(table, name);
  const axis = horizontal(table, chart.x), groups = limited(state, groupsOf(table, chart.by, state.chosen));
  const xs = [...new Set(state.chosen.map(row => axis.at(table.cell(chart.x, row))))].sort((a, b) => a - b);
  const level = (mark, row) => typeof mark === "number" ? mark : mark && row !== undefined ? table.cell(mark, row) : null;
  const series = [{}], bands = [], columns = [xs], control = chart.kind === "control" && own;
  const ruled = row => control && marks.rule && table.cell(marks.signal, row) !== true && Boolean(table.cell(marks.rule, row));
  for (const group of groups) {
    group.at = new Map(group.rows.map(row => [axis.at(table.cell(chart.x, row)), row]));
    group.special = row => control && marks.signal ? table.cell(marks.signal, row) === true || ruled(row)
      : own && marks.grey ? table.cell(marks.grey, row) === true : false;
    const along = (column, skip) => xs.map(x => {
      const row = group.at.get(x);
      return row === undefined ? undefined : skip && own && marks.grey && group.special(row) ? null : table.cell(column, row);
    });
    const paths = chart.kind === "steps" ? uPlot.paths.stepped({ align: 1 }) : undefined;
    const plain = (_, __, show) => show && xs.length <= 60
      ? xs.flatMap((x, n) => group.at.has(x) && !group.special(group.at.get(x)) ? [n] : []) : [];
    columns.push(along(name, true));
    series.push({ stroke: group.colour, width: 1.7, paths, points: { show: chart.kind !== "steps" && xs.length <= 60, size: 6, fill: group.colour, filter: plain } });
    if (bounds.low && bounds.high) {
      columns.push(along(bounds.high), along(bounds.low));
      bands.push({ series: [columns.length - 2, columns.length - 1], fill: group.colour + (groups.length > 3 ? "14" : "29") });
      for (let k = 0; k < 2; k += 1) series.push({ stroke: "transparent", width: 0, paths, points: { show: false } });
    }
  }
  const limits = control ? ["lower", "centre", "upper"].filter(mark => marks[mark] !== undefined && marks[mark] !== null) : [];
  const shown = groups.flatMap(group => group.rows), numbers = [name, bounds.low, bounds.high].filter(Boolean);
  const target = own && typeof marks.target === "number" ? marks.target : null;
  const values = shown.flatMap(row => [
    ...numbers.map(column => table.cell(column, row)), ...limits.map(mark => level(marks[mark], row)),
  ]).concat(target).filter(Number.isFinite);
  const range = extent(values, own && marks.zero !== undefined ? marks.zero : null, chart.kind);
  const breaks = own || chart.kind === "line" ? (marks.breaks || []).map(place => [axis.at(place), typeof place === "string" ? `step ${day(place)}` : `step at ${place}`]) : [];
  const share = table.share(name);
  const drawing = { table, axis, groups, xs, name, bounds, limits, level, marks, target, breaks, control, share, ruled };
  const plot = new uPlot({
    width: Math.max(300, holder.clientWidth), height: 320, legend: { show: false }, series, bands, padding: [18, control ? 118 : chart.by ? 16 + 7 * Math.max(...groups.map(group => wide(group.label.slice(0, 20))), 0) : 18, 0, 0],
    tzDate: stamp => uPlot.tzDate(new Date(stamp * 1000), "Etc/UTC"), cursor: { y: false, points: { size: 8 } },
    scales: { x: { time: axis.kind === "time", range: span(axis, xs) }, y: { range } },
    axes: [
      { stroke: INK, grid: { show: false }, ticks: { stroke: FAINT }, font: "12px sans-serif", label: chart.x_label || undefined, labelFont: "12px sans-serif", labelSize: 22,
        space: 64, ...(axis.kind === "time" ? { values: dates, incrs: STEPS, size: 42 } : axis.kind === "label"
          ? { values: (_, splits) => splits.map(n => axis.order[n] === undefined ? "" : day(axis.order[n])), incrs: [1, 2, 5, 10, 20, 50] } : {}) },
      { stroke: INK, grid: { stroke: FAINT, width: 1 }, ticks: { show: false }, font: "12px sans-serif", labelFont: "12px sans-serif", labelSize: 22,
        label: own && chart.y_label ? chart.y_label : table.heading(name), values: (_, splits) => splits.map(v => short(v, share)), size: (_, texts) => 16 + 7 * Math.max(3, ...(texts || []).map(text => text.length)) },
    ],
    hooks: { drawAxes: [u => underlay(u, drawing)], draw: [u => overlay(u, drawing)], setCursor: [u => hover(u, drawing, state)] },
  }, columns, holder);
  state.readAt = move => {
    const next = Math.max(0, Math.min(xs.length - 1, (plot.cursor.idx ?? (move > 0 ? -1 : xs.length)) + move));
    plot.setCursor({ left: plot.valToPos(xs[next], "x"), top: plot.bbox.height / devicePixelRatio / 3 });
    return told(drawing, next).join("; ");
  };
  state.resize = () => plot.setSize({ width: Math.max(300, holder.clientWidth), height: 320 });
  state.remove = () => plot.destroy();
}

const short = (value, share) => share ? `${+(100 * value).toPrecision(6)}%` : grouped(+value.toPrecision(10), undefined);

function span(axis, xs) {
  const low = xs[0], high = xs[xs.length - 1], room = 0.03 * (high - low) || (axis.kind === "time" ? 86400 : 0.5);
  return (_, min, max) => min === low && max === high || min === null ? [low - room, high + room] : [min, max];
}

// Zero is shown where that costs little room, and under steps always; a control chart shows its limits as large as it can.
function extent(values, zero, kind) {
  if (!values.length) return [0, 1];
  const low = smallest(values), high = largest(values), room = 0.06 * (high - low) || Math.abs(high) * 0.1 || 1;
  const fromZero = zero ?? (low >= 0 && (kind === "steps" || low - room < 0 || (kind !== "control" && low - room < 0.3 * (high + room))));
  return [fromZero ? Math.min(0, low) : low - room, high + room];
}

function told({ table, axis, groups, xs, name, bounds, limits, level, marks, control, ruled }, at) {
  const write = table.write(name), lines = [];
  for (const group of groups) {
    const row = group.at.get(xs[at]);
    if (row === undefined) continue;
    if (!lines.length) lines.push(axis.write(table.cell(table.result.chart.x, row)));
    const value = table.cell(name, row);
    const between = bounds.low && table.cell(bounds.low, row) !== null
      ? ` (${write(table.cell(bounds.low, row))} to ${write(table.cell(bounds.high, row))})` : "";
    lines.push(`${group.label || table.heading(name)}: ${write(value)}${between}`);
    for (const mark of limits) lines.push(`${spoken(mark)}: ${write(level(marks[mark], row))}`);
    if (ruled(row)) lines.push(`Rule: ${table.cell(marks.rule, row)}`);
    else if (control && group.special(row)) lines.push(`Signal${table.has("rule") && table.cell("rule", row) ? `: ${table.cell("rule", row)}` : ""}`);
    else if (group.special(row)) lines.push("provisional");
  }
  return lines;
}

function hover(u, drawing, state) {
  const { idx, left } = u.cursor;
  if (idx === null || idx === undefined || left < 0) return state.tip.hide();
  const corner = u.over.getBoundingClientRect(), base = state.tip.holder.getBoundingClientRect();
  state.tip.show(told(drawing, idx), corner.left - base.left + u.valToPos(drawing.xs[idx], "x"), corner.top - base.top + 8);
}

function underlay(u, { xs, groups, limits, level, marks, control, target }) {
  const { ctx, bbox } = u, y = v => u.valToPos(v, "y", true), x = v => u.valToPos(v, "x", true);
  ctx.save();
  ctx.beginPath(); ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height); ctx.clip();
  if (control) {
    const group = groups[0] || { at: new Map() };
    const cells = xs.map((at, n) => ({
      from: x(n ? (xs[n - 1] + at) / 2 : at), to: x(n + 1 < xs.length ? (at + xs[n + 1]) / 2 : at),
      ...Object.fromEntries(limits.map(mark => [mark, level(marks[mark], group.at.get(at))])),
    }));
    ctx.fillStyle = "#EEF1F4"; ctx.strokeStyle = MUTED; ctx.lineWidth = devicePixelRatio;
    for (const c of cells) if (Number.isFinite(c.lower) && Number.isFinite(c.upper)) ctx.fillRect(c.from, y(c.upper), c.to - c.from + 0.5, y(c.lower) - y(c.upper));
    for (const mark of limits) {
      ctx.setLineDash(mark === "centre" ? [] : [5 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.beginPath();
      for (const c of cells) if (Number.isFinite(c[mark])) { ctx.lineTo(c.from, y(c[mark])); ctx.lineTo(c.to, y(c[mark])); }
      ctx.stroke();
    }
  }
  if (target !== null) rule(ctx, bbox.left, y(target), bbox.left + bbox.width, y(target), MUTED);
  ctx.restore();
}

function rule(ctx, x0, y0, x1, y1, colour) {
  ctx.strokeStyle = colour; ctx.lineWidth = 1.2 * devicePixelRatio;
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath(); ctx.moveTo(x0, y0); ctx.lineTo(x1, y1); ctx.stroke(); ctx.setLineDash([]);
}

function overlay(u, { table, xs, groups, name, bounds, limits, level, marks, control, target, breaks, share, ruled }) {
  const { ctx, bbox } = u, y = v => u.valToPos(v, "y", true), x = v => u.valToPos(v, "x", true), one = devicePixelRatio;
  const right = bbox.left + bbox.width;
  const words = (text, at, height, align, colour) => {
    ctx.font = `${12 * one}px sans-serif`; ctx.textAlign = align; ctx.textBaseline = "middle"; ctx.fillStyle = colour;
    ctx.fillText(text, at, height);
  };
  ctx.save();
  for (const [place, text] of breaks) {
    if (x(place) < bbox.left || x(place) > right) continue;
    rule(ctx, x(place), bbox.top, x(place), bbox.top + bbox.height, ALERT);
    words(text, x(place), bbox.top - 9 * one, "center", ALERT);
  }
  if (target !== null) words(`target ${short(target, share)}`, right - 4 * one, y(target) - 8 * one, "right", MUTED);
  for (const group of groups) {
    const own = [...group.at.keys()].sort((a, b) => a - b), nth = new Map(own.map((at, n) => [at, n]));
    for (const [at, row] of group.at) {
      const value = table.cell(name, row);
      if (value === null || x(at) < bbox.left || x(at) > right) continue;
      if (bounds.low && alone(group, own, nth.get(at), table, bounds)) {
        ctx.strokeStyle = group.colour; ctx.lineWidth = 1.4 * one; ctx.beginPath();
        ctx.moveTo(x(at), y(table.cell(bounds.low, row))); ctx.lineTo(x(at), y(table.cell(bounds.high, row))); ctx.stroke();
      }
      if (group.special(row)) special(ctx, x(at), y(value), 5 * one, control && !ruled(row), ruled(row) ? ALERT : MUTED);
    }
  }
  const ends = limits.map(mark => ({
    text: `${mark === "centre" ? mark : `${mark} limit`} ${table.write(name)(level(marks[mark], groups[0] && groups[0].at.get(xs[xs.length - 1])))}`,
    value: level(marks[mark], groups[0] && groups[0].at.get(xs[xs.length - 1])), colour: MUTED,
  }));
  if (groups.length > 1 || groups[0] && groups[0].label) ends.push(...groups.map(group => ({ text: group.label.slice(0, 20), value: latest(group, table, name), colour: group.colour })));
  let free = -Infinity;
  const placed = ends.filter(end => Number.isFinite(end.value)).map(end => ({ ...end, at: y(end.value) })).sort((a, b) => a.at - b.at);
  for (const end of placed) {
    free = Math.max(end.at, free + 14 * one);
    words(end.text, right + 6 * one, free, "left", end.colour);
  }
  ctx.restore();
}

function latest(group, table, name) {
  const known = [...group.at].filter(([, row]) => table.cell(name, row) !== null).sort((a, b) => b[0] - a[0]);
  return known.length ? table.cell(name, known[0][1]) : null;
}

// A band needs two neighbours; a point without one gets a whisker, so that no interval goes unseen.
function alone(group, xs, n, table, bounds) {
  const known = x => { const row = group.at.get(x); return row !== undefined && table.cell(bounds.low, row) !== null && table.cell(bounds.high, row) !== null; };
  return known(xs[n]) && !known(xs[n - 1]) && !known(xs[n + 1]);
}

function special(ctx, x, y, size, alert, edge) {
  ctx.beginPath();
  if (alert) { ctx.moveTo(x, y - size); ctx.lineTo(x + size, y); ctx.lineTo(x, y + size); ctx.lineTo(x - size, y); ctx.closePath(); }
  else ctx.arc(x, y, size * 0.7, 0, 7);
  ctx.fillStyle = alert ? ALERT : "#fff"; ctx.strokeStyle = alert ? "#fff" : edge; ctx.lineWidth = size / 4;
  ctx.fill(); ctx.stroke();
}
