import type { Collection } from "#domain/collection/collection.ts";
import type { HostWorkloads } from "#domain/collection/read-workloads.ts";
import { evaluateWithin, spend } from "#domain/work-budget.ts";
import type { Workload } from "#shared/model/access/account.ts";
import { evaluateServices } from "./units.ts";

/** What runs as one account: the first of `count`, what starts by itself before any other. */
export type WorkloadList = { workloads: Workload[]; count: number };

/**
 * `no-account`: nobody has the name or the number. `dynamic`: systemd makes it while the service runs. `not-known`: what
 * says it could not be read; then there is no user.
 */
export type UnknownUser = { user: string | null; why: "no-account" | "dynamic" | "not-known" };

export type AccountWorkloads = {
  ofAccount: ReadonlyMap<string, WorkloadList>;
  ofUnknown: readonly (UnknownUser & WorkloadList)[];
  /** What was not evaluated, since it exceeds the work budget. */
  tooMuch: string[];
};

/** The work budget, in steps; see work-budget.ts. */
const MOST_STEPS = 15_000_000;

/** So many are listed of an account. */
const MOST_LISTED = 200;

/** What runs as each account of a host; null where that was not read. */
export function evaluateWorkloads({ workloads, accounts }: Collection): AccountWorkloads | null {
  if (!workloads) return null;
  return evaluateWithin(
    MOST_STEPS,
    () => assignWorkloads(workloads, accounts),
    () => ({ ofAccount: new Map(), ofUnknown: [], tooMuch: ["what runs as which account"] }),
  );
}

type Named = Pick<Collection["accounts"][number], "name" | "uid">;

function assignWorkloads(read: HostWorkloads, accounts: readonly Named[]): AccountWorkloads {
  spend(accounts.length);
  const byName = new Map(accounts.map(({ name }) => [name, name]));
  // Of several accounts with one number the first counts.
  const byUid = new Map(accounts.toReversed().map(({ uid, name }) => [uid, name]));
  const ofAccount = new Map<string, Workload[]>();
  const ofUnknown = new Map<string, UnknownUser & { all: Workload[] }>();
  const accountOf = (user: string): string | null =>
    byName.get(user) ?? (/^\d{1,10}$/.test(user) ? byUid.get(Number(user)) : undefined) ?? null;
  const addUnknown = (unknown: UnknownUser, workload: Workload) => {
    const key = JSON.stringify(unknown);
    const known = ofUnknown.get(key);
    if (known) known.all.push(workload);
    else ofUnknown.set(key, { ...unknown, all: [workload] });
  };
  const add = (user: string, workload: Workload, why: UnknownUser["why"] = "no-account") => {
    spend();
    const account = accountOf(user);
    if (account === null) return addUnknown({ user, why }, workload);
    const known = ofAccount.get(account);
    if (known) known.push(workload);
    else ofAccount.set(account, [workload]);
  };
  const services = evaluateServices(read).toSorted(compareServices);
  for (const { user, ...service } of services) {
    const workload: Workload = { kind: "unit", ...service };
    if (user.kind === "unknown") addUnknown({ user: null, why: "not-known" }, workload);
    else add(user.user, workload, user.kind === "dynamic" ? "dynamic" : "no-account");
  }
  for (const { account, program, ...job } of read.cronJobs) add(account, { kind: "cron", ...job, program });
  for (const { uid, path } of read.atJobs) add(String(uid), { kind: "at", path });
  // Most of them first, for a list is cut at its end.
  const processes = read.processes.filter((process) => !isLogin(process));
  for (const { uid, ...process } of processes.toSorted((a, b) => b.count - a.count))
    add(String(uid), { kind: "process", ...process });
  return {
    ofAccount: new Map([...ofAccount].map(([name, all]) => [name, toList(all)])),
    ofUnknown: [...ofUnknown.values()].map(({ all, user, why }) => ({ user, why, ...toList(all) })),
    tooMuch: [],
  };
}

/** What sshd keeps for each login, the scan's own as well: that somebody is logged in is no workload. */
const isLogin = ({ name, uid }: { name: string; uid: number }): boolean =>
  name === "sshd-session" || name === "sshd-auth" || (name === "sshd" && uid !== 0);

const compareServices = (a: { name: string; isEnabled: boolean }, b: typeof a): number =>
  Number(b.isEnabled) - Number(a.isEnabled) || (a.name < b.name ? -1 : 1);

const toList = (all: readonly Workload[]): WorkloadList => ({
  workloads: all.slice(0, MOST_LISTED),
  count: all.length,
});
