import { exchange, type Failed, type Refused, readTail } from "./exchange.ts";
import type { Hand, Lost } from "./hand.ts";

export type LogReading = {
  kind: "read";
  /** Entries of the journal as `journalctl -o json` writes them, one a line, the oldest first; at most 500. */
  journal: Uint8Array;
  /** Of plain files, which any user of the host may write by syslog: each line after its path and a tab; at most 2,000. */
  lines: Uint8Array;
  /** `journal`, or paths of files. */
  sources: string[];
};

/**
 * What the host's logs tell of logins by these keys. Files are read as far back as the one before the last rotation,
 * whatever `sinceEpoch` says; that a key is not in them says nothing about what they do not hold.
 */
export async function readLoginLines(
  hand: Hand,
  { sinceEpoch, fingerprints }: { sinceEpoch: number; fingerprints: readonly string[] },
): Promise<LogReading | Refused | Failed | Lost> {
  const words = [String(Math.max(0, Math.floor(sinceEpoch))), ...fingerprints];
  const answer = await exchange(hand, { verb: "log", words });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const sources = [...(answer.told.get("sources")?.[0] ?? [])];
  const block = (name: string) => answer.data.get(name) ?? new Uint8Array();
  return { kind: "read", journal: block("journal"), lines: block("lines"), sources };
}
