/* Code, tables and figures that are wider than the page scroll in a box of their own: let the keyboard reach each such box. */
document.addEventListener("DOMContentLoaded", () => {
  const mark = (box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const watch = new ResizeObserver((changes) => changes.forEach((change) => mark(change.target)));
  const boxes = "main pre:not(.playground pre), main figure, .pst-scrollable-table-container"; // a player minds its own
  document.querySelectorAll(boxes).forEach((box) => watch.observe(box));
});

/* The side bar with the chapters is a landmark of its own. */
document.addEventListener("DOMContentLoaded", () => {
  const side = document.querySelector(".bd-sidebar-primary");
  side?.setAttribute("role", "region");
  side?.setAttribute("aria-label", "Chapters and search");
});

/* Appendices are folded; a link into one opens it, and printing opens them and the answers to exercises. */
document.addEventListener("DOMContentLoaded", () => {
  const folded = [...document.querySelectorAll("main section[id^='appendix']")].map((section) => {
    const fold = document.createElement("details"), summary = document.createElement("summary");
    summary.textContent = "Show the appendix";
    fold.className = "appendix";
    fold.append(summary, ...[...section.children].filter((child) => !/^H\d$/.test(child.tagName)));
    section.append(fold);
    return fold;
  });
  const named = () => { try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; } }; // a seed may hold any %
  const open = () => {
    const target = document.getElementById(named());
    folded.filter((fold) => target && (fold.contains(target) || fold.parentElement === target)).forEach((fold) => { fold.open = true; });
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  addEventListener("beforeprint", () => document.querySelectorAll("main details:not(.hide)").forEach((fold) => { fold.open = true; }));
  open();
});
