import { expect, test } from "vitest";
import { runHeard, sideBySide } from "./run.mjs";

test("what a program says is heard, its end is kept, and its code is answered", async () => {
  const heard = /** @type {string[]} */ ([]);
  const script =
    "process.stdout.write('x'.repeat(9000)); console.error('no such file'); process.exitCode = 3";
  const { code, end } = await runHeard(process.execPath, ["-e", script], {
    hear: (text) => heard.push(text),
  });
  expect([code, heard.join("").length, end.length]).toEqual([3, 9_013, 4_000]);
  expect(heard.join("")).toContain("no such file\n");
});

test("a program that a signal ends has the code that a shell gives it", async () => {
  const script = "process.kill(process.pid, 'SIGTERM')";
  expect(await runHeard(process.execPath, ["-e", script], { hear: () => undefined })).toEqual({
    code: 143,
    end: "",
  });
});

test("of two works at once, what the second says comes whole after what the first says, and then as it comes", async () => {
  const heard = /** @type {string[]} */ ([]);
  const first = Promise.withResolvers();
  const second = Promise.withResolvers();
  const done = sideBySide(
    (text) => heard.push(text),
    async (hear) => {
      hear("a");
      await first.promise;
      hear("b");
      return 1;
    },
    async (hear) => {
      hear("c");
      await second.promise;
      hear("d");
      return 2;
    },
  );
  expect(heard).toEqual(["a"]);
  first.resolve(null);
  await expect.poll(() => heard).toEqual(["a", "b", "c"]);
  second.resolve(null);
  expect(await done).toEqual([1, 2]);
  expect(heard).toEqual(["a", "b", "c", "d"]);
});

test("what was held back is said too when the first work fails", async () => {
  const heard = /** @type {string[]} */ ([]);
  const fail = () => Promise.reject(new Error("it broke"));
  await expect(
    sideBySide(
      (text) => heard.push(text),
      fail,
      async (hear) => hear("c"),
    ),
  ).rejects.toThrow("it broke");
  expect(heard).toEqual(["c"]);
});
