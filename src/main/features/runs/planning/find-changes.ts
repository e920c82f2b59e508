import { disableRequest } from "#domain/runs/access/imported/read-change-set.ts";
import type { ElsewhereGrant } from "#domain/runs/access/imported/review-plan.ts";
import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import { readPublicKeyLine } from "#domain/ssh/key-blob.ts";
import type { KeyRequest } from "#shared/contract/runs.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { FilePlan, KeyPlan } from "#shared/model/runs/plan.ts";
import { formatHost, formatHostAddress } from "#shared/text/hosts/target.ts";
import type { GrantFact, KeyFileFact, KnownHost } from "#store/runs/fact-reader.ts";
import type { Store } from "#store/store.ts";

export type Inventory = Store["runbooks"]["facts"];

/** What to inspect on one host. */
export type FoundHost = {
  known: KnownHost;
  /** Files by the accounts that they admit; for an account without one, sshd is asked for it. */
  accounts: Map<string, Set<string>>;
  keyFiles: KeyFileFact[];
};

export type FoundHosts = {
  /** Of the key that is removed, or whose private key is replaced. */
  fingerprint: string | null;
  grants: GrantFact[];
  hosts: FoundHost[];
};

/** Which hosts, accounts and files a request is about, by the inventory. Refuses what is not in it. */
export function findHosts(request: KeyRequest, inventory: Inventory): FoundHosts {
  switch (request.kind) {
    case "rotate-key":
      return findKey(readFingerprint(request.fingerprint), inventory);
    case "rotate-host-key":
      return findAccounts([{ ...request, account: "root" }], inventory);
    case "disable-account":
      return withFiles(findAccounts(request.accounts, inventory), inventory);
    case "add-grants":
      return findAccounts(request.accounts, inventory);
    case "remove-grants":
    case "tighten-grants":
    case "move-to-authority":
      return findGrants(request.grants, inventory);
    default:
      return assertNever(request);
  }
}

/** The fingerprint as ssh-keygen prints it, from a fingerprint or a public key line. */
export function readFingerprint(text: string): string {
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(text)) return text;
  const line = readPublicKeyLine(text);
  if (line) return line.key.fingerprint;
  throw new Refusal(
    "invalid-input",
    `"${text.slice(0, 60)}" is no key; give its fingerprint (SHA256:...) or the line of its .pub file`,
  );
}

function findKey(fingerprint: string, inventory: Inventory): FoundHosts {
  const grants = inventory.grantsOfKey(fingerprint);
  const keyFiles = inventory.keyFiles(fingerprint);
  return { fingerprint, grants, hosts: gather(grants, keyFiles, inventory) };
}

function findGrants(ids: readonly number[], inventory: Inventory): FoundHosts {
  const grants = [...new Set(ids)].map((id) => inventory.grant(id) ?? refuseNoGrant(id));
  return { fingerprint: null, grants, hosts: gather(grants, [], inventory) };
}

function refuseNoGrant(id: number): never {
  throw new Refusal("not-found", `there is no grant ${id} any more; list them again`);
}

function gather(
  grants: readonly GrantFact[],
  keyFiles: readonly KeyFileFact[],
  inventory: Inventory,
): FoundHost[] {
  const hosts = new Map<number, FoundHost>();
  const take = (id: number): FoundHost => {
    const known = hosts.get(id);
    if (known) return known;
    const found = inventory.host(id);
    if (!found) throw new Error(`a grant is on host ${id}, which is not there`);
    const target = { known: found, accounts: new Map(), keyFiles: [] };
    hosts.set(id, target);
    return target;
  };
  for (const { hostId, account, file } of grants) {
    const { accounts } = take(hostId);
    accounts.set(account, (accounts.get(account) ?? new Set()).add(file));
  }
  for (const keyFile of keyFiles) take(keyFile.hostId).keyFiles.push(keyFile);
  return [...hosts.values()];
}

type AccountAddress = { host: string; port: number; account: string };

function findAccounts(accounts: readonly AccountAddress[], inventory: Inventory): FoundHosts {
  const hosts = new Map<number, FoundHost>();
  for (const { host, port, account } of accounts) {
    const known = inventory.hostAt(host, port);
    if (!known) {
      const where = formatHostAddress({ host, port });
      throw new Refusal("not-found", `${where} was never scanned; scan it first, so that its key is known`);
    }
    const target: FoundHost = hosts.get(known.id) ?? { known, accounts: new Map(), keyFiles: [] };
    target.accounts.set(account, target.accounts.get(account) ?? new Set());
    hosts.set(known.id, target);
  }
  return { fingerprint: null, grants: [], hosts: [...hosts.values()] };
}

/** With the files in which the last scan has seen a grant of each account. */
function withFiles(found: FoundHosts, inventory: Inventory): FoundHosts {
  for (const { known, accounts } of found.hosts)
    for (const [account, files] of accounts)
      for (const { file } of inventory.grantsOfAccount(known.id, account)) files.add(file);
  return found;
}

/** What to inspect for an imported plan: its own hosts, accounts and files. Refuses an unknown host. */
export function findPlanned(plan: KeyPlan, inventory: Inventory): FoundHosts {
  if (plan.kind === "disable-account") return findHosts(disableRequest(plan), inventory);
  const fingerprint = plan.kind === "rotate-key" ? plan.oldKey : null;
  const keyFiles = fingerprint === null ? [] : inventory.keyFiles(fingerprint);
  return {
    fingerprint,
    grants: fingerprint === null ? [] : inventory.grantsOfKey(fingerprint),
    hosts: plan.hosts.map((host): FoundHost => {
      const known = inventory.hostAt(host.host, host.port);
      if (!known)
        throw new Refusal(
          "not-found",
          `the plan is about ${formatHost(host)}, which is not known here, or not any more; scan it first, or plan anew`,
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

/** Where the key to be removed is granted, in files that the plan does not have. */
export function findElsewhere(
  plan: KeyPlan,
  inventory: Pick<Inventory, "grantsOfKey" | "host">,
  facts: readonly FileOwner[],
): ElsewhereGrant[] {
  if (plan.kind !== "rotate-key") return [];
  const { oldKey, hosts } = plan;
  const meant = new Set(hosts.flatMap((host) => host.files.map(({ path }) => `${formatHost(host)} ${path}`)));
  return inventory.grantsOfKey(oldKey).flatMap(({ hostId, account, file, effective }) => {
    const host = inventory.host(hostId);
    if (!host || meant.has(`${formatHost(host)} ${realPathOf(host, file, facts)}`)) return [];
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
