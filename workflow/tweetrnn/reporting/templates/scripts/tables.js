// Sorting, paging and saving of tables, and the choice of their columns.

const LONG = 100; // rows: a table with more comes in pages
const PAGE = 50; // rows, so that it is laid out quickly
const MANY = 8; // rows that are worth sorting

// A spreadsheet takes a cell that begins with one of these for a formula.
function field(text) {
  const formula = /^[=+\-@\t\r]/.test(text) && !/^[+\-]?[\d.]+(e[+\-]?\d+)?( to [+\-]?[\d.]+)?$/.test(text);
  const safe = (formula ? "'" : "") + text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// A cell's text, without what scripts put beside it.
function textOf(cell) {
  return (cell.querySelector("bdi") ?? cell).textContent.trim();
}

// Numbers as other programs read them: no minus sign, dash or thousands separator of print.
function shownText(cell) {
  const text = textOf(cell).replaceAll("\u00a0", " ");
  if (!cell.matches("td.number")) return text;
  return text === "\u2013" ? "" : text.replaceAll("\u2212", "-").replace(/(?<=\d),(?=\d{3})/g, "");
}

function csv(rows, columns) {
  const lines = rows.map((row) => columns.map((column) => field(shownText(row.cells[column]))).join(","));
  return lines.join("\n") + "\n";
}

function sortValue(cell) {
  const value = cell.dataset.value;
  if (value === undefined) return textOf(cell).toLowerCase();
  return value === "" ? NaN : Number(value);
}

function compare(a, b) {
  if (typeof a === "string") return a.localeCompare(b);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
  return a - b;
}

// The rows in the order of a column's values; missing numbers come last in both directions.
function sortedRows(rows, column, order) {
  const sign = order === "ascending" ? 1 : -1;
  return rows
    .map((row) => [sortValue(row.cells[column]), row])
    .sort(([a], [b]) => (a !== a || b !== b ? compare(a, b) : sign * compare(a, b)))
    .map(([, row]) => row);
}

class TableTools {
  constructor(box) {
    this.box = box;
    this.table = box.querySelector("table");
    this.rows = [...this.table.tBodies[0].rows];
    this.original = this.rows;
    this.matches = () => true;
    this.order = null; // {column, order}
    this.hidden = new Set(); // columns
    this.page = 0;
    this.onchange = () => {}; // after the reader sorts or chooses columns
    this.heads = [...[...this.table.tHead.rows].at(-1).cells];
    this.bar = element("div", { className: "bar" });
    if (box.classList.contains("tools")) this.addColumns();
    box.append(this.bar);
    const name = box.id.replace("table-", "");
    this.bar.append(
      element("button", {
        type: "button",
        className: "save",
        textContent: "Save as CSV",
        ariaLabel: `Save as CSV: ${this.table.caption.textContent}`,
        onclick: () => save(`${name}.csv`, "text/csv", this.csv()),
      }),
    );
    if (this.rows.length >= MANY && this.table.querySelector("th.number")) this.addSorting();
    if (this.rows.length > LONG) this.addPages();
    this.show();
  }

  get wanted() {
    return this.rows.filter((row) => this.matches(row));
  }

  get columns() {
    return [...this.heads.keys()].filter((column) => !this.hidden.has(column));
  }

  csv() {
    return csv([this.heads[0].parentNode, ...this.wanted], this.columns);
  }

  // ------------------------------------------------------------------------------- sorting

  addSorting() {
    this.heads.forEach((head, column) => {
      const button = element("button", { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      button.onclick = () => {
        const orders = ["ascending", "descending"];
        if (head.dataset.first === "descending") orders.reverse();
        this.sort(column, orders[+(head.getAttribute("aria-sort") === orders[0])]);
        this.onchange();
      };
    });
  }

  // Without a column: as the page came.
  sort(column, order) {
    for (const head of this.heads) head.removeAttribute("aria-sort");
    this.order = column === undefined ? null : { column, order };
    if (this.order) this.heads[column].setAttribute("aria-sort", order);
    this.rows = this.order ? sortedRows(this.rows, column, order) : this.original;
    this.page = 0;
    this.show();
  }

  // ------------------------------------------------------------------------------- columns

  addColumns() {
    this.style = element("style");
    this.groups = this.grouped();
    const choices = element("div", { className: "choices" });
    for (const { head, columns } of this.groups) {
      const name = head.textContent.trim() || "run";
      const group = element("fieldset", {}, element("legend", { textContent: name }));
      for (const column of columns.filter(Boolean)) group.append(this.choice(column));
      if (group.children.length > 1) choices.append(group);
    }
    this.box.prepend(this.style, element("details", { className: "columns" }, element("summary", {}, "Columns"), choices));
    this.hide(this.extra);
  }

  // The headings of groups, and the columns beneath each.
  grouped() {
    let from = 0;
    return [...this.table.tHead.rows[0].cells].map((head) => {
      const columns = Array.from({ length: head.colSpan }, (_, n) => from + n);
      from += head.colSpan;
      return { head, columns };
    });
  }

  get extra() {
    return new Set([...this.heads.keys()].filter((column) => "extra" in this.heads[column].dataset));
  }

  choice(column) {
    const box = element("input", { type: "checkbox" });
    box.dataset.column = column;
    box.onchange = () => {
      this.hidden[box.checked ? "delete" : "add"](column);
      this.hide(this.hidden);
      this.onchange();
    };
    return element("label", {}, box, this.heads[column].textContent.trim());
  }

  hide(columns) {
    this.hidden = new Set(columns);
    const rows = `#${this.box.id} :is(thead tr:last-child, tbody tr)`;
    const hidden = [...columns].map((column) => `${rows} > :nth-child(${column + 1})`);
    this.style.textContent = hidden.length ? `${hidden} { display: none; }` : "";
    for (const { head, columns } of this.groups) {
      const left = columns.filter((column) => !this.hidden.has(column)).length;
      head.hidden = !left;
      head.colSpan = left || 1;
    }
    for (const box of this.box.querySelectorAll("[data-column]")) box.checked = !this.hidden.has(+box.dataset.column);
    stops();
  }

  // --------------------------------------------------------------------------------- rows

  filter(matches) {
    this.matches = matches;
    this.page = 0;
    this.show();
  }

  addPages() {
    const turn = (step) => () => {
      this.page += step;
      this.show();
    };
    this.back = element("button", { type: "button", textContent: "Earlier", onclick: turn(-1) });
    this.on = element("button", { type: "button", textContent: "Later", onclick: turn(1) });
    this.where = element("span", { role: "status" });
    this.bar.prepend(this.back, this.on, this.where);
    addEventListener("beforeprint", () => this.show(true));
    addEventListener("afterprint", () => this.show());
  }

  // A printed table is whole; on the screen there is one page of it.
  show(whole = !this.back) {
    const { wanted } = this, first = this.page * PAGE, last = Math.min(first + PAGE, wanted.length);
    const rows = whole ? wanted : wanted.slice(first, last);
    this.table.tBodies[0].replaceChildren(...(rows.length || !this.empty ? rows : [this.empty]));
    if (!this.back) return;
    this.back.disabled = this.page === 0;
    this.on.disabled = last === wanted.length;
    this.where.textContent = `rows ${last ? first + 1 : 0} to ${last}`;
  }
}

const tools = [...document.querySelectorAll(".table")]
  .filter((box) => !box.closest(".architecture"))
  .map((box) => new TableTools(box));
