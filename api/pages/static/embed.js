// For the page that embeds: gives each embedded timeline the height that it asks for. Frames that stand elsewhere, and
// messages of others, are left alone.
"use strict";
addEventListener("message", (event) => {
  const height = event.data && event.data.onrecord && Number(event.data.onrecord.height);
  if (!(height > 0 && height < 20000)) return;
  for (const frame of document.querySelectorAll('iframe[src*="/embed/questions/"]')) {
    if (frame.contentWindow === event.source) frame.style.height = `${Math.ceil(height)}px`;
  }
});
