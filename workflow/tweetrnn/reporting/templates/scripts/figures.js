// Values of figures under the pointer, and saving of figures: as SVG, PNG and CSV.

const NEAR = 28; // pixels within which a mark is hit
const PNG_WIDTH = 2000; // pixels

// The colours of the light page, whatever the scheme: a saved figure is for paper.
function light(name) {
  const rules = [...document.styleSheets[0].cssRules];
  return rules.find((rule) => rule.selectorText === ":root").style.getPropertyValue(name).trim();
}

function standalone(svg) {
  const copy = svg.cloneNode(true);
  copy.querySelector(".ring")?.remove();
  for (const name of ["aria-hidden", "focusable"]) copy.removeAttribute(name);
  const { width, height } = svg.viewBox.baseVal;
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const ground = drawn("rect", { width, height, fill: light("--paper") });
  copy.prepend(ground);
  copy.setAttribute("xmlns", SVG);
  const text = new XMLSerializer().serializeToString(copy);
  return text.replace(/var\((--[\w-]+)\)/g, (_, name) => light(name));
}

function savePng(svg, name) {
  const picture = new Image();
  picture.onload = () => {
    const { width, height } = svg.viewBox.baseVal;
    const canvas = element("canvas", { width: PNG_WIDTH, height: Math.round((PNG_WIDTH * height) / width) });
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(name, "image/png", blob));
  };
  picture.src = `data:image/svg+xml,${encodeURIComponent(standalone(svg))}`;
}

class Values {
  constructor(svg, text) {
    Object.assign(this, JSON.parse(text));
    this.svg = svg;
    this.ring = drawn("circle", { class: "ring", r: 5, fill: "none", stroke: "var(--ink)", "stroke-width": 1.5 });
  }

  csv() {
    const rows = this.marks.map(([, , , ...values]) => this.columns.map((_, at) => values[at] ?? ""));
    return [this.columns, ...rows].map((row) => row.map((value) => field(`${value}`)).join(",") + "\n").join("");
  }

  // The mark under a point of the viewport: the nearest one, or that of the column.
  at(x, y) {
    const matrix = this.svg.getScreenCTM();
    const point = new DOMPoint(x, y).matrixTransform(matrix.inverse());
    let found, least = NEAR / matrix.a;
    for (const mark of this.marks) {
      const [panel, left, top] = mark;
      const [, above, , below] = this.panels[panel];
      if (point.y < above - NEAR || point.y > below + NEAR) continue;
      const distance = Math.hypot(left - point.x, top === null ? 0 : top - point.y);
      if (distance < least) [found, least] = [mark, distance];
    }
    return found;
  }

  show(x, y) {
    const mark = this.at(x, y);
    this.ring.remove();
    if (!mark) return hideTooltip();
    const [, left, top, ...values] = mark;
    if (top !== null) {
      this.ring.setAttribute("cx", left);
      this.ring.setAttribute("cy", top);
      this.svg.append(this.ring);
    }
    const said = (value) => `${value}`.replace(/^-(?=\d)/, "\u2212");
    const lines = this.columns.map((column, at) => [column, values[at] ?? null]);
    tooltip(
      lines.filter(([, value]) => value !== null).map(([column, value]) => `${column}: ${said(value)}`).join("\n"),
      x,
      y,
    );
  }

  hide() {
    this.ring.remove();
    hideTooltip();
  }
}

function addValues(picture, values) {
  const show = (event) => values.show(event.clientX, event.clientY);
  picture.onpointermove = show;
  picture.onpointerdown = show;
  // A finger that is lifted leaves, too: what it touched stays until something else is touched.
  picture.onpointerleave = (event) => event.pointerType !== "touch" && values.hide();
  addEventListener("pointerdown", (event) => picture.contains(event.target) || values.ring.remove());
}

function addSaving(figure) {
  const svg = figure.querySelector("svg");
  const name = figure.id.replace("figure-", "");
  const text = svg.querySelector("metadata")?.textContent;
  const kinds = {
    SVG: () => save(`${figure.id}.svg`, "image/svg+xml", standalone(svg)),
    PNG: () => savePng(svg, `${figure.id}.png`),
  };
  if (text) {
    const values = new Values(svg, text);
    addValues(figure.querySelector(".picture"), values);
    kinds.CSV = () => save(`${figure.id}.csv`, "text/csv", values.csv());
  }
  const bar = element("div", { className: "bar" });
  for (const [kind, onclick] of Object.entries(kinds)) {
    const ariaLabel = `Save figure ${name} as ${kind}`;
    bar.append(element("button", { type: "button", className: "save", textContent: kind, ariaLabel, onclick }));
  }
  figure.append(bar);
}

for (const figure of document.querySelectorAll("figure")) addSaving(figure);
addEventListener("pointerdown", (event) => event.target.closest?.(".picture") || hideTooltip());
addEventListener("keydown", (event) => event.key === "Escape" && hideTooltip());
