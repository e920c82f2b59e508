/**
 * Plans of who may log in where, and of host keys: their facts are read from hosts, the inventory and this computer.
 */
import { type HostSessions, type OpenSessions, toHostRequest } from "#connect/host-sessions.ts";
import type { Unplannable } from "#domain/runs/access/change-set.ts";
import { requestOf } from "#domain/runs/access/imported/read-change-set.ts";
import { reviewPlan } from "#domain/runs/access/imported/review-plan.ts";
import { findError } from "#domain/runs/access/imported/validate-plan.ts";
import { makePlan } from "#domain/runs/access/make-plan.ts";
import type {
  HostFacts,
  KeyFacts,
  PlanFacts,
  PrivateKeyFacts,
  ProvidedKey,
} from "#domain/runs/access/plan-facts.ts";
import { readPublicKeyLine } from "#domain/ssh/key-blob.ts";
import { countJumps, keyOfHost, listLogins, type SshConfig } from "#domain/ssh-config/ssh-config.ts";
import type { inspectKeyFile } from "#net/local/inspect-key-file.ts";
import { sideBySide } from "#net/tasks.ts";
import type { KeyRequest } from "#shared/contract/runs.ts";
import type { KeyPossession } from "#shared/model/hosts/host.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { KeyPlan } from "#shared/model/runs/plan.ts";
import type { KeyOptions } from "#shared/model/runs/plan-options.ts";
import type { HeldKey } from "#store/people/people-store.ts";
import type { Store } from "#store/store.ts";
import {
  type FoundHost,
  type FoundHosts,
  findElsewhere,
  findHosts,
  findPlanned,
  type Inventory,
  readFingerprint,
} from "./find-changes.ts";
import { offlineFacts } from "./offline-facts.ts";
import { atOnce, HostLost, type Planner, type PlanWork } from "./plans.ts";
import { gatherDaemon, gatherEntries, readHost, toGrant, type VerifyThere } from "./read-host.ts";

export type KeyPlannerDeps = {
  store: Store;
  openSessions: OpenSessions;
  /** What facts are gathered with; ssh_config is read anew for every plan. */
  factDeps: () => Promise<FactDeps>;
};

export const createKeyPlanner = (deps: KeyPlannerDeps): Planner<KeyRequest, KeyPlan> => ({
  plan: async ({ request, options }) =>
    atOnce(
      toChange(deps, { request, options, target: findHosts(request, deps.store.runbooks.facts) }, makePlan),
    ),
  review: (plan) => takeChange(deps, plan),
});

type KeyChange = { request: KeyRequest; options: KeyOptions; target: FoundHosts };

/** The change of who may log in where. */
function toChange(
  deps: KeyPlannerDeps,
  change: KeyChange,
  finish: (facts: PlanFacts) => KeyPlan | Unplannable,
): PlanWork {
  const { target } = change;
  const isOfflineAlone = isAllOffline(deps.store.runbooks.facts, target);
  return {
    hosts: target.hosts.map(({ known }) => known),
    openSessions: isOfflineAlone ? null : deps.openSessions,
    make: async (sessions, onRead) =>
      finish(await gatherFacts(await deps.factDeps(), change, sessions, onRead)),
  };
}

/** An imported plan. */
function takeChange(deps: KeyPlannerDeps, data: KeyPlan): PlanWork {
  const { facts: inventory } = deps.store.runbooks;
  const error = findError(data);
  if (error) throw new Refusal("invalid-input", `the plan was edited: ${error}; plan anew`);
  const target = findPlanned(data, inventory);
  const finish = (facts: PlanFacts) =>
    reviewPlan({ plan: data, facts, elsewhere: findElsewhere(data, inventory, facts.hosts) });
  return toChange(deps, { request: requestOf(data), options: data.options, target }, finish);
}

export type FactDeps = {
  inventory: Inventory;
  heldKeys: () => HeldKey[];
  workstation: Workstation;
  /** What is at the path of a private key here. */
  inspectKeyFile: typeof inspectKeyFile;
  /** Whether the agent signs with the key. */
  verifyAgent: (socketPath: string, fingerprint: string) => Promise<KeyPossession>;
  verifyThere: VerifyThere;
  routeTo: SshConfig["routeTo"];
  now: () => Date;
};

/** Hosts inspected side by side. */
const AT_ONCE = 8;

/** Inspects every host that the request is about. The facts also name each host that could not be inspected. */
async function gatherFacts(
  deps: FactDeps,
  { request, options, target }: KeyChange,
  sessions: HostSessions | null,
  onRead: (read: number) => Promise<void>,
): Promise<PlanFacts> {
  const hosts: HostFacts[] = [];
  let read = 0;
  const jumps = countJumps(deps.inventory.allHosts(), deps.routeTo, deps.workstation.user);
  const logins = listLogins(deps.inventory.allHosts(), deps.routeTo, deps.workstation.user);
  await sideBySide(target.hosts, AT_ONCE, async (one) => {
    const facts = await gatherHost(deps, one, sessions, { request, fingerprint: target.fingerprint });
    const key = keyOfHost(one.known);
    const enteredAs = [...(logins.get(key) ?? [])].map(([account, to]) => ({ account, to: [...to] }));
    const disabling = facts.disabling && { ...facts.disabling, enteredAs };
    hosts[target.hosts.indexOf(one)] = { ...facts, jumpFor: jumps.get(key) ?? 0, disabling };
    await onRead(++read);
  });
  const { heldKeys, workstation } = deps;
  const key = toKey(deps.inventory, request, target);
  const handled = target.fingerprint ?? (request.kind === "tighten-grants" ? key?.fingerprint : null) ?? null;
  const here = handled ? heldKeys().filter(({ fingerprint }) => fingerprint === handled) : [];
  return {
    now: toInstant(deps.now()),
    request,
    options,
    hosts,
    key,
    provided: await gatherProvided(deps, request),
    here: await Promise.all((await withNamed(deps, request, here)).map((held) => toPrivateKey(held, deps))),
    freeKeyFile: await findFreeKeyFile(deps, workstation),
    keptKeys: deps.inventory.keptKeys(),
  };
}

async function gatherHost(
  deps: FactDeps,
  target: FoundHost,
  sessions: HostSessions | null,
  { request: { kind }, fingerprint }: { request: KeyRequest; fingerprint: string | null },
): Promise<HostFacts> {
  const { known } = target;
  const about = {
    host: known.host,
    port: known.port,
    user: known.user,
    useSudo: known.useSudo,
    labels: known.tags,
    os: known.os,
    jumpFor: 0,
    daemon: null,
    disabling: null,
    asOf: null,
    bundleStanding: null,
    logs: deps.inventory.logsOf(known.id),
    addresses: deps.inventory.addressesOf(known.id),
    logins: fingerprint === null ? [] : deps.inventory.loginsBy(known.id, fingerprint),
    unreadableKeys: deps.inventory
      .unreadableKeys(known.id)
      .map((one) => ({ ...one, grants: grantsOf(deps.inventory, known.id, one.accounts) })),
  };
  const offline = deps.inventory.offlineHost(known.id);
  if (offline && !sessions) return { ...about, ...offlineFacts(target, offline, deps.inventory) };
  if (offline || !sessions) return { ...about, ...unreadable(deps, target, OFFLINE_ALONE) };
  try {
    const request = { ...toHostRequest(known, known.transport), hostKey: null };
    const entered = await sessions.connectToHost(request, async (session) => ({
      ...withUnreadable(
        await readHost(session, target, { ...deps, fingerprint, readsAll: kind === "disable-account" }),
        about.unreadableKeys,
      ),
      daemon: kind === "rotate-host-key" ? await gatherDaemon(session.remote) : null,
      disabling:
        kind === "disable-account" ? await gatherEntries(session.remote, target.accounts.keys()) : null,
    }));
    if (entered.kind === "connected") return { ...about, unreadable: null, ...entered.value };
    return { ...about, ...unreadable(deps, target, entered.message) };
  } catch (error) {
    if (error instanceof HostLost) return { ...about, ...unreadable(deps, target, error.message) };
    throw error;
  }
}

const grantsOf = (inventory: Inventory, hostId: number, accounts: readonly string[]) =>
  accounts.flatMap((account) =>
    inventory.grantsOfAccount(hostId, account).map((fact) => ({ account, grant: toGrant(fact) })),
  );

const withUnreadable = <Seen extends Pick<HostFacts, "unreadableKeys">>(
  seen: Seen,
  more: HostFacts["unreadableKeys"],
): Seen => ({ ...seen, unreadableKeys: [...seen.unreadableKeys, ...more] });

/** A plan is either of hosts that are inspected, or of hosts that are not. */
const OFFLINE_ALONE =
  "it is known by a bundle alone: plan it without the hosts that can be reached, and run its script there";

/** Whether no host can be inspected from here: each of these is known by a bundle alone. */
const isAllOffline = (inventory: Inventory, { hosts }: FoundHosts): boolean =>
  hosts.length > 0 && hosts.every(({ known }) => inventory.offlineHost(known.id) !== null);

function unreadable({ inventory }: FactDeps, { known, accounts }: FoundHost, why: string) {
  const login = { account: known.user ?? "", isRoot: false, key: null, certificate: null, from: null };
  return {
    hostKey: known.pinned,
    unreadable: why,
    clockOffset: null,
    rollbackTimers: [],
    login,
    privateKeyLocations: [],
    accounts: [...accounts.keys()].map((name) => ({
      name,
      uid: -1,
      gid: -1,
      runsCommands: null,
      consulted: null,
      keysCommand: null,
      consultedByOthers: [],
      isSshdKnown: false,
      authenticationMethods: null,
      forceCommand: null,
      grants: inventory.grantsOfAccount(known.id, name).map((grant) => ({ ...grant, isAuthority: false })),
    })),
    files: [...accounts].flatMap(([name, paths]) =>
      [...paths].map((path) => ({
        path,
        otherPaths: [],
        accounts: [name],
        realPath: null,
        stand: { kind: "refused" as const, why, bytes: null },
      })),
    ),
  };
}

function toKey(
  inventory: Inventory,
  request: KeyRequest,
  { fingerprint, grants }: FoundHosts,
): KeyFacts | null {
  const ofRequest =
    request.kind === "add-grants"
      ? request.key
      : request.kind === "move-to-authority"
        ? request.authority
        : null;
  const only = new Set(grants.map((grant) => grant.fingerprint));
  const meant =
    fingerprint ?? (ofRequest ? readFingerprint(ofRequest) : only.size === 1 ? [...only][0] : null);
  if (!meant) return null;
  const first = grants.find((grant) => grant.fingerprint === meant);
  const keyType = first?.keyType ?? inventory.keyType(meant) ?? "";
  return { fingerprint: meant, keyType, comment: first?.comment ?? "", people: inventory.people(meant) };
}

/** A key that is only granted needs no private key here; if one is available, a login with it verifies the new line. */
async function gatherProvided(deps: FactDeps, request: KeyRequest): Promise<ProvidedKey | null> {
  const provided = await readProvided(deps, request);
  if (!provided || provided.path !== null || request.kind !== "add-grants") return provided;
  const held = deps.heldKeys().filter(({ fingerprint }) => fingerprint === provided.fingerprint);
  const files = held.flatMap(({ kind, location }) => (kind === "file" ? [location] : []));
  const privateKeys = await Promise.all(
    files.map(async (path) => ({ path, keyFile: await deps.inspectKeyFile(path) })),
  );
  // A locked one would need its passphrase just for a verification.
  const open = privateKeys.find(
    ({ keyFile }) => keyFile?.isEncrypted === false && keyFile.fingerprint === provided.fingerprint,
  );
  return { ...provided, path: open?.path ?? null, isInAgent: held.some(({ kind }) => kind === "agent") };
}

/** The line of a .pub file, or a private key file of this computer. */
async function readProvided({ inspectKeyFile }: FactDeps, request: KeyRequest): Promise<ProvidedKey | null> {
  const text =
    request.kind === "rotate-key"
      ? request.newKey
      : request.kind === "add-grants"
        ? request.key
        : request.kind === "move-to-authority"
          ? request.authority
          : null;
  if (text === null || text.startsWith("SHA256:")) return null;
  const line = readPublicKeyLine(text);
  if (line) {
    const [, type = "", base64 = ""] = /(\S+)\s+([A-Za-z0-9+/]+=*)/.exec(text) ?? [];
    return {
      line: `${type} ${base64}`,
      fingerprint: line.key.fingerprint,
      comment: line.comment,
      path: null,
      isInAgent: false,
    };
  }
  const keyFile = await inspectKeyFile(text);
  if (keyFile?.line && keyFile.fingerprint)
    return {
      line: keyFile.line,
      fingerprint: keyFile.fingerprint,
      comment: keyFile.comment,
      path: text,
      isInAgent: false,
    };
  throw new Refusal(
    "invalid-input",
    `"${text.slice(0, 80)}" is neither the line of a .pub file nor a private key that can be read here`,
  );
}

/** Adds the file that the request names for the new private key, if it contains the old one. Any other file is kept. */
async function withNamed(
  { inspectKeyFile }: FactDeps,
  request: KeyRequest,
  here: readonly HeldKey[],
): Promise<readonly HeldKey[]> {
  const path = request.kind === "rotate-key" ? request.keyFile : null;
  const keyFile = path === null ? null : await inspectKeyFile(path);
  if (path === null || keyFile === null || request.kind !== "rotate-key") return here;
  const named = readFingerprint(request.fingerprint);
  const shown = keyFile.fingerprint ?? (keyFile.line && readPublicKeyLine(keyFile.line)?.key.fingerprint);
  if (shown !== named)
    throw new Refusal(
      "invalid-input",
      `${path} exists already and is not the private key of ${named}; name another file by --key-file`,
    );
  const isKnown = here.some((held) => held.kind === "file" && held.location === path);
  return isKnown ? here : [...here, { kind: "file", location: path, fingerprint: named }];
}

async function toPrivateKey(
  { kind, location, fingerprint }: HeldKey,
  { workstation, inspectKeyFile, verifyAgent }: FactDeps,
): Promise<PrivateKeyFacts> {
  const { user: owner, agentSocket } = workstation;
  const nobody = { uid: null, gid: null, owner, before: null, hasPublicFile: false };
  const unknown = { ...nobody, mode: "0600", isEncrypted: null };
  const unasked: KeyPossession = { kind: "claimed", why: "not-tested" };
  if (kind === "agent") {
    const path = agentSocket ?? "";
    if (agentSocket === null)
      return { kind, path, ...unknown, possession: unasked, stuck: "no agent is running" };
    return { kind, path, ...unknown, possession: await verifyAgent(agentSocket, fingerprint), stuck: null };
  }
  const keyFile = await inspectKeyFile(location);
  if (!keyFile)
    return { kind, path: location, ...unknown, possession: unasked, stuck: `${location} is gone` };
  const { uid, gid, mode, isEncrypted, hash: before, hasPublicFile, stuck } = keyFile;
  const isShown = keyFile.fingerprint === null || keyFile.fingerprint === fingerprint;
  const possession: KeyPossession = isShown ? keyFile.possession : { kind: "other-key" };
  const about = { kind, path: location, uid, gid, owner, mode, isEncrypted, before, hasPublicFile };
  return { ...about, possession, stuck };
}

async function findFreeKeyFile({ inspectKeyFile }: FactDeps, { home }: Workstation): Promise<string | null> {
  const path = `${home}/.ssh/id_ed25519`;
  return (await inspectKeyFile(path)) === null ? path : null;
}
