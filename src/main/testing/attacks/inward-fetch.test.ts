import { createServer } from "node:http";
import { expect, test } from "vitest";
import { lookupOutside, whyRefused } from "#net/refused-address.ts";
import { fetchList, postToResponder } from "#net/trust/fetch-by-http.ts";
import { listen } from "#testing/servers.ts";

/** Forms of an address in a certificate that all lead to this computer. */
const WAYS_HERE = [
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f.1",
  "0177.0.0.1",
  "0.0.0.0",
  "localhost",
  "a.localhost",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[64:ff9b::7f00:1]",
  "[2002:7f00:1::]",
];

test("no certificate makes this computer ask itself, however it writes the address", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end("inner");
  });
  await using listening = await listen(server);
  const { port } = listening.endpoint;
  for (const host of WAYS_HERE) {
    const list = await fetchList(`http://${host}:${port}/${host}`);
    const answer = await postToResponder(`http://${host}:${port}/${host}`, Buffer.from("request"));
    expect([host, list.kind, answer.kind]).toEqual([host, "failed", "failed"]);
  }
  expect(asked).toEqual([]);
});

test("what leads here is gone to when the user names it, and that name alone", async () => {
  await using server = await listen(createServer((_, response) => void response.end("list")));
  const { port } = server.endpoint;
  const named = await fetchList(`http://localhost:${port}/`, ["localhost"]);
  const other = await fetchList(`http://127.0.0.1:${port}/`, ["localhost"]);
  expect([named.kind, other]).toEqual([
    "fetched",
    {
      kind: "failed",
      why: "127.0.0.1 is not gone to: it leads to this computer itself; the commands trust fetch and trust ask go there with --allow 127.0.0.1",
      refusedHost: "127.0.0.1",
    },
  ]);
});

test.each([
  ["127.0.0.53", false],
  ["0.1.2.3", false],
  ["169.254.169.254", false],
  ["169.254.1.1", false],
  ["fe80::1", false],
  ["fe80::1%eth0", false],
  ["febf::1", false],
  ["100.100.100.200", false],
  ["168.63.129.16", false],
  ["fd00:ec2::254", false],
  ["224.0.0.1", false],
  ["239.255.255.250", false],
  ["255.255.255.255", false],
  ["ff02::1", false],
  ["::", false],
  ["::1", false],
  ["::127.0.0.1", false],
  ["::ffff:169.254.169.254", false],
  ["::ffff:a9fe:a9fe", false],
  ["64:ff9b::169.254.169.254", false],
  ["2002:a9fe:a9fe::1", false],
  ["10.0.0.1", true],
  ["172.16.0.1", true],
  ["192.168.1.1", true],
  ["fd12:3456::1", true],
  ["93.184.216.34", true],
  ["2606:2800:220:1::1", true],
  ["::ffff:10.0.0.1", true],
])("%s may be gone to by a stranger's request: %s", (address, may) => {
  expect(whyRefused(address) === null).toBe(may);
});

test("what a name leads to is looked at where it is resolved for the connection itself", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  lookupOutside("localhost", { all: true }, (error) => resolve(error?.message ?? "resolved"));
  expect(await promise).toContain("it leads to this computer itself");
});
