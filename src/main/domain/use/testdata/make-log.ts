import type { LoggedDay, LogSummary } from "#domain/collection/read-logs.ts";

/** A log of web1 with a line on each of these days at noon, read whole; `logins` are messages and their days. */
export function makeLog(
  path: string,
  days: readonly string[],
  { logins = [], host = "web1", ...more }: Partial<LogSummary> & { logins?: Logins; host?: string } = {},
): LogSummary {
  const stamp = (day: string | undefined) => day && `${day}${day.length > 6 ? "T" : " "}12:00:00`;
  return {
    path,
    writtenAt: null,
    isTail: false,
    days: [...days],
    first: stamp(days[0]) ?? null,
    last: stamp(days.at(-1)) ?? null,
    acceptedCount: 1,
    others: [],
    hasMoreOthers: false,
    bursts: [],
    hasMoreBursts: false,
    messages: logins.map(([text, on]) => ({
      host,
      text,
      days: on.map((day) =>
        makeLoggedDay({ day: days.indexOf(day), count: 2, first: "12:00:00", last: "12:30:00" }),
      ),
    })),
    ending: "whole",
    journal: null,
    ...more,
  };
}

/** A day of a message, whose hours are those of its first line and its last. */
export function makeLoggedDay(day: Pick<LoggedDay, "day" | "count" | "first" | "last">): LoggedDay {
  const bit = (time: string) => 1 << Number(time.slice(0, 2));
  return { ...day, hours: bit(day.first) | bit(day.last), tags: ["sshd[7]:50022", "sshd[8]:50023"] };
}

type Logins = readonly (readonly [text: string, days: readonly string[]])[];

/** Each day from one to another: "2026-05-01", "2026-05-02", ... */
export function daysFrom(from: string, to: string): string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000)
    days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}
