import { createRouterClient } from "@orpc/server";
import type { GraphLink } from "#shared/model/access/graph.ts";
import type { Effective } from "#shared/model/access/verdict.ts";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";
import { nameNode } from "#shared/text/access/graph.ts";
import type { CollectedHost, TrustedAuthority } from "#store/probe-record.ts";
import { openStore, type Store } from "#store/store.ts";
import {
  fingerprintOf,
  makeAccount,
  makeGrant,
  makeKeyFile,
  makeVerdict,
  visitHost,
} from "#store/testing/make-visit.ts";
import { createGraph } from "../index.ts";

/** A store in which made-up hosts are probed, and its graph. For tests. */
export type File = CollectedHost["keyFiles"][number];

const ACCOUNTS = [makeAccount("root", { uid: 0 }), makeAccount("deploy"), makeAccount("ci", { uid: 1_001 })];

/** A line that gives a shell by default. */
export function grant(key: string, name: string, effective: Partial<Effective> = {}, options = "") {
  const verdict = makeVerdict();
  const judged = { ...verdict.effective, gives: ["shell" as const], ...effective };
  const file = `/home/${name}/.ssh/authorized_keys`;
  const uid = name === "root" ? 0 : 1_000;
  return makeGrant(key, { account: name, uid, file, options, verdict: { ...verdict, effective: judged } });
}

export const file = (key: string, owner: string, more: Partial<File> = {}): File => ({
  ...makeKeyFile(key),
  path: `/home/${owner}/.ssh/${key}`,
  owner,
  isEncrypted: false,
  ...more,
});

export const rule = (from: string, more: Partial<Escalation> = {}): Escalation => ({
  account: from,
  target: "root",
  by: "sudo",
  commands: "any",
  password: "none",
  isCertain: true,
  what: [],
  shell: null,
  rule: "/etc/sudoers:1",
  ...more,
});

/** An authority whose certificates need the name of the account as the principal. */
export const trust = (
  key: string,
  account: string,
  more: Partial<TrustedAuthority> = {},
): TrustedAuthority => ({
  account,
  fingerprint: fingerprintOf(key),
  keyType: "ssh-ed25519",
  comment: key,
  file: "/etc/ssh/ca.pub",
  line: 1,
  principals: [account],
  effective: { ...makeVerdict().effective, gives: ["shell"] },
  ...more,
});

export type Host = Partial<Pick<CollectedHost, "accounts" | "grants" | "keyFiles" | "hostKeys">> & {
  escalations?: Escalation[];
  agents?: CollectedHost["reach"]["agents"];
  authorities?: TrustedAuthority[];
};

export function openGraph(hosts: Record<string, Host>) {
  const store = openStore({ path: ":memory:", access: "write" });
  for (const [name, host] of Object.entries(hosts)) visit(store, name, host);
  const client = createRouterClient(createGraph({ store }));
  return {
    store,
    client,
    reach: async (start: string, more: object = {}) => (await client.reach({ start, ...more })).rows.map(say),
    links: async (more: object = {}) => (await client.links(more)).rows.map(say),
    path: async (from: string, to: string, more: object = {}) =>
      (await client.path({ from, to, ...more })).steps?.map(say) ?? null,
  };
}

export function visit(
  store: Store,
  name: string,
  { escalations = [], agents = [], authorities = [], accounts = ACCOUNTS, ...host }: Host,
) {
  const reach = { escalations, agents, areRulesRead: true, outbound: [], unreadablePaths: [] };
  const trusted = { trusted: authorities, isComplete: true };
  visitHost(store, name, { collected: { accounts, reach, authorities: trusted, ...host } });
}

export const say = ({ from, to, how, isCertain, isPathCertain, distance }: GraphLink): string => {
  const end = (isPathCertain ?? isCertain) ? "" : "?";
  return `${nameNode(from)} ${how}${end} ${nameNode(to)}${distance === null ? "" : ` ${distance}`}`;
};
