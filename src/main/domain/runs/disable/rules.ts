import { clearTask, FILE_POLICY, forwardTask, reachedInFiles } from "#domain/runs/file-steps.ts";
import { type NextTask, numberSteps, type RunRules } from "#domain/runs/runbook.ts";
import type { AccountSeen, Step } from "#domain/runs/step.ts";
import { DAY_SECONDS, dateDays, instantOf, readOffset, toSeconds } from "#domain/use/log-dates.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import type { AccountIdentity } from "#shared/model/runs/disabled-account.ts";
import type { DisableHost, DisablePlan } from "#shared/model/runs/plan.ts";
import type { Phase, RunStep, StepState } from "#shared/model/runs/run.ts";
import { described } from "#shared/model/runs/step-result.ts";

/**
 * Disables accounts, and then revokes their grants: an account that writes its own file meanwhile is shut already. No
 * file is held while the run waits. Nothing ends the wait but a person; until then all of it can be rolled back.
 */
export const DISABLE_RULES: RunRules<DisablePlan> = {
  phases: ["disable", "revoke", "keep", "finish"],
  policy: { ...FILE_POLICY, delaysOf: () => [{ phase: "finish", until: "grace" }] },
  steps: ({ hosts }) =>
    numberSteps(
      DISABLE_RULES.phases.flatMap((phase) =>
        hosts.flatMap((host, index) =>
          takesPart(host, phase) ? [{ phase, host: index, batch: host.batch }] : [],
        ),
      ),
    ),
  forward(plan, step, state, seen) {
    if (!seen) return "inspect";
    const isBegun = state !== "planned";
    if (seen.kind === "lost")
      return isBegun || step.phase === "finish"
        ? null
        : { step, what: "settle", as: "failed", cause: described(seen.why) };
    if (seen.kind !== "disable-seen") throw new Error("accounts were not seen where accounts are disabled");
    switch (step.phase) {
      case "disable":
        return entryTask(plan.hosts[step.host ?? -1]?.disables ?? [], step, state, seen.accounts);
      case "keep":
        return clearTask(step, seen.access, isBegun);
      case "revoke":
        return forwardTask({ step, state, last: "finish" }, seen.access, (reading) =>
          reachedInFiles(
            plan.hosts[step.host ?? -1]?.files ?? [],
            { from: "added", to: "removed" },
            { phase: step.phase, seen: reading, mayLeaveOut: !isBegun },
          ),
        );
      default:
        return { step, what: "act" };
    }
  },
  /** What an earlier try has put back may be neither verified nor noted. */
  back: (_, step, seen) => {
    if (!seen) return "inspect";
    return seen.kind === "lost" ? null : { step, what: "undo", as: "rolled-back" };
  },
};

function takesPart({ disables, files }: DisableHost, phase: Phase): boolean {
  const isDisabled = disables.length > 0;
  if (phase === "disable" || phase === "finish") return isDisabled;
  return isDisabled && files.some(({ removed }) => removed !== null);
}

/**
 * The next task of a step that changes the entries of accounts. Where one of them is neither what it was nor what it
 * becomes, nothing is done to any.
 */
export function entryTask(
  planned: readonly AccountIdentity[],
  step: Step,
  state: StepState,
  accounts: readonly AccountSeen[],
): NextTask {
  const odd = accounts.indexOf("other");
  const isBegun = state !== "planned";
  // It was done, and is so no more: the host's own timer has put it back.
  if (state === "acted" && accounts.every((one) => one === "before"))
    return { step, what: "undo", as: "failed", cause: { kind: "rollback-timer-fired" } };
  if (odd >= 0) {
    const account = planned[odd]?.account ?? "";
    const cause = { kind: "account-changed" as const, account };
    const isUntouched = !isBegun && accounts.every((one) => one === "before" || one === "other");
    return isUntouched
      ? { step, what: "settle", as: "failed", cause }
      : { step, what: "undo", as: "failed", cause };
  }
  return { step, what: isBegun && accounts.every((one) => one === "after") ? "verify" : "act" };
}

/** A line with when it was written, by the host's clock; null: it has no date that can be read. */
export type DatedLine = { at: Instant | null; line: string; source: string; isTry: boolean };

/** When the accounts of a run were disabled, and what it does itself as one of them was over; null: not yet. */
export function disabledSince(steps: readonly RunStep[]): Instant | null {
  const done = steps.filter(({ phase }) => phase !== "finish");
  if (done.length === 0 || done.some(({ state }) => state !== "verified")) return null;
  return (
    done
      .flatMap(({ at }) => at ?? [])
      .toSorted()
      .at(-1) ?? null
  );
}

/** When this computer read the logs of a host, whether a use was seen then, and whether all were read to their end. */
export type LogReading = { host: string; port: number; at: Instant; isUse: boolean; isWhole: boolean };

/**
 * Until when the logs are watched. Each use begins the days anew: whoever it was needs the account. It is by when this computer
 * saw it: a date that a host gives moves nothing.
 */
export function watchedUntil(since: Instant, readings: readonly LogReading[], graceDays: number): Instant {
  const used = readings.filter(({ isUse }) => isUse).map(({ at }) => at);
  const last = [since, ...used].toSorted().at(-1) ?? since;
  return toInstant(new Date(Date.parse(last) + graceDays * DAY_SECONDS * 1_000));
}

/** The hosts whose logs nobody has read to the end of the watch: whether their accounts are used is not known. */
export const findNotReadUntil = <Host extends { host: string; port: number }>(
  hosts: readonly Host[],
  readings: readonly LogReading[],
  until: Instant,
): Host[] =>
  hosts.filter(
    ({ host, port }) =>
      !readings.some((one) => one.host === host && one.port === port && one.at >= until && one.isWhole),
  );

/** Entries of a journal: + for a use or - for a try, the second since 1970, and a fraction, before each. */
export const readJournalLines = (lines: readonly string[]): DatedLine[] =>
  lines.flatMap((text): DatedLine[] => {
    const [, kind, seconds, line = ""] = /^([+-])(\d{1,12})(?:\.\d+)? (.*)$/.exec(text) ?? [];
    return seconds === undefined
      ? []
      : [{ at: instantOf(Number(seconds)), line, source: "journal", isTry: kind === "-" }];
  });

type HostClock = { now: number; zone: string | null; since: number };

/**
 * Lines of plain files, each after its path, a tab, and + or -, that were written since then. One without a date that can be
 * read counts: nobody knows that it is older.
 */
export function readFileLines(lines: readonly string[], { now, zone, since }: HostClock): DatedLine[] {
  const offset = readOffset(zone);
  const newest = Math.floor((now + offset) / DAY_SECONDS) + 1;
  return lines.flatMap((text): DatedLine[] => {
    const tab = text.indexOf("\t");
    if (tab < 0) return [];
    const [source, isTry, line] = [text.slice(0, tab), text[tab + 1] === "-", text.slice(tab + 2)];
    const [, day = "", time = ""] =
      /^(\d{4}-\d\d-\d\d)T(\S+) /.exec(line) ?? /^([A-Z][a-z]{2} [ \d]\d) (\d\d:\d\d:\d\d) /.exec(line) ?? [];
    const [date = null] = dateDays([day], newest);
    const at = date === null ? null : toSeconds(date, time, offset);
    if (at !== null && at < since) return [];
    return [{ at: at === null ? null : instantOf(at), line, source, isTry }];
  });
}
