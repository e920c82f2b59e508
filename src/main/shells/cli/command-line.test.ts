import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VERSION } from "#shared/model/version.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { findClosedEndpoint, startSilentServer, startTlsServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createProgram, PARTS } from "./command-line.ts";
import type { World } from "./session.ts";

const now = () => new Date("2026-06-01T00:00:00Z");
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEk7pG3EOuahO3pRt3B/BNbSZAxiML3FIh8uI5iDs52u";
const say = ({ host, port }: { host: string; port: number }) => `${host}:${port}`;

test("the program and its package have one version", () => {
  const file = readFileSync(join(import.meta.dirname, "../../../../package.json"), "utf8");
  expect(JSON.parse(file)).toMatchObject({ version: VERSION });
});

test("the command line loads each command by its name", async () => {
  const session = { world: {} as World, finish: () => undefined };
  const added = async (part: (typeof PARTS)[number]) => (await createProgram(session, [part])).commands;
  for (const part of PARTS)
    expect((await added(part)).map((command) => command.name()).toSorted()).toEqual(part.names.toSorted());
});

test("Ctrl-C cancels a scan, and what it had read by then is kept", async () => {
  await using folder = await makeTemporaryFolder();
  await using silent = await startSilentServer();
  await using server = await startTlsServer();
  const stops: (() => void)[] = [];
  const drawn: string[][] = [];
  const type = openTerminal(join(folder.path, "latchkey.db"), {
    now,
    onStop: (stop) => {
      stops.push(stop);
      return { [Symbol.dispose]: () => undefined };
    },
    // Ctrl-C, once the first endpoint has been read.
    showStatus: (lines) => {
      drawn.push([...lines]);
      if (lines[0]?.includes("1 read")) stops.at(-1)?.();
    },
  });

  const { code, out } = await type("scan", say(server.endpoint), say(silent.endpoint), "--json");

  expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 3, state: "cancelled", probes: { ok: 1 } });
  expect(drawn.at(0)).toEqual(["[........................] 0 of 2 targets: 0 read"]);
  expect(drawn).toContainEqual(["[############............] 1 of 2 targets: 1 read"]);
  expect(drawn.at(-1)).toEqual([]);
  expect(JSON.parse((await type("certificates", "--json")).out)).toMatchObject({ total: 1 });
});

test("the progress of a scan names those that failed", async () => {
  const drawn: string[][] = [];
  const type = openTerminal(":memory:", { now, showStatus: (lines) => drawn.push([...lines]) });
  const closed = say(await findClosedEndpoint());
  await type("scan", closed, "--tls");
  expect(drawn.flat()).toContain("[########################] 1 of 1 target: 0 read, 1 failed");
  expect(drawn.flat()).toContain(`  ${closed}: refused the connection`);
});

test("a global option may stand before the command or after it", async () => {
  const type = openTerminal(":memory:", { now });
  const empty = { code: 0, out: JSON.stringify({ certificates: [], total: 0 }, null, 2), err: "" };
  expect(await type("--json", "certificates")).toEqual(empty);
  expect(await type("certificates", "--json")).toEqual(empty);
});

test("what a stranger wrote reaches the terminal only by its encoder", async () => {
  await using folder = await makeTemporaryFolder();
  await using server = await startTlsServer({ names: ["evil\u001b]0;x\u0007\u202e.example"] });
  const type = openTerminal(join(folder.path, "latchkey.db"), { now, columns: 200, isColoured: false });
  const file = join(folder.path, "authorized_keys");
  writeFileSync(file, `${KEY} evil\u001b[2J\u009b\u202e\0\r\n`);
  await type("scan", say(server.endpoint));
  const inspections = [say(server.endpoint), file].map((source) => ["inspect", source]);
  const people = [["certificates"], ["findings"], ...inspections];
  const programs = [...people.map((command) => [...command, "--json"]), ["call", "certificates.list", "{}"]];
  for (const command of [...people, ...programs]) {
    const { out } = await type(...command);
    expect(out).toContain("evil");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  }
});
