
// A button that copies the answer and its scope as plain text.
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

function addCopying(answer) {
  const label = element("span", { ariaLive: "polite", textContent: "Copy" });
  const onclick = async () => {
    const text = [...answer.querySelectorAll("p")].map((p) => p.textContent).join("\n");
    label.textContent = (await copyText(text)) ? "Copied" : "Not copied: select the text instead";
    setTimeout(() => (label.textContent = "Copy"), 3000);
  };
  answer.append(element("button", { type: "button", onclick }, label));
}

addCopying(document.getElementById("answer"));
