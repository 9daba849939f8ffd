"use strict";
// Everything here adds to a page that can be read without it.

const PAGE = 100; // rows
const MANY = 8; // rows that are worth sorting

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

function save(name, type, text) {
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// ------------------------------------------------------------------ tables

// A spreadsheet takes a cell that begins with one of these for a formula.
function field(text) {
  const formula = /^[=+\-@\t\r]/.test(text) && !/^[+\-]?[\d.]+$/.test(text);
  const safe = (formula ? "'" : "") + text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// Numbers as other programs read them: no minus sign, dash or thousands separator of print.
function shownText(cell) {
  const text = cell.textContent.trim().replaceAll("\u00a0", " ");
  if (!cell.matches("td.number")) return text;
  return text === "\u2013" ? "" : text.replaceAll("\u2212", "-").replace(/(?<=\d),(?=\d{3})/g, "");
}

function csv(table, rows) {
  const lines = [table.tHead.rows[0], ...rows].map((row) =>
    [...row.cells].map((cell) => field(shownText(cell))).join(","),
  );
  return lines.join("\n") + "\n";
}

function sortValue(cell) {
  const value = cell.dataset.value;
  if (value === undefined) return cell.textContent.trim().toLowerCase();
  return value === "" ? NaN : Number(value);
}

function compare(a, b) {
  if (typeof a === "string") return a.localeCompare(b);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
  return a - b;
}

class TableTools {
  constructor(box) {
    this.box = box;
    this.table = box.querySelector("table");
    this.rows = [...this.table.tBodies[0].rows];
    this.wanted = this.rows;
    this.page = 0;
    this.bar = element("div", { className: "bar" });
    if (box.classList.contains("tools")) this.addFilter();
    box.append(this.bar);
    const name = box.id.replace("table-", "");
    this.bar.append(
      element("button", {
        type: "button",
        className: "save",
        textContent: "Save as CSV",
        ariaLabel: `Save as CSV: ${this.table.caption.textContent}`,
        onclick: () => save(`${name}.csv`, "text/csv", csv(this.table, this.wanted)),
      }),
    );
    if (this.rows.length >= MANY && this.table.querySelector("th.number")) this.addSorting();
    if (this.rows.length > PAGE) this.addPages();
    this.show();
  }

  addFilter() {
    const input = element("input", { type: "search", placeholder: "such as LSTM 1e-3" });
    this.count = element("span", { role: "status" });
    input.oninput = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      this.wanted = this.rows.filter((row) => {
        const text = [...row.cells].map((cell) => cell.textContent.trim().toLowerCase());
        return words.every((word) => text.some((cell) => cell.startsWith(word)));
      });
      this.page = 0;
      this.show();
    };
    this.box.prepend(element("div", { className: "bar" }, element("label", {}, "Filter ", input), this.count));
  }

  addSorting() {
    [...this.table.tHead.rows[0].cells].forEach((head, column) => {
      const button = element("button", { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      button.onclick = () => {
        const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
        for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const at = (row) => sortValue(row.cells[column]);
        const sorted = (rows) =>
          rows
            .map((row) => [at(row), row])
            .sort(([a], [b]) => (a !== a || b !== b ? compare(a, b) : sign * compare(a, b)))
            .map(([, row]) => row);
        const shown = new Set(this.wanted);
        this.rows = sorted(this.rows);
        this.wanted = this.rows.filter((row) => shown.has(row));
        this.page = 0;
        this.show();
      };
    });
  }

  addPages() {
    const turn = (step) => () => {
      this.page += step;
      this.show();
    };
    this.back = element("button", { type: "button", textContent: "Earlier", onclick: turn(-1) });
    this.on = element("button", { type: "button", textContent: "Later", onclick: turn(1) });
    this.where = element("span", { role: "status" });
    window.addEventListener("beforeprint", () => this.table.tBodies[0].replaceChildren(...this.wanted));
    window.addEventListener("afterprint", () => this.show());
    this.bar.prepend(this.back, this.on, this.where);
  }

  show() {
    const first = this.page * PAGE;
    this.table.tBodies[0].replaceChildren(...this.wanted);
    if (this.back) {
      // Rows of other pages are hidden on the screen alone: a printed table is whole.
      this.wanted.forEach((row, at) =>
        row.classList.toggle("elsewhere", at < first || at >= first + PAGE),
      );
    }
    if (this.count) this.count.textContent = `${this.wanted.length} of ${this.rows.length} rows`;
    if (this.back) {
      this.back.disabled = this.page === 0;
      this.on.disabled = first + PAGE >= this.wanted.length;
      const last = Math.min(first + PAGE, this.wanted.length);
      this.where.textContent = `rows ${last ? first + 1 : 0} to ${last}`;
    }
  }
}

// ------------------------------------------------------------------ figures

function resolved(svg) {
  const copy = svg.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const style = getComputedStyle(document.documentElement);
  return new XMLSerializer()
    .serializeToString(copy)
    .replace(/var\((--[\w-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
}

function addSaving(figure) {
  const svg = figure.querySelector("svg");
  const name = figure.id.replace("figure-", "");
  const button = element("button", {
    type: "button",
    className: "save",
    textContent: "Save as SVG",
    ariaLabel: `Save figure ${name} as SVG`,
    onclick: () => save(`${name}.svg`, "image/svg+xml", resolved(svg)),
  });
  figure.append(element("div", { className: "bar" }, button));
}

// ------------------------------------------------------------------ curves

const SVG = "http://www.w3.org/2000/svg";
const DASHES = ["", "6 3", "2 2", "8 3 2 3", "1 3", "12 4"];

function drawn(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

class Curves {
  constructor(box, tools) {
    const data = JSON.parse(document.getElementById("curves-data").textContent);
    this.runs = new Map(data.runs.map((run) => [String(run.rank), run]));
    this.cells = data.cells;
    this.picked = [];
    this.select = element("select");
    for (const [key, title] of Object.entries(data.quantities)) {
      this.select.append(element("option", { value: key, textContent: title }));
    }
    this.select.onchange = () => this.draw();
    const clear = element("button", { type: "button", textContent: "Clear", onclick: () => this.clear() });
    this.svg = drawn("svg", { role: "img" });
    this.key = element("ul", { className: "key" });
    box.append(
      element("div", { className: "bar" }, element("label", {}, "Show ", this.select), clear),
      this.svg,
      this.key,
    );
    box.hidden = false;
    addEventListener("resize", () => this.draw());
    this.addPicks(tools);
    for (const row of tools.rows.slice(0, 2)) row.querySelector("input").click();
  }

  addPicks(tools) {
    this.boxes = [];
    tools.box.querySelector(".bar").append("Ticked runs are drawn below the table.");
    for (const row of tools.rows) {
      const rank = row.cells[0].textContent.trim();
      const run = this.runs.get(rank);
      const box = element("input", { type: "checkbox", disabled: !run });
      box.ariaLabel = `Show the curves of run ${rank}`;
      box.onchange = () => {
        this.picked = this.picked.filter((other) => other !== run);
        if (box.checked) this.picked.push(run);
        this.draw();
      };
      this.boxes.push(box);
      row.cells[0].prepend(box);
    }
  }

  clear() {
    for (const box of this.boxes) box.checked = false;
    this.picked = [];
    this.draw();
  }

  draw() {
    const quantity = this.select.value;
    const title = this.select.selectedOptions[0].textContent;
    const values = this.picked.flatMap((run) => run[quantity]);
    this.svg.replaceChildren();
    this.key.replaceChildren();
    this.svg.setAttribute("aria-label", `${title} by epoch of ${this.picked.length} picked runs`);
    if (!values.length) {
      this.key.append(element("li", {}, "Tick runs in the table above."));
      return;
    }
    const epochs = Math.max(...this.picked.map((run) => run[quantity].length));
    const low = Math.min(...values), high = Math.max(...values), room = (high - low) * 0.06 || 0.01;
    // One unit is a pixel, so that the labels keep their size; what is not shown has no width.
    const wide = this.svg.getBoundingClientRect().width || 640, right = wide - 18, middle = (52 + right) / 2;
    this.svg.setAttribute("viewBox", `0 0 ${wide} 300`);
    const x = (epoch) => (epochs > 1 ? 52 + (epoch * (right - 52)) / (epochs - 1) : middle);
    const y = (value) => 262 - ((value - low + room) * 246) / (high - low + 2 * room);
    for (let tick = 0; tick <= 4; tick++) {
      const value = low + ((high - low) * tick) / 4;
      this.svg.append(
        drawn("line", { x1: 52, x2: right, y1: y(value), y2: y(value), stroke: "var(--grid)" }),
        drawn("text", { x: 46, y: y(value) + 4, "text-anchor": "end", fill: "var(--ink)" }, value.toFixed(3)),
      );
    }
    const every = Math.ceil((epochs * 36) / (right - 52));
    for (let epoch = 0; epoch < epochs; epoch += every) {
      this.svg.append(
        drawn("text", { x: x(epoch), y: 280, "text-anchor": "middle", fill: "var(--ink)" }, epoch + 1),
      );
    }
    this.svg.append(
      drawn("text", { x: middle, y: 297, "text-anchor": "middle", fill: "var(--ink)" }, "epoch"),
    );
    this.picked.forEach((run, number) => {
      const colour = `var(--cell-${this.cells.indexOf(run.cell) % 6})`;
      const line = { fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": DASHES[number % 6] };
      const points = run[quantity].map((value, epoch) => `${x(epoch)},${y(value)}`).join(" ");
      this.svg.append(drawn("polyline", { ...line, points }));
      const sample = drawn("svg", { viewBox: "0 0 36 8", width: 36, height: 8, "aria-hidden": "true" });
      sample.style.cssText = "width:36px;display:inline-block";
      sample.append(drawn("line", { ...line, x1: 0, x2: 36, y1: 4, y2: 4 }));
      this.key.append(element("li", {}, sample, ` ${run.rank}. ${run.cell}: ${run.name}`));
    });
  }
}

// ------------------------------------------------------------------ all of it

const tools = [...document.querySelectorAll(".table")]
  .filter((box) => !box.closest(".architecture"))
  .map((box) => new TableTools(box));
for (const figure of document.querySelectorAll("figure:not(.small)")) addSaving(figure);
// What does not scroll need not be a stop of the tabulator.
function stops() {
  for (const pane of document.querySelectorAll(".scroll")) {
    const scrolls = pane.scrollWidth > pane.clientWidth || pane.scrollHeight > pane.clientHeight;
    pane.tabIndex = scrolls ? 0 : -1;
  }
}
addEventListener("resize", stops);
document.addEventListener("toggle", stops, true);
stops();
const curves = document.getElementById("curves");
const all = tools.find((own) => own.box.id === "table-runs");
if (curves && all) new Curves(curves, all);
