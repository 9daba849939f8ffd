// Sorting, filtering, paging and saving of tables.

const PAGE = 100; // rows
const MANY = 8; // rows that are worth sorting

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

const tools = [...document.querySelectorAll(".table")]
  .filter((box) => !box.closest(".architecture"))
  .map((box) => new TableTools(box));
