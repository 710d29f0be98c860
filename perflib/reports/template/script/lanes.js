// Dots with whiskers and bars: one lane per category, drawn as SVG.
const FROM_ZERO = 0.3; // as perflib.figures.dots: dots stand on an axis from zero where that costs little room
const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// What stands side by side in a lane: the groups, or the estimate and those the chart draws beside it.
function partsOf(state) {
  const { table } = state, chart = table.result.chart, marks = chart.marks || {};
  const name = state.measure || chart.y;
  if (chart.by || state.measure || !(marks.also || []).length) {
    return groupsOf(table, chart.by, state.chosen).map((group, n) => ({ ...group, n, name, ...boundsOf(table, name) }));
  }
  const first = { label: marks.label || chart.y, name: chart.y, ...boundsOf(table, chart.y) };
  const more = marks.also.map(spec => ({ label: spec.label, name: spec.y, low: spec.low, high: spec.high, outerLow: spec.outer_low, outerHigh: spec.outer_high }));
  return [first, ...more].map((part, n) => ({ ...part, n, colour: PALETTE[n % PALETTE.length], rows: state.chosen }));
}

function ticks(low, high, most) {
  const raw = (high - low) / most || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find(factor => factor * power >= raw);
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, n) => (first + n) * step);
}

function wrap(text, width) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const last = lines[lines.length - 1];
    if (last && wide(last) + wide(word) >= width) lines.push(word); else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines.slice(0, 2).map(line => wide(line) > width + 6 ? `${line.slice(0, Math.floor((width + 5) * line.length / wide(line)))}…` : line);
}

function laneChart(state, holder) {
  const draw = () => {
    holder.replaceChildren();
    const drawing = laneDrawing(state, Math.max(300, holder.clientWidth));
    holder.append(drawing.picture);
    state.readAt = move => {
      drawing.at = Math.max(0, Math.min(drawing.lanes.length - 1, (drawing.at ?? (move > 0 ? -1 : drawing.lanes.length)) + move));
      drawing.point(drawing.at);
      return drawing.told(drawing.at).join("; ");
    };
  };
  draw();
  state.resize = draw;
  state.remove = () => holder.replaceChildren();
}

function laneDrawing(state, width) {
  const { table } = state, chart = table.result.chart, marks = chart.marks || {}, bars = chart.kind === "bars";
  const parts = partsOf(state), own = !state.measure || state.measure === chart.y, share = parts.length > 0 && table.share(parts[0].name);
  const text = row => { const value = table.cell(chart.x, row); return value === null ? DASH : day(value); };
  const lanes = limited(state, [...new Set(state.chosen.map(text))]), nth = new Map(lanes.map((lane, n) => [lane, n]));
  for (const part of parts) part.rows = part.rows.filter(row => nth.has(text(row)));
  const labels = lanes.map(lane => wrap(lane, 34));
  const left = 18 + 7.2 * Math.max(4, ...labels.flat().map(wide)), right = width - (bars ? 70 : 22);
  const told = own && typeof marks.target === "number"; // its words stand above the lanes, where no interval crosses them
  const thick = 27 * Math.max(1, 0.6 * parts.length), top = told ? 22 : 6, bottom = top + thick * lanes.length;
  const numbers = parts.flatMap(part => part.rows.flatMap(row => [part.name, part.low, part.high, part.outerLow, part.outerHigh]
    .map(name => name ? table.cell(name, row) : null))).concat(own ? marks.target ?? null : null).filter(Number.isFinite);
  const least = smallest(numbers), lowest = Math.min(0, least), highest = numbers.length && largest(numbers) || 1;
  const margin = 0.06 * (highest - lowest), fromZero = bars || least < FROM_ZERO * highest;
  const low = lowest < 0 ? lowest - margin : fromZero ? 0 : least - 0.06 * (highest - least), high = highest + margin;
  const at = value => left + (right - left) * (value - low) / (high - low);
  const picture = svg("svg", { width, height: bottom + 46, "aria-hidden": "true" });
  const line = (x0, y0, x1, y1, stroke, thickness, more) => picture.append(svg("line", { x1: x0, y1: y0, x2: x1, y2: y1, stroke, "stroke-width": thickness, ...more }));
  const words = (content, x, y, anchor, fill, more) => picture.append(svg("text", { x, y, "text-anchor": anchor, fill, "font-size": 12, ...more }, content));
  for (const tick of ticks(low, high, Math.max(3, Math.min(8, (right - left) / 80)))) {
    line(at(tick), top, at(tick), bottom, FAINT, 1);
    words(short(tick, share), at(tick), bottom + 16, "middle", INK);
  }
  line(left, top, left, bottom, lowest < 0 ? FAINT : MUTED, 1);
  if (lowest < 0) line(at(0), top, at(0), bottom, MUTED, 1);
  words(own && chart.y_label ? chart.y_label : table.heading(parts.length ? parts[0].name : chart.y), (left + right) / 2, bottom + 36, "middle", INK);
  if (told) {
    line(at(marks.target), top - 4, at(marks.target), bottom, MUTED, 1.2, { "stroke-dasharray": "5 4" });
    words(`${marks.target_words ?? ([0, 1].includes(marks.target) ? "no difference" : "target")} ${short(marks.target, share)}`, at(marks.target), top - 9, "middle", MUTED);
  }
  const spot = (lane, part) => top + thick * (lane + 0.5) + (part - (parts.length - 1) / 2) * Math.min(thick * 0.26, thick * 0.8 / parts.length);
  lanes.forEach((lane, n) => {
    labels[n].forEach((row, k) => words(row, left - 8, top + thick * (n + 0.5) + 4 + 13 * (k - (labels[n].length - 1) / 2), "end", INK));
  });
  parts.forEach((part, k) => {
    const write = table.write(part.name);
    for (const row of part.rows) {
      const n = nth.get(text(row)), y = spot(n, k), value = table.cell(part.name, row);
      const end = name => { const found = name ? table.cell(name, row) : null; return Number.isFinite(found) ? found : null; };
      const out = own && marks.highlight ? table.cell(marks.highlight, row) === true : false, colour = out ? ALERT : part.colour;
      if (value === null) {
        const note = marks.note ? table.cell(marks.note, row) : null;
        if (note && k === 0) words(note, left + 6, top + thick * (n + 0.5) + 4, "start", MUTED, { "font-style": "italic" });
        continue;
      }
      if (bars) {
        const tall = 0.66 * thick / parts.length;
        picture.append(svg("rect", { x: Math.min(at(0), at(value)), y: y - tall / 2, width: Math.abs(at(value) - at(0)), height: tall, fill: colour }));
        words(write(value), at(Math.max(value, end(part.high) ?? value)) + 5, y + 4, "start", INK);
      }
      for (const [from, to, thickness, opacity] of [[part.outerLow, part.outerHigh, 1.2, 0.6], [part.low, part.high, 2.6, 1]]) {
        const a = end(from), b = end(to);
        if (a === null) continue;
        line(at(a), y, b === null ? right : at(b), y, bars ? INK : part.colour, bars ? 1.4 : thickness, { opacity });
        if (b === null) picture.append(svg("path", { d: `M${right} ${y - 4}l7 4l-7 4z`, fill: part.colour, opacity }));
      }
      if (!bars) picture.append(mark(at(value), y, out ? 2 : part.n, colour));
    }
  });
  const pointer = svg("rect", { x: left, y: 0, width: right - left, height: thick, fill: "#1d4f7c", opacity: 0.07, visibility: "hidden" });
  picture.prepend(pointer);
  const drawing = { picture, lanes };
  drawing.told = n => {
    const lines = [lanes[n]];
    for (const part of parts) {
      for (const row of part.rows.filter(found => text(found) === lanes[n])) {
        const write = table.write(part.name), value = table.cell(part.name, row);
        const between = part.low && table.cell(part.low, row) !== null ? ` (${write(table.cell(part.low, row))} to ${write(table.cell(part.high, row))})` : "";
        lines.push(`${part.label || table.heading(part.name)}: ${write(value)}${between}`);
      }
    }
    const row = state.chosen.find(found => text(found) === lanes[n]);
    if (table.has("n") && parts.every(part => part.name !== "n") && !chart.by) lines.push(`${table.heading("n")}: ${table.write("n")(table.cell("n", row))}`);
    return lines;
  };
  drawing.point = n => {
    pointer.setAttribute("y", top + thick * n);
    pointer.setAttribute("visibility", "visible");
    state.tip.show(drawing.told(n), left + 40, top + thick * (n + 1));
  };
  picture.addEventListener("pointermove", event => {
    const n = Math.floor((event.clientY - picture.getBoundingClientRect().top - top) / thick);
    if (n >= 0 && n < lanes.length) drawing.point(n);
  });
  picture.addEventListener("pointerleave", () => { pointer.setAttribute("visibility", "hidden"); state.tip.hide(); });
  return drawing;
}

function mark(x, y, kind, fill) {
  const look = { fill, stroke: "#fff", "stroke-width": 1 };
  if (kind % 4 === 1) return svg("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9, ...look });
  if (kind % 4 === 2) return svg("path", { d: `M${x} ${y - 6}l6 6l-6 6l-6 -6z`, ...look });
  if (kind % 4 === 3) return svg("path", { d: `M${x} ${y - 6}l6 10l-12 0z`, ...look });
  return svg("circle", { cx: x, cy: y, r: 5, ...look });
}
