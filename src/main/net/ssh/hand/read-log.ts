import { exchange, type Failed, type Refused, readTail } from "./exchange.ts";
import type { Hand, Lost } from "./hand.ts";

type LogReading = {
  kind: "read";
  /** As the logs have them, the oldest first; at most 2,000. */
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
  return { kind: "read", lines: answer.data.get("lines") ?? new Uint8Array(), sources };
}
