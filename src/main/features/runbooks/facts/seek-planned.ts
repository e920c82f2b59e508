import type { FilePlan, Plan } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { sayHost } from "#shared/text/plan.ts";
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

/** Where the key that goes is granted, and the plan does not say a word of it: `deploy@web3`. */
export function findElsewhere({ kind, oldKey, hosts }: Plan, inventory: Inventory): string[] {
  if (kind !== "rotate-key" || oldKey === null) return [];
  const meant = new Set(
    hosts.flatMap((host) => host.files.flatMap(accountsOf).map(({ name }) => `${name}@${sayHost(host)}`)),
  );
  const granted = inventory.grantsOfKey(oldKey).flatMap(({ hostId, account }) => {
    const host = inventory.host(hostId);
    return host ? [`${account}@${sayHost(host)}`] : [];
  });
  return [...new Set(granted)].filter((place) => !meant.has(place));
}
