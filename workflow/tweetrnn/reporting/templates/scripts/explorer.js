// One explorer for the runs: filters, plot, curves and table show one state, which is in the address.

const DASHES = ["", "6 3", "2 2", "8 3 2 3", "1 3", "12 4"];
const REACH = 18; // pixels from the pointer to a point
const PATIENCE = 300; // ms without a change before the address follows

// ------------------------------------------------------------------------------------ charts

function scale(low, high, from, to) {
  return (value) => from + ((value - low) / (high - low || 1)) * (to - from);
}

// Round numbers from low to high, not more than ``most`` and one.
function ticks(low, high, most) {
  const rough = (high - low) / most || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-6), count = Math.floor(high / step + 1e-6) - first + 1;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-6));
  return Array.from({ length: count }, (_, n) => (first + n) * step).map((value) => [
    value,
    value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  ]);
}

// The range of values with some room on both sides.
function range(values) {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity), high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const room = (high - low) * 0.05 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

// An SVG whose unit is a pixel, and which knows the point that is nearest to the pointer.
class Chart {
  constructor(explorer) {
    this.explorer = explorer;
    this.svg = drawn("svg", { class: "chart" });
    this.axes = drawn("g", { "aria-hidden": "true" });
    this.above = drawn("g", { class: "above", "aria-hidden": "true" });
    this.points = []; // {run, x, y, text}
    this.svg.onpointermove = (event) => {
      const point = this.nearest(event);
      explorer.hover(point?.run, point?.text, event.clientX, event.clientY);
    };
    this.svg.onpointerleave = () => explorer.hover();
    this.svg.onclick = (event) => {
      const point = this.nearest(event);
      if (point) explorer.toggle(point.run);
    };
  }

  nearest({ clientX, clientY }) {
    const box = this.svg.getBoundingClientRect();
    let best = REACH, found;
    for (const point of this.points) {
      const distance = Math.hypot(point.x - clientX + box.x, point.y - clientY + box.y);
      if (distance < best) [best, found] = [distance, point];
    }
    return found;
  }

  // Begin a drawing of that height; what is not on the screen has no width.
  begin(height, left) {
    const width = this.svg.getBoundingClientRect().width || 640;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.frame = { left, right: width - 14, top: 12, bottom: height - 40 };
    this.axes.replaceChildren();
    this.above.replaceChildren();
    this.points = [];
    return this.frame;
  }

  write(x, y, text, attributes = {}, on = this.axes) {
    on.append(drawn("text", { x, y, fill: "var(--ink)", ...attributes }, text));
  }

  line(x1, y1, x2, y2, attributes = {}) {
    this.axes.append(drawn("line", { x1, y1, x2, y2, stroke: "var(--grid)", ...attributes }));
  }

  // Draw a horizontal axis and return its scale.
  horizontal([low, high], title, numbers) {
    const { left, right, top, bottom } = this.frame, x = scale(low, high, left, right);
    for (const [value, text] of numbers ?? ticks(low, high, (right - left) / 80)) {
      this.line(x(value), top, x(value), bottom);
      this.write(x(value), bottom + 17, text, { "text-anchor": "middle" });
    }
    this.write((left + right) / 2, bottom + 35, title, { "text-anchor": "middle" });
    return x;
  }

  vertical([low, high]) {
    const { left, right, top, bottom } = this.frame, y = scale(low, high, bottom, top);
    for (const [value, text] of ticks(low, high, 5)) {
      this.line(left, y(value), right, y(value));
      this.write(left - 6, y(value) + 4, text, { "text-anchor": "end" });
    }
    return y;
  }
}

// A dot for every run with a result: its score in the rows of a factor, or against a cost.
class Plot extends Chart {
  constructor(explorer) {
    super(explorer);
    this.list = drawn("g", { role: "listbox", "aria-multiselectable": "true" });
    this.dots = explorer.runs.map((run) => run.finished && this.dot(run));
    this.list.append(...this.dots.filter(Boolean));
    this.list.onkeydown = (event) => this.press(event);
    this.list.addEventListener("focusin", ({ target }) => this.point(this.dots.indexOf(target)));
    this.list.addEventListener("focusout", () => explorer.hover());
    this.svg.append(this.axes, this.list, this.above);
  }

  dot(run) {
    const colour = this.explorer.colour(run), hollow = this.explorer.cellOf(run) % 2;
    const fill = hollow ? "var(--paper)" : colour;
    return drawn("circle", { role: "option", fill, stroke: colour, tabindex: -1, "aria-label": this.explorer.named(run) });
  }

  draw({ score, against }, matching, selected) {
    const { data } = this.explorer;
    const shown = matching.filter((run) => this.dots[run.at] && run.value(score) !== null);
    const cost = against in data.costs;
    const kept = cost ? shown.filter((run) => run.value(against) !== null) : shown;
    this.list.setAttribute("aria-label", `${kept.length} runs by ${data.scores[score]}`);
    this.list.setAttribute("display", kept.length ? "inline" : "none");
    for (const dot of this.dots) dot?.setAttribute("display", "none");
    this.radius = this.dots.length > 500 ? 2.5 : 4.5;
    if (cost) this.scatter(score, against, kept);
    else this.rows(score, against, kept);
    this.order = this.points.map((point) => point.run).sort((a, b) => a.value(score) - b.value(score));
    for (const { run, x, y } of this.points) this.place(run, x, y, selected.has(run));
    const stop = this.order.find((run) => selected.has(run)) ?? this.order[0];
    for (const run of this.order) this.dots[run.at].setAttribute("tabindex", run === stop ? 0 : -1);
  }

  place(run, x, y, selected) {
    const dot = this.dots[run.at];
    for (const [name, value] of Object.entries({ cx: x, cy: y, r: this.radius, "aria-selected": selected, display: "inline" })) {
      dot.setAttribute(name, value);
    }
    if (!selected) return;
    this.ring(run, x, y);
    this.write(x, y - this.radius - 6, run.rank, { "text-anchor": "middle", class: "halo" }, this.above);
  }

  ring(run, cx, cy) {
    const ring = drawn("circle", { cx, cy, r: this.radius + 2.5, fill: "none", stroke: "var(--ink)", "stroke-width": 2 });
    this.above.append(ring);
    return ring;
  }

  // A band for each cell, or for each cell with each level, with its name at the top.
  rows(score, factor, shown) {
    const { explorer } = this, bands = new Map();
    for (const run of explorer.runs) if (run.finished) bands.set(explorer.band(run, factor), []);
    const names = [...bands.keys()].sort((a, b) => a - b);
    for (const run of shown) bands.get(explorer.band(run, factor)).push(run);
    const baselines = Object.entries(explorer.data.baselines[score]), above = 16 * baselines.length;
    const high = Math.max(36, Math.min(110, 230 / names.length)), inner = high - 22;
    const frame = this.begin(52 + above + names.length * high, 8);
    frame.top += above;
    const x = this.horizontal(explorer.rangeOf(score, baselines), explorer.data.scores[score]);
    baselines.forEach(([name, value], at) => this.standing(x(value), 14 + 16 * at, name));
    names.forEach((band, at) => {
      const top = frame.top + at * high;
      this.line(frame.left, top, frame.right, top);
      this.write(frame.left, top + 14, explorer.bandName(band, factor), { class: "halo" });
      this.swarm(bands.get(band), (run) => x(run.value(score)), top + 18 + inner / 2, inner);
    });
  }

  // Dots that would cover each other stand above and below the middle of their band.
  swarm(runs, x, middle, room) {
    const bins = new Map(), wide = 2 * this.radius + 0.5;
    for (const run of runs) {
      const bin = Math.round(x(run) / wide);
      bins.set(bin, [...(bins.get(bin) ?? []), run]);
    }
    const most = Math.max(...[...bins.values()].map((bin) => bin.length), 1);
    const step = Math.min(wide, (room - wide) / Math.max(most - 1, 1));
    for (const bin of bins.values()) {
      bin.forEach((run, n) => this.points.push({ run, x: x(run), y: middle + step * (n % 2 ? -(n + 1) / 2 : n / 2) }));
    }
  }

  standing(x, y, name) {
    const { left, right, bottom } = this.frame, late = x > (left + right) / 2;
    this.line(x, y - 10, x, bottom, { class: "baseline" });
    this.write(x + (late ? -5 : 5), y, name, { "text-anchor": late ? "end" : "start", class: "halo" });
  }

  scatter(score, cost, shown) {
    const { explorer } = this, baselines = Object.entries(explorer.data.baselines[score]);
    const { right, top } = this.begin(320, 52);
    this.frame.top += 16;
    this.write(4, top + 2, explorer.data.scores[score]);
    const x = this.horizontal(explorer.rangeOf(cost), explorer.data.costs[cost]);
    const y = this.vertical(explorer.rangeOf(score, baselines));
    let above = Infinity;
    for (const [name, value] of baselines.sort(([, a], [, b]) => a - b)) {
      this.line(this.frame.left, y(value), right, y(value), { class: "baseline" });
      above = Math.min(y(value) - 4, above - 15);
      this.write(right, above, name, { "text-anchor": "end", class: "halo" });
    }
    for (const run of shown) this.points.push({ run, x: x(run.value(cost)), y: y(run.value(score)) });
  }

  // --------------------------------------------------------------------------- the keyboard

  point(at) {
    const { x, y, width, height } = this.dots[at].getBoundingClientRect();
    this.explorer.hover(this.explorer.runs[at], "", x + width, y + height);
  }

  press(event) {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    const run = this.explorer.runs[this.dots.indexOf(event.target)];
    if (step) this.dots[(this.order[this.order.indexOf(run) + step] ?? run).at].focus();
    else if (event.key === "Enter" || event.key === " ") this.explorer.toggle(run);
    else return;
    event.preventDefault();
  }

  mark(run) {
    this.marked?.remove();
    const point = this.points.find((other) => other.run === run);
    this.marked = point && this.ring(run, point.x, point.y);
  }
}

// The curves of the selected runs.
class Curves extends Chart {
  constructor(explorer) {
    super(explorer);
    this.svg.setAttribute("role", "img");
    this.key = element("ul", { className: "key" });
    this.svg.append(this.axes, this.above);
  }

  draw({ curve }, runs) {
    const { data } = this.explorer, title = data.quantities[curve];
    const values = runs.map((run) => data.curves[curve][run.at]);
    const frame = this.begin(320, 52);
    this.svg.setAttribute("aria-label", `${title} by epoch of ${runs.length} selected runs`);
    this.key.replaceChildren(...runs.map((run, number) => this.entry(run, number)));
    if (!runs.length) {
      this.key.append(element("li", { textContent: "No run is selected: click on a dot, or tick runs in the table." }));
      return;
    }
    frame.top += 16;
    this.write(4, 14, title);
    const epochs = Math.max(...values.map((list) => list.length));
    const numbers = ticks(1, epochs, Math.min(epochs, (frame.right - frame.left) / 40)).filter(([n]) => n % 1 === 0);
    const x = this.horizontal([1, epochs], "epoch", numbers), y = this.vertical(range(values.flat()));
    runs.forEach((run, number) => {
      values[number].forEach((value, epoch) => {
        this.points.push({ run, x: x(epoch + 1), y: y(value), text: `epoch ${epoch + 1}: ${value.toFixed(3)}` });
      });
      const points = values[number].map((value, epoch) => `${x(epoch + 1)},${y(value)}`).join(" ");
      this.axes.append(drawn("polyline", { ...this.look(run, number), points }));
    });
  }

  look(run, number) {
    return { fill: "none", stroke: this.explorer.colour(run), "stroke-width": 2, "stroke-dasharray": DASHES[number % 6] };
  }

  entry(run, number) {
    const sample = drawn("svg", { viewBox: "0 0 36 8", width: 36, height: 8, "aria-hidden": "true" });
    sample.append(drawn("line", { ...this.look(run, number), x1: 0, x2: 36, y1: 4, y2: 4 }));
    return element("li", {}, sample, ` ${this.explorer.named(run)}`);
  }

  mark(run) {
    this.above.replaceChildren();
    for (const point of this.points.filter((other) => other.run === run)) {
      this.above.append(drawn("circle", { cx: point.x, cy: point.y, r: 3.5, fill: "var(--ink)" }));
    }
  }
}

// ------------------------------------------------------------------------------- the explorer

// A row of the table as a run.
class Run {
  constructor(row, at, columns, finished) {
    Object.assign(this, { row, at, columns, finished, rank: at + 1 });
  }

  text(key) {
    return this.row.cells[this.columns.get(key)].textContent.trim();
  }

  value(key) {
    const text = this.row.cells[this.columns.get(key)].dataset.value;
    return text === "" ? null : Number(text);
  }
}

class Explorer {
  constructor(box, tools) {
    this.data = JSON.parse(document.getElementById("explorer-data").textContent);
    this.tools = tools;
    this.columns = new Map(tools.heads.map((head, column) => [head.dataset.key, column]));
    const [curves] = Object.values(this.data.curves);
    this.runs = tools.original.map((row, at) => new Run(row, at, this.columns, curves[at] !== null));
    this.factors = new Map(this.data.factors.filter((key) => this.columns.has(key)).map((key) => [key, this.levels(key)]));
    this.levelsOf = this.runs.map(() => ({}));
    for (const [key, levels] of this.factors) {
      const number = new Map(levels.map((level, n) => [level, n]));
      for (const run of this.runs) this.levelsOf[run.at][key] = number.get(run.text(key));
    }
    this.state = this.initial();
    this.plot = new Plot(this);
    this.curves = new Curves(this);
    this.build(box);
    this.addTicks();
    tools.onchange = () => this.keep();
    addEventListener("resize", () => this.drawCharts());
    addEventListener("hashchange", () => this.restore());
    this.render();
    this.restore();
  }

  initial() {
    return { filters: {}, score: this.data.score, against: "cell", curve: "validation_accuracy", selected: this.ranked(this.data.selected) };
  }

  ranked(ranks) {
    return new Set(ranks.map((rank) => this.runs[rank - 1]).filter((run) => run?.finished));
  }

  // ---------------------------------------------------------------------- what runs are made of

  title(key) {
    return this.tools.heads[this.columns.get(key)].textContent.trim();
  }

  levels(key) {
    if (key === "cell") return this.data.cells.filter((cell) => this.runs.some((run) => run.text(key) === cell));
    const found = new Map(this.runs.map((run) => [run.text(key), run.value(key)]));
    return [...found].sort(([a, x], [b, y]) => x - y || compare(a, b)).map(([level]) => level);
  }

  cellOf(run) {
    return this.data.cells.indexOf(this.factors.get("cell")[this.levelsOf[run.at].cell]);
  }

  colour(run) {
    return `var(--cell-${this.cellOf(run) % 6})`;
  }

  named(run) {
    const level = (key) => this.factors.get(key)[this.levelsOf[run.at][key]];
    const others = [...this.factors.keys()].filter((key) => key !== "cell" && key !== "status");
    return `${run.rank}. ${level("cell")}: ${others.map((key) => `${this.title(key)} ${level(key)}`).join(", ")}`;
  }

  // The number of a run's band in the plot, and the band's name.
  band(run, factor) {
    const { cell, [factor]: level } = this.levelsOf[run.at];
    return factor === "cell" ? cell : cell * this.factors.get(factor).length + level;
  }

  bandName(band, factor) {
    const levels = this.factors.get(factor), cells = this.factors.get("cell");
    if (factor === "cell") return cells[band];
    return `${cells[Math.floor(band / levels.length)]}, ${this.title(factor)} ${levels[band % levels.length]}`;
  }

  rangeOf(key, baselines = []) {
    const values = this.runs.filter((run) => run.finished).map((run) => run.value(key));
    return range([...values, ...baselines.map(([, value]) => value)].filter((value) => value !== null));
  }

  // --------------------------------------------------------------------------------- controls

  build(box) {
    const filters = element("div", { className: "filters" });
    this.chips = [];
    for (const [key, levels] of this.factors) if (levels.length > 1) filters.append(this.filter(key, levels));
    this.count = element("span", { role: "status" });
    this.reset = this.button("Reset filters", () => this.change({ filters: {} }));
    const copy = this.button("Copy link to this view", () => this.copy(copy));
    box.append(
      filters,
      element("div", { className: "bar" }, this.count, this.reset, copy),
      element("div", { className: "charts" }, this.plotBox(), this.curvesBox()),
    );
    box.hidden = false;
    this.tools.empty = element("tr", { className: "none" });
    const none = element("td", { colSpan: this.columns.size }, "No run matches these settings. ");
    none.append(this.button("Reset filters", () => this.change({ filters: {} })));
    this.tools.empty.append(none);
  }

  button(textContent, onclick) {
    return element("button", { type: "button", textContent, onclick });
  }

  filter(key, levels) {
    const group = element("fieldset", {}, element("legend", { textContent: this.title(key) }));
    for (const level of levels) {
      const chip = this.button(level, () => {
        const others = (this.state.filters[key] ?? []).filter((other) => other !== level);
        const pressed = chip.ariaPressed === "true" ? others : [...others, level];
        this.change({ filters: { ...this.state.filters, [key]: pressed } });
      });
      this.chips.push({ chip, key, level });
      group.append(chip);
    }
    return group;
  }

  select(name, title, options) {
    const select = element("select", { onchange: () => this.change({ [name]: select.value }) });
    for (const [value, textContent] of Object.entries(options)) select.append(element("option", { value, textContent }));
    this.selects = { ...this.selects, [name]: select };
    return element("label", {}, `${title} `, select);
  }

  plotBox() {
    const factors = [...this.factors].filter(([key, levels]) => key === "cell" || (key !== "status" && levels.length > 1));
    const rows = factors.map(([key]) => [key, key === "cell" ? "cell" : `cell and ${this.title(key)}`]);
    const costs = Object.entries(this.data.costs).filter(([key]) => this.runs.some((run) => run.finished && run.value(key) !== null));
    const bar = element("div", { className: "bar" }, this.select("score", "Show", this.data.scores));
    bar.append(this.select("against", "by", Object.fromEntries([...rows, ...costs])));
    return element("div", {}, element("h3", { textContent: "Every run a dot" }), bar, this.plot.svg);
  }

  curvesBox() {
    const clear = this.button("Clear selection", () => this.change({ selected: new Set() }));
    const bar = element("div", { className: "bar" }, this.select("curve", "Show", this.data.quantities), clear);
    return element("div", {}, element("h3", { textContent: "Curves of the selected runs" }), bar, this.curves.svg, this.curves.key);
  }

  addTicks() {
    for (const run of this.runs) {
      run.tick = element("input", { type: "checkbox", disabled: !run.finished, ariaLabel: `Select run ${run.rank}` });
      run.tick.onchange = () => this.toggle(run);
      run.row.cells[0].prepend(run.tick);
    }
    const body = this.tools.table.tBodies[0];
    const over = ({ target }) => this.hover(this.runs.find((run) => run.row === target.closest("tr")));
    body.addEventListener("pointerover", over);
    body.addEventListener("focusin", over);
    body.addEventListener("pointerleave", () => this.hover());
    body.addEventListener("focusout", () => this.hover());
  }

  // -------------------------------------------------------------------------- the state, shown

  change(part) {
    Object.assign(this.state, part);
    this.render();
    this.keep();
  }

  toggle(run) {
    const selected = new Set(this.state.selected);
    if (!selected.delete(run)) selected.add(run);
    this.change({ selected });
  }

  matching() {
    const filters = Object.entries(this.state.filters).filter(([, levels]) => levels.length);
    const wanted = filters.map(([key, levels]) => [key, levels.map((level) => this.factors.get(key).indexOf(level))]);
    return this.runs.filter((run) => wanted.every(([key, numbers]) => numbers.includes(this.levelsOf[run.at][key])));
  }

  render() {
    const { state, runs } = this;
    this.shown = this.matching();
    const rows = new Set(this.shown.map((run) => run.row));
    this.tools.filter((row) => rows.has(row));
    for (const { chip, key, level } of this.chips) chip.ariaPressed = String(!!state.filters[key]?.includes(level));
    for (const [name, select] of Object.entries(this.selects)) select.value = state[name];
    for (const run of runs) {
      run.tick.checked = state.selected.has(run);
      run.row.classList.toggle("picked", run.tick.checked);
    }
    this.reset.hidden = !Object.values(state.filters).some((levels) => levels.length);
    const hidden = [...state.selected].filter((run) => !this.shown.includes(run)).length;
    const text = this.shown.length ? `${this.shown.length} of ${runs.length} runs` : "No run matches these settings";
    this.count.textContent = text + (hidden ? `; ${hidden} of the selected are not among them` : "");
    this.drawCharts();
  }

  drawCharts() {
    const { selected } = this.state;
    this.plot.draw(this.state, this.shown, selected);
    this.curves.draw(this.state, this.shown.filter((run) => selected.has(run)));
  }

  // With a point of the viewport there is a tooltip as well.
  hover(run, text, x, y) {
    if (run !== this.hovered) {
      this.hovered?.row.classList.remove("hovered");
      run?.row.classList.add("hovered");
      this.hovered = run;
      this.plot.mark(run);
      this.curves.mark(run);
    }
    if (!run || x === undefined) return hideTooltip();
    const { score, against } = this.state, lines = [this.named(run), `${this.data.scores[score]} ${run.text(score)}`];
    if (against in this.data.costs) lines.push(`${this.data.costs[against]} ${run.text(against)}`);
    tooltip([...lines, text].filter(Boolean).join("\n"), x, y);
  }

  // ------------------------------------------------------------------------------- the address

  address() {
    const { state, tools } = this, start = this.initial(), query = new URLSearchParams();
    for (const [key, levels] of Object.entries(state.filters)) for (const level of levels) query.append(key, level);
    for (const name of Object.keys(this.selects)) if (state[name] !== start[name]) query.set(name, state[name]);
    const ranks = (runs) => [...runs].map((run) => run.rank).sort((a, b) => a - b).join();
    if (ranks(state.selected) !== ranks(start.selected)) query.set("selected", ranks(state.selected));
    const keys = [...this.columns.keys()];
    if (tools.order) query.set("sort", (tools.order.order === "descending" ? "-" : "") + keys[tools.order.column]);
    const columns = tools.columns.map((column) => keys[column]);
    if (columns.join() !== keys.filter((_, column) => !tools.extra.has(column)).join()) query.set("columns", columns);
    const text = query.toString().replaceAll("%2C", ",");
    return text ? `#runs?${text}` : "#runs";
  }

  keep() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.writeAddress(), PATIENCE);
  }

  writeAddress() {
    clearTimeout(this.waiting);
    try {
      history.replaceState(null, "", this.address());
    } catch {
      // A page inside another page may have no address of its own.
    }
  }

  // Show what the address says; whatever it says that is unknown here is left out.
  restore() {
    if (!location.hash.startsWith("#runs?")) return;
    const query = new URLSearchParams(location.hash.slice("#runs?".length)), { tools } = this;
    const state = this.initial(), list = (name) => query.get(name)?.split(",");
    for (const [key, levels] of this.factors) {
      state.filters[key] = [...new Set(query.getAll(key))].filter((level) => levels.includes(level));
    }
    for (const [name, { options }] of Object.entries(this.selects)) {
      if ([...options].some((option) => option.value === query.get(name))) state[name] = query.get(name);
    }
    if (query.has("selected")) state.selected = this.ranked(list("selected"));
    const [, minus, key] = query.get("sort")?.match(/^(-?)(\w+)$/) ?? [];
    tools.sort(this.columns.get(key), minus ? "descending" : "ascending");
    const shown = new Set(list("columns")?.map((name) => this.columns.get(name)));
    tools.hide(query.has("columns") ? [...this.columns.values()].filter((column) => column && !shown.has(column)) : tools.extra);
    this.state = state;
    this.render();
    tools.box.closest("section").scrollIntoView({ behavior: "instant" });
  }

  async copy(button) {
    this.writeAddress();
    const before = button.textContent;
    await navigator.clipboard.writeText(location.href).then(
      () => (button.textContent = "Link copied"),
      () => (button.textContent = "Copy it from the address bar"),
    );
    setTimeout(() => (button.textContent = before), 2000);
  }
}

const explored = document.getElementById("explorer");
const explorable = tools.find((own) => own.box.id === "table-runs");
if (explored && explorable) new Explorer(explored, explorable);
