import { USUAL_FIRST } from "#domain/accounts/account-kind.ts";
import { parseUnitName } from "#domain/accounts/unit-name.ts";
import { formatGrants } from "#domain/runs/access/change-grants.ts";
import {
  type ChangeSet,
  type Draft,
  findLines,
  makeCheck,
  mergeFiles,
  NO_CHANGES,
  type Unplannable,
} from "#domain/runs/access/change-set.ts";
import { draftHost } from "#domain/runs/access/draft-host.ts";
import { disableRequest, refuseEdited } from "#domain/runs/access/imported/read-change-set.ts";
import type { AccountEntry, HostFacts, PlanFacts } from "#domain/runs/access/plan-facts.ts";
import { findRemaining } from "#domain/runs/left-out-files.ts";
import { chooseConfirmation, isProduction, orderHosts, toPlannedHost } from "#domain/runs/planned-hosts.ts";
import type { PlanRequest } from "#shared/contract/runs.ts";
import { type DisabledAccount, EXPIRED_DAY } from "#shared/model/runs/disabled-account.ts";
import { type Check, type DisableHost, type DisablePlan, isSameHost } from "#shared/model/runs/plan.ts";
import { KeyOptions } from "#shared/model/runs/plan-options.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { formatProcess } from "#shared/text/runs/disabled-account.ts";
import { formatRefusal } from "#shared/text/runs/host-refusal.ts";
import { formatRollbackTimer, OWN_LOGIN, REASON } from "#shared/text/runs/plan.ts";

type DisableRequest = Extract<PlanRequest, { kind: "disable-account" }>;

/** Accounts of hosts are locked, expired, given no login shell, and their grants revoked. */
export function planDisable(known: PlanFacts, request: DisableRequest): DisablePlan | Unplannable {
  const facts: PlanFacts = {
    ...known,
    hosts: known.hosts.map((host) => ({ ...host, files: mergeFiles(host.files) })),
  };
  const changeSet = revokeAll(facts, request);
  const drafts = facts.hosts.map((host) => ({ draft: draftHost(facts, changeSet, host), host }));
  const parts = drafts.map(({ draft, host }) => ({ draft, ...draftAccounts(host) }));
  const changed = parts.filter(({ disables }) => disables.length > 0);
  const disablesOf = new Map(changed.map(({ draft, disables }) => [draft, disables]));
  const ordered = orderHosts([...disablesOf.keys()], facts.options);
  const hosts = ordered.map(({ draft, batch }) => toDisableHost(draft, disablesOf.get(draft) ?? [], batch));
  const checks = [
    ...(request.reason === "" ? [] : [makeCheck("ok", REASON, { host: null }, request.reason)]),
    ...(changed.length === 0
      ? [makeCheck("refused", "nothing-to-do", { host: null }, "no account is left that can be disabled")]
      : []),
    ...parts.flatMap(({ draft, checks: own }) => [
      ...draft.checks,
      ...own,
      ...(disablesOf.has(draft) ? checksOfHost(draft) : []),
    ]),
  ];
  return {
    format: "latchkey-plan-1",
    kind: "disable-account",
    title: formatTitle(hosts),
    madeAt: facts.now,
    asOf: null,
    options: { ...KeyOptions.parse(facts.options), undoHours: 0 },
    hosts,
    checks,
    leftOut: drafts.flatMap(({ draft }) => draft.leftOut),
    remaining: findRemaining(
      changeSet,
      changed.map(({ draft }) => draft),
    ),
    confirm: chooseConfirmation(changed.map(({ draft }) => draft)),
  };
}

/** An imported plan, made once more: it has to be what would be written now. */
export function reviewDisable(plan: DisablePlan, facts: PlanFacts): DisablePlan | Unplannable {
  const made = planDisable(facts, disableRequest(plan));
  if ("refused" in made) return made;
  const differs = plan.hosts.find((host) => {
    const now = made.hosts.find((one) => isSameHost(one, host));
    return !now || JSON.stringify(withoutProcesses(now)) !== JSON.stringify(withoutProcesses(host));
  });
  return differs || made.hosts.length !== plan.hosts.length
    ? refuseEdited(
        `what it would change on ${differs ? formatHost(differs) : "a host"} is not what stands there`,
      )
    : { ...made, options: plan.options };
}

/** What runs as an account is another thing at each moment. */
const withoutProcesses = (host: DisableHost): DisableHost => ({
  ...host,
  disables: host.disables.map((one) => ({ ...one, processes: [] })),
});

function formatTitle(hosts: readonly DisableHost[]): string {
  const accounts = hosts.flatMap(({ disables }) => disables);
  const [only] = accounts;
  const what = accounts.length === 1 && only ? only.account : formatCount(accounts.length, "account");
  const grants = hosts.flatMap(({ files }) => files);
  const removes = grants.reduce((sum, file) => sum + file.removes, 0);
  const revoked = removes === 0 ? "" : `, and revoke ${formatGrants(grants)}`;
  return `Disable ${what}${revoked} on ${formatCount(hosts.length, "host")}`;
}

/** Each line that lets a key in to an account of the request, and to no other one. */
function revokeAll({ hosts }: PlanFacts, { accounts }: DisableRequest): ChangeSet {
  const isMeant = (host: HostFacts, account: string): boolean =>
    accounts.some((one) => isSameHost(one, host) && one.account === account);
  const meant = new Set(
    hosts.flatMap((host) => [
      ...host.accounts.flatMap(({ name, grants }) => (isMeant(host, name) ? grants.map(({ id }) => id) : [])),
      ...host.unreadableKeys
        .flatMap(({ grants }) => grants)
        .flatMap(({ account, grant }) => (isMeant(host, account) ? [grant.id] : [])),
    ]),
  );
  return {
    titleOf: () => "",
    oldKey: null,
    newKey: null,
    verifies: "none",
    concerns: ({ id }) => meant.has(id),
    changesFor(host, file) {
      const others = file.accounts.filter((account) => !isMeant(host, account));
      const lines = findLines(file.bytes, ({ key, problem }) => key !== null && problem === null);
      if (lines.length === 0) return NO_CHANGES;
      if (others.length > 0)
        return {
          ...NO_CHANGES,
          notes: [
            `${formatHost(host)}: ${file.path} is of ${others.join(", ")} as well, so its lines stay: nobody logs in to a disabled account by them`,
          ],
        };
      return { ...NO_CHANGES, changes: lines.map(({ line }) => ({ kind: "gone" as const, line })) };
    },
  };
}

function draftAccounts(host: HostFacts) {
  const disables: DisabledAccount[] = [];
  const checks = (host.disabling?.entries ?? []).flatMap((entry) => {
    const found = checkDisabling(host, entry);
    if (entry.kind === "entry" && entry.nologin !== null && found.every(({ state }) => state !== "refused"))
      disables.push(toDisabled(entry, entry.nologin));
    return found;
  });
  return { disables, checks };
}

const toDisabled = (entry: Extract<AccountEntry, { kind: "entry" }>, nologin: string): DisabledAccount => {
  const { account, uid, gid, home, state, processes } = entry;
  const after = { shell: nologin, password: "locked" as const, expires: EXPIRED_DAY };
  return { account, uid, gid, home, before: state, after, processes: [...processes] };
};

function toDisableHost(draft: Draft, disables: readonly DisabledAccount[], batch: number): DisableHost {
  const { files, privateKeyLocations, verifications } = draft;
  return {
    ...toPlannedHost(draft, batch),
    files,
    privateKeyLocations,
    verifications,
    disables: [...disables],
  };
}

type Entry = Extract<AccountEntry, { kind: "entry" }>;
type AccountNames = { account: string; uid: number; shares: readonly string[] };

/** Why an account is not disabled, and what has to be known before it is. */
function checkDisabling(host: HostFacts, entry: AccountEntry): Check[] {
  const { account } = entry;
  const check = (state: Check["state"], id: string, text: string): Check =>
    makeCheck(state, id, { host, account }, text);
  if (entry.kind === "refused")
    return [check("refused", "account", formatRefusal(entry.why, `the account ${account}`))];
  const refusal = findRefusal(host, entry);
  if (refusal !== null) return [check("refused", refusal.id, refusal.text)];
  return [
    ...(entry.shares.length > 0
      ? [
          check(
            "acknowledge",
            "shared-uid",
            `${entry.shares.join(", ")} ${entry.shares.length === 1 ? "has" : "have"} the same number (${entry.uid}): whoever gets in there is this user, too, and that name stays open`,
          ),
        ]
      : []),
    ...(entry.uid < USUAL_FIRST
      ? [
          check(
            "acknowledge",
            "system-account",
            `${account} is an account of the system or of one of its packages (its number is ${entry.uid})`,
          ),
        ]
      : []),
    ...checkWorkloads(entry, check),
    ...checkRights(entry, check),
    ...checkProcesses(entry, check),
  ];
}

type CheckText = { id: string; text: string };

/** Why no run changes the entry of this account: root, our own login, or nothing would roll it back. */
export function refuseOwn(host: HostFacts, { account, uid, shares }: AccountNames): CheckText | null {
  const names = [account, ...shares];
  const { login, user, disabling } = host;
  if (uid === 0) return { id: "root", text: formatRefusal("root-account", `the account ${account}`) };
  if (names.includes(login.account) || (user !== null && names.includes(user)))
    return {
      id: OWN_LOGIN,
      text: `Latchkey logs in as ${account}, or as another name of it: log in as another account first`,
    };
  const entered = disabling?.enteredAs.find((one) => names.includes(one.account));
  if (entered)
    return {
      id: OWN_LOGIN,
      text: `${entered.to.join(", ")} ${entered.to.length === 1 ? "is" : "are"} reached as ${entered.account} by ssh_config or a target: give it another login first`,
    };
  if (!login.isRoot)
    return { id: "root-login", text: "only root can do that to an account: log in as root, or with sudo" };
  return host.rollbackTimers.length === 0
    ? {
        id: "rollback-timer",
        text: "it cannot roll back by itself if the connection is lost: it has no systemd-run, at, setsid or nohup",
      }
    : null;
}

function findRefusal(host: HostFacts, entry: Entry): CheckText | null {
  const { account, state, nologin } = entry;
  const refusal = refuseOwn(host, entry);
  if (refusal !== null) return refusal;
  if (nologin === null)
    return { id: "nologin", text: "the host has neither nologin nor false as programs of root's own" };
  if (state.password === "locked" && state.expires === EXPIRED_DAY && state.shell === nologin)
    return { id: "nothing-to-do", text: `${account} is disabled already` };
  return null;
}

type MakeCheck = (state: Check["state"], id: string, text: string) => Check;

/** Systemd asks nobody whether an account has expired; cron does. */
function checkWorkloads({ account, units, crontabs, processes }: Entry, check: MakeCheck): Check[] {
  const running = processes.flatMap(({ unit }) => (isOfSystem(unit) ? [unit] : []));
  const all = [...new Set([...units, ...running])];
  return [
    ...(all.length > 0
      ? [
          check(
            "acknowledge",
            "workload",
            `${all.join(", ")} ${all.length === 1 ? "runs" : "run"} as ${account}, and ${all.length === 1 ? "goes" : "go"} on: systemd starts it for a disabled account, too, but what logs in or becomes it fails`,
          ),
        ]
      : []),
    ...(crontabs.length > 0
      ? [check("acknowledge", "crontab", `nothing more runs of ${crontabs.join(", ")}`)]
      : []),
  ];
}

/** What it may do stays written, and is of use to nobody while it is shut. */
function checkRights({ groups, rights }: Entry, check: MakeCheck): Check[] {
  const all = [
    ...(groups.length > 0 ? [`the ${groups.length === 1 ? "group" : "groups"} ${groups.join(", ")}`] : []),
    ...(rights.length > 0 ? [`what ${rights.join(", ")} ${rights.length === 1 ? "grants" : "grant"}`] : []),
  ];
  return all.length === 0
    ? []
    : [check("warning", "rights", `it keeps ${all.join(" and ")}: of no use while it is shut`)];
}

/** Not of somebody's session. */
function isOfSystem(unit: string): boolean {
  const parsed = parseUnitName(unit);
  return parsed?.type === "service" && parsed.prefix !== "user";
}

/** So many are named. */
const MOST_NAMED = 8;

function checkProcesses({ account, processes }: Entry, check: MakeCheck): Check[] {
  if (processes.length === 0)
    return [check("ok", "sessions", `nothing runs as ${account}, and nobody is logged in`)];
  const more = processes.length - MOST_NAMED;
  const named = processes.slice(0, MOST_NAMED).map(formatProcess).join(", ");
  return [
    check(
      "warning",
      "sessions",
      `${formatCount(processes.length, "process", "processes")} of ${account} go on, sessions among them: ${named}${more > 0 ? ` and ${more} more` : ""}; end them by hand (loginctl terminate-user ${account})`,
    ),
  ];
}

/** The checks of a host of which accounts are disabled. */
function checksOfHost(draft: Draft): Check[] {
  const { facts: host } = draft;
  const commands = host.accounts.flatMap(({ name, keysCommand }) => (keysCommand === null ? [] : [name]));
  return [
    ...(isProduction(draft)
      ? [makeCheck("warning", "production", { host }, "it is labelled production")]
      : []),
    makeCheck(
      "ok",
      "other-way-in",
      { host },
      `root stays reachable: Latchkey logs in as ${host.login.account}, and does so once more before the change stands`,
    ),
    makeCheck("ok", "rollback-timer", { host }, formatRollbackTimer(host.rollbackTimers[0] ?? null)),
    ...commands.map((account) =>
      makeCheck(
        "warning",
        "keys-command",
        { host, account },
        "keys that AuthorizedKeysCommand gives sshd are not revoked: its entry alone keeps it shut",
      ),
    ),
  ];
}
