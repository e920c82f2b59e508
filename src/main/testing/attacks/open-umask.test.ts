import { chmod, mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { openTerminal } from "#testing/open-terminal.ts";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const now = () => new Date("2026-12-01T12:00:00Z");

/** Each entry below a folder with its mode, as `ls` shows it. */
async function listModes(folder: string): Promise<[path: string, mode: number][]> {
  const names = await readdir(folder, { recursive: true });
  return Promise.all(
    names.map(async (name): Promise<[string, number]> => {
      const { mode } = await stat(join(folder, name));
      return [name, mode & 0o777];
    }),
  );
}

/** A database with a host from a bundle, and its grants. */
async function prepare(folder: string) {
  const stream = join(folder, "web1.stream");
  await writeFile(stream, Buffer.from(answerScript("--nonce 'abc''def'"), "latin1"), { mode: 0o600 });
  const workstation = { user: "jo", home: folder, agentSocket: null };
  const type = openTerminal(join(folder, "data/latchkey.db"), { now, workstation });
  expect((await type("import", stream)).code).toBe(0);
  return type;
}

test("under a umask of 000 nothing that a command makes is anybody else's to write, and a script's folder is nobody's else", async () => {
  await using folder = await makeTemporaryFolder();
  const before = process.umask(0);
  try {
    const type = await prepare(folder.path);
    const at = (name: string) => join(folder.path, name);
    const remove = ["grants", "remove", "--host", "web1", "--all", "--yes", "--acknowledge", "other-way-in"];
    const said = [
      await type("database", "backup"),
      await type(...remove, "--plan", at("plan.json")),
      await type(...remove, "--acknowledge", "unsigned-scripts", "--script", at("scripts")),
    ];
    expect(said.map(({ code, err }) => (code === 0 ? "" : err))).toEqual(["", "", ""]);
    const modes = new Map(await listModes(folder.path));
    expect([...modes].filter(([, mode]) => (mode & 0o022) !== 0)).toEqual([]);
    const script = [...modes.keys()].find((name) => name.endsWith(".sh")) ?? "";
    expect([modes.get("scripts"), modes.get(script)]).toEqual([0o700, 0o700]);
  } finally {
    process.umask(before);
  }
});

test("a script is written over no link, and in no folder where everybody may write", async () => {
  await using folder = await makeTemporaryFolder();
  const type = await prepare(folder.path);
  const scripts = join(folder.path, "scripts");
  const victim = join(folder.path, "victim");
  await mkdir(scripts, { mode: 0o700 });
  await writeFile(victim, "mine");
  const remove = [
    "grants",
    "remove",
    "--host",
    "web1",
    "--all",
    "--yes",
    "--acknowledge",
    "other-way-in",
    "--acknowledge",
    "unsigned-scripts",
    "--script",
    scripts,
  ];
  expect((await type(...remove)).code).toBe(0);
  const [name = ""] = (await readdir(scripts)).filter((each) => each.endsWith(".sh"));
  const other = join(folder.path, "other");
  await mkdir(other, { mode: 0o700 });
  await symlink(relative(other, victim), join(other, name));
  expect((await type(...remove.with(-1, other))).code).toBe(0);
  expect([(await stat(victim)).size, (await stat(join(other, name))).size > 4]).toEqual([4, true]);
  await chmod(other, 0o777);
  const refused = await type(...remove.with(-1, other));
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("everybody may write in")]);
});
