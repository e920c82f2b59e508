import type { Collection } from "#domain/collection/collection.ts";
import type { PathEntry } from "#domain/collection/paths.ts";
import type { HostWorkloads } from "#domain/collection/read-workloads.ts";
import { evaluateWithin, spend } from "#domain/work-budget.ts";
import type { UnassignedWorkloads, Workload } from "#shared/model/access/workload.ts";
import type { Audience, HostPrograms, SetuidProgram } from "#shared/model/hosts/host-programs.ts";
import { evaluateServices } from "./units.ts";

/** What runs as one account: the first of `count`, what starts by itself before any other. */
export type WorkloadList = { workloads: Workload[]; count: number };

/** As whom something runs that is no account. */
export type UnknownUser = { user: string | null; why: UnassignedWorkloads["why"] };

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

/** Whether nothing that runs there can have been missed: what is left out may be anybody's. */
export const areWorkloadsWhole = (
  { incomplete, unreadable, workloads }: Collection,
  found: AccountWorkloads | null,
): boolean =>
  found !== null &&
  found.tooMuch.length === 0 &&
  incomplete === null &&
  unreadable.every(({ kind, isAbsent }) => kind !== "workload" || isAbsent === true) &&
  workloads?.unitFiles.every(({ kind }) => kind !== "unreadable") === true;

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

/** A stream may have more: a collector of ours sends no more than these. */
const MOST = { programs: 500, keytabs: 20, principals: 200, unassigned: 100, workloads: 20 };

const SETUID = 0o4000;
const SETGID = 0o2000;

/** What runs on a host and is not one account's alone; null where that was not read. */
export function describePrograms(
  collection: Collection,
  workloads: AccountWorkloads | null,
): HostPrograms | null {
  const read = collection.workloads;
  if (!read) return null;
  const describe = setuidDescriber(collection);
  const isWhole = (of: "setuid" | "keytab") => collection.unreadable.every(({ kind }) => kind !== of);
  return {
    uidRange: read.uids,
    setuidPrograms: read.setuidPrograms
      .slice(0, MOST.programs)
      .map(describe)
      .toSorted((one, other) => rankOf(one) - rankOf(other) || compare(one.path, other.path)),
    isSetuidWhole: collection.incomplete === null && isWhole("setuid"),
    keytabs: isWhole("keytab")
      ? read.keytabs
          .slice(0, MOST.keytabs)
          .map(({ path, principals }) => ({ path, principals: principals.slice(0, MOST.principals) }))
      : null,
    unassigned: (workloads?.ofUnknown ?? []).slice(0, MOST.unassigned).map((one) => ({
      user: one.user,
      why: one.why,
      count: one.count,
      workloads: one.workloads.slice(0, MOST.workloads),
    })),
  };
}

function setuidDescriber({ accounts, groups }: Collection): (entry: PathEntry) => SetuidProgram {
  spend(accounts.length + (groups?.length ?? 0));
  // Of several accounts with one uid the first counts.
  const users = new Map(accounts.toReversed().map(({ uid, name }) => [uid, name]));
  const names = new Map((groups ?? []).toReversed().map(({ gid, name }) => [gid, name]));
  return ({ path, mode, uid, gid, hasAcl }) => ({
    path,
    owner: users.get(uid) ?? String(uid),
    group: names.get(gid) ?? String(gid),
    isSetuid: (mode & SETUID) !== 0,
    isSetgid: (mode & SETGID) !== 0,
    startableBy: audienceOf(mode, 0o1),
    writableBy: audienceOf(mode, 0o2),
    hasAcl,
  });
}

/** `bit`: that of everybody; the group's is eight times as large. */
function audienceOf(mode: number, bit: number): Audience {
  if (mode & bit) return "everybody";
  return mode & (bit * 8) ? "group" : "owner";
}

const rankOf = ({ writableBy, hasAcl, owner }: SetuidProgram): number => {
  if (writableBy !== "owner" || hasAcl) return 0;
  return owner === "root" ? 2 : 1;
};

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
