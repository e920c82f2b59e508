import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const FOLDER = join(import.meta.dirname, "../out/main");

test("all programs are built in ASCII", async () => {
  const programs = (await readdir(FOLDER)).filter((name) => /\.[cm]?js$/.test(name));
  const beyond = await Promise.all(
    programs.map(async (name) =>
      (await readFile(join(FOLDER, name))).some((byte) => byte > 0x7f) ? name : [],
    ),
  );
  expect(programs).toContain("latchkey.js");
  expect(beyond.flat()).toEqual([]);
});
