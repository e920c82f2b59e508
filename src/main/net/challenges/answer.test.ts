import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { checkOverHttp } from "./answer.ts";

const challenge = { type: "http-01" as const, name: "localhost", token: "t", keyAuthorization: "t.print" };
const signal = new AbortController().signal;

async function serve(address: string, port: number, text: string) {
  const server = http.createServer((_, response) => response.end(text));
  await once(server.listen(port, address), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("what is right at the host alone, and wrong where the name leads, is wrong", async () => {
  await using named = await serve("127.0.0.1", 0, "another");
  await using _ = await serve("127.0.0.2", named.port, "t.print");
  expect(await checkOverHttp(challenge, { address: "127.0.0.2", port: named.port, signal })).toMatchObject({
    kind: "wrong",
    message: expect.stringContaining("is answered with another text at 127.0.0.1"),
  });
});

test("what is right where the name leads is right, with a word on where it is not", async () => {
  await using named = await serve("127.0.0.1", 0, "t.print");
  const { port } = named;
  expect(await checkOverHttp(challenge, { address: null, port, signal })).toEqual({
    kind: "right",
    note: null,
  });
  await using _ = await serve("127.0.0.2", port, "another");
  expect(await checkOverHttp(challenge, { address: "127.0.0.2", port, signal })).toMatchObject({
    kind: "right",
    note: expect.stringContaining("is answered with another text at 127.0.0.2"),
  });
});

test("what is right at the host is right where the name leads nowhere that can be reached", async () => {
  await using own = await serve("127.0.0.2", 0, "t.print");
  const { port } = own;
  expect(await checkOverHttp(challenge, { address: "127.0.0.2", port, signal })).toEqual({
    kind: "right",
    note: null,
  });
});
