// In the frame: tells the page around it how high the timeline is, whenever that changes and whenever it asks.
"use strict";
if (parent !== window) {
  const tell = () => {
    parent.postMessage({ onrecord: { height: document.documentElement.getBoundingClientRect().height } }, "*");
  };
  new ResizeObserver(tell).observe(document.documentElement);
  addEventListener("message", (event) => {
    if (event.source === parent && event.data && event.data.onrecord === "height") tell();
  });
}
