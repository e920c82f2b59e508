/** systemd itself says in which order it reads the files of a unit: it names each setting that it does not know. */
import { spawnSync } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { UnitFile } from "#domain/collection/read-workloads.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeWorkloads, unitFile } from "./testdata/make-workloads.ts";
import { parseUnitName } from "./unit-name.ts";
import { arrangeUnitFiles, findUnitFiles, findUnitName } from "./units.ts";

const FOLDERS = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
];

/** A unit, and the folders of drop-ins that are, or might be, its own. */
const UNITS: { [unit: string]: readonly string[] } = {
  "foo.service": ["foo.service", "service", "foo-.service"],
  "foo-bar-baz.service": [
    "foo-bar-baz.service",
    "foo-bar-.service",
    "foo-.service",
    "service",
    "foo-bar.service",
  ],
  "foo-bar@x-y.service": [
    "foo-bar@x-y.service",
    "foo-bar@.service",
    "foo-@x-y.service",
    "foo-@.service",
    "service",
  ],
  "a--b-.timer": ["a--b-.timer", "a--.timer", "a-.timer", "timer", "service"],
  "-a-b.service": ["-a-b.service", "-a-.service", "-.service"],
};

const canAsk = () => spawnSync("systemd-analyze", ["--version"]).status === 0;

/** Numbers that look random, and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    yield state >> 8;
  }
}

test.skipIf(!canAsk())(
  "the files of a unit are found and ordered as systemd does, whatever lies in which folder",
  { timeout: 120_000 },
  async () => {
    let total = 0;
    for (const [at, unit] of [1, 2, 3].flatMap(() => Object.keys(UNITS)).entries()) {
      await using folder = await makeTemporaryFolder();
      const files = await plant(folder.path, unit, numbers(at + 1));
      const folders = arrangeUnitFiles(makeWorkloads({ unitFiles: files }));
      const name = findUnitName(folders, unit);
      const found = name ? findUnitFiles(folders, name) : [];
      const read = found.flatMap((file) => (file.kind === "settings" ? [file.path] : []));
      expect({ unit, read }).toEqual({ unit, read: askSystemd(folder.path, unit) });
      total += read.length;
    }
    expect(total).toBeGreaterThan(40);
  },
);

/** A unit with drop-ins of three names in some folders, of which some lead to /dev/null. */
async function plant(root: string, unit: string, random: Iterator<number, never>): Promise<UnitFile[]> {
  const next = (most: number) => random.next().value % most;
  const name = parseUnitName(unit);
  const own = name?.instance ? `${name.prefix}@.${name.type}` : unit;
  const places = FOLDERS.filter((_, at) => at === 3 || next(2) === 0).map((folder) => `${folder}/${own}`);
  const conf = FOLDERS.flatMap((folder) =>
    (UNITS[unit] ?? []).flatMap((of) =>
      ["10.conf", "a.conf", "B.conf"].filter(() => next(2) === 0).map((file) => `${folder}/${of}.d/${file}`),
    ),
  );
  const files: UnitFile[] = [];
  for (const path of [...places, ...conf]) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    if (path.endsWith(".conf") && next(6) === 0) {
      await symlink("/dev/null", join(root, path));
      files.push({ path, kind: "masked" });
      continue;
    }
    const kind = unit.endsWith(".timer") ? "[Timer]\nOnCalendar=daily" : "[Service]\nExecStart=/bin/true";
    await writeFile(join(root, path), `${kind}\nLatchkey=1\n`);
    files.push(unitFile(path));
  }
  return files;
}

function askSystemd(root: string, unit: string): string[] {
  const { stderr } = spawnSync("systemd-analyze", ["verify", `--root=${root}`, "--man=no", "--", unit], {
    encoding: "utf8",
  });
  const lines = [...stderr.matchAll(/^(\S+):\d+: Unknown key 'Latchkey'/gm)];
  return lines.map(([, path = ""]) => path.slice(root.length));
}
