// Entry of the dashboard's scripts. Everything works without them; they add the viewer's time zone and live pages.
import { showTimes } from "./times.js";
import { startLive } from "./live.js";
import { startLogs } from "./logs.js";

showTimes(document);
startLive();
startLogs();

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target.dataset.busy) return event.preventDefault();
  if (event.target.method !== "post") return;
  event.target.dataset.busy = "1";
  button?.setAttribute("aria-busy", "true");
});
// Coming back to a page that the browser kept: its forms may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-busy]")) delete form.dataset.busy;
  for (const button of document.querySelectorAll("[aria-busy=true]")) button.removeAttribute("aria-busy");
});

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}

// A choice that leads somewhere does so at once; without scripts a button does it.
for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.requestSubmit());
}
