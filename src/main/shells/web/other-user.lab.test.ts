import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { WEB_PROTOCOL, WEB_SESSION_PATH } from "#shared/contract/transport/web-protocol.ts";
import { printRequest } from "#testing/raw-http.ts";
import { createTinyApp } from "#testing/tiny-app.ts";
import { serve } from "./serve.ts";

const NOBODY = "65534";

test("another user of this machine sees the page and gets nothing out of it, without the code", async () => {
  const app = createTinyApp();
  await using shell = await serve({
    app,
    page: new Map([["/", { body: Buffer.from("page"), type: "text/html" }]]),
  });
  const { host, origin } = new URL(shell.url);
  const ours = [
    ["Host", host],
    ["Origin", origin],
  ] as const;
  const guess = JSON.stringify({ code: "A".repeat(43) });

  expect(await askAsNobody(host, printRequest("GET / HTTP/1.1", [["Host", host]]))).toBe(200);
  const json = [
    ["Content-Type", "application/json"],
    ["Content-Length", String(guess.length)],
  ] as const;
  const exchange = printRequest(`POST ${WEB_SESSION_PATH} HTTP/1.1`, [...ours, ...json], guess);
  expect(await askAsNobody(host, exchange)).toBe(401);
  const upgrade = [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ["Sec-WebSocket-Protocol", WEB_PROTOCOL],
  ] as const;
  expect(await askAsNobody(host, printRequest("GET / HTTP/1.1", [...ours, ...upgrade]))).toBe(101);
  expect(app.countCalls()).toBe(0);
});

/** Sends a request as the user nobody; answers with the status of the reply. */
async function askAsNobody(host: string, request: string): Promise<number> {
  const port = host.split(":")[1] ?? "";
  const as = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
  const nc = spawn("setpriv", [...as, "busybox", "nc", "127.0.0.1", port], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  nc.stdin.write(request);
  const { promise, resolve } = Promise.withResolvers<number>();
  nc.stdout.setEncoding("latin1").on("data", (reply: string) => {
    resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(reply)?.[1] ?? 0));
    nc.kill("SIGKILL");
  });
  nc.on("close", () => resolve(0));
  return promise;
}
