import { type HostRefusal, isHostRefusal } from "#shared/model/host-refusal.ts";
import type { Hand, HandAnswer, HandRequest, Lost } from "./hand.ts";
import type { LockHolder } from "./look.ts";

/** Nothing was changed. `why`: `unknown` where a host says what no hand of ours does. `holder`: of `held`, the run that it names. */
export type Refused = { kind: "refused"; why: HostRefusal; detail: string; holder?: LockHolder };
/** It was begun, and may have been done; the file is the old or the new one, and a look tells which. */
export type Failed = { kind: "failed"; why: HostRefusal; detail: string; holder?: LockHolder };

type Answered = Exclude<HandAnswer, Lost>;

const DEADLINE_MS = 30_000;

export const exchange = (hand: Hand, request: HandRequest): Promise<HandAnswer> =>
  hand.ask(request, { deadlineMs: DEADLINE_MS });

/**
 * The same for what puts a file in the place of another: what failed may have been done, as where its host has ended it half-way. Asked once
 * more, it goes on from what stands there, or says why it does not.
 */
export async function insist(hand: Hand, request: HandRequest): Promise<HandAnswer> {
  const answer = await exchange(hand, request);
  return answer.kind === "answered" && answer.status === "fail" ? exchange(hand, request) : answer;
}

/** As a run writes it down. */
const WHO = /^[A-Za-z0-9@._:-]{1,200}$/;

export function readTail({ status, words }: Answered): Refused | Failed {
  const [why = "", ...detail] = words;
  const holder = why === "held" ? readHolder(detail) : null;
  return {
    kind: status === "no" ? "refused" : "failed",
    why: isHostRefusal(why) ? why : "unknown",
    detail: detail.join(" "),
    ...(holder && { holder }),
  };
}

/** Words of a lock: who holds it, since when, until when, and what time it is there. Null where they are none that a run writes. */
export function readHolder([token, who, since, leaseEnd, now]: readonly string[]): LockHolder | null {
  const isTime = (word: string | undefined): boolean => /^\d{1,10}$/.test(word ?? "");
  if (!token || who === undefined || !WHO.test(who) || ![since, leaseEnd, now].every(isTime)) return null;
  return { token, who, since: Number(since), leaseEnd: Number(leaseEnd), now: Number(now) };
}
