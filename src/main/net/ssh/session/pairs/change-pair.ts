/** The files of a pair on a host: all of them become the new ones, or what they were. */

import { readTail } from "#net/ssh/session/exchange.ts";
import type { Hand } from "#net/ssh/session/hand.ts";
import type { Service } from "#shared/model/pair.ts";
import type { RollbackTimer } from "#shared/model/plan.ts";
import {
  type PairChanged,
  type PairFiles,
  type PairOfRun,
  type PairTail,
  readPairChanged,
  wordsOfFiles,
  wordsOfService,
} from "./pair-words.ts";

/** Files are hashed, moved and flushed; a supervisor is asked for a timer. */
const DEADLINE_MS = 60_000;

type ArmRequest = PairFiles & { way: RollbackTimer; seconds: number; consumers: readonly Service[] };

/** Before a swap: has the host itself put back what was there after so many seconds, and tell its servers. */
export async function armPair(
  hand: Hand,
  { token, id, way, seconds, consumers, files, wanted }: ArmRequest,
): Promise<{ kind: "armed" } | PairTail> {
  const words = [
    token,
    id,
    way,
    String(seconds),
    String(consumers.length),
    ...consumers.flatMap(wordsOfService),
    ...wordsOfFiles(files, wanted),
  ];
  const answer = await hand.ask({ verb: "pair_arm", words }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "armed" } : readTail(answer);
}

/** `fired`: it was too late, and the host has put back what was there, or is about to. */
export async function disarmPair(
  hand: Hand,
  { token, id }: PairOfRun,
): Promise<{ kind: "disarmed" } | { kind: "fired" } | PairTail> {
  const answer = await hand.ask({ verb: "pair_disarm", words: [token, id] }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  if (answer.words[0] === "fired") return { kind: "fired" };
  return answer.status === "ok" ? { kind: "disarmed" } : readTail(answer);
}

/** `changed`: all are what they were. No server is told. */
export async function swapPair(
  hand: Hand,
  { token, id, files, wanted }: PairFiles,
): Promise<{ kind: "swapped"; already: boolean } | PairChanged | PairTail> {
  const words = [token, id, ...wordsOfFiles(files, wanted)];
  const answer = await hand.ask({ verb: "pair_swap", words }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok") return { kind: "swapped", already: answer.words[0] === "already" };
  return readPairChanged(answer.words) ?? readTail(answer);
}

/** The very files that were there, with all that they had; `changed`: none is back. No server is told. */
export async function backPair(
  hand: Hand,
  { token, id, files, wanted }: PairFiles,
): Promise<{ kind: "back"; already: boolean } | PairChanged | PairTail> {
  const words = [token, id, ...wordsOfFiles(files, wanted)];
  const answer = await hand.ask({ verb: "pair_back", words }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok") return { kind: "back", already: answer.words[0] === "already" };
  return readPairChanged(answer.words) ?? readTail(answer);
}

/** Nothing of the pair but the files in use is left: no old key, no new one beside them. */
export async function endPair(hand: Hand, { token, id }: PairOfRun): Promise<{ kind: "ended" } | PairTail> {
  const answer = await hand.ask({ verb: "pair_end", words: [token, id] }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "ended" } : readTail(answer);
}
