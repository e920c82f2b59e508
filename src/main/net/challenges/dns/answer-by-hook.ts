import { type Answered, type ChallengeDeps, giveUp, type Undo } from "#net/challenges/challenge.ts";
import { findResolvers } from "#net/dns/ask-records.ts";
import type { AcmeChallenge, ChallengeWay } from "#shared/model/issuers/issuer.ts";
import { awaitRecord, followAliases, recordOf } from "./await-record.ts";
import { type Ran, runHook } from "./run-hook.ts";

type Dns = Extract<AcmeChallenge, { type: "dns-01" }>;

const HOOK_MS = 300_000;
const SPREAD_MS = 120_000;

/**
 * By a program of the user's on this computer, called as lego's exec provider calls it: `present RECORD. TXT`, and
 * `cleanup` with the same words. Those of certbot's hooks find their names in the environment.
 */
export async function answerByHook(
  { program }: Extract<ChallengeWay, { kind: "dns-hook" }>,
  { name, txt }: Dns,
  near: ChallengeDeps,
): Promise<Answered> {
  const { signal, hookMs = HOOK_MS, spreadMs = SPREAD_MS, resolvers = findResolvers() } = near;
  const record = recordOf(name);
  const wish = {
    env: {
      LATCHKEY_NAME: name,
      LATCHKEY_RECORD: record,
      LATCHKEY_TXT: txt,
      CERTBOT_DOMAIN: name,
      CERTBOT_VALIDATION: txt,
    },
    deadlineMs: hookMs,
  };
  const call = (verb: "present" | "cleanup", until: AbortSignal): Promise<Ran> =>
    runHook(program, { ...wish, words: [verb, `${record}.`, txt], signal: until });
  const undo: Undo = async () => {
    // Also when what asked for it is no longer wanted.
    const ran = await call("cleanup", new AbortController().signal);
    if (ran.kind === "done") return { kind: "undone" };
    return { kind: "left", message: `the TXT record of ${record}: ${say(program, "cleanup", ran)}` };
  };
  const ran = await call("present", signal);
  if (ran.kind === "failed" && !ran.isStarted)
    return { kind: "failed", message: say(program, "present", ran) };
  // What it did before it failed, only it can undo.
  if (ran.kind === "failed") return giveUp(say(program, "present", ran), undo);
  const at = await followAliases(record, { resolvers, signal });
  const spread = await awaitRecord({ record: at, txt, known: [], resolvers, spreadMs, signal });
  if (spread.kind === "unseen") return giveUp(spread.message, undo);
  return { kind: "ready", undo, note: spread.note };
}

const say = (program: string, verb: string, { why, said }: Extract<Ran, { kind: "failed" }>): string =>
  `${program} ${verb}: ${why}${said ? `; it says: ${said}` : ""}`;
