import fc from "fast-check";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { HEAVY } from "./heavy-streams.ts";

process.env.LATCHKEY_TEST_KINDS = "all";
await import("./heavy-streams.test.ts");

const now = () => new Date("2026-12-01T12:00:00Z");
const base64 = (stream: Buffer) => ({ base64: stream.toString("base64") });
const HEALTHY = Buffer.from(answerScript("--nonce 'abc''def'"), "latin1");

/** Time of this thread for one host, whatever it sends: many times what its budget allows. */
const MOST_SECONDS = 60;

/** Imports it beside a healthy host, in this thread; returns how long that took, and the result of each. */
async function importBeside(stream: Buffer) {
  await using app = createApp({ databasePath: ":memory:", now });
  const before = process.threadCpuUsage();
  const evil = await app.client.bundles.import({ ...base64(stream), as: { host: "evil", port: 22 } });
  const { user, system } = process.threadCpuUsage(before);
  const healthy = await app.client.bundles.import(base64(HEALTHY));
  return { evil, healthy, seconds: (user + system) / 1_000_000 };
}

test.each(Object.keys(HEAVY))(
  "%s are judged, or said to be too much, within the budget of a host",
  async (name) => {
    const { evil, healthy, seconds } = await importBeside(HEAVY[name]?.(1) ?? Buffer.alloc(0));
    expect(healthy.state).toBe("ok");
    expect(evil.state === "ok" || evil.message.includes("too much to evaluate")).toBe(true);
    expect(seconds).toBeLessThan(MOST_SECONDS);
  },
);

test("whatever meets whatever in a stream, all of it is judged, or it is said that it was not", async () => {
  const attack = fc.record({
    name: fc.constantFrom(...Object.keys(HEAVY)),
    size: fc.double({ min: 0.001, max: 1, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(attack, async ({ name, size }) => {
      const { evil, healthy, seconds } = await importBeside(HEAVY[name]?.(size) ?? Buffer.alloc(0));
      expect(healthy.state).toBe("ok");
      expect(evil.state === "ok" || evil.message.includes("too much to evaluate")).toBe(true);
      expect(seconds).toBeLessThan(MOST_SECONDS);
    }),
    { numRuns: 60 },
  );
});
