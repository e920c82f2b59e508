/** Plans that remove the entries of accounts which a run has disabled. Pure. */
import { type Draft, makeCheck, openDraft, type Unplannable } from "#domain/runs/access/change-set.ts";
import { checkHost } from "#domain/runs/access/checks/hosts.ts";
import type { AccountEntry, HostFacts } from "#domain/runs/access/plan-facts.ts";
import { refuseOwn } from "#domain/runs/disable/plan-disable.ts";
import { chooseConfirmation, orderHosts, toPlannedHost } from "#domain/runs/planned-hosts.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { DisabledAccount, EntryLine, RemovedAccount } from "#shared/model/runs/disabled-account.ts";
import type { HostRefusal } from "#shared/model/runs/host-refusal.ts";
import {
  type Check,
  type HostAddress,
  isSameHost,
  type Plan,
  type RemoveHost,
  type RemovePlan,
} from "#shared/model/runs/plan.ts";
import type { KeyOptions } from "#shared/model/runs/plan-options.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { formatProcess } from "#shared/text/runs/disabled-account.ts";
import { formatRefusal } from "#shared/text/runs/host-refusal.ts";
import { formatRollbackTimer } from "#shared/text/runs/plan.ts";

/** What the watch of the disabled accounts has shown so far. */
export type WatchFacts = {
  until: Instant;
  /** Lines of logs that tell of a use; and of a try, which a stranger can bring about. */
  uses: number;
  tries: number;
  /** Hosts whose logs nobody has read since the accounts were disabled; or not to the end of the watch. */
  neverRead: readonly HostAddress[];
  notReadToEnd: readonly HostAddress[];
};

/** The lines of an account, as its host has them now. `numbered`: the names that it knows by the account's number. */
export type AccountLines =
  | {
      kind: "lines";
      lines: readonly EntryLine[];
      stays: RemovedAccount["stays"];
      numbered: readonly string[];
    }
  | { kind: "refused"; why: HostRefusal };

type FoundAccount = { meant: DisabledAccount; entry: AccountEntry; lines: AccountLines };

export type RemovalFacts = {
  now: Instant;
  options: KeyOptions;
  disabledBy: number;
  watch: WatchFacts;
  hosts: readonly { host: HostFacts; found: readonly FoundAccount[] }[];
};

/** The lines of accounts go, on the hosts as they are now. The same facts give the same plan. */
export function planRemoval(facts: RemovalFacts): RemovePlan {
  const parts = facts.hosts.map((one) => draftRemoval(facts, one));
  const changed = parts.filter(({ removes }) => removes.length > 0);
  const removesOf = new Map(changed.map(({ draft, removes }) => [draft, removes]));
  const hosts = orderHosts([...removesOf.keys()], facts.options).map(
    ({ draft, batch }): RemoveHost => ({
      ...toPlannedHost(draft, batch),
      removes: removesOf.get(draft) ?? [],
    }),
  );
  return {
    format: "latchkey-plan-1",
    kind: "remove-account",
    title: titleOf(hosts),
    madeAt: facts.now,
    options: facts.options,
    hosts,
    disabledBy: facts.disabledBy,
    checks: [...checkWatch(facts), ...parts.flatMap(({ draft }) => draft.checks)],
    leftOut: [],
    confirm: confirmRemoval(
      facts,
      hosts,
      changed.map(({ draft }) => draft),
    ),
  };
}

/** An imported plan, if what it removes is what would be removed now. */
export function reviewRemoval(plan: RemovePlan, facts: RemovalFacts): RemovePlan | Unplannable {
  const now = planRemoval(facts);
  const isSame =
    plan.hosts.length === now.hosts.length &&
    plan.hosts.every((host) => {
      const found = now.hosts.find((one) => isSameHost(one, host));
      return (
        found?.hostKey === host.hostKey && JSON.stringify(found.removes) === JSON.stringify(host.removes)
      );
    });
  return isSame
    ? now
    : { refused: "what the plan removes is not what stands on its hosts, or it was edited; plan it again" };
}

function titleOf(hosts: readonly RemoveHost[]): string {
  const accounts = hosts.flatMap(({ removes }) => removes);
  const [only] = accounts;
  const what = accounts.length === 1 && only ? only.account : formatCount(accounts.length, "account");
  return `Remove ${what} on ${formatCount(hosts.length, "host")}`;
}

/** Why somebody may still need the accounts; empty: the days are over, and nothing has used them. */
function listEarly({ now, watch: { until, uses, notReadToEnd } }: RemovalFacts): string[] {
  const hosts = notReadToEnd.map(formatHost).join(", ");
  return [
    ...(until > now ? [`their logs are watched until ${until.slice(0, 10)}`] : []),
    ...(until <= now && notReadToEnd.length > 0
      ? [`the logs of ${hosts} were not read to the end of the watch`]
      : []),
    ...(uses === 0 ? [] : [`the logs show ${formatCount(uses, "use")} of them since`]),
  ];
}

const checkWatch = (facts: RemovalFacts): Check[] => {
  const early = listEarly(facts);
  const text =
    early.length === 0
      ? `their logs were watched until ${facts.watch.until.slice(0, 10)}, and show no use of them`
      : early.join("; ");
  const { tries } = facts.watch;
  return [
    makeCheck(early.length === 0 ? "ok" : "warning", "watch", { host: null }, text),
    ...(tries === 0
      ? []
      : [
          makeCheck(
            "warning",
            "tries",
            { host: null },
            `${formatCount(tries, "refused try", "refused tries")} in the logs, by strangers or by whoever had a key that is revoked: latchkey runs show ${facts.disabledBy}`,
          ),
        ]),
  ];
};

/** Before its time, or with uses, the account itself is typed. */
function confirmRemoval(
  facts: RemovalFacts,
  hosts: readonly RemoveHost[],
  drafts: readonly Draft[],
): Plan["confirm"] {
  const usual = chooseConfirmation(drafts);
  const early = listEarly(facts);
  if (early.length === 0) return usual;
  const names = [...new Set(hosts.flatMap(({ removes }) => removes.map(({ account }) => account)))];
  const word = names.length === 1 ? (names[0] ?? "") : formatCount(names.length, "account");
  return { word, why: [...early, ...(usual?.why ?? [])] };
}

function draftRemoval(
  facts: RemovalFacts,
  { host, found }: RemovalFacts["hosts"][number],
): { draft: Draft; removes: RemovedAccount[] } {
  const draft = openDraft(host);
  const blocked = checkHost(host);
  // The run that has disabled them ends with this one, so all of them go, or none.
  if (blocked) {
    draft.checks.push({ ...blocked, state: "refused" });
    return { draft, removes: [] };
  }
  const removes: RemovedAccount[] = [];
  for (const one of found) {
    const refusal = findRefusal(facts, host, one);
    const { account } = one.meant;
    if (refusal) draft.checks.push(makeCheck("refused", refusal.id, { host, account }, refusal.text));
    else if (one.entry.kind === "entry" && one.lines.kind === "lines") {
      const { uid, gid, home, after } = one.meant;
      const { lines, stays } = one.lines;
      removes.push({ account, uid, gid, home, state: after, lines: [...lines], stays: [...stays] });
      draft.checks.push(...checkLeft(host, one.entry, lines));
    }
  }
  if (removes.length > 0)
    draft.checks.push(
      makeCheck("ok", "rollback-timer", { host }, formatRollbackTimer(host.rollbackTimers[0] ?? null)),
    );
  return { draft, removes };
}

type Refusal = { id: string; text: string };

function findRefusal(
  { watch, disabledBy }: RemovalFacts,
  host: HostFacts,
  { meant, entry, lines }: FoundAccount,
): Refusal | null {
  const { account } = meant;
  const refuse = (why: HostRefusal): Refusal => ({
    id: "account",
    text: formatRefusal(why, `the account ${account}`),
  });
  if (entry.kind === "refused") return refuse(entry.why);
  const own = refuseOwn(host, entry);
  if (own !== null) return own;
  if (!isAsLeft(entry, meant)) return refuse("account-changed");
  if (watch.neverRead.some((one) => isSameHost(one, host)))
    return {
      id: "watch-unread",
      text: `none of its logs was read to its end since ${account} was disabled, so whether somebody needs it is not known: latchkey runs resume ${disabledBy}`,
    };
  const [process] = entry.processes;
  if (process)
    return {
      id: "in-use",
      text: `${refuse("in-use").text}: ${entry.processes.map(formatProcess).join(", ")}`,
    };
  if (lines.kind === "refused") return refuse(lines.why);
  const others = [...new Set([...entry.shares, ...lines.numbered])].filter((name) => name !== account);
  if (others.length > 0)
    return { id: "shared-uid", text: `${refuse("shared-number").text} (${others.join(", ")})` };
  return lines.lines.some(({ file }) => file === "/etc/passwd") ? null : refuse("no-account");
}

/** Whether it is the account that the run has disabled, as it has left it. */
const isAsLeft = (
  { uid, gid, home, state }: Extract<AccountEntry, { kind: "entry" }>,
  { after, ...meant }: DisabledAccount,
): boolean =>
  uid === meant.uid &&
  gid === meant.gid &&
  home === meant.home &&
  state.shell === after.shell &&
  state.password === after.password &&
  state.expires === after.expires;

/** What is left without its account. */
function checkLeft(
  host: HostFacts,
  { account, units, crontabs }: Extract<AccountEntry, { kind: "entry" }>,
  lines: readonly EntryLine[],
): Check[] {
  const check = (state: Check["state"], id: string, text: string): Check =>
    makeCheck(state, id, { host, account }, text);
  const keepsGroup = !lines.some(({ file, becomes }) => file === "/etc/group" && becomes === null);
  return [
    ...(units.length > 0
      ? [check("acknowledge", "workload", `${units.join(", ")} will not start any more: its user is gone`)]
      : []),
    ...(crontabs.length > 0
      ? [check("acknowledge", "crontab", `${crontabs.join(", ")} stays, and belongs to nobody`)]
      : []),
    ...(keepsGroup
      ? [check("warning", "group", "its group stays: others are in it, or it is not its own")]
      : []),
  ];
}
