import { expect, test } from "vitest";
import { withoutFuture } from "./wrong-clock.ts";

const NOW = Date.parse("2026-06-01T00:00:00Z") / 1_000;
const TODAY = NOW / 86_400;
const evidence = {
  logins: [
    {
      account: "deploy",
      fingerprint: "SHA256:k",
      isAuthority: false,
      lastFrom: null,
      origins: [],
      lastInJournalAt: "2100-01-01T00:00:00Z",
      firstAt: "2026-05-30T00:00:00Z",
      lastAt: "2100-01-01T00:00:00Z",
      days: [
        [TODAY - 2, 1],
        [TODAY + 9, 2],
        [TODAY + 27_000, 3],
      ] as [number, number][],
    },
  ],
  windows: [{ source: "journal", from: "2026-05-30T00:00:00Z", to: "2100-01-01T00:00:00Z" }],
  hiddenBy: null,
  notRead: [],
  elsewhere: new Map<string, string>(),
};

test("what a clock in the future has dated covers no time, and its logins were no later than now", () => {
  expect(withoutFuture(evidence, { ahead: 301, now: NOW })).toMatchObject({
    windows: [],
    logins: [
      {
        firstAt: "2026-05-30T00:00:00Z",
        lastAt: "2026-06-01T00:00:00Z",
        days: [
          [TODAY - 2, 1],
          [TODAY, 5],
        ],
      },
    ],
    notRead: [expect.stringMatching(/^its clock is 301 seconds ahead of this computer's/)],
  });
  expect(withoutFuture(evidence, { ahead: 300, now: NOW })).toBe(evidence);
});
