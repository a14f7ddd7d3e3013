// A little more than the page does by itself: drag over the drawing to see those days only, and go through its marks
// with the arrow keys. Without it the dates are chosen in the form, and Tab goes through the marks.
"use strict";
for (const svg of document.querySelectorAll("svg[data-scale]")) {
  const [first, last, start, end] = svg.dataset.scale.split(" ").map((part, i) => (i < 2 ? Date.parse(part) : Number(part)));
  const form = document.querySelector("form.filter");
  let from = null, box = null;
  const place = (event) => {
    const seen = svg.getBoundingClientRect();
    const x = ((event.clientX - seen.left) / seen.width) * svg.viewBox.baseVal.width;
    return Math.min(Math.max(x, start), end);
  };
  const day = (x) => new Date(first + ((x - start) / (end - start)) * (last - first)).toISOString().slice(0, 10);
  const drop = () => { if (box) box.remove(); from = box = null; };

  svg.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button === 0) from = place(event);
  });
  // A link would be dragged away instead.
  svg.addEventListener("dragstart", (event) => event.preventDefault());
  svg.addEventListener("pointermove", (event) => {
    if (from === null || Math.abs(place(event) - from) < 6) return;
    if (!box) {
      box = svg.appendChild(document.createElementNS(svg.namespaceURI, "rect"));
      box.setAttribute("class", "brush");
      box.setAttribute("height", svg.viewBox.baseVal.height);
    }
    box.setAttribute("x", Math.min(from, place(event)));
    box.setAttribute("width", Math.abs(place(event) - from));
  });
  svg.addEventListener("keydown", (event) => {
    const marks = [...svg.querySelectorAll("a")];
    const at = marks.indexOf(document.activeElement);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step && marks[at + step]) {
      marks[at + step].focus();
      event.preventDefault();
    }
    if (event.key === "Escape") drop();
  });
  addEventListener("pointerup", (event) => {
    if (!box) return drop();
    const days = [from, place(event)].sort((a, b) => a - b).map(day);
    drop();
    form.elements.from.value = days[0];
    form.elements.to.value = days[1];
    form.submit();
  });
  addEventListener("pointercancel", drop);
  // The click that ends a drag over a mark is no click on it.
  svg.addEventListener("click", (event) => { if (box) event.preventDefault(); }, true);
}
