/* Code and tables that are wider than the page scroll in a box of their own: let the keyboard reach each such box. */
document.addEventListener("DOMContentLoaded", () => {
  const mark = (box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const watch = new ResizeObserver((changes) => changes.forEach((change) => mark(change.target)));
  document.querySelectorAll("main pre, .pst-scrollable-table-container").forEach((box) => watch.observe(box));
});
