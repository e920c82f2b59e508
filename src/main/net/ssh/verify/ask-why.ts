/** Why sshd has refused a login: only its log tells, for a client is told nothing. */
import type { Hand } from "#net/ssh/session/hand.ts";
import { quote } from "#net/ssh/ssh-failure.ts";

const DEADLINE_MS = 15_000;

/** What the host's log says of refused logins of the account just now; null where it says nothing, or cannot be read. */
export async function askWhy(
  hand: Hand,
  { account, sinceEpoch }: { account: string; sinceEpoch: number },
): Promise<string | null> {
  const words = [String(Math.max(0, Math.floor(sinceEpoch)))];
  const answer = await hand.ask({ verb: "why", words }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost" || answer.status !== "ok") return null;
  const said = findReason(Buffer.from(answer.data.get("lines") ?? []).toString("utf8"), account);
  return said === null ? null : `its sshd says ${quote(said)}`;
}

/** What sshd says when it refuses a key that stands in a file; most of what it thinks of a line it keeps to itself. */
const REASONS = [
  /Authentication refused: .*/,
  /User \S+ from \S+ not allowed because .*/,
  /User \S+ not allowed because .*/,
  /Account \S+ has expired.*/,
  /Access denied for user \S+ by PAM account configuration.*/,
  /(?:key type|signature algorithm) \S+ not in PubkeyAcceptedAlgorithms.*/,
  /refusing RSA key: .*/i,
  /Bad options in .*/,
  /ROOT LOGIN REFUSED .*/,
  /Authentication key \S+ \S+ revoked by file .*/,
  /Could not open (?:user|authorized) .*/,
];

/** The last reason of a process of sshd that spoke of the account. */
function findReason(log: string, account: string): string | null {
  const lines = log.split("\n").flatMap((line) => {
    const [, pid = "", text = ""] = /sshd(?:-session|-auth)?\[(\d+)\]: (.*)$/.exec(line) ?? [];
    return text === "" ? [] : [{ pid, text }];
  });
  const about = new RegExp(`(?:^| )(?:user|for|User|for invalid user) ${asPattern(account)}(?: |$)`);
  const pids = new Set(lines.filter(({ text }) => about.test(text)).map(({ pid }) => pid));
  const said = lines
    .filter(({ pid }) => pids.has(pid))
    .flatMap(({ text }) => REASONS.flatMap((pattern) => pattern.exec(text)?.[0] ?? []));
  return said.at(-1)?.replace(/ \[preauth\]$/, "") ?? null;
}

const asPattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
