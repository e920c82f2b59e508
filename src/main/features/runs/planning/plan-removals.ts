/** Plans that remove accounts: what the run that has disabled them knows, and what is on their hosts now. */
import { type HostSessions, type OpenSessions, toHostRequest } from "#connect/host-sessions.ts";
import type { Unplannable } from "#domain/runs/access/change-set.ts";
import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import {
  type AccountLines,
  planRemoval,
  type RemovalFacts,
  reviewRemoval,
} from "#domain/runs/remove/plan-removal.ts";
import { countJumps, keyOfHost, listLogins } from "#domain/ssh-config/ssh-config.ts";
import { inspectLines } from "#net/ssh/session/accounts.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { sideBySide } from "#net/tasks.ts";
import { findWatchFacts } from "#runs/kinds/disable/disable-run.ts";
import type { RemoveRequest } from "#shared/contract/runs.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { DisabledAccount } from "#shared/model/runs/disabled-account.ts";
import type { DisableHost, RemovePlan } from "#shared/model/runs/plan.ts";
import { KeyOptions } from "#shared/model/runs/plan-options.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import type { KnownHost } from "#store/runs/fact-reader.ts";
import type { Store } from "#store/store.ts";
import { baseOf, readLogin } from "./gather-renewal.ts";
import type { FactDeps } from "./plan-keys.ts";
import { atOnce, HostLost, type Planner, type PlanWork } from "./plans.ts";
import { gatherEntries } from "./read-host.ts";

export type RemovalPlannerDeps = {
  store: Store;
  /** Sessions with the verbs for the entries of accounts. */
  openAccountSessions: OpenSessions;
  factDeps: () => Promise<FactDeps>;
  now: () => Date;
};

export const createRemovalPlanner = (deps: RemovalPlannerDeps): Planner<RemoveRequest, RemovePlan> => ({
  plan: async ({ request: { runId }, options }) =>
    atOnce(toRemoval(deps, { disabledBy: runId, options: KeyOptions.parse(options) }, planRemoval)),
  review: (plan) => toRemoval(deps, plan, (facts) => reviewRemoval(plan, facts)),
});

type Target = { known: KnownHost; accounts: DisableHost["disables"] };

function toRemoval(
  deps: RemovalPlannerDeps,
  { disabledBy, options }: { disabledBy: number; options: KeyOptions },
  finish: (facts: RemovalFacts) => RemovePlan | Unplannable,
): PlanWork {
  const { plan } = findWatchFacts(deps.store, disabledBy);
  const targets = plan.hosts.map((host): Target => {
    const known = deps.store.runbooks.facts.hostAt(host.host, host.port);
    if (!known)
      throw new Refusal("not-found", `${formatHostAddress(host)} is not a known host; scan it first`);
    return { known, accounts: host.disables };
  });
  return {
    hosts: targets.map(({ known }) => known),
    openSessions: deps.openAccountSessions,
    make: async (sessions, onRead) => {
      if (!sessions) throw new Error("hosts are inspected for a removal");
      const { routeTo, workstation, inventory } = await deps.factDeps();
      const all = inventory.allHosts();
      const jumps = countJumps(all, routeTo, workstation.user);
      const logins = listLogins(all, routeTo, workstation.user);
      const hosts: RemovalFacts["hosts"][number][] = [];
      let read = 0;
      await sideBySide(targets, AT_ONCE, async (target) => {
        const key = keyOfHost(target.known);
        const enteredAs = [...(logins.get(key) ?? [])].map(([account, to]) => ({ account, to: [...to] }));
        const { host, found } = await readTarget(deps, target, sessions);
        const disabling = { entries: [], enteredAs };
        hosts[targets.indexOf(target)] = {
          host: { ...host, jumpFor: jumps.get(key) ?? 0, disabling },
          found,
        };
        await onRead(++read);
      });
      const { watch } = findWatchFacts(deps.store, disabledBy);
      return finish({ now: toInstant(deps.now()), options, disabledBy, watch, hosts });
    },
  };
}

/** Hosts inspected side by side. */
const AT_ONCE = 8;

async function readTarget(
  deps: RemovalPlannerDeps,
  { known, accounts }: Target,
  sessions: HostSessions,
): Promise<RemovalFacts["hosts"][number]> {
  const base = baseOf(known);
  const unreadable = (why: string): { host: HostFacts; found: [] } => ({
    host: { ...base, unreadable: why },
    found: [],
  });
  try {
    const request = { ...toHostRequest(known, known.transport), hostKey: null };
    const entered = await sessions.connectToHost(request, async ({ remote }) => {
      const about = await readLogin(deps, remote);
      const found: RemovalFacts["hosts"][number]["found"][number][] = [];
      for (const meant of accounts) found.push(await readAccount(remote, meant));
      return { host: { ...base, ...about }, found };
    });
    return entered.kind === "connected" ? entered.value : unreadable(entered.message);
  } catch (error) {
    if (error instanceof HostLost) return unreadable(error.message);
    throw error;
  }
}

async function readAccount(remote: RemoteSession, meant: DisabledAccount) {
  const [entry] = (await gatherEntries(remote, [meant.account])).entries;
  if (!entry) throw new Error(`no entry was read of ${meant.account}`);
  const reading = await inspectLines(remote, meant);
  if (reading.kind === "lost") throw new HostLost(reading.message);
  const lines: AccountLines = reading.kind === "lines" ? reading : { kind: "refused", why: reading.why };
  return { meant, entry, lines };
}
