"use strict";
// What all scripts use. Everything they do adds to a page that can be read without it.

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

function copyByCommand(text) {
  const focused = document.activeElement;
  const area = element("textarea", { value: text, readOnly: true });
  area.style.cssText = "position: fixed; opacity: 0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused.focus();
  return done;
}

// A page opened as a file may have no clipboard, or be refused it.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByCommand(text);
  }
}

// A button in an element that copies its paragraphs as plain text.
function addCopying(quoted) {
  const label = element("span", { ariaLive: "polite", textContent: "Copy" });
  const onclick = async () => {
    const text = [...quoted.querySelectorAll("p")].map((p) => p.textContent).join("\n");
    label.textContent = (await copyText(text)) ? "Copied" : "Not copied: select the text instead";
    setTimeout(() => (label.textContent = "Copy"), 3000);
  };
  quoted.append(element("button", { type: "button", onclick }, label));
}

const SVG = "http://www.w3.org/2000/svg";

function drawn(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Change the page's address by a method of the history; a page inside another may have none.
function setAddress(address, method) {
  try {
    history[method](null, "", address);
  } catch {}
}

// One tooltip for the page: text (with line breaks) beside a point of the viewport, and within it. The
// pointer can go into a ``steady`` one, as into a definition; others follow it.
const tip = document.body.appendChild(element("div", { id: "tooltip", hidden: true, role: "tooltip" }));

function tooltip(text, x, y, steady = false) {
  tip.classList.toggle("steady", steady);
  tip.textContent = text;
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const room = document.documentElement.clientWidth;
  const left = x + 14 + width <= room ? x + 14 : Math.max(x - 14 - width, 0);
  const top = y + 14 + height <= innerHeight ? y + 14 : Math.max(y - 14 - height, 0);
  tip.style.translate = `${left}px ${top}px`;
}

function hideTooltip() {
  tip.hidden = true;
}

// What does not scroll need not be a stop of the tabulator.
function stops() {
  for (const pane of document.querySelectorAll(".scroll")) {
    const scrolls = pane.scrollWidth > pane.clientWidth || pane.scrollHeight > pane.clientHeight;
    pane.tabIndex = scrolls ? 0 : -1;
  }
}
addEventListener("resize", stops);
document.addEventListener("toggle", stops, true);
addEventListener("load", stops);
