import { expect, test } from "vitest";
import { createLaunchCodes, createSessions, REFUSED_MS } from "./sessions.ts";

const MINUTE = 60_000;

test("a session is found by its name, and has a secret of its own", () => {
  const sessions = createSessions(() => 0);
  const grants = [sessions.open(), sessions.open()];
  const found = grants.map(({ session }) => sessions.find(session)?.secret);
  expect(found).toEqual(grants.map(({ secret }) => secret));
  expect(new Set(grants.flatMap(({ session, secret }) => [session, secret])).size).toBe(4);
  expect(["", "guess", `${grants[0]?.session} `].map(sessions.find)).toEqual([null, null, null]);
});

test("a session ends after thirty minutes without a call", () => {
  let now = 0;
  const sessions = createSessions(() => now);
  const session = sessions.find(sessions.open().session);
  if (!session) throw new Error("no session");
  now = 29 * MINUTE;
  expect(sessions.use(session)).toBe(true);
  now = 58 * MINUTE;
  expect(sessions.isOver(session)).toBe(false);
  now = 59 * MINUTE;
  expect([sessions.use(session), sessions.isOver(session)]).toEqual([false, true]);
});

test("a session ends after twelve hours, however busy", () => {
  let now = 0;
  const sessions = createSessions(() => now);
  const session = sessions.find(sessions.open().session);
  if (!session) throw new Error("no session");
  const calls: boolean[] = [];
  for (; now <= 12 * 60 * MINUTE; now += 20 * MINUTE) calls.push(sessions.use(session));
  expect(calls).toEqual([...Array(36).fill(true), false]);
});

test("a session that another tab's page has asked for ends with that page's, and idles by itself", () => {
  let now = 0;
  const [sessions, codes] = [createSessions(() => now), createLaunchCodes(() => now)];
  const first = sessions.find(sessions.open().session);
  if (!first) throw new Error("no session");
  for (; now < 11 * 60 * MINUTE; now += 20 * MINUTE) sessions.use(first);
  const result = codes.redeem(codes.issueForTab(first.openedAt), US);
  if (result.kind !== "good") throw new Error(result.kind);
  const second = sessions.find(sessions.open(result.since).session);
  if (!second) throw new Error("no session");
  expect([sessions.use(second), sessions.isOver(first)]).toEqual([true, false]);
  now = 11 * 60 * MINUTE + 29 * MINUTE;
  expect(sessions.use(second)).toBe(true);
  now = 11 * 60 * MINUTE + 50 * MINUTE;
  expect([sessions.use(second), sessions.use(first)]).toEqual([true, false]);
  now = 12 * 60 * MINUTE;
  expect([sessions.use(second), sessions.isOver(second)]).toEqual([false, true]);
});

test("of the sessions that are over the latest sixty-four are remembered", () => {
  let now = 0;
  const sessions = createSessions(() => now);
  const names = Array.from({ length: 70 }, () => sessions.open().session);
  now = 30 * MINUTE;
  sessions.open();
  expect(names.map((name) => sessions.find(name) !== null)).toEqual([
    ...Array(6).fill(false),
    ...Array(64).fill(true),
  ]);
});

const US = "user 1000";
/** What comes of a code of a peer. */
const redeem = (codes: ReturnType<typeof createLaunchCodes>, code: string, peer: string) =>
  codes.redeem(code, peer).kind;
const STRANGER = "user 1001";

test("a code is good once", () => {
  const codes = createLaunchCodes(() => 0);
  const code = codes.issue();
  expect([redeem(codes, code, US), redeem(codes, code, US)]).toEqual(["good", "bad"]);
});

test("a code is good for less than a minute", () => {
  let now = 0;
  const codes = createLaunchCodes(() => now);
  const [early, late] = [codes.issue(), codes.issue()];
  now = 59_999;
  expect(redeem(codes, early, US)).toBe("good");
  now = 60_000;
  expect(redeem(codes, late, US)).toBe("bad");
});

test("a newer code leaves the older ones good, up to eight", () => {
  const codes = createLaunchCodes(() => 0);
  const issued = Array.from({ length: 9 }, () => codes.issue());
  const redeemed = issued.map((code) => redeem(codes, code, US));
  expect(redeemed).toEqual(["bad", ...Array(8).fill("good")]);
});

test("a browser that opens a hundred tabs at once has a code for each, and keeps those of an address", () => {
  const codes = createLaunchCodes(() => 0);
  const address = codes.issue();
  const tabs = Array.from({ length: 100 }, () => codes.issueForTab(0));
  const redeemed = [...tabs, address].map((code) => redeem(codes, code, US));
  expect(redeemed).toEqual(Array(101).fill("good"));
});

test("after ten wrong codes of one peer its codes are refused for a minute, and of nobody else", () => {
  let now = 0;
  const codes = createLaunchCodes(() => now);
  const [first, second] = [codes.issue(), codes.issue()];
  const guesses = Array.from({ length: 11 }, () => redeem(codes, "guess", STRANGER));
  expect(guesses).toEqual([...Array(9).fill("bad"), "refused-now", "refused"]);
  expect(redeem(codes, first, STRANGER)).toBe("refused");
  expect(redeem(codes, first, US)).toBe("good");
  now = REFUSED_MS - 1;
  expect(redeem(codes, second, STRANGER)).toBe("refused");
  now = REFUSED_MS;
  expect(redeem(codes, codes.issue(), STRANGER)).toBe("good");
});
