import { expect, test } from "vitest";
import { PAGE_HEADERS } from "#shells/page.ts";
import { createAnswer, PAGE_ORIGIN, PAGE_SCHEME, refuseRemote, servePage } from "./guard-page.ts";

const index = { body: Buffer.from("<!doctype html>"), type: "text/html; charset=utf-8" };
const script = { body: Buffer.from("export {}"), type: "text/javascript; charset=utf-8" };
const page = new Map([
  ["/", index],
  ["/index.html", index],
  ["/assets/index-1.js", script],
]);
const answer = createAnswer(page);
const get = (url: string, initiatorOrigin?: string) =>
  answer({ url, method: "GET", ...(initiatorOrigin === undefined ? {} : { initiatorOrigin }) });

test("a built file is answered with its type and every header of the page", async () => {
  const reply = get("latchkey-app://page/assets/index-1.js", PAGE_ORIGIN);
  expect([reply.status, await reply.text()]).toEqual([200, "export {}"]);
  const headers = Object.entries({ ...PAGE_HEADERS, "Content-Type": script.type });
  expect(Object.fromEntries(reply.headers)).toEqual(
    Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
  );
});

test("the part after # is the page's own business", () => {
  expect(get("latchkey-app://page/#/hosts?open=1").status).toBe(200);
});

test.each([
  "latchkey-app://page",
  "latchkey-app://page/..%2f..%2fetc/passwd",
  "latchkey-app://page/%2e%2e/index.html",
  "latchkey-app://page/%2e/index.html",
  "latchkey-app://page/../index.html",
  "latchkey-app://page/assets/../index.html",
  "latchkey-app://page/assets\\index-1.js",
  "latchkey-app://page/assets%5cindex-1.js",
  "latchkey-app://page/index.html%00",
  "latchkey-app://page/index.html\0",
  "latchkey-app://page//index.html",
  "latchkey-app://page/INDEX.HTML",
  "latchkey-app://page/index.html?",
  "latchkey-app://page/index.html?x=1",
  "latchkey-app://page/file:///etc/passwd",
  "latchkey-app://page/constructor",
  "latchkey-app://page/__proto__",
  "latchkey-app://other/index.html",
  "latchkey-app://page.evil/index.html",
  "latchkey-app://page@evil/index.html",
  "latchkey-app://page:80/index.html",
  "latchkey://page/index.html",
  "https://page/index.html",
  "",
])("%j does not exist", (url) => {
  const reply = get(url);
  expect([reply.status, reply.headers.get("content-security-policy")]).toEqual([
    404,
    PAGE_HEADERS["Content-Security-Policy"],
  ]);
});

test.each(["https://evil.example", "null", "latchkey-app://other", "latchkey-app://page.evil", ""])(
  "a request that %j makes is dropped",
  (initiator) => {
    expect(get("latchkey-app://page/", initiator).status).toBe(403);
  },
);

test.each(["POST", "HEAD", "PUT", "OPTIONS"])("%s is not answered", (method) => {
  expect(answer({ url: "latchkey-app://page/", method }).status).toBe(405);
});

test("the scheme is an origin of its own, and may not bypass policies or be read by others", () => {
  expect(PAGE_SCHEME).toEqual({
    scheme: "latchkey-app",
    privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
  });
  const served: string[] = [];
  servePage({ handle: (scheme) => void served.push(scheme) }, page);
  expect(served).toEqual(["latchkey-app"]);
});

test.each([
  ["latchkey-app://page/assets/index-1.js", false, false],
  ["blob:latchkey-app://page/5e0c", false, false],
  ["https://example.com/", true, true],
  ["http://127.0.0.1:9/", true, true],
  ["ws://127.0.0.1:9/", true, true],
  ["file:///etc/passwd", true, true],
  ["data:text/html,x", true, true],
  ["blob:https://evil.example/1", true, true],
  ["latchkey-app://page.evil/", true, true],
  ["devtools://devtools/bundled/inspector.html", true, false],
])("%s is cancelled: %s when packaged, %s when not", (url, whenPackaged, whenNot) => {
  expect([isCancelled(url, true), isCancelled(url, false)]).toEqual([whenPackaged, whenNot]);
});

function isCancelled(url: string, isPackaged: boolean): boolean | undefined {
  let isCancelled: boolean | undefined;
  const decide = ({ cancel }: { cancel: boolean }) => {
    isCancelled = cancel;
  };
  refuseRemote({ webRequest: { onBeforeRequest: (listener) => listener({ url }, decide) } }, { isPackaged });
  return isCancelled;
}
