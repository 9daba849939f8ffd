// Saving of figures.

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

for (const figure of document.querySelectorAll("figure:not(.small)")) addSaving(figure);
