/** What is known of the accounts of a run: their entries now, and what logs tell of them. */

import {
  disabledSince,
  findNotReadUntil,
  type LogReading,
  readFileLines,
  readJournalLines,
  watchedUntil,
} from "#domain/runs/disable/rules.ts";
import type { WatchFacts } from "#domain/runs/remove/plan-removal.ts";
import type { AccountSeen, Observation } from "#domain/runs/step.ts";
import { inspectEntry, readAccountUses } from "#net/ssh/session/accounts.ts";
import { inspectHost } from "#net/ssh/session/inspect-host.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { acquireSession, hostOf, SessionLost } from "#runs/engine/runbook.ts";
import { observeKeys } from "#runs/kinds/access/install-key.ts";
import type { KeyRun } from "#runs/kinds/access/key-run.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type {
  AccountUse,
  AccountWatch,
  DisabledAccount,
  EntryState,
} from "#shared/model/runs/disabled-account.ts";
import type { DisableHost, DisablePlan } from "#shared/model/runs/plan.ts";
import type { RunState, RunStep } from "#shared/model/runs/run.ts";
import type { RunNote } from "#shared/model/runs/run-note.ts";
import { formatRefusal } from "#shared/text/runs/host-refusal.ts";
import type { RunRecord } from "#store/runs/run-table.ts";
import type { Store } from "#store/store.ts";

export type DisableRun = KeyRun<DisablePlan>;

/** What stands on a host: the entries of its accounts, and the files that admit keys to them. */
export async function observeAccounts(run: DisableRun, at: number | null): Promise<Observation> {
  const access = await observeKeys(run, at);
  if (access.kind !== "seen" || at === null) return access;
  const { remote } = await acquireSession(run, at);
  const accounts: AccountSeen[] = [];
  for (const account of hostOf(run, { host: at }).disables)
    accounts.push(await inspectAccount(remote, account));
  return { kind: "disable-seen", accounts, access };
}

/** What the entry of an account is now. Rejects with `SessionLost`. */
export async function inspectAccount(remote: RemoteSession, account: DisabledAccount): Promise<AccountSeen> {
  const entry = await inspectEntry(remote, account.account);
  if (entry.kind === "lost") throw new SessionLost(entry.message);
  if (entry.kind !== "entry" || !isSameAccount(entry, account)) return "other";
  const { before, after } = account;
  if (FIELDS.every((field) => entry.state[field] === after[field])) return "after";
  if (FIELDS.every((field) => entry.state[field] === before[field])) return "before";
  const isOurs = FIELDS.every((field) => [before[field], after[field]].includes(entry.state[field]));
  return isOurs ? "mixed" : "other";
}

const FIELDS: readonly (keyof EntryState)[] = ["shell", "password", "expires"];

type Identity = { uid: number; gid: number; home: string };

/** Of an account that was removed and made anew the number, the group or the home is another. */
const isSameAccount = (one: Identity, other: Identity): boolean =>
  one.uid === other.uid && one.gid === other.gid && one.home === other.home;

type Noted = { at: Instant; note: RunNote };

/** How often the logs are read while nobody asks. */
const READ_EVERY_MS = 86_400_000;

/** So many lines of one account on one host are kept, uses and tries, of the journal and of files each. */
const MOST_KEPT = 50;

/** What was written so long before the last reading is read once more: a log is written a little later than its lines say. */
const OVERLAP_MS = 3_600_000;

/** Reads the logs of each host, keeps what they tell that is not known yet, and sets when to read them again. */
export async function watchAccounts(
  run: DisableRun,
  known: readonly Noted[],
  now: () => Date,
): Promise<void> {
  const since = disabledSince(run.journal.steps());
  if (since === null) return;
  const seen = [...known];
  const note = async (one: RunNote): Promise<void> => {
    await run.journal.note(null, one);
    seen.push({ at: toInstant(now()), note: one });
  };
  for (const [index, host] of run.plan.hosts.entries())
    try {
      const { watched, uses } = await readHost(run, { host, index, since, now }, known);
      for (const use of uses) await note({ kind: "account-used", use });
      await note(watched);
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      const { host: name, port } = host;
      await run.journal.note(null, { kind: "watch-unreadable", host: name, port, why: error.message });
    }
  const until = watchedUntil(since, readingsOf(seen), run.plan.options.graceDays);
  const next = toInstant(new Date(now().getTime() + READ_EVERY_MS));
  const isOver = until <= toInstant(now());
  await run.journal.setDue(!isOver && until < next ? until : next);
  if (!isOver) await run.journal.note(null, { kind: "watch-until", dueAt: until });
}

type Watched = { host: DisableHost; index: number; since: Instant; now: () => Date };

async function readHost(
  run: DisableRun,
  { host, index, since, now }: Watched,
  known: readonly Noted[],
): Promise<{ watched: RunNote; uses: AccountUse[] }> {
  const { remote } = await acquireSession(run, index);
  const clock = await inspectHost(remote);
  if (clock.kind === "lost") throw new SessionLost(clock.message);
  const last = findLastWhole(readingsOf(known), host) ?? since;
  const from = Math.max(Date.parse(since), Date.parse(last) - OVERLAP_MS);
  // By the host's own clock, however far that is off. The run's last try to log in is of that very second.
  const sinceEpoch = clock.host.epochSeconds - Math.floor((now().getTime() - from) / 1_000) + 1;
  const [sources, partial] = [new Set<string>(), new Set<string>()];
  const uses: AccountUse[] = [];
  let [lines, tries, more] = [0, 0, 0];
  for (const { account } of host.disables) {
    const read = await readAccountUses(remote, account, sinceEpoch);
    if (read.kind === "lost") throw new SessionLost(read.message);
    if (read.kind !== "read")
      throw new SessionLost(
        formatRefusal(read.why, read.why === "open-folder" ? read.detail : `the account ${account}`),
      );
    for (const source of read.sources) sources.add(source);
    for (const source of read.partial) partial.add(source);
    const found = [
      ...readJournalLines(read.journal),
      ...readFileLines(read.lines, { now: read.now, zone: read.zone, since: sinceEpoch }),
    ].map((line): AccountUse => ({ host: host.host, port: host.port, account, ...line }));
    const kept = linesOf(known).filter((use) => isOf(use, host) && use.account === account);
    const isKnown = new Set(kept.map(keyOf));
    const fresh = found.filter((use) => !isKnown.has(keyOf(use)));
    lines += fresh.filter(({ isTry }) => !isTry).length;
    tries += fresh.filter(({ isTry }) => isTry).length;
    for (const kind of [0, 1, 2, 3]) {
      const ofKind = (use: AccountUse): boolean => kindOf(use) === kind;
      const left = Math.max(0, MOST_KEPT - kept.filter(ofKind).length);
      const came = fresh.filter(ofKind);
      uses.push(...came.slice(Math.max(0, came.length - left)));
      more += Math.max(0, came.length - left);
    }
  }
  const { host: name, port } = host;
  const watched: RunNote = {
    kind: "account-watched",
    host: name,
    port,
    sources: [...sources],
    partial: [...partial],
    uses: lines,
    tries,
    more,
  };
  return { watched, uses };
}

/** Of the journal or of a file, a use or a try: none of these takes the room of another. */
const kindOf = ({ source, isTry }: AccountUse): number => (source === "journal" ? 0 : 1) + (isTry ? 2 : 0);

const keyOf = ({ at, line, source }: AccountUse): string => JSON.stringify([at, line, source]);

const isOf = (one: { host: string; port: number }, other: { host: string; port: number }): boolean =>
  one.host === other.host && one.port === other.port;

const linesOf = (notes: readonly Noted[]): AccountUse[] =>
  notes.flatMap(({ note }) => (note.kind === "account-used" ? [note.use] : []));

const usesOf = (notes: readonly Noted[]): AccountUse[] => linesOf(notes).filter(({ isTry }) => !isTry);

/** The readings of logs that were noted. */
const readingsOf = (notes: readonly Noted[]): LogReading[] =>
  notes.flatMap(({ at, note }) =>
    note.kind === "account-watched"
      ? [
          {
            host: note.host,
            port: note.port,
            at,
            isUse: note.uses > 0,
            isWhole: note.partial.length === 0,
          },
        ]
      : [],
  );

/** When all logs of a host were read to their end last; null: never. */
const findLastWhole = (
  readings: readonly LogReading[],
  host: { host: string; port: number },
): Instant | null => readings.findLast((one) => isOf(one, host) && one.isWhole)?.at ?? null;

/** Some log of this host was read to its end: something is known of it. */
const isKnownOf = (notes: readonly Noted[], host: { host: string; port: number }): boolean =>
  notes.some(
    ({ note }) =>
      note.kind === "account-watched" && isOf(note, host) && note.partial.length < note.sources.length,
  );

const OVER: ReadonlySet<RunState> = new Set<RunState>(["committed", "rolled-back"]);

/** What is known by now of the uses of the accounts that a run has disabled; null: it has disabled none. */
export function findWatch({ runbooks }: Store, run: RunRecord): AccountWatch | null {
  const plan = OVER.has(run.state) ? null : runbooks.plans.find(run.planId)?.plan;
  if (plan?.kind !== "disable-account") return null;
  const since = disabledSince(runbooks.journal.steps(run.id));
  if (since === null) return null;
  const notes = runbooks.journal.notes(run.id);
  const readings = readingsOf(notes);
  return {
    since,
    until: watchedUntil(since, readings, plan.options.graceDays),
    uses: usesOf(notes),
    tries: linesOf(notes).filter(({ isTry }) => isTry),
    read: plan.hosts.map(({ host, port }) => ({
      host,
      port,
      at: findLastWhole(readings, { host, port }),
    })),
    removedBy: runbooks.runs.removalsOf(run.id)[0] ?? null,
  };
}

/** For the removal of the accounts that a run has disabled. Refuses a run that has disabled none, or is at work. */
export function findWatchFacts({ runbooks }: Store, id: number): { plan: DisablePlan; watch: WatchFacts } {
  const run = runbooks.runs.find(id);
  const plan = run && runbooks.plans.find(run.planId)?.plan;
  if (!run || plan?.kind !== "disable-account")
    throw new Refusal("not-found", `there is no run ${id} that has disabled accounts`);
  const since = disabledSince(runbooks.journal.steps(run.id));
  if ((run.state !== "waiting" && run.state !== "committed") || since === null)
    throw new Refusal(
      "conflict",
      `run ${id} is ${run.state}, and has not disabled all of its accounts; resume it`,
    );
  const notes = runbooks.journal.notes(run.id);
  const readings = readingsOf(notes);
  const until = watchedUntil(since, readings, plan.options.graceDays);
  const watch = {
    until,
    uses: usesOf(notes).length,
    tries: linesOf(notes).length - usesOf(notes).length,
    neverRead: plan.hosts.filter((host) => !isKnownOf(notes, host)),
    notReadToEnd: findNotReadUntil(plan.hosts, readings, until),
  };
  return { plan, watch };
}

/** Whether the time to watch is over and the logs of each host were read to its end, so that somebody may decide. */
export function isDecidable(
  plan: DisablePlan,
  { steps, notes }: { steps: readonly RunStep[]; notes: readonly Noted[] },
  now: Date,
): boolean {
  const since = disabledSince(steps);
  if (since === null) return false;
  const readings = readingsOf(notes);
  const until = watchedUntil(since, readings, plan.options.graceDays);
  return until <= toInstant(now) && findNotReadUntil(plan.hosts, readings, until).length === 0;
}
