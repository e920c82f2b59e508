import fc from "fast-check";
import { expect, test } from "vitest";
import { readLastLogins, readLogs } from "./read-logs.ts";
import { decodeRecord, type Record } from "./stream.ts";

const record = (kind: string, attributes: { [name: string]: string }, text: string): Record =>
  decodeRecord({
    kind,
    encoding: "text",
    attributes: Object.entries(attributes),
    payload: Buffer.from(text),
  });

// What lastlog2 2.41 and wtmpdb 0.73 of Debian 13 print.
const LASTLOG2 = `Username         Port     From                                       Latest
deploy           pts/0    1.2.3.4                                    Mon Sep 21 14:13:20 +0000 2026
root             tty1                                                Thu May 28 22:26:40 +0200 2026
daemon                                                               **Never logged in**
`;
const WTMPDB = `deploy   pts/1        1.2.3.5          2026-11-18T11:06:40+0000  - still logged in
reboot   system boot  6.1              2026-05-28T20:26:40+0000  - still running

w.db begins 2026-05-28T20:26:40+0000
`;

test("last logins are read as lastlog2 and wtmpdb print them, and starts of the system are none", () => {
  const table = (path: string, text: string) => record("last-logins", { path, form: "table" }, text);
  expect(readLastLogins([table("l", LASTLOG2), table("w", WTMPDB)])).toEqual([
    { account: "deploy", at: Date.parse("2026-09-21T14:13:20Z") / 1000, source: "l" },
    { account: "root", at: Date.parse("2026-05-28T20:26:40Z") / 1000, source: "l" },
    { account: "deploy", at: Date.parse("2026-11-18T11:06:40Z") / 1000, source: "w" },
  ]);
});

test("starts of the system are read as old and new versions of journalctl list them", () => {
  const lines = [
    "B\t -1 4f0c Tue 2026-11-24 10:00:00 UTC\u2014Tue 2026-11-24 12:00:00 UTC",
    "B\t  0 15f4 Wed 2026-11-25 18:59:46 UTC Wed 2026-11-25 18:59:47 UTC",
    "B\tIDX BOOT ID FIRST ENTRY LAST ENTRY",
    "N\t2026-11-25T19:00:00+00:00 web1 CRON[1]: x",
    "X\t2026-11-25T10:00:00+00:00 web1 systemd-journald[1]: Suppressed 9 messages from ssh.service",
    "E\twhole",
  ];
  expect(readLogs([record("log", { path: "journal" }, lines.join("\n"))])).toMatchObject([
    {
      ending: "whole",
      journal: {
        boots: [
          [Date.parse("2026-11-24T10:00:00Z") / 1000, Date.parse("2026-11-24T12:00:00Z") / 1000],
          [Date.parse("2026-11-25T18:59:46Z") / 1000, Date.parse("2026-11-25T18:59:47Z") / 1000],
        ],
        newest: "2026-11-25T19:00:00+00:00",
        drops: ["2026-11-25T10:00:00+00:00"],
      },
    },
  ]);
});

test("whatever stands in the records of logs, they are read without failing", () => {
  const line = fc
    .tuple(fc.constantFrom("D", "S", "A", "M", "E", "B", "N", "X", "?"), fc.array(fc.string()))
    .map(([letter, fields]) => [letter, ...fields].join("\t"));
  const attributes = fc.dictionary(fc.constantFrom("path", "written", "cut", "form"), fc.string());
  fc.assert(
    fc.property(attributes, fc.array(line), (given, lines) => {
      const text = lines.join("\n");
      expect(readLogs([record("log", given, text)])).toHaveLength(1);
      readLastLogins([record("last-logins", given, text)]);
    }),
  );
});
