// Shows a term's definition where the term is: on hover, on focus, and on the first touch of it.

class Definitions {
  constructor() {
    this.tip = element("div", { className: "tip", id: "tip", role: "tooltip", hidden: true });
    document.body.append(this.tip);
    this.on("mouseover", (link) => this.show(link));
    this.on("focusin", (link) => this.show(link));
    this.on("focusout", () => this.hide());
    this.on("pointerdown", (link, event) => (this.touched = event.pointerType !== "mouse" && this.link !== link));
    this.on("click", (link, event) => {
      if (this.touched) event.preventDefault();
      this.show(link);
    });
    document.addEventListener("mouseout", ({ relatedTarget: to }) => {
      if (!this.tip.contains(to) && !this.link?.contains(to)) this.hide();
    });
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.hide());
  }

  on(kind, act) {
    document.addEventListener(kind, (event) => {
      const link = event.target.closest?.(".term");
      if (link) act(link, event);
      else if (kind === "pointerdown" && event.target !== this.tip) this.hide();
    });
  }

  show(link) {
    this.hide();
    this.link = link;
    this.tip.textContent = document.querySelector(`${link.hash} dd`).textContent;
    this.tip.hidden = false;
    link.setAttribute("aria-describedby", "tip");
    // Below the line in which the pointer is, but never beyond the window's edges.
    const { left, bottom } = link.getBoundingClientRect();
    const most = document.documentElement.clientWidth - this.tip.offsetWidth - 8;
    this.tip.style.left = `${scrollX + Math.max(8, Math.min(left, most))}px`;
    this.tip.style.top = `${scrollY + bottom}px`;
  }

  hide() {
    this.link?.removeAttribute("aria-describedby");
    this.link = null;
    this.tip.hidden = true;
  }
}

new Definitions();
