import type { Page } from "@playwright/test";

/** Everything that a page requests, sends, receives and logs from now on, and what it keeps, by where that is. */
export function watchPage(page: Page) {
  const sent: string[] = [];
  const received: string[] = [];
  const said: string[] = [];
  page.on("request", (request) => {
    sent.push(request.url(), JSON.stringify(request.headers()), request.postData() ?? "");
  });
  page.on("console", (message) => void said.push(message.text()));
  page.on("websocket", (socket) => {
    sent.push(socket.url());
    socket.on("framesent", ({ payload }) => void sent.push(String(payload)));
    socket.on("framereceived", ({ payload }) => void received.push(String(payload)));
  });
  return {
    sent,
    read: async (): Promise<Record<string, string>> => ({
      "what it was sent": received.join("\n"),
      "its console": said.join("\n"),
      "its address": page.url(),
      "its document": await page.content(),
      ...(await page.evaluate(readKept)),
    }),
  };
}

/** Runs in the page: the values of its fields, and what it keeps. */
async function readKept(): Promise<Record<string, string>> {
  const fields = [...document.querySelectorAll("input, textarea, select")].map(
    (field) => (field as HTMLInputElement).value,
  );
  const kept = [localStorage, sessionStorage].map((storage) => JSON.stringify({ ...storage }));
  const databases = (await indexedDB.databases()).map(({ name }) => name);
  const cached = "caches" in window ? await caches.keys() : [];
  return {
    "its fields": fields.join("\n"),
    "its storage": kept.join("\n"),
    "its databases and caches": JSON.stringify([databases, cached]),
    "its cookies and history": JSON.stringify([document.cookie, history.state, window.name]),
  };
}
