/** The servers that read a pair: what they say of the new files, and having them read those. */

import { readTail } from "#net/ssh/session/exchange.ts";
import type { Hand, HandAnswer, Lost } from "#net/ssh/session/hand.ts";
import type { Service } from "#shared/model/pair.ts";
import { type PairFiles, type PairTail, wordsOfFiles, wordsOfService } from "./pair-words.ts";

/** `said`: its own words, as far as it had any. Written by strangers. */
export type PairTested = { kind: "passed" | "failed" | "untested"; said: string };
/** `pid`: its first process before and after, where one could be told. */
export type Reloaded = {
  kind: "reloaded" | "not-reloaded";
  said: string;
  pid: { before: number | null; after: number | null };
};

/** A server with a large configuration takes its time for either. */
const DEADLINE_MS = 120_000;
const MOST_SAID = 2_000;

/** The server's own test, where its configuration finds what is staged in place of what is in use. Nothing is changed. */
export async function testPair(
  hand: Hand,
  { token, id, files, wanted, consumer }: PairFiles & { consumer: Service },
): Promise<PairTested | PairTail> {
  const words = [token, id, ...wordsOfService(consumer), ...wordsOfFiles(files, wanted)];
  const answer = await hand.ask({ verb: "pair_test", words }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const [kind] = answer.words;
  if (kind !== "passed" && kind !== "failed" && kind !== "untested")
    return { kind: "lost", message: "it answers what makes no sense" };
  return { kind, said: readSaid(answer) };
}

/** The server's own test of its configuration as it is, before there is anything of a run. Nothing is changed. */
export const testServer = (hand: Hand, consumer: Service): Promise<PairTested | PairTail> =>
  testPair(hand, { token: "none", id: "none", files: [], wanted: [], consumer });

/** By its supervisor where it has one. That it was told proves nothing: what it serves does. */
export async function reloadService(
  hand: Hand,
  consumer: Service,
  files: Pick<PairFiles, "files" | "wanted"> = { files: [], wanted: [] },
): Promise<Reloaded | PairTail> {
  const words = [...wordsOfService(consumer), ...wordsOfFiles(files.files, files.wanted)];
  const answer = await hand.ask({ verb: "pair_reload", words }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const [kind, before, after] = answer.words;
  if (kind !== "reloaded" && kind !== "not-reloaded")
    return { kind: "lost", message: "it answers what makes no sense" };
  return { kind, said: readSaid(answer), pid: { before: readPid(before), after: readPid(after) } };
}

const readPid = (word: string | undefined): number | null =>
  word && /^[1-9]\d{0,9}$/.test(word) ? Number(word) : null;

const readSaid = ({ told }: Exclude<HandAnswer, Lost>): string =>
  (told.get("said") ?? [])
    .map((words) => words.join(" "))
    .join("\n")
    .slice(0, MOST_SAID);
