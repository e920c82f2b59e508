import type { LogBurst, LoggedLine } from "#domain/collection/read-logs.ts";
import type { EntryMethod } from "#shared/model/access/login.ts";
import { evidenceOf, type UseEvidence } from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";
import { instantOf, toSeconds } from "./log-dates.ts";
import type { DatedLog } from "./log-windows.ts";
import { readLoginMessage, readOtherLogin } from "./login-messages.ts";

/** Passwords of an account that were refused to an address which then got in. */
export type LoginBurst = {
  account: string;
  method: EntryMethod;
  by: string;
  from: string;
  at: Instant;
  refused: number;
  firstRefusedAt: Instant;
  lastRefusedAt: Instant;
  evidence: UseEvidence;
  lines: string[];
};

type Clock = { offset: number; now: number };

/** From the last refusal to the login; the collector goes by days that are in the log, among which there may be gaps. */
const LONGEST_PAUSE_SECONDS = 86_400;

type World = { family: string; clock: Clock; isOwn: (host: string) => boolean };

/** What the collector has found of these in one log and its rotations. `isOwn`: whether a line's host name is this host's. */
export function findBursts(
  logs: readonly DatedLog[],
  world: World,
): { bursts: LoginBurst[]; leftOut: string[] } {
  const found = logs.flatMap((log) => log.bursts.flatMap((burst) => readBurst(log, burst, world)));
  const { family } = world;
  return {
    bursts: found.filter((burst) => burst !== null),
    leftOut: [
      ...(found.includes(null)
        ? [`${family}: not every line of a login after refused passwords can be read`]
        : []),
      ...(logs.some(({ hasMoreBursts }) => hasMoreBursts)
        ? [`${family}: so many passwords were refused that a login after them may have been missed`]
        : []),
    ],
  };
}

/** Null where a line of it cannot be read. */
function readBurst(
  log: DatedLog,
  { count, login, first, last }: LogBurst,
  { family, clock, isOwn }: World,
): (LoginBurst | null)[] {
  const [success, begin, end] = [login, first, last].map((line) => readLine(log, line, clock));
  if (!success || !begin || !end) return [null];
  if (!isOwn(success.host)) return [];
  if (success.seconds - end.seconds > LONGEST_PAUSE_SECONDS || begin.seconds > success.seconds) return [];
  const entry = readEntry(success.message);
  const [at, firstRefusedAt, lastRefusedAt] = [success, begin, end].map(({ seconds }) => instantOf(seconds));
  if (entry === null || !at || !firstRefusedAt || !lastRefusedAt) return [null];
  const lines = [...new Set([first.text, last.text, login.text])];
  const evidence = evidenceOf(family);
  return [{ ...entry, at, refused: count, firstRefusedAt, lastRefusedAt, evidence, lines }];
}

type Entry = Pick<LoginBurst, "account" | "method" | "by" | "from">;

function readEntry(message: string): Entry | null {
  const key = readLoginMessage(message);
  if (key !== null && !key.isPartial)
    return {
      account: key.account,
      method: key.authority === null ? "publickey" : "certificate",
      by: key.authority ?? key.fingerprint ?? "",
      from: key.from ?? "",
    };
  const other = readOtherLogin(message);
  return other && { account: other.account, method: other.method, by: other.by, from: other.from ?? "" };
}

const LINE =
  /^(?:\d{4}-\d\d-\d\dT(\S+)|[A-Z][a-z]{2} [ \d]\d (\d\d:\d\d:\d\d)) (\S+) (?:[a-z0-9]+\.[a-z]+ )?sshd(?:-session|-auth)?(?:\[\d+\])?: (.*)$/s;

const REPEATED = /^message repeated \d+ times: \[ (.*)\]$/s;

function readLine(
  { dates }: DatedLog,
  { day: index, text }: LoggedLine,
  { offset, now }: Clock,
): { host: string; message: string; seconds: number } | null {
  const [, time, bsdTime, host, written] = LINE.exec(text) ?? [];
  const day = dates[index] ?? null;
  if (host === undefined || written === undefined || day === null) return null;
  const seconds = toSeconds(day, time ?? bsdTime ?? "", offset);
  if (seconds === null) return null;
  const [, repeated] = REPEATED.exec(written) ?? [];
  return { host, message: repeated ?? written, seconds: Math.min(seconds, now) };
}
