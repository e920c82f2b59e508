import { connect } from "node:net";
import { expect, test } from "vitest";
import { sendRaw } from "#testing/raw-http.ts";
import { createTinyApp } from "#testing/tiny-app.ts";
import { serve } from "./serve.ts";

test.each([
  ["never ends its headers", "GET / HTTP/1.1\r\nHost: x\r\n"],
  ["says nothing", ""],
])("a sender that %s is cut off with 408", async (_, bytes) => {
  await using shell = await serve({ app: createTinyApp(), page: new Map() });
  expect(await sendRaw(Number(new URL(shell.url).port), bytes)).toMatchObject({ status: 408 });
});

test("a sender that drips its headers is cut off all the same", async () => {
  await using shell = await serve({ app: createTinyApp(), page: new Map() });
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(shell.url).port) });
  socket.write("GET / HTTP/1.1\r\nX-Drip: ");
  const dripping = setInterval(() => socket.write("X"), 200);
  const received: string[] = [];
  socket.setEncoding("latin1").on("data", (text: string) => received.push(text));
  socket.on("error", () => socket.destroy());
  await new Promise((resolve) => socket.once("close", resolve));
  clearInterval(dripping);
  expect(received.join("")).toMatch(/^HTTP\/1\.1 408 /);
});

test("a sender that drips a launch code is cut off after half a minute", async () => {
  await using shell = await serve({ app: createTinyApp(), page: new Map() });
  const { host, origin, port } = new URL(shell.url);
  const headers = `Host: ${host}\r\nOrigin: ${origin}\r\nContent-Type: application/json\r\nContent-Length: 99`;
  const reply = await sendRaw(Number(port), `POST /session HTTP/1.1\r\n${headers}\r\n\r\n{`);
  expect(reply).toMatchObject({ status: 408 });
});
