import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, expect, test } from "@playwright/test";
import { WEB_PROTOCOL } from "#shared/contract/transport/web-protocol.ts";
import { serve } from "#shells/web/serve.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createTinyApp } from "#testing/tiny-app.ts";
import { codeOf, offerCode } from "#testing/web/attack.ts";

const page = new Map([
  ["/", { body: Buffer.from("<!doctype html><title>Latchkey</title>"), type: "text/html; charset=utf-8" }],
  ["/part.js", { body: Buffer.from("globalThis.isLoaded = true"), type: "text/javascript" }],
]);

/** More than a hostile page can have: this start's authority, and a valid launch code. */
type Loot = { authority: string; code: string; protocols: string[] };

test("a page on another port gets nothing out of the web shell, whatever it tries", async ({ page: tab }) => {
  await using shell = await startShell();
  await using evil = await startEvilServer();
  await tab.goto(evil.url);
  expect(await tab.evaluate(attack, shell.loot)).toEqual({
    read: "blocked",
    readWithoutCors: "blocked",
    exchange: "blocked",
    exchangeWithoutCors: "blocked",
    socket: "refused",
    script: "refused",
    frame: "shown",
  });
  expect(tab.frames().at(-1)?.url()).toMatch(/^chrome-error:/);
  expect(await tab.evaluate(attackOtherwise, shell.loot)).toEqual({
    image: "refused",
    sheet: "refused",
    events: "refused",
    worker: "refused",
    withCookies: "blocked",
    asText: "blocked",
    put: "blocked",
    form: "shown",
    beacon: "sent",
    window: "cut off",
  });
  await shell.expectUntouched();
});

test("under no other name of this machine is the web shell reached by the address bar", async ({
  launchOptions,
}) => {
  await using shell = await startShell();
  const args = [...(launchOptions.args ?? []), "--host-resolver-rules=MAP * 127.0.0.1"];
  await using browser = await chromium.launch({ ...launchOptions, args });
  const port = shell.loot.authority.split(":")[1];
  const visit = async (name: string) => {
    const tab = await browser.newPage();
    const answered = tab.waitForResponse(() => true);
    // For a refusal without a page of its own, Chromium shows its own page, and reports a failure.
    await tab.goto(`http://${name}:${port}/`).catch(() => undefined);
    const reply = await answered;
    return [new URL(reply.url()).hostname, reply.status()];
  };
  const names = [
    "localhost",
    "localhost.",
    "lk.localhost",
    "latchkey.localhost",
    "evil.example",
    "xn--lcalhost-03c",
  ];
  for (const name of [...names, "127.0.0.1.evil.example"]) expect(await visit(name)).toEqual([name, 421]);
  for (const name of ["127.1", "2130706433", "0x7f.0.0.1"])
    expect(await visit(name)).toEqual(["127.0.0.1", 421]);
  expect(await visit(shell.loot.authority.split(":")[0] ?? "")).toEqual([expect.any(String), 200]);
  await shell.expectUntouched();
});

test("a name that was rebound to the web shell gets nothing out of it", async ({ launchOptions }) => {
  await using shell = await startShell();
  const args = [
    ...(launchOptions.args ?? []),
    "--host-resolver-rules=MAP evil.example 127.0.0.1",
    // Chromium's own protection, which other browsers do not have: this test is of ours.
    "--disable-features=LocalNetworkAccessChecks",
  ];
  await using browser = await chromium.launch({ ...launchOptions, args });
  const tab = await browser.newPage();
  const authority = `evil.example:${shell.loot.authority.split(":")[1]}`;
  // The page came from the name's first address; its requests now go to the second, which is ours.
  const trap = `http://${authority}/trap`;
  await tab.route(trap, (route) => route.fulfill({ contentType: "text/html", body: "<p>evil" }));
  await tab.goto(trap);
  // The browser sees one origin, so the page may see that it was refused.
  expect(await tab.evaluate(attack, { ...shell.loot, authority })).toEqual({
    read: "421",
    readWithoutCors: "421",
    exchange: "421",
    exchangeWithoutCors: "421",
    socket: "refused",
    script: "refused",
    frame: "shown",
  });
  await shell.expectUntouched();
});

test("the file that opens the browser leads to the page", async ({ page: tab }) => {
  await using shell = await startShell();
  await using folder = await makeTemporaryFolder();
  const file = join(folder.path, "open.html");
  await writeFile(file, `<!doctype html><meta http-equiv="refresh" content="0;url=${shell.url}">`);
  await tab.goto(pathToFileURL(file).href);
  await expect(tab).toHaveURL(shell.url);
  await expect(tab).toHaveTitle("Latchkey");
});

/** Runs in the hostile page, so it uses nothing from outside. */
async function attack({ authority, code, protocols }: Loot) {
  const url = `http://${authority}`;
  const body = JSON.stringify({ code });
  const ask = (path: string, init: RequestInit) =>
    fetch(`${url}${path}`, init).then(
      ({ status }) => String(status),
      () => "blocked",
    );
  const show = (element: HTMLElement) =>
    new Promise<string>((resolve) => {
      element.addEventListener("load", () => resolve("shown"));
      element.addEventListener("error", () => resolve("refused"));
      document.documentElement.append(element);
    });
  return {
    read: await ask("/", {}),
    readWithoutCors: await ask("/", { mode: "no-cors" }),
    exchange: await ask("/session", {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json" },
    }),
    exchangeWithoutCors: await ask("/session", { method: "POST", body, mode: "no-cors" }),
    socket: await new Promise<string>((resolve) => {
      const socket = new WebSocket(`ws://${authority}/`, protocols);
      socket.addEventListener("open", () => resolve("open"));
      socket.addEventListener("error", () => resolve("refused"));
    }),
    script: await show(Object.assign(document.createElement("script"), { src: `${url}/part.js` })),
    frame: await show(Object.assign(document.createElement("iframe"), { src: url })),
  };
}

/** The other means to send or load something that need no permission of the receiver. Runs in the hostile page, too. */
async function attackOtherwise({ authority, code }: Loot) {
  const url = `http://${authority}`;
  const body = JSON.stringify({ code });
  const settle = (element: EventTarget) =>
    new Promise<string>((resolve) => {
      for (const name of ["load", "open", "message"]) element.addEventListener(name, () => resolve("shown"));
      element.addEventListener("error", () => resolve("refused"));
    });
  const show = (element: HTMLElement) => {
    document.documentElement.append(element);
    return settle(element);
  };
  const ask = (init: RequestInit) =>
    fetch(`${url}/session`, { method: "POST", body, ...init }).then(
      ({ type, status }) => (type === "opaque" ? "blocked" : String(status)),
      () => "blocked",
    );
  const submit = () => {
    const frame = Object.assign(document.createElement("iframe"), { name: "target" });
    const form = Object.assign(document.createElement("form"), {
      method: "post",
      action: `${url}/session`,
      target: "target",
      enctype: "text/plain",
    });
    form.append(Object.assign(document.createElement("input"), { name: body.slice(0, -1), value: "}" }));
    document.documentElement.append(frame, form);
    form.submit();
    return settle(frame);
  };
  const open = async () => {
    const opened = window.open(`${url}/`);
    for (let step = 0; opened && !opened.closed && step < 500; step++) {
      opened.postMessage({ code }, "*");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return opened === null || opened.closed ? "cut off" : "held";
  };
  return {
    image: await show(Object.assign(document.createElement("img"), { src: `${url}/` })),
    sheet: await show(Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${url}/` })),
    events: await settle(new EventSource(`${url}/`)),
    worker: await settle(
      new Worker(URL.createObjectURL(new Blob([`importScripts("${url}/part.js"); postMessage(1)`]))),
    ),
    withCookies: await ask({ credentials: "include" }),
    asText: await ask({ mode: "no-cors", headers: { "Content-Type": "text/plain" } }),
    put: await ask({ method: "PUT" }),
    form: await submit(),
    beacon: navigator.sendBeacon(`${url}/session`, body) ? "sent" : "refused",
    window: await open(),
  };
}

async function startShell() {
  const app = createTinyApp();
  const shell = await serve({ app, page });
  const { host } = new URL(shell.url);
  const code = codeOf(shell.newLaunchUrl());
  return {
    url: shell.url,
    loot: { authority: host, code, protocols: [WEB_PROTOCOL] },
    /** Nothing was called, and the stolen code is still valid: it never reached the check. */
    async expectUntouched() {
      expect(app.countCalls()).toBe(0);
      expect((await offerCode(shell.url, code)).status).toBe(200);
    },
    [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose](),
  };
}

async function startEvilServer() {
  const server = createServer((_, response) =>
    response.setHeader("Content-Type", "text/html").end("<p>evil"),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
