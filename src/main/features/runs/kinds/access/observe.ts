import { evaluateFile } from "#domain/runs/files/stages.ts";
import { leftOutOf } from "#domain/runs/left-out-files.ts";
import type { FileSeen, Observation, PrivateKeySeen } from "#domain/runs/step.ts";
import { isClockKept } from "#domain/runs/watch-old-key.ts";
import { lookAtFile, lookAtHost } from "#net/ssh/session/inspect-host.ts";
import type { Hand } from "#net/ssh/session/remote-session.ts";
import { enterHost, hostOf, SessionLost } from "#runs/engine/runbook.ts";
import type { HostAddress, KeyPlan } from "#shared/model/runs/plan.ts";
import { privateKeysAt } from "./install-key.ts";
import { type KeyRun, nearOf, newKeyLine } from "./key-run.ts";

/** The files and private keys of a host of the plan, or those of this computer (null), as they stand now. Rejects with `SessionLost`. */
export async function observeKeys(run: KeyRun, at: number | null): Promise<Observation> {
  if (at === null)
    return {
      kind: "seen",
      files: [],
      leftOut: [],
      hasWork: false,
      holders: await inspectPrivateKeys(run, null, null),
    };
  const { hand } = await enterHost(run, at);
  const host = hostOf(run, { host: at });
  await keepClock(run, host, hand);
  const files = await lookAtFiles(run, host, hand);
  return { kind: "seen", ...files, holders: await inspectPrivateKeys(run, at, hand) };
}

async function lookAtFiles(run: KeyRun, host: KeyPlan["hosts"][number], hand: Hand) {
  const files: FileSeen[] = [];
  let hasWork = false;
  for (const file of host.files) {
    const look = await lookAtFile(hand, file.path);
    if (look.kind === "lost") throw new SessionLost(look.message);
    const { content, lock, state, kept } = look.file;
    const isMissing = file.creates !== undefined && state === "absent";
    const none = isMissing ? "before" : "unread";
    files.push(content ? evaluateFile(file, content, newKeyLine(run)).seen : none);
    // What was made for the run and holds nothing yet.
    if (file.creates !== undefined && content?.length === 0) hasWork = true;
    if (lock?.token === run.token || kept.includes(run.token)) hasWork = true;
  }
  return { files, leftOut: leftOutOf(run.journal.files(), host), hasWork };
}

async function inspectPrivateKeys(
  run: KeyRun,
  at: number | null,
  hand: Hand | null,
): Promise<PrivateKeySeen[]> {
  const seen: PrivateKeySeen[] = [];
  for (const holder of privateKeysAt(run, { host: at }))
    seen.push(await run.holders.look(nearOf(run), holder, hand));
  return seen;
}

/**
 * Keeps how far the clock of a host is ahead, as long as `isClockKept`. It is at least so far ahead, for this computer's clock is
 * read once the host has answered. Rejects with `SessionLost`.
 */
export async function keepClock({ plan, journal }: KeyRun, host: HostAddress, hand: Hand): Promise<void> {
  if (!isClockKept(plan, journal.steps())) return;
  const look = await lookAtHost(hand);
  if (look.kind === "lost") throw new SessionLost(look.message);
  const answered = Math.floor(journal.now().getTime() / 1_000);
  await journal.keepClock({
    host: host.host,
    port: host.port,
    aheadSeconds: look.host.epochSeconds - answered,
  });
}
