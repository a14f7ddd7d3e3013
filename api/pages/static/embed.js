// For the page that embeds: gives each embedded timeline the height that it asks for. Other frames, and messages of
// others, are left alone.
"use strict";
(() => {
  const frames = () => document.querySelectorAll('iframe[src*="/embed/questions/"]');
  addEventListener("message", (event) => {
    const height = event.data && event.data.onrecord && Number(event.data.onrecord.height);
    if (!(height > 0 && height < 20000)) return;
    for (const frame of frames()) {
      if (frame.contentWindow === event.source) frame.style.height = `${Math.ceil(height)}px`;
    }
  });
  // Those that were there before this script have told their height to nobody.
  for (const frame of frames()) frame.contentWindow.postMessage({ onrecord: "height" }, "*");
})();
