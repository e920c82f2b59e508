import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { readFileOrRefuse } from "./terminal.ts";

test.skipIf(process.platform === "win32")(
  "a named pipe is refused, with how to give it, and one that is open already is read",
  async () => {
    await using folder = await makeTemporaryFolder();
    const pipe = join(folder.path, "pipe");
    execFileSync("mkfifo", [pipe]);
    await expect(readFileOrRefuse(pipe, 10)).rejects.toThrow(
      `${pipe} cannot be read (it is a named pipe, which may block for ever; use <(cat ${pipe}))`,
    );
    const writer = openSync(pipe, "r+");
    writeSync(writer, "more than ten bytes");
    expect(await readFileOrRefuse(`/dev/fd/${writer}`, 10)).toBeNull();
    closeSync(writer);
  },
);
