import fc from "fast-check";
import { expect, test, vi } from "vitest";
import {
  type ConnectionLimit,
  ConnectionLimiter,
  countFreeDescriptors,
  readLimit,
} from "./connection-limiter.ts";

const never = new AbortController().signal;

test("who waits for one of its slots holds none of the others", async () => {
  const limiter = new ConnectionLimiter();
  const [a, b] = [
    { key: "a", most: 1 },
    { key: "b", most: 1 },
  ];
  const endA = await limiter.acquire([a], never);
  const order: string[] = [];
  const both = limiter.acquire([a, b], never).then((end) => {
    order.push("both");
    end();
  });
  const endB = await limiter.acquire([b], never);
  order.push("b");
  endB();
  endA();
  await both;
  expect(order).toEqual(["b", "both"]);
});

test("a slot that is released twice is free once", async () => {
  const limiter = new ConnectionLimiter();
  const one = { key: "a", most: 1 };
  const end = await limiter.acquire([one], never);
  const second = limiter.acquire([one], never);
  end();
  end();
  await second;
  let isThird = false;
  void limiter.acquire([one], never).then(() => {
    isThird = true;
  });
  await Promise.resolve();
  expect(isThird).toBe(false);
});

test("who is told to stop waits no longer, and takes no slot that becomes free", async () => {
  const limiter = new ConnectionLimiter();
  const one = { key: "a", most: 1 };
  const end = await limiter.acquire([one], never);
  const controller = new AbortController();
  const waiting = limiter.acquire([one], controller.signal);
  controller.abort(new Error("cancelled"));
  await expect(waiting).rejects.toThrow("cancelled");
  end();
  await limiter.acquire([one], never);
});

test("work that takes long yields a slot that may be yielded, once, and keeps the others", async () => {
  const limiter = new ConnectionLimiter();
  const [yielded, kept] = [
    { key: "a", most: 1, yieldAfterMs: 1 },
    { key: "b", most: 1 },
  ];
  const { promise, resolve } = Promise.withResolvers<void>();
  const long = limiter.during([yielded, kept], never, () => promise);
  const end = await limiter.acquire([yielded], never);
  let isKeptFree = false;
  const waiting = limiter.acquire([kept], never).then(() => {
    isKeptFree = true;
  });
  await Promise.resolve();
  expect(isKeptFree).toBe(false);
  resolve();
  await long;
  await waiting;
  const next = limiter.acquire([yielded], never);
  end();
  await next;
});

test("as many at a time yield a slot as may hold it: the next yields when one of those has ended", async () => {
  const limiter = new ConnectionLimiter();
  const limit = { key: "a", most: 1, yieldAfterMs: 1 };
  const long = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  let underWay = 0;
  const works = long.map(({ promise }, index) =>
    limiter.during([limit], never, async () => {
      begun.push(index);
      expect(++underWay).toBeLessThanOrEqual(2);
      await promise;
      underWay--;
    }),
  );
  await vi.waitFor(() => expect(begun).toEqual([0, 1]));
  long[0]?.resolve();
  await works[0];
  // The second has taken its time, too, and yields its slot now.
  await vi.waitFor(() => expect(begun).toEqual([0, 1, 2]));
  for (const { resolve } of long) resolve();
  await Promise.all(works);
  const end = await limiter.acquire([{ key: "a", most: 1 }], never);
  end();
});

test("no key is ever held by more than its number, and everybody gets a slot in the end", async () => {
  const limits = fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(limits, { maxLength: 20 }),
      fc.integer({ min: 1, max: 3 }),
      async (wishes, most) => {
        const limiter = new ConnectionLimiter();
        const held = new Map<string, number>();
        let done = 0;
        const change = (acquired: readonly ConnectionLimit[], by: number) => {
          for (const { key } of acquired) held.set(key, (held.get(key) ?? 0) + by);
          for (const count of held.values()) expect(count).toBeLessThanOrEqual(most);
        };
        const visit = async (keys: readonly string[]) => {
          const wanted = keys.map((key) => ({ key, most }));
          const end = await limiter.acquire(wanted, never);
          change(wanted, 1);
          await Promise.resolve();
          change(wanted, -1);
          end();
          done++;
        };
        await Promise.all(wishes.map(visit));
        expect(done).toBe(wishes.length);
      },
    ),
  );
});

test("the soft limit of open files is what counts, and none where it is unlimited or not told", () => {
  const table = (soft: string) =>
    `Limit   Soft Limit   Hard Limit   Units\nMax open files   ${soft}   4096   files\n`;
  expect([table("64"), table("unlimited"), ""].map(readLimit)).toEqual([64, null, null]);
  expect(countFreeDescriptors()).toBeGreaterThanOrEqual(2);
});
