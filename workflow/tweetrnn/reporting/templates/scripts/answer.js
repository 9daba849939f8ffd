
// A button that copies the answer and its scope as plain text.
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
