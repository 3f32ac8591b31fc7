// Follows a log: new lines are fetched behind the last one when the server says that there are some.
import { showTimes } from "./times.js";

const most = 2000;

export function startLogs() {
  const lines = document.getElementById("log-lines");
  if (!lines?.dataset.next) return;
  let fetching = false, again = false;

  async function fetchMore() {
    if (fetching) return void (again = true);
    fetching = true;
    try {
      const answer = await fetch(lines.dataset.next, { cache: "no-store" });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.getElementById("log-lines");
      if (!next) return;
      showTimes(next);
      lines.dataset.next = next.dataset.next;
      const isAtEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
      const rows = [...next.children];
      if (rows.length) document.getElementById("log-empty")?.remove();
      lines.append(...rows);
      while (lines.children.length > most) lines.firstElementChild.remove();
      if (isAtEnd) lines.scrollTop = lines.scrollHeight;
      if (rows.length) again = true;
    } catch {
      // The live connection says that the server is away; its return asks again.
    } finally {
      fetching = false;
      if (again) {
        again = false;
        setTimeout(fetchMore, 300);
      }
    }
  }

  lines.scrollTop = lines.scrollHeight;
  document.addEventListener("log-lines", fetchMore);
}
