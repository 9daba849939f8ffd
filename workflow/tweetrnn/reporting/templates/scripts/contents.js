// Marks the section being read in the table of contents.

function watchSections(nav) {
  const links = new Map([...nav.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  // The section that crosses a line in the window's upper third is the one being read.
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const link = links.get(target.id);
        if (isIntersecting) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
        if (isIntersecting) keepInView(nav, link);
      }
    },
    { rootMargin: "-30% 0px -70% 0px" },
  );
  for (const id of links.keys()) observer.observe(document.getElementById(id));
}

// scrollIntoView would interrupt the page's own smooth scrolling.
function keepInView(pane, link) {
  const { top, bottom } = link.getBoundingClientRect(), box = pane.getBoundingClientRect();
  pane.scrollTop += Math.min(top - box.top, 0) + Math.max(bottom - box.bottom, 0);
}

watchSections(document.querySelector("nav"));
