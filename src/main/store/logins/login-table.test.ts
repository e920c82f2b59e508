import fc from "fast-check";
import { expect, test } from "vitest";
import type { HostUse, KeyLogins, LoginOrigin } from "#shared/model/hosts/host-use.ts";
import { openStore } from "#store/store.ts";
import { fingerprintOf, visitHost } from "#store/testing/make-visit.ts";
import { mergeUse } from "./login-table.ts";

const ADDRESS = { host: "web1", port: 22 };
const NOTHING: HostUse = { logins: [], windows: [] };
const DAY = 20_600;

const login = (days: [number, number][], more: Partial<KeyLogins> = {}): KeyLogins => ({
  account: "deploy",
  fingerprint: fingerprintOf("jo"),
  isAuthority: false,
  lastFrom: "10.1.2.3",
  lastInJournalAt: null,
  origins: [],
  firstAt: instant(days[0]?.[0] ?? DAY),
  lastAt: instant(days.at(-1)?.[0] ?? DAY),
  days,
  ...more,
});
const from = (address: string, day: number, inJournal: number | null = null): LoginOrigin => ({
  from: address,
  lastAt: instant(day),
  lastInJournalAt: inJournal === null ? null : instant(inJournal),
});
const window = (from: number, to: number, source = "journal") => ({
  source,
  from: instant(from),
  to: instant(to),
});
const instant = (day: number): string => `${new Date(day * 86_400_000).toISOString().slice(0, 19)}Z`;

test("what an earlier reading saw stays when the logs have rotated, and days that both saw count once", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const read = (use: HostUse) =>
    visitHost(store, ADDRESS.host, { collected: { use: { ...use, others: [] } } });
  read({
    logins: [
      login(
        [
          [DAY, 3],
          [DAY + 1, 1],
        ],
        { origins: [from("10.1.2.3", DAY + 1)] },
      ),
    ],
    windows: [window(DAY - 5, DAY + 1)],
  });
  read({
    logins: [
      login(
        [
          [DAY + 1, 2],
          [DAY + 9, 4],
        ],
        { lastFrom: "::1", origins: [from("::1", DAY + 9), from("10.1.2.3", DAY, DAY)] },
      ),
    ],
    windows: [window(DAY + 1, DAY + 10), window(DAY - 90, DAY - 30, "/var/log/auth.log")],
  });
  read(NOTHING);

  expect(store.uses.recall(ADDRESS, NOTHING)).toEqual({
    logins: [
      {
        ...login([
          [DAY, 3],
          [DAY + 1, 2],
          [DAY + 9, 4],
        ]),
        lastFrom: "::1",
        origins: [from("10.1.2.3", DAY + 1, DAY), from("::1", DAY + 9)],
      },
    ],
    windows: [window(DAY - 90, DAY - 30, "/var/log/auth.log"), window(DAY - 5, DAY + 10)],
  });
  expect(store.uses.recall({ host: "web2", port: 22 }, NOTHING)).toEqual(NOTHING);
});

test("windows join only where they touch, and only within one log", () => {
  const apart = [window(DAY, DAY + 1), window(DAY + 2, DAY + 3), window(DAY + 1, DAY + 2, "/var/log/secure")];
  expect(mergeUse({ logins: [], windows: apart }, NOTHING).windows).toHaveLength(3);
  const between = { logins: [], windows: [window(DAY + 1, DAY + 2)] };
  expect(mergeUse({ logins: [], windows: apart }, between).windows).toEqual([
    window(DAY + 1, DAY + 2, "/var/log/secure"),
    window(DAY, DAY + 3),
  ]);
});

test("in whatever order hosts were read, and however often, the same is known in the end", () => {
  const days = fc.uniqueArray(
    fc.tuple(fc.integer({ min: DAY, max: DAY + 30 }), fc.integer({ min: 1, max: 9 })),
    {
      minLength: 1,
      selector: ([day]) => day,
    },
  );
  const reading = fc
    .record({ days, from: fc.integer({ min: DAY, max: DAY + 30 }), length: fc.integer({ min: 0, max: 9 }) })
    .map(
      (one): HostUse => ({
        logins: [login(one.days.sort(([first], [second]) => first - second))],
        windows: [window(one.from, one.from + one.length)],
      }),
    );
  fc.assert(
    fc.property(reading, reading, reading, (one, two, three) => {
      const inOrder = mergeUse(mergeUse(one, two), three);
      expect(mergeUse(mergeUse(three, one), two)).toEqual(inOrder);
      expect(mergeUse(inOrder, two)).toEqual(inOrder);
    }),
  );
});
