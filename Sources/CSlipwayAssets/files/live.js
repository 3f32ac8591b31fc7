// Keeps a page up to date: the server says that something has changed, the page fetches itself again and takes over its
// parts marked data-live. What a person is typing into is left alone.
import { showTimes } from "./times.js";

const pause = 700;
let source, timer, retry, fetching = false, again = false, wait = 1000;

const notice = () => document.getElementById("connection");

function say(text) {
  const element = notice();
  if (!element || element.textContent === text) return;
  element.textContent = text;
  element.hidden = !text;
}

function isBusy(element) {
  if (element.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) return true;
  return [...element.querySelectorAll("details[data-keep]")].some((details) => details.open);
}

function replace(fresh) {
  for (const element of document.querySelectorAll("[data-live][id]")) {
    const next = fresh.getElementById(element.id);
    if (!next || isBusy(element)) continue;
    showTimes(next);
    if (next.innerHTML === element.innerHTML) continue;
    const open = [...element.querySelectorAll("details[id]")].filter((details) => details.open).map((d) => d.id);
    const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
    element.replaceChildren(...next.childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
}

async function refresh() {
  if (fetching) return void (again = true);
  fetching = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-Requested-By": "live" }, cache: "no-store" });
    // The session has ended, or what the page shows is gone.
    if (answer.redirected) return location.reload();
    if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The stream says so itself.
  } finally {
    fetching = false;
    if (again) {
      again = false;
      later();
    }
  }
}

function later() {
  if (!timer) timer = setTimeout(() => { timer = undefined; refresh(); }, pause);
}

function open(url) {
  clearTimeout(retry);
  source?.close();
  const mine = new EventSource(url);
  source = mine;
  let wasOpen = false;
  mine.addEventListener("hello", () => {
    wasOpen = true;
    wait = 1000;
    document.documentElement.dataset.live = "on";
    // What changed between the making of the page and now, nobody has told.
    later();
    say("");
  });
  mine.addEventListener("change", later);
  mine.addEventListener("log", () => document.dispatchEvent(new Event("log-lines")));
  mine.onerror = async () => {
    mine.close();
    if (source !== mine) return;
    document.documentElement.dataset.live = "off";
    say("Connection lost, trying again…");
    // A session that has ended is answered with the sign-in page instead of a stream.
    if (!wasOpen && (await hasEnded())) return location.reload();
    retry = setTimeout(() => open(url), wait);
    wait = Math.min(wait * 2, 10000);
  };
}

async function hasEnded() {
  try {
    const answer = await fetch("/session", { cache: "no-store" });
    return answer.status === 401;
  } catch {
    return false;
  }
}

export function startLive() {
  const url = document.body.dataset.events;
  if (!url) return;
  open(url);
  // Browsers allow few connections per server: pages that nobody sees give theirs back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      clearTimeout(retry);
      source?.close();
      source = undefined;
    } else if (!source) {
      open(url);
      later();
    }
  });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) { open(url); later(); } });
}
