import { expect, test } from "vitest";
import { createListening, findStrangers } from "#domain/serving/listening.ts";
import { readCollector } from "#testing/read-collector.ts";
import { serverOf } from "./server-configs.ts";

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
