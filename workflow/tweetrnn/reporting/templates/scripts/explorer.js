// One explorer for the runs: filters, plot, curves and table show one state, which is in the address.

const PATIENCE = 300; // ms without a change before the address follows

// The runs by rank, as the table has them: with their values, and the numbers of their levels.
class Runs {
  constructor(data, { heads, original }) {
    Object.assign(this, { data, heads, factors: new Map(), known: new Map() });
    this.columns = new Map(heads.map((head, column) => [head.dataset.key, column]));
    const [curves] = Object.values(data.curves);
    this.all = original.map((row, at) => ({ row, rank: at + 1, finished: curves[at] !== null, values: {}, levels: {} }));
    for (const key of [...Object.keys(data.scores), ...Object.keys(data.costs)]) {
      for (const run of this.all) run.values[key] = run.finished && this.cell(run, key).dataset.value;
      for (const { values } of this.all) values[key] = values[key] ? Number(values[key]) : null;
    }
    for (const key of data.factors.filter((key) => this.columns.has(key))) this.addFactor(key);
  }

  cell(run, key) {
    return run.row.cells[this.columns.get(key)];
  }

  addFactor(key) {
    const { cells } = this.data;
    const text = (run) => textOf(this.cell(run, key));
    const found = new Map(this.all.map((run) => [text(run), sortValue(this.cell(run, key))]));
    const order = ([a, x], [b, y]) => (key === "cell" ? cells.indexOf(a) - cells.indexOf(b) : compare(x, y));
    const levels = [...found].sort(order).map(([level]) => level);
    for (const run of this.all) run.levels[key] = levels.indexOf(text(run));
    this.factors.set(key, levels);
  }

  // The factors in which runs differ.
  get varied() {
    return [...this.factors].filter(([, levels]) => levels.length > 1);
  }

  title(key) {
    return this.heads[this.columns.get(key)].textContent.trim();
  }

  colour(run) {
    return `var(--cell-${run.levels.cell % 6})`;
  }

  named(run) {
    const level = (key) => this.factors.get(key)[run.levels[key]];
    const others = [...this.factors.keys()].filter((key) => key !== "cell" && key !== "status");
    const settings = others.map((key) => `${this.title(key)} ${level(key)}`).join(", ");
    return `${run.rank}. ${level("cell")}: ${settings}`.replaceAll("e-", "e\u2011"); // a rate stays on one line
  }

  // Those of the ranks that have a result.
  ranked(ranks) {
    return new Set(ranks.map((rank) => this.all[rank - 1]).filter((run) => run?.finished));
  }

  matching(filters) {
    const set = Object.entries(filters).filter(([, levels]) => levels.length);
    const wanted = set.map(([key, levels]) => [key, levels.map((level) => this.factors.get(key).indexOf(level))]);
    return this.all.filter((run) => wanted.every(([key, numbers]) => numbers.includes(run.levels[key])));
  }

  // The rows of the plot that have runs: each cell, or each cell with each level of a factor.
  bands(factor) {
    const levels = factor === "cell" ? [""] : this.factors.get(factor);
    const bands = this.factors.get("cell").flatMap((cell, number) =>
      levels.map((text, level) => ({
        name: text ? `${cell}, ${this.title(factor)} ${text}` : cell,
        has: (run) => run.finished && run.levels.cell === number && (!text || run.levels[factor] === level),
      })),
    );
    return bands.filter(({ has }) => this.all.some(has));
  }

  // Of the values in a column, and of the baselines.
  limits(key) {
    if (!this.known.has(key)) {
      const values = this.all.map((run) => run.values[key]).filter((value) => value !== null);
      this.known.set(key, limits([...values, ...Object.values(this.data.baselines[key] ?? {})]));
    }
    return this.known.get(key);
  }
}

class Explorer {
  constructor(box, data, tools) {
    Object.assign(this, { data, tools, selects: {}, chips: [] });
    this.runs = new Runs(data, tools);
    this.state = this.initial();
    this.plot = new Plot(this);
    this.curves = new Curves(this);
    this.build(box);
    this.addTicks();
    tools.onchange = () => this.keep();
    addEventListener("resize", () => {
      this.plot.width = this.curves.width = 0;
      this.render();
    });
    addEventListener("hashchange", () => this.restore());
    // A link that is followed before the address is written would be lost.
    document.addEventListener("click", ({ target }) => target.closest("a[href^='#']") && this.writeAddress(), true);
    this.render();
    this.restore();
  }

  initial() {
    const { score, selected } = this.data;
    return { filters: {}, score, against: "cell", curve: "validation_accuracy", selected: this.runs.ranked(selected) };
  }

  // --------------------------------------------------------------------------------- controls

  build(box) {
    const { varied } = this.runs;
    const reset = () =>
      this.button("Reset filters", () => {
        this.change({ filters: {} });
        this.chips[0].chip.focus(); // this button is hidden now
      });
    const copy = this.button("Copy link to this view", () => this.copy(copy));
    this.count = element("span", { role: "status" });
    this.reset = reset();
    const none = element("td", { colSpan: this.runs.columns.size }, "No run matches these settings. ", reset());
    this.tools.empty = element("tr", { className: "none" }, none);
    const rows = varied.map(([key]) => [key, `cell and ${this.runs.title(key)}`]).filter(([key]) => key !== "cell" && key !== "status");
    const against = { cell: "cell", ...Object.fromEntries(rows), ...this.data.costs };
    const clear = this.button("Clear selection", () => this.change({ selected: new Set() }));
    const bar = (...children) => element("div", { className: "bar" }, ...children);
    const choices = [this.select("score", "Show", this.data.scores), this.select("against", "by", against)];
    const plot = [element("h3", {}, "Every run a dot"), bar(...choices), this.plot.svg];
    const curves = [bar(this.select("curve", "Show", this.data.quantities), clear), this.curves.svg, this.curves.key];
    box.append(
      element("div", { className: "filters" }, ...varied.map(([key, levels]) => this.filter(key, levels))),
      bar(this.count, this.reset, copy),
      element("div", { className: "charts" }, element("div", {}, ...plot), element("div", {}, element("h3", {}, "Curves of the selected runs"), ...curves)),
    );
    box.hidden = false;
  }

  button(textContent, onclick) {
    return element("button", { type: "button", textContent, onclick });
  }

  // A button for each level; none pressed means all.
  filter(key, levels) {
    const group = element("fieldset", {}, element("legend", {}, this.runs.title(key)));
    for (const [number, level] of levels.entries()) {
      const chip = this.button(level, () => {
        const pressed = new Set(this.state.filters[key]);
        if (!pressed.delete(level)) pressed.add(level);
        this.change({ filters: { ...this.state.filters, [key]: [...pressed] } });
      });
      if (key === "cell") chip.style.setProperty("--dot", `var(--cell-${number % 6})`);
      this.chips.push({ chip, key, level });
      group.append(chip);
    }
    return group;
  }

  select(name, title, options) {
    const select = element("select", { onchange: () => this.change({ [name]: select.value }) });
    for (const [value, text] of Object.entries(options)) select.append(element("option", { value }, text));
    this.selects[name] = select;
    return element("label", {}, `${title} `, select);
  }

  addTicks() {
    const byRow = new Map(this.runs.all.map((run) => [run.row, run])), body = this.tools.table.tBodies[0];
    for (const run of this.runs.all) {
      run.tick = element("input", { type: "checkbox", disabled: !run.finished, ariaLabel: `Select run ${run.rank}` });
      run.tick.onchange = () => this.toggle(run);
      run.row.cells[0].prepend(run.tick);
    }
    for (const type of ["pointerover", "focusin"]) {
      body.addEventListener(type, ({ target }) => this.hover(byRow.get(target.closest("tr"))));
    }
    for (const type of ["pointerleave", "focusout"]) body.addEventListener(type, () => this.hover());
  }

  // -------------------------------------------------------------------------- the state, shown

  change(part) {
    Object.assign(this.state, part);
    this.render();
    this.keep();
  }

  toggle(run) {
    if (!run) return;
    if (!this.state.selected.delete(run)) this.state.selected.add(run);
    this.renderSelected();
    this.keep();
  }

  render() {
    const { state } = this, shown = this.runs.matching(state.filters);
    this.shown = new Set(shown);
    this.filterTable(JSON.stringify(state.filters));
    for (const { chip, key, level } of this.chips) chip.ariaPressed = String(!!state.filters[key]?.includes(level));
    for (const [name, select] of Object.entries(this.selects)) select.value = state[name];
    this.reset.hidden = !Object.values(state.filters).flat().length;
    this.plot.draw(state, shown);
    this.renderSelected();
  }

  // Other filters begin at the table's first page again.
  filterTable(filters) {
    if (this.filtered === filters) return;
    this.filtered = filters;
    const rows = new Set([...this.shown].map((run) => run.row));
    this.tools.filter((row) => rows.has(row));
  }

  renderSelected() {
    const { selected } = this.state, runs = [...selected].sort((a, b) => a.rank - b.rank);
    const seen = runs.filter((run) => this.shown.has(run)), hidden = runs.length - seen.length;
    for (const run of this.runs.all) {
      run.tick.checked = selected.has(run);
      run.row.classList.toggle("picked", run.tick.checked);
    }
    const count = this.shown.size ? `${this.shown.size} of ${this.runs.all.length} runs` : "No run matches these settings";
    this.count.textContent = count + (hidden ? `; ${hidden} of the selected not among them` : "");
    this.plot.select(selected);
    this.curves.draw(this.state, seen);
  }

  // With a point of the viewport the run is described there as well.
  hover(run, text, x, y) {
    if (run !== this.hovered) {
      this.hovered?.row.classList.remove("hovered");
      run?.row.classList.add("hovered");
      this.hovered = run;
      for (const chart of [this.plot, this.curves]) chart.mark(run);
    }
    if (!run || x === undefined) return hideTooltip();
    const { data, state } = this, titles = { ...data.scores, ...data.costs };
    const shown = [state.score, state.against].filter((key) => key in titles);
    const values = shown.map((key) => `${titles[key]} ${textOf(this.runs.cell(run, key))}`);
    tooltip([this.runs.named(run), ...values, text].filter(Boolean).join("\n"), x, y);
  }

  // ------------------------------------------------------------------------------- the address

  // What differs from the beginning.
  address() {
    const { state, tools } = this, start = this.initial(), query = new URLSearchParams(), keys = [...this.runs.columns.keys()];
    const put = (name, value, usual) => value !== usual && query.set(name, value);
    const ranks = ({ selected }) => [...selected].map((run) => run.rank).sort((a, b) => a - b).join();
    const list = (hidden) => keys.filter((_, column) => !hidden.has(column)).join();
    for (const [key, levels] of Object.entries(state.filters)) for (const level of levels) query.append(key, level);
    for (const name of Object.keys(this.selects)) put(name, state[name], start[name]);
    put("selected", ranks(state), ranks(start));
    put("sort", tools.order ? (tools.order.order === "descending" ? "-" : "") + keys[tools.order.column] : "", "");
    put("columns", list(tools.hidden), list(tools.extra));
    return `#runs?${query}`.replace(/\?$/, "").replaceAll("%2C", ",");
  }

  keep() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.writeAddress(), PATIENCE);
  }

  writeAddress() {
    if (!this.waiting) return;
    clearTimeout(this.waiting);
    this.waiting = null;
    setAddress(this.address(), "replaceState");
  }

  // Show what the address says; whatever in it is unknown here is left out.
  restore() {
    if (location.hash === "#runs") return this.keep(); // the address follows what is shown
    if (!location.hash.startsWith("#runs?")) return;
    const query = new URLSearchParams(location.hash.slice("#runs?".length)), { tools } = this;
    const state = this.initial(), list = (name) => query.get(name)?.split(",");
    for (const [key, levels] of this.runs.factors) state.filters[key] = levels.filter((level) => query.getAll(key).includes(level));
    for (const [name, { options }] of Object.entries(this.selects)) {
      if ([...options].some((option) => option.value === query.get(name))) state[name] = query.get(name);
    }
    if (query.has("selected")) state.selected = this.runs.ranked(list("selected"));
    const [, minus, key] = query.get("sort")?.match(/^(-?)(\w+)$/) ?? [];
    tools.sort(this.runs.columns.get(key), minus ? "descending" : "ascending");
    const chosen = list("columns")?.filter((key) => this.runs.columns.has(key));
    const others = [...this.runs.columns].filter(([key, column]) => column && !chosen?.includes(key));
    tools.hide(chosen?.length ? others.map(([, column]) => column) : tools.extra);
    this.state = state;
    this.render();
    tools.box.closest("section").scrollIntoView({ behavior: "instant" });
  }

  async copy(button) {
    this.keep();
    this.writeAddress();
    const before = button.textContent;
    button.textContent = (await copyText(location.href)) ? "Link copied" : "Copy it from the address bar";
    setTimeout(() => (button.textContent = before), 2000);
  }
}

const explored = document.getElementById("explorer");
if (explored) {
  const data = JSON.parse(document.getElementById("explorer-data").textContent);
  const own = tools.find(({ box }) => box.id === `table-${data.table}`);
  new Explorer(explored, data, own);
  own.box.after(...own.box.parentNode.querySelectorAll("figure")); // the explorer's table beside it
}
