import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeHostileDatabase } from "#store/testing/hostile/fill.ts";
import { PAYLOADS } from "#store/testing/hostile/payloads.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { findClosedEndpoint, startTlsServer } from "#testing/servers.ts";
import { promptFor, startPromptingServer } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const now = () => new Date("2026-06-01T00:00:00Z");

/** What `cat -v` would show as `^[`, `M-^[` and the like; and characters that reorder or hide text, or end a line. */
const OBEYED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\u{e0000}-\u{e0fff}]/u;

/** Every command that prints what strangers wrote. */
const COMMANDS = [
  ["certificates"],
  ["certificates", "--expiring", "400"],
  ["access"],
  ["access", "--effective", "unknown"],
  ["access", "--no-private-key"],
  ["access", "--unapproved"],
  ["accounts"],
  ["logins"],
  ["logins", "--observed"],
  ["changes", "--from", "0"],
  ["hosts"],
  ["served"],
  ["hosts", "--state", "failed"],
  ["host-keys"],
  ["findings"],
  ["findings", "--severity", "high", "--fail-on", "high"],
  ["timeline", "--by", "both"],
  ["forecast", "--by", "owner"],
  ["graph", "list"],
  ["graph", "shared"],
  ["people", "list"],
  ["targets", "list"],
  ...[
    "certificates",
    "access",
    "accounts",
    "logins",
    "people",
    "hosts",
    "hostKeys",
    "changes",
    "findings",
    "scans",
  ].map((group) => ["call", `${group}.list`, '{"limit": 1000}']),
  ["call", "scans.probes", '{"scanId": 1, "limit": 1000}'],
  ["call", "today.figures"],
  ["call", "targets.list"],
  ["call", "hosts.find", '{"id": 1}'],
  ["call", "access.find", '{"id": 1}'],
  ["call", "accounts.find", '{"id": 1}'],
  ["call", "logins.observed", '{"limit": 1000}'],
  ["logins", "show", "1"],
];

/** Commands whose lines are not rows of a list. */
const isList = ([name = "", verb = ""]: readonly string[]): boolean =>
  !["call", "timeline", "forecast"].includes(name) && verb !== "show";

test("no command prints what a terminal would obey, whatever strangers wrote", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  makeHostileDatabase(path);
  for (const columns of [null, 80]) {
    const type = openTerminal(path, { now, columns });
    const commands = COMMANDS.filter((command) => columns === null || isList(command));
    for (const command of commands) {
      for (const more of command[0] === "call" || columns !== null ? [[]] : [[], ["--json"]]) {
        const { code, out, err } = await type(...command, ...more);
        expect([command, code, err]).toEqual([command, command.includes("--fail-on") ? 1 : 0, ""]);
        expect(out.length).toBeGreaterThan(100);
        expectHarmless(command, out);
        if (columns !== null) expectAligned(command, out);
      }
    }
  }
}, 180_000);

test("no message quotes what a terminal would obey, whatever was typed", async () => {
  await using folder = await makeTemporaryFolder();
  const type = openTerminal(join(folder.path, "latchkey.db"), { now });
  // Every sixth, since each command opens a database.
  for (const payload of PAYLOADS.filter((text) => OBEYED.test(text)).filter((_, index) => index % 6 === 0)) {
    const commands = [
      [payload],
      ["certificates", "--", payload],
      ["access", "--account", payload],
      ["findings", "--severity", payload],
      ["targets", "preview", "--", payload],
      ["targets", "preview", "--from", payload],
      ["inspect", "--", payload],
      ["call", "--", payload],
      ["call", "--", "certificates.list", payload],
      ["call", "certificates.list", JSON.stringify({ search: 1, [payload]: payload, sort: { by: payload } })],
      ["call", "certificates.find", JSON.stringify({ sha256: payload })],
      ["call", "findings.find", JSON.stringify({ id: payload })],
      [`--${payload}`],
    ];
    for (const command of commands) {
      const { out, err } = await type(...command);
      expectHarmless(command, out);
      expectHarmless(command, err);
    }
  }
});

test("no file makes inspect print what a terminal would obey, and no certificate a scan", async () => {
  await using folder = await makeTemporaryFolder();
  const type = openTerminal(join(folder.path, "latchkey.db"), { now });
  const key = "AAAAC3NzaC1lZDI1NTE5AAAAIEk7pG3EOuahO3pRt3B/BNbSZAxiML3FIh8uI5iDs52u";
  const file = join(folder.path, "keys");
  const lines = PAYLOADS.flatMap((payload) => [
    `ssh-ed25519 ${key} ${payload.replaceAll(/[\r\n]/g, " ")}`,
    `command="${payload.replaceAll(/[\r\n"\\]/g, " ")}" ssh-ed25519 ${key} x`,
  ]);
  await writeFile(file, lines.join("\n"));
  const odd = PAYLOADS.filter(
    (text) => OBEYED.test(text) && text.isWellFormed() && text.length < 60 && !/[\p{Cc},;=]/u.test(text),
  );
  await using server = await startTlsServer({ names: odd.slice(0, 40) });
  const { host, port } = server.endpoint;
  const closed = await findClosedEndpoint();
  for (const command of [
    ["inspect", file],
    ["inspect", file, "--json"],
    ["inspect", `${host}:${port}`],
    ["scan", "--tls", `${host}:${port}`, `${closed.host}:${closed.port}`],
    ["certificates"],
  ]) {
    const { out, err } = await type(...command);
    expect(out.length).toBeGreaterThan(50);
    expectHarmless(command, out);
    expectHarmless(command, err);
  }
});

test("no question of a scan prints what a terminal would obey, whatever a host asks", async () => {
  await using folder = await makeTemporaryFolder();
  const odd = PAYLOADS.filter((text) => OBEYED.test(text) && text.isWellFormed() && text.length < 200);
  await using server = await startPromptingServer({
    judge: async (attempt) => {
      if (attempt.method !== "keyboard-interactive") return attempt.reject(["keyboard-interactive"]);
      await promptFor(attempt, ...odd.slice(0, 8).map((prompt) => ({ prompt, echo: true })));
      attempt.accept();
    },
  });
  const asked: string[] = [];
  const type = openTerminal(join(folder.path, "latchkey.db"), {
    now,
    prompt: async (text) => {
      asked.push(text);
      return "x";
    },
  });
  const target = `jo@${server.host}:${server.port}`;
  const { out, err } = await type("scan", target, "--accept-new", "--ask-password");
  expect(asked).toHaveLength(8);
  for (const text of [...asked, out, err]) expectHarmless(["scan"], text);
});

test("no command about the database prints what a terminal would obey, wherever it lies", async () => {
  const names = PAYLOADS.filter(
    (text) => OBEYED.test(text) && text.isWellFormed() && text.length < 60 && !/[/\0]/.test(text),
  );
  // Every twelfth, since each has a database of its own.
  for (const name of names.filter((_, index) => index % 12 === 0)) {
    await using folder = await makeTemporaryFolder();
    const type = openTerminal(join(folder.path, `x${name}.db`), { now });
    await type("targets", "add", "web1");
    for (const command of [
      ["database", "check"],
      ["database", "backup"],
      ["database", "backups"],
      ["database", "backups", "--json"],
      ["database", "restore", name],
      ["database", "restore", "latest"],
    ]) {
      const { out, err } = await type(...command);
      expect(`${out}${err}`.length).toBeGreaterThan(20);
      expectHarmless(command, out);
      expectHarmless(command, err);
    }
  }
});

function expectHarmless(command: readonly string[], printed: string): void {
  const [found] = OBEYED.exec(printed) ?? [];
  const where =
    found === undefined ? "" : JSON.stringify(printed.slice(printed.indexOf(found) - 30).slice(0, 60));
  expect([command, where]).toEqual([command, ""]);
}

/** A row is one line: as many lines as rows, a head, an empty line and a sum. */
function expectAligned(command: readonly string[], out: string): void {
  const [table = "", sum = ""] = out.split("\n\n");
  const count = Number(sum.replaceAll(",", "").match(/^\d+/)?.[0]);
  expect([command, table.split("\n").length]).toEqual([command, count + 1]);
}
