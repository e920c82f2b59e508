/** A proof by log: that somebody, wherever the private half is, has logged in with the new key. */
import { readLoginMessage } from "#domain/use/login-message.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { readLoginLines } from "#net/ssh/hand/read-log.ts";
import type { Instant } from "#shared/model/instant.ts";

export type Heard =
  | { kind: "heard"; line: string }
  | { kind: "not-yet" }
  /** No log can be read, or nobody knows. */
  | { kind: "unknown"; why: string };

type Wish = {
  account: string;
  fingerprint: string;
  since: Instant;
  /** The key was made by the run: no login with it is older, whatever a log's clock says. */
  isNew: boolean;
};

export async function hearLogin(hand: Hand, { account, fingerprint, since, isNew }: Wish): Promise<Heard> {
  const sinceEpoch = Math.floor(Date.parse(since) / 1_000);
  const read = await readLoginLines(hand, { sinceEpoch, fingerprints: [fingerprint] });
  if (read.kind === "lost") return { kind: "unknown", why: read.message };
  if (read.kind !== "read") return { kind: "unknown", why: "no log of logins can be read there" };
  const lines = Buffer.from(read.lines).toString("utf8").split("\n");
  const line = lines.findLast(
    (one) => isLogin(one, account, fingerprint) && (isNew || isSince(one, sinceEpoch)),
  );
  return line === undefined ? { kind: "not-yet" } : { kind: "heard", line };
}

function isLogin(line: string, account: string, fingerprint: string): boolean {
  const start = line.indexOf("Accepted publickey for ");
  const login = start < 0 ? null : readLoginMessage(line.slice(start));
  return login?.account === account && login.authority === null && login.fingerprint === fingerprint;
}

/** A stamp without a year, or an offset, tells no moment for certain: such a line is no proof. */
function isSince(line: string, sinceEpoch: number): boolean {
  const [stamp, offset] = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:?\d\d)/.exec(line) ?? [];
  if (stamp === undefined || offset === undefined) return false;
  const spelled = stamp.replace(/([+-]\d\d)(\d\d)$/, "$1:$2");
  return Date.parse(spelled) / 1_000 >= sinceEpoch;
}
