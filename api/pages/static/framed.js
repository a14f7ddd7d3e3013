// In the frame: tells the page around it how high the timeline is, whenever that changes.
"use strict";
if (parent !== window) {
  new ResizeObserver(() => {
    parent.postMessage({ onrecord: { height: document.documentElement.getBoundingClientRect().height } }, "*");
  }).observe(document.documentElement);
}
