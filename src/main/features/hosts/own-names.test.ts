import { createHash } from "node:crypto";
import { join } from "node:path";
import type { AnyContractProcedure } from "@orpc/contract";
import { expect, test } from "vitest";
import { z } from "zod";
import { createApp } from "#app";
import { findChangedHostKey } from "#domain/findings/host-findings.ts";
import { contract } from "#shared/contract/index.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { Plan } from "#shared/model/runs/plan.ts";
import { formatTarget } from "#shared/text/hosts/target.ts";
import { openStore, type Store } from "#store/store.ts";
import {
  fingerprintOf,
  makeAccount,
  makeCertificate,
  makeGrant,
  makeKeyFile,
  makeLogins,
  makeServing,
  START,
  visitHost,
} from "#store/testing/make-visit.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

/** Another host, that such a machine logs in to and that logs in to it, and that has the same host key. */
function addPeer(store: Store, host: string): void {
  visitHost(store, `peer of ${host}`, {
    collected: {
      accounts: ROOT,
      hostKeys: [{ keyType: "ssh-ed25519", keyBits: 256, fingerprint: fingerprintOf(`shared ${host}`) }],
      grants: [makeGrant(`deploy ${host}`)],
      keyFiles: [makeKeyFile(`back ${host}`)],
    },
  });
}

const ROOT = [makeAccount("root", { uid: 0 })];

/** A scan of the host, with its event and one of its host key. */
function beginScan(store: Store, host: string): ScanId {
  const target = { kind: "ssh", host, port: 22, user: "root" } as const;
  const scanId = store.scans.begin({ requested: [{ target, useSudo: false }], at: START });
  const detail = { scanId, total: 1, first: [formatTarget(target)] };
  const accepted = { host, port: 22, keyType: "ssh-ed25519", fingerprint: "SHA256:x" };
  store.atomically(() => {
    store.events.append({ at: START, kind: "scan-started", detail, hosts: [host] });
    store.events.append({ at: START, kind: "host-key-trusted", detail: accepted });
  });
  return scanId;
}

/** A run that goes on, and a plan that nobody has applied. */
function addRuns(store: Store, host: string): void {
  const plan = Plan.parse({
    format: "latchkey-plan-1",
    kind: "remove-grants",
    title: "Remove 1 grant",
    madeAt: START,
    oldKey: null,
    options: {},
    hosts: [{ host, port: 22, user: "root", useSudo: false, batch: 0, hostKey: "", rollbackTimer: null }].map(
      (one) => ({ ...one, files: [], privateKeyLocations: [], verifications: [] }),
    ),
    checks: [],
    leftOut: [],
    asOf: null,
    remaining: [],
    confirm: null,
  });
  const { plans, runs } = store.runbooks;
  store.atomically(() => {
    const hash = createHash("sha256").update(host).digest("hex");
    const planId = plans.take({ plan, hash, at: START });
    const counts = { hosts: 1, adds: 0, changes: 0, removes: 1 };
    const run = { planId, origin: "live", kind: plan.kind, title: plan.title, at: START } as const;
    runs.begin({ ...run, token: host, acknowledgements: [], counts });
    plans.take({ plan, hash, at: START });
  });
}

/** Two machines that the user knows by address, one of which calls itself db-prod-1; as much on either. */
function fill(store: Store): void {
  const person = { name: "Ann", email: null, said: "active", leftOn: null } as const;
  const keys = ["10.0.0.5", "10.0.0.55"].map((host) => ({
    fingerprint: fingerprintOf(`ann ${host}`),
    keyType: "ssh-ed25519",
    keyBits: 256,
    comment: "",
  }));
  const people = [{ ...person, handle: "ann", logins: ["ann"], keys }];
  store.atomically(() =>
    store.people.replaceSource({ name: "people.csv", kind: "csv", isWhole: false, people, at: START }),
  );
  for (const [host, hostname] of [
    ["10.0.0.5", "db-prod-1"],
    ["10.0.0.55", "web-prod-1"],
  ] as const) {
    const path = "/etc/ssl/shop.pem";
    const serving = makeServing("shop.example", {
      certificate: { path, directive: "ssl_certificate", at: { file: "/etc/nginx/nginx.conf", line: 2 } },
    });
    visitHost(store, host, {
      scanId: beginScan(store, host),
      hostKey: {
        keyType: "ssh-ed25519",
        fingerprint: fingerprintOf(`of ${host}`),
        blob: new Uint8Array([1]),
      },
      findings: [
        findChangedHostKey(
          { kind: "ssh", host, port: 22, user: null },
          { keyType: "ssh-ed25519", fingerprint: fingerprintOf(`of ${host}`) },
          { isRevoked: false, evidence: "trusted: another" },
        ),
      ],
      collected: {
        hostname,
        accounts: ROOT,
        hostKeys: [{ keyType: "ssh-ed25519", keyBits: 256, fingerprint: fingerprintOf(`shared ${host}`) }],
        grants: [
          makeGrant(`ann ${host}`),
          makeGrant(`deploy ${host}`, { line: 2, comment: "deploy" }),
          makeGrant(`back ${host}`, { line: 3, comment: "back" }),
        ],
        keyFiles: [makeKeyFile(`deploy ${host}`)],
        certificateFiles: [{ path, certificates: [makeCertificate(`cert of ${host}`)] }],
        disk: { addresses: [], map: "{}", bindings: [serving] },
        logins: makeLogins(["root"]),
      },
    });
    addRuns(store, host);
    addPeer(store, host);
  }
}

async function open() {
  const folder = await makeTemporaryFolder();
  const databasePath = join(folder.path, "latchkey.db");
  const store = openStore({ path: databasePath, access: "write" });
  fill(store);
  store.close();
  const workstation = { user: "jo", home: folder.path, agentSocket: null };
  const app = createApp({ databasePath, workstation, now: () => new Date(START) });
  const close = () => app[Symbol.asyncDispose]();
  return {
    client: app.client,
    databasePath,
    close,
    async [Symbol.asyncDispose]() {
      await close();
      await folder.remove();
    },
  };
}

/** A review of all that nobody answers for, which is all that there is. */
const reviewAll = ({ reviews }: Awaited<ReturnType<typeof open>>["client"]) =>
  reviews.create({
    name: "all",
    selection: { kind: "no-owner" },
    deciders: { kind: "named", names: ["erin"] },
    dueAt: "2026-07-01T00:00:00Z",
  });

/** What lists need beside a search. */
const QUERIES: Record<string, object> = {
  "changes.list": { from: 0, to: 4 },
  "reviews.items": { review: "all" },
  "graph.reach": { start: "10.0.0.5" },
  "scans.probes": { scanId: 1 },
};

/** Lists of things that are of no host. */
const OF_NO_HOST = ["people.list"];

/** The queries of the contract that take the words of a search. */
function listSearches(router: object = contract, path: readonly string[] = []): string[] {
  return Object.entries(router).flatMap(([name, one]) => {
    if (!("~orpc" in one)) return listSearches(one, [...path, name]);
    const { inputSchema } = (one as AnyContractProcedure)["~orpc"];
    const isSearch = inputSchema instanceof z.ZodObject && "search" in inputSchema.shape;
    return isSearch ? [[...path, name].join(".")] : [];
  });
}

test.each(listSearches().filter((name) => !OF_NO_HOST.includes(name)))(
  "%s finds what is of a host by what the host calls itself, and nothing of another host",
  async (name) => {
    await using world = await open();
    if (name === "reviews.items") await reviewAll(world.client);
    const [feature = "", verb = ""] = name.split(".");
    const client = world.client as unknown as Record<
      string,
      Record<string, (query: object) => Promise<unknown>>
    >;
    const find = async (search: string): Promise<unknown[]> => {
      const found = await client[feature]?.[verb]?.({ ...QUERIES[name], search });
      if (Array.isArray(found)) return found;
      const { rows, total } = found as { rows: unknown[]; total: unknown };
      expect(total).toBe(rows.length);
      return rows;
    };
    const rows = await find("db-prod");
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).toContain("10.0.0.5");
    expect(JSON.stringify(rows)).not.toContain("10.0.0.55");
    expect(await find("nothing-is-called-so")).toEqual([]);
  },
);

test("every list that is searched is tried: a new one is of a host, or is said to be of none", () => {
  expect(listSearches()).toEqual(
    expect.arrayContaining([...OF_NO_HOST, ...Object.keys(QUERIES), "runs.openPlans"]),
  );
  expect(listSearches().length).toBeGreaterThan(14);
});

test("several words are found together, whichever of them the host calls itself by", async () => {
  await using world = await open();
  const { access, certificates, graph } = world.client;
  expect((await access.list({ search: "deploy db-prod" })).rows).toMatchObject([
    { host: "10.0.0.5", comment: "deploy" },
  ]);
  expect((await access.list({ search: "prod" })).total).toBe(6);
  expect((await access.list({ search: "deploy 10.0.0.5 prod d" })).total).toBe(2);
  expect((await certificates.list({ search: "cert db-prod-1" })).total).toBe(1);
  expect((await certificates.list({ search: "cert mail db-prod-1" })).total).toBe(0);
  const steps = (await graph.links({ search: "ann db-prod" })).rows;
  expect(steps.length).toBeGreaterThan(0);
});

test("what hosts call themselves is listed for the screens, and a terminal shows it behind the user's name", async () => {
  await using world = await open();
  expect(await world.client.hosts.ownNames()).toEqual([
    { host: "10.0.0.5", port: 22, hostname: "db-prod-1" },
    { host: "10.0.0.55", port: 22, hostname: "web-prod-1" },
  ]);
  await world.close();
  const type = openTerminal(world.databasePath, {});
  for (const words of [
    ["access"],
    ["accounts"],
    ["logins"],
    ["logins", "--observed"],
    ["findings"],
    ["hosts"],
    ["host-keys"],
    ["served"],
    ["certificates"],
    ["graph", "list"],
    ["runs", "list"],
  ]) {
    const { out } = await type(...words, "db-prod");
    expect(out, words.join(" ")).toContain("10.0.0.5");
    expect(out, words.join(" ")).toContain("(db-prod-1)");
    expect(out, words.join(" ")).not.toContain("web-prod-1");
  }
});
