import { expect, test } from "vitest";
import { createListening, findStrangers } from "#domain/deployment-status/host-map.ts";
import { readCollector } from "#testing/read-scripts.ts";
import { readListening, serverOf } from "./read-servers.ts";
import { decodeRecord } from "./stream.ts";

const record = (kind: string, ...attributes: [string, string][]) =>
  decodeRecord({
    kind,
    encoding: "-",
    payload: new Uint8Array(),
    attributes: attributes.map(([name, value]) => [name, value]),
  });

const ADDRESSES = record(
  "addresses",
  ["boot", "1000"],
  ["hz", "100"],
  ["address", "127.0.0.1"],
  ["address", "192.0.2.7"],
);

test("the kernel's sockets are read as addresses, with the processes that hold them", () => {
  const { listeners, processes } = readListening([
    ADDRESSES,
    record("listener", ["socket", "0702000A:01BB"], ["pid", "7"], ["pid", "8"]),
    record("listener", ["socket", "00000000:0016"]),
    record("listener", ["socket", "B80D0120000000000000000001000000:1F90"]),
    record("listener", ["socket", "0000000000000000FFFF00000702000A:0050"]),
    record("listener", ["socket", "00000000000000000000000000000000:0019"]),
    record("listener", ["socket", "nonsense"]),
    record(
      "process",
      ["pid", "7"],
      ["name", "nginx"],
      ["ticks", "2550"],
      ["argument", "nginx: master process"],
    ),
    record("process", ["pid", "8"], ["name", "nginx"], ["elsewhere", "yes"]),
  ]);
  expect(listeners).toEqual([
    { address: "10.0.2.7", port: 443, pids: [7, 8] },
    { address: "0.0.0.0", port: 22, pids: [] },
    { address: "2001:db8::1", port: 8_080, pids: [] },
    { address: "10.0.2.7", port: 80, pids: [] },
    { address: "::", port: 25, pids: [] },
  ]);
  expect([...processes.values()]).toEqual([
    { pid: 7, name: "nginx", startedAt: 1_025, arguments: ["nginx: master process"] },
    { pid: 8, name: "nginx in a container", startedAt: null, arguments: [] },
  ]);
});

test("the addresses of a host are those by which others reach it; where none were told, none are known", () => {
  const six = [
    "00000000000000000000000000000001",
    "fe80000000000000fc00fffe00000001",
    "fd00000000000000000000000000000a",
  ];
  const told = record(
    "addresses",
    ["address", "127.0.0.1"],
    ["address", "192.0.2.7"],
    ...six.map((hex): [string, string] => ["address6", hex]),
  );
  expect(readListening([told]).addresses).toEqual(["192.0.2.7", "fd00::a"]);
  expect(readListening([])).toEqual({ listeners: null, processes: new Map(), addresses: null });
});

/** As distributions name them: PostgreSQL of RHEL 7 and 8, Apache of openSUSE. */
const NAMES = [
  ["postgresql", "postmaster"],
  ["apache", "httpd-prefork"],
  ["apache", "httpd-worker"],
  ["apache", "httpd-event"],
] as const;

test.each(NAMES)("a process of %s that runs as %s is no other program", (server, name) => {
  const processes = [{ name, startedAt: 1_000 }];
  const listening = createListening([{ address: "0.0.0.0", port: 443, processes }])(null, 443);
  expect(serverOf(name)).toBe(server);
  expect(findStrangers(listening, server)).toEqual([]);
});

test("the collector tells with what each process of a server was started", async () => {
  const collector = (await readCollector()).replaceAll(/ \\\n\t+/g, " ");
  const told = /^\t\t(nginx \| .*)\)$/m.exec(collector)?.[1]?.split(" | ") ?? [];
  expect(told).toEqual(expect.arrayContaining(NAMES.map(([, name]) => name)));
  expect(told.filter((name) => serverOf(name) === null)).toEqual([]);
});
