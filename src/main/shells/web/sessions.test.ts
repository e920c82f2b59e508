import { expect, test } from "vitest";
import { createSessions } from "./sessions.ts";

const MINUTE = 60_000;

test("a session is found by its token alone", () => {
  const sessions = createSessions(() => 0);
  const tokens = [sessions.open(), sessions.open()];
  expect(new Set(tokens.map(sessions.find)).size).toBe(2);
  expect(["", "guess", `${tokens[0]} `].map(sessions.find)).toEqual([null, null, null]);
});

test("a session ends after thirty minutes without a call", () => {
  let now = 0;
  const sessions = createSessions(() => now);
  const token = sessions.open();
  const session = sessions.find(token);
  if (!session) throw new Error("no session");
  now = 29 * MINUTE;
  expect(sessions.use(session)).toBe(true);
  now = 58 * MINUTE;
  expect(sessions.isOver(session)).toBe(false);
  now = 59 * MINUTE;
  expect([sessions.use(session), sessions.isOver(session), sessions.find(token)]).toEqual([
    false,
    true,
    null,
  ]);
});

test("a session ends after twelve hours, however busy", () => {
  let now = 0;
  const sessions = createSessions(() => now);
  const session = sessions.find(sessions.open());
  if (!session) throw new Error("no session");
  const calls: boolean[] = [];
  for (; now <= 12 * 60 * MINUTE; now += 20 * MINUTE) calls.push(sessions.use(session));
  expect(calls).toEqual([...Array(36).fill(true), false]);
});
