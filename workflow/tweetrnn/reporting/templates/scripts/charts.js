// The explorer's charts: a plot of all runs, and the curves of some.

const DASHES = ["", "6 3", "2 2", "8 3 2 3", "1 3", "12 4"];
const REACH = 18; // pixels from the pointer to the point that it means

// [value, text] of round numbers from low to high, about ``most`` of them.
function roundNumbers(low, high, most) {
  const rough = (high - low) / most || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-6), count = Math.floor(high / step + 1e-6) - first + 1;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-6));
  const form = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return Array.from({ length: count }, (_, n) => (first + n) * step).map((value) => [value, value.toLocaleString("en", form)]);
}

// The lowest and the highest value, with some room; 0 and 1 without any.
function limits(values) {
  if (!values.length) return [0, 1];
  const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
  const room = 0.05 * (high - low || Math.abs(high) || 1);
  return [low - room, high + room];
}

// An SVG whose unit is a pixel, and whose points can be pointed at and clicked.
class Chart {
  constructor(explorer) {
    this.explorer = explorer;
    this.runs = explorer.runs;
    this.svg = drawn("svg", { class: "chart" });
    const [axes, texts] = [drawn("g", { "aria-hidden": "true" }), drawn("g", { class: "above", "aria-hidden": "true" })];
    Object.assign(this, { axes, texts });
    this.svg.append(axes, texts);
    this.points = []; // {run, x, y, text}
    this.svg.onpointermove = (event) => {
      const { run, text } = this.nearest(event);
      explorer.hover(run, text, event.clientX, event.clientY);
    };
    this.svg.onpointerleave = () => explorer.hover();
    this.svg.onclick = (event) => explorer.toggle(this.nearest(event).run);
  }

  nearest({ clientX, clientY }) {
    const box = this.svg.getBoundingClientRect();
    let best = REACH, found = {};
    for (const point of this.points) {
      const distance = Math.hypot(point.x + box.x - clientX, point.y + box.y - clientY);
      if (distance < best) [best, found] = [distance, point];
    }
    return found;
  }

  // Begin again, that high. What is not on the screen has no width.
  begin(height, left, top) {
    this.width ||= this.svg.getBoundingClientRect().width;
    const width = this.width || 640;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.axes.replaceChildren();
    this.texts.replaceChildren();
    this.points = [];
    Object.assign(this, { left, right: width - 24, top, bottom: height - 40 });
  }

  write(x, y, text, anchor = "middle") {
    this.texts.append(drawn("text", { x, y, "text-anchor": anchor }, text));
  }

  line(x1, y1, x2, y2, type = "grid") {
    this.axes.append(drawn("line", { x1, y1, x2, y2, class: type }));
  }

  // Draw an axis and return its scale: a function from values to pixels.
  horizontal([low, high], title, numbers = roundNumbers(low, high, (this.right - this.left) / 80)) {
    const { left, right, top, bottom } = this;
    const x = (value) => (low < high ? left + ((value - low) / (high - low)) * (right - left) : (left + right) / 2);
    for (const [value, text] of numbers) {
      this.line(x(value), top, x(value), bottom);
      this.write(x(value), bottom + 17, text);
    }
    this.write((left + right) / 2, bottom + 35, title);
    return x;
  }

  vertical([low, high], title) {
    const { left, right, top, bottom } = this, y = (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
    for (const [value, text] of roundNumbers(low, high, 5)) {
      this.line(left, y(value), right, y(value));
      this.write(left - 6, y(value) + 4, text, "end");
    }
    this.write(4, top - 14, title, "start");
    return y;
  }
}

// A dot for every run with a result: its score in rows of the cell and a factor, or against a cost.
class Plot extends Chart {
  constructor(explorer) {
    super(explorer);
    this.radius = this.runs.all.length > 500 ? 2.5 : 4.5;
    this.list = drawn("g", { role: "listbox", "aria-multiselectable": "true" });
    this.rings = drawn("g", { class: "above", "aria-hidden": "true" });
    this.texts.before(this.list);
    this.svg.append(this.rings);
    for (const run of this.runs.all) if (run.finished) run.dot = this.dot(run);
    this.list.onkeydown = (event) => this.press(event);
    this.list.addEventListener("focusin", ({ target }) => {
      const { right, bottom } = target.getBoundingClientRect();
      explorer.hover(this.runs.all[target.dataset.at], "", right, bottom);
    });
    this.list.addEventListener("focusout", () => explorer.hover());
  }

  dot(run) {
    const colour = this.runs.colour(run), fill = run.levels.cell % 2 ? "var(--paper)" : colour;
    const look = { fill, stroke: colour, r: this.radius, "data-at": run.rank - 1 };
    return drawn("circle", { ...look, role: "option", tabindex: -1, "aria-label": this.runs.named(run) });
  }

  draw({ score, against }, runs) {
    const { data } = this.runs, cost = against in data.costs;
    const shown = runs.filter(({ values }) => values[score] !== null && (!cost || values[against] !== null));
    const baselines = Object.entries(data.baselines[score]).sort(([, a], [, b]) => a - b);
    if (cost) this.scatter(score, against, shown, baselines);
    else this.rows(score, against, shown, baselines);
    this.places = new Map(this.points.map((point) => [point.run, point]));
    for (const { run, x, y } of this.points) {
      run.dot.setAttribute("cx", x);
      run.dot.setAttribute("cy", y);
    }
    this.order = shown.sort((a, b) => a.values[score] - b.values[score]);
    this.list.replaceChildren(...this.order.map((run) => run.dot));
    this.list.setAttribute("aria-label", `${shown.length} runs by ${data.scores[score]}`);
    this.list.setAttribute("display", shown.length ? "inline" : "none");
  }

  // A band for each cell, or for each cell with each level, with its name at the top.
  rows(score, factor, shown, baselines) {
    const { data } = this.runs, bands = this.runs.bands(factor), count = Math.max(bands.length, 1);
    const high = Math.max(36, Math.min(110, 230 / count)), top = 12 + 16 * baselines.length;
    this.begin(top + count * high + 40, 14, top);
    const x = this.horizontal(this.runs.limits(score), data.scores[score]);
    baselines.forEach(([name, value], at) => {
      const late = x(value) > (this.left + this.right) / 2;
      this.line(x(value), 4 + 16 * at, x(value), this.bottom, "baseline");
      this.write(x(value) + (late ? -5 : 5), 14 + 16 * at, name, late ? "end" : "start");
    });
    bands.forEach(({ name, has }, at) => {
      const y = top + at * high;
      this.line(this.left, y, this.right, y);
      this.write(this.left, y + 14, name, "start");
      this.swarm(shown.filter(has), (run) => x(run.values[score]), y + 7 + high / 2, high - 22);
    });
  }

  // Dots that would cover each other stand above and below the middle of their band.
  swarm(runs, x, middle, room) {
    const wide = 2 * this.radius + 0.5, bins = new Map();
    for (const run of runs) {
      const bin = Math.round(x(run) / wide);
      if (!bins.has(bin)) bins.set(bin, []);
      bins.get(bin).push(run);
    }
    const most = Math.max(2, ...[...bins.values()].map((bin) => bin.length));
    const step = Math.min(wide, (room - wide) / (most - 1));
    for (const bin of bins.values()) {
      bin.forEach((run, n) => this.points.push({ run, x: x(run), y: middle + step * (n % 2 ? -(n + 1) / 2 : n / 2) }));
    }
  }

  scatter(score, cost, shown, baselines) {
    const { data } = this.runs;
    this.begin(320, 52, 28);
    const x = this.horizontal(this.runs.limits(cost), data.costs[cost]);
    const y = this.vertical(this.runs.limits(score), data.scores[score]);
    let above = Infinity;
    for (const [name, value] of baselines) {
      this.line(this.left, y(value), this.right, y(value), "baseline");
      above = Math.min(y(value) - 4, above - 15);
      this.write(this.right, above, name, "end");
    }
    for (const run of shown) this.points.push({ run, x: x(run.values[cost]), y: y(run.values[score]) });
  }

  ring({ x, y }) {
    return this.rings.appendChild(drawn("circle", { cx: x, cy: y, r: this.radius + 2.5 }));
  }

  // Mark the selected runs; the keyboard reaches the first of them, and the others by arrows.
  select(selected) {
    this.rings.replaceChildren();
    for (const { dot } of this.runs.all) if (dot) dot.ariaSelected = "false";
    for (const run of selected) {
      const place = this.places.get(run);
      run.dot.ariaSelected = "true";
      if (!place) continue;
      this.ring(place);
      this.rings.append(drawn("text", { x: place.x, y: place.y - this.radius - 6, "text-anchor": "middle" }, run.rank));
    }
    if (!this.list.contains(document.activeElement)) this.stop(this.order.find((run) => selected.has(run)) ?? this.order[0]);
  }

  stop(run) {
    this.stopped?.dot.setAttribute("tabindex", -1);
    this.stopped = run;
    run?.dot.setAttribute("tabindex", 0);
  }

  press(event) {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (step) {
      this.stop(this.order[this.order.indexOf(this.stopped) + step] ?? this.stopped);
      this.stopped.dot.focus();
    } else if (event.key === "Enter" || event.key === " ") this.explorer.toggle(this.stopped);
    else return;
    event.preventDefault();
  }

  mark(run) {
    this.marked?.remove();
    this.marked = this.places.has(run) ? this.ring(this.places.get(run)) : null;
  }
}

// The curves of the selected runs.
class Curves extends Chart {
  constructor(explorer) {
    super(explorer);
    this.svg.setAttribute("role", "img");
    this.key = element("ul", { className: "key" });
  }

  draw({ curve }, runs) {
    const { data } = this.runs, title = data.quantities[curve];
    const values = runs.map((run) => data.curves[curve][run.rank - 1]);
    this.begin(runs.length ? 320 : 0, 52, 28);
    this.svg.setAttribute("aria-label", `${title} by epoch of ${runs.length} selected runs`);
    this.key.replaceChildren(...runs.map((run, number) => this.entry(run, number)));
    if (!runs.length) return this.key.append(element("li", {}, "Click on a dot, or tick runs in the table."));
    const epochs = Math.max(...values.map((list) => list.length));
    const numbers = roundNumbers(1, epochs, Math.min(epochs - 1, (this.right - this.left) / 40));
    const x = this.horizontal([1, epochs], "epoch", numbers), y = this.vertical(limits(values.flat()), title);
    runs.forEach((run, number) => {
      const points = values[number].map((value, at) => ({ run, x: x(at + 1), y: y(value), text: `epoch ${at + 1}: ${value.toFixed(3)}` }));
      this.points.push(...points);
      this.axes.append(drawn("polyline", { ...this.look(run, number), points: points.map(({ x, y }) => `${x},${y}`).join(" ") }));
    });
  }

  look(run, number) {
    return { fill: "none", stroke: this.runs.colour(run), "stroke-width": 2, "stroke-dasharray": DASHES[number % 6] };
  }

  entry(run, number) {
    const sample = drawn("svg", { viewBox: "0 0 36 8", width: 36, height: 8, "aria-hidden": "true" });
    sample.append(drawn("line", { ...this.look(run, number), x1: 0, x2: 36, y1: 4, y2: 4 }));
    return element("li", {}, sample, ` ${this.runs.named(run)}`);
  }

  mark(run) {
    for (const old of this.axes.querySelectorAll(".mark")) old.remove();
    for (const { x, y } of this.points.filter((point) => point.run === run)) {
      this.axes.append(drawn("circle", { cx: x, cy: y, r: 3.5, class: "mark" }));
    }
  }
}
