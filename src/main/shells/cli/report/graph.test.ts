import { expect, test } from "vitest";
import type { GraphLink } from "#shared/model/access/graph.ts";
import { PAYLOADS } from "#store/testing/hostile/payloads.ts";
import { printCsv, printDot } from "./graph.ts";

const link = (text: string): GraphLink => ({
  id: "",
  from: { kind: "account", id: "a", host: text, port: 22, account: text, isRoot: false },
  to: { kind: "person", id: "b", name: text, number: null, standing: "known" },
  how: "opens",
  fingerprint: text,
  heldAt: text,
  where: text,
  options: text,
  isCertain: false,
  notes: [text],
  distance: null,
  isPathCertain: null,
});

test("whatever strangers wrote, a spreadsheet has as many fields in each line, and runs none", () => {
  for (const payload of PAYLOADS) {
    const [, line = "", ...more] = printCsv([link(payload)]).split("\r\n");
    expect(more).toEqual([]);
    const fields = Array.from(line.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g), ([, field = ""]) => field);
    expect(fields.map((field) => `"${field}"`).join(",")).toBe(line);
    expect(fields).toHaveLength(9);
    expect(fields.filter((field) => /^[=+\-@\t]/.test(field))).toEqual([]);
  }
});

test("whatever strangers wrote, Graphviz reads one edge, whose words end where they end", () => {
  for (const payload of PAYLOADS) {
    const lines = printDot([link(payload)]).split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(
      /^ {2}"(?:[^"\\]|\\.)*" -> "(?:[^"\\]|\\.)*" \[label="(?:[^"\\]|\\.)*", style=dashed\];$/,
    );
  }
});
