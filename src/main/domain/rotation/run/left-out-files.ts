/** What follows from files that a run has left out, because of what their owner has laid in its way. */
import { LEFT_OUT } from "#domain/rotation/plan/left-out.ts";
import { isWithout } from "#domain/runs/step.ts";
import { type HostAddress, type KeyPlan, oldKeyOf } from "#shared/model/plan.ts";
import type { Phase, RunFile } from "#shared/model/run.ts";

/** A host of which files change. */
export type ChangedHost = KeyPlan["hosts"][number];

/** From which phase on each file of a host is left out, by its place in the plan; null: it is not. */
export const leftOutOf = (files: readonly RunFile[], host: ChangedHost): (Phase | null)[] =>
  host.files.map(({ path }) => {
    const found = files.find((one) => one.fate === "left-out" && isOf(one, host) && one.path === path);
    return found?.phase ?? null;
  });

const isOf = (file: RunFile, { host, port }: HostAddress): boolean =>
  file.host === host && file.port === port;

/**
 * Whether a phase that changes files may do nothing at all on this host: a canary that changes nothing would prove nothing, and so
 * would a run.
 */
export const canDoWithout = (
  plan: KeyPlan,
  own: ChangedHost,
  phase: Phase,
  files: readonly RunFile[],
): boolean => {
  const isCanary = plan.options.canary && own.batch === 0;
  return !isCanary && plan.hosts.some((host) => host !== own && hasFilesLeft(host, phase, files));
};

const hasFilesLeft = (host: ChangedHost, phase: Phase, files: readonly RunFile[]): boolean => {
  const leftOut = leftOutOf(files, host);
  return host.files.some(
    (file, index) =>
      file[phase === "remove" ? "removed" : "added"] !== null && !isWithout(leftOut[index], phase),
  );
};

/** Somewhere the old key still lets in, or its holder was left out: its private halves are kept aside at the end. */
export const keepsOldHalves = (plan: KeyPlan, files: readonly RunFile[]): boolean =>
  (oldKeyOf(plan) !== null && files.some(({ fate }) => fate === "left-out")) ||
  plan.checks.some(({ id, state }) => state === "consent" && LEFT_OUT.has(id)) ||
  plan.hosts.some((host) => host.files.some(({ added, removed }) => added !== null && removed === null));
