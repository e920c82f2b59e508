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

test("of several works at once, what each says comes whole after what those before it say, and then as it comes", async () => {
  const heard = /** @type {string[]} */ ([]);
  const [first, second, third] = [0, 1, 2].map(() => Promise.withResolvers());
  const work =
    (/** @type {string} */ name, /** @type {PromiseWithResolvers<any> | undefined} */ until) =>
    async (/** @type {import("./run.mjs").Hear} */ hear) => {
      hear(`${name} begins`);
      await until?.promise;
      hear(`${name} ends`);
      return name;
    };
  const done = sideBySide((text) => heard.push(text), work("a", first), work("b", second), work("c", third));
  expect(heard).toEqual(["a begins"]);
  third?.resolve(null);
  first?.resolve(null);
  await expect.poll(() => heard).toEqual(["a begins", "a ends", "b begins"]);
  second?.resolve(null);
  expect(await done).toEqual(["a", "b", "c"]);
  expect(heard).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
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
