import { expect, test } from "vitest";
import { readCollector } from "#testing/read-collector.ts";
import { readRotationScript } from "#testing/read-rotation-script.ts";
import { challengeScript, collectorScript, handScript } from "./host-scripts.ts";

test("what is built into the program is what a bare Node reads, to the byte", async () => {
  expect(collectorScript).toBe(await readCollector());
  expect(handScript).toBe(await readRotationScript("hand"));
  expect(challengeScript).toBe(await readRotationScript("challenge"));
});
