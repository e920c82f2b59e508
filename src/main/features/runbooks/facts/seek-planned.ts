import type { HostFacts } from "#domain/rotation/plan/plan-facts.ts";
import type { ElsewhereGrant } from "#domain/rotation/plan/taken/recheck-plan.ts";
import type { FilePlan, Plan } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { sayHost } from "#shared/text/plan.ts";
import type { KnownHost } from "#store/runbooks/fact-reader.ts";
import type { Inventory, Sought, SoughtHost } from "./seek.ts";

/** What is looked at for a plan from elsewhere: its own hosts, accounts and files. A host that is not known is refused. */
export function seekPlanned(plan: Plan, inventory: Inventory): Sought {
  const { kind, oldKey, hosts } = plan;
  const fingerprint = kind === "rotate-key" ? oldKey : null;
  const keyFiles = fingerprint === null ? [] : inventory.keyFiles(fingerprint);
  return {
    fingerprint,
    grants: fingerprint === null ? [] : inventory.grantsOfKey(fingerprint),
    hosts: hosts.map((host): SoughtHost => {
      const known = inventory.hostAt(host.host, host.port);
      if (!known)
        throw new Refusal(
          "not-found",
          `the plan is about ${sayHost(host)}, which is not known here, or not any more; scan it first, or plan anew`,
        );
      const pathsOf = (name: string, path: string) => [
        ...inventory.grantsOfAccount(known.id, name).map(({ file }) => file),
        path,
      ];
      const accounts = new Map<string, Set<string>>();
      for (const { name, path } of host.files.flatMap(accountsOf))
        accounts.set(name, new Set([...(accounts.get(name) ?? []), ...pathsOf(name, path)]));
      return { known, accounts, keyFiles: keyFiles.filter(({ hostId }) => hostId === known.id) };
    }),
  };
}

const accountsOf = ({ account, others = [], path }: FilePlan) =>
  [account, ...others].map((name) => ({ name, path }));

/** Where the key that goes is granted, and the plan does not have the file. */
export function findElsewhere(
  { kind, oldKey, hosts }: Plan,
  inventory: Pick<Inventory, "grantsOfKey" | "host">,
  facts: readonly FileOwner[],
): ElsewhereGrant[] {
  if (kind !== "rotate-key" || oldKey === null) return [];
  const meant = new Set(hosts.flatMap((host) => host.files.map(({ path }) => `${sayHost(host)} ${path}`)));
  return inventory.grantsOfKey(oldKey).flatMap(({ hostId, account, file, effective }) => {
    const host = inventory.host(hostId);
    if (!host || meant.has(`${sayHost(host)} ${realPathOf(host, file, facts)}`)) return [];
    return [{ host: host.host, port: host.port, account, file, fingerprint: oldKey, effective }];
  });
}

type FileOwner = Pick<HostFacts, "host" | "port"> & {
  files: readonly Pick<HostFacts["files"][number], "path" | "otherPaths" | "realPath">[];
};

/** A plan names files with all links resolved, and the inventory as sshd opens them. */
function realPathOf({ host, port }: KnownHost, file: string, facts: readonly FileOwner[]): string {
  const known = facts
    .filter((one) => one.host === host && one.port === port)
    .flatMap(({ files }) => files)
    .find(({ path, otherPaths }) => path === file || otherPaths.includes(file));
  return known?.realPath ?? file;
}
