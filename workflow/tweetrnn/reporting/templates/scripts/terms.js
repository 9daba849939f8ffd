// Shows a term's definition where the term is: on hover, on focus, and on the first touch of it.

class Definitions {
  constructor() {
    this.on("mouseover", (link) => this.show(link));
    this.on("focusin", (link) => this.show(link));
    this.on("focusout", () => this.hide());
    this.on("pointerdown", (link, event) => (this.touched = event.pointerType !== "mouse" && this.link !== link));
    this.on("click", (link, event) => {
      if (this.touched) event.preventDefault();
      this.show(link);
    });
    document.addEventListener("mouseout", ({ relatedTarget: to }) => {
      if (this.link && !tip.contains(to) && !this.link.contains(to)) this.hide();
    });
    addEventListener("scroll", () => this.link && this.place());
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.hide());
  }

  on(kind, act) {
    document.addEventListener(kind, (event) => {
      const link = event.target.closest?.(".term");
      if (link) act(link, event);
      else if (kind === "pointerdown" && event.target !== tip) this.hide();
    });
  }

  show(link) {
    this.hide();
    this.link = link;
    link.setAttribute("aria-describedby", tip.id);
    this.place();
  }

  place() {
    const { left, bottom } = this.link.getBoundingClientRect();
    tooltip(document.querySelector(`${this.link.hash} dd`).textContent, left - 14, bottom - 14, true);
  }

  hide() {
    if (!this.link) return;
    this.link.removeAttribute("aria-describedby");
    this.link = null;
    hideTooltip();
  }
}

new Definitions();
