// Curves of the runs that are picked in the table.

const DASHES = ["", "6 3", "2 2", "8 3 2 3", "1 3", "12 4"];

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

const curves = document.getElementById("curves");
const all = tools.find((own) => own.box.id === "table-runs");
if (curves && all) new Curves(curves, all);
