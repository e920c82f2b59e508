import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { settleStandings } from "#domain/people/standing.ts";
import { openStore, type Store } from "#store/store.ts";
import { listAccounts } from "#store/testing/ask.ts";
import {
  fingerprintOf,
  makeAccount,
  makeCertificate,
  makeGrant,
  START,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";
import { createLabels } from "./index.ts";

function open() {
  const store = openStore({ path: ":memory:", access: "write" });
  const announce = () => undefined;
  return {
    store,
    labels: createRouterClient(createLabels({ store, announce, now: () => new Date(START) })),
  };
}

function importPeople(store: Store, ...named: readonly [name: string, login: string, key: string][]): void {
  store.atomically(() => {
    store.people.replaceSource({
      name: "people.csv",
      kind: "csv",
      isWhole: false,
      people: named.map(([name, login, key]) => ({
        handle: login,
        name,
        email: null,
        logins: [login],
        said: "active" as const,
        leftOn: null,
        keys: [{ fingerprint: fingerprintOf(key), keyType: null }],
      })),
      at: START,
    });
    store.people.settle(settleStandings(store.people.entries(), START.slice(0, 10), []), START);
  });
}

const account = (name: string, host = "web1.prod.example") => ({
  kind: "account" as const,
  host,
  port: 22,
  name,
});

const AT = "2026-05-30T08:00:00Z";
const MANY = {
  lastFrom: null,
  lastInJournalAt: null,
  origins: [],
  days: [[20_603, 1]] as [number, number][],
};

/** An account that Mallory has root of, with all that a host can say for him, beside another one that is Ann's. */
function visitWeb(store: Store): void {
  visitHost(store, "web1.prod.example", {
    collected: {
      accounts: [
        makeAccount("deploy", {
          kind: "bot",
          workloads: [
            {
              kind: "unit",
              name: "shop.service",
              path: "/etc/systemd/system/shop.service",
              program: null,
              isEnabled: true,
              startedBy: [],
            },
          ],
          workloadCount: 1,
        }),
        makeAccount("ann", { uid: 1_001, kind: "person" }),
        makeAccount("mallory", { uid: 1_002, kind: "person" }),
        makeAccount("daemon", { uid: 2, kind: "system" }),
      ],
      grants: [
        makeGrant("mallory", { account: "deploy" }),
        makeGrant("other", { account: "deploy", line: 2, comment: "ann@laptop" }),
      ],
      use: {
        logins: [
          {
            account: "deploy",
            fingerprint: fingerprintOf("mallory"),
            isAuthority: false,
            firstAt: AT,
            lastAt: AT,
            ...MANY,
          },
        ],
        others: [{ account: "deploy", method: "su", by: "mallory", firstAt: AT, lastAt: AT, ...MANY }],
        windows: [],
      },
    },
  });
}

test("what is at hand suggests who answers for an account, and says whether it is a host's word alone", async () => {
  const { store, labels } = open();
  importPeople(store, ["Ann Moore", "ann", "ann"], ["Mallory Mill", "mallory", "mallory"]);
  visitWeb(store);
  const { suggestions } = await labels.suggest({ thing: account("deploy") });
  expect(suggestions).toEqual([
    {
      field: "owner",
      value: "Mallory Mill",
      evidence: [
        { kind: "comment", comment: "mallory" },
        { kind: "key-of-person", fingerprint: fingerprintOf("mallory"), source: "people.csv" },
        { kind: "last-login", fingerprint: fingerprintOf("mallory"), at: AT },
        { kind: "became", by: "mallory", at: AT },
      ],
      isClaim: true,
    },
    {
      field: "owner",
      value: "Ann Moore",
      evidence: [{ kind: "comment", comment: "ann@laptop" }],
      isClaim: true,
    },
    {
      field: "purpose",
      value: "runs shop.service",
      evidence: [{ kind: "runs", name: "shop.service" }],
      isClaim: true,
    },
    {
      field: "environment",
      value: "production",
      evidence: [{ kind: "host-name", host: "web1.prod.example", word: "prod" }],
      isClaim: false,
    },
  ]);
  // What is said of an account of the same name elsewhere is suggested as a claim: the host gave it that name.
  visitHost(store, "web2.example", { collected: { accounts: [makeAccount("deploy")] } });
  await labels.set({ things: [account("deploy", "web2.example")], owner: "team shop", purpose: "deploys" });
  const later = await labels.suggest({ thing: account("deploy") });
  expect(later.suggestions).toMatchObject([
    { value: "Mallory Mill", isClaim: true },
    { value: "Ann Moore", isClaim: true },
    { value: "team shop", isClaim: true, evidence: [{ kind: "same-name", count: 1 }] },
    { value: "deploys", isClaim: true, evidence: [{ kind: "same-name", count: 1 }] },
    { value: "runs shop.service", isClaim: true },
    { field: "environment" },
  ]);
});

test("whose key was used is no reason where somebody has logged in by other means since", async () => {
  const { store, labels } = open();
  importPeople(store, ["Ann Moore", "ann", "ann"]);
  const at = (day: number) => `2026-05-${day}T08:00:00Z`;
  const login = (day: number) => ({ account: "svc", firstAt: at(day), lastAt: at(day), ...MANY });
  const kinds = async (
    others: { method: "password" | "su"; day: number }[],
    certificateDay: number | null = null,
  ) => {
    visitHost(store, "web1.example", {
      collected: {
        accounts: [makeAccount("svc")],
        use: {
          logins: [
            { ...login(20), fingerprint: fingerprintOf("ann"), isAuthority: false },
            ...(certificateDay === null
              ? []
              : [{ ...login(certificateDay), fingerprint: "SHA256:authority", isAuthority: true }]),
          ],
          others: others.map(({ method, day }) => ({
            ...login(day),
            method,
            by: method === "su" ? "bob" : "",
          })),
          windows: [],
        },
      },
    });
    const { suggestions } = await labels.suggest({ thing: account("svc", "web1.example") });
    return suggestions.flatMap(({ evidence }) => evidence.map(({ kind }) => kind));
  };
  expect(await kinds([])).toEqual(["last-login"]);
  expect(await kinds([{ method: "su", day: 25 }])).toEqual(["last-login"]);
  expect(await kinds([{ method: "password", day: 19 }])).toEqual(["last-login"]);
  expect(await kinds([], 21)).toEqual([]);
  expect(await kinds([{ method: "password", day: 22 }])).toEqual([]);
});

test("nothing that is suggested counts before somebody says yes, and then it is suggested no more", async () => {
  const { store, labels } = open();
  importPeople(store, ["Ann Moore", "ann", "ann"]);
  visitWeb(store);
  const thing = account("ann");
  const [first] = (await labels.suggest({ thing })).suggestions;
  // Root of a host calls its accounts as they like.
  expect(first).toMatchObject({ field: "owner", value: "Ann Moore", isClaim: true });
  expect(listAccounts(store, { owner: "" }).total).toBe(4);
  expect(await labels.find({ thing })).toMatchObject({ owner: { own: null, inherited: { kind: "none" } } });
  await labels.set({ things: [thing], owner: "Ann Moore" });
  expect(listAccounts(store, { owner: "" }).total).toBe(3);
  expect((await labels.suggest({ thing })).suggestions.some(({ field }) => field === "owner")).toBe(false);
});

test("accounts without an owner are gone through a page at a time, the system's own apart", async () => {
  const { store, labels } = open();
  importPeople(store, ["Ann Moore", "ann", "ann"], ["Mallory Mill", "mallory", "mallory"]);
  visitWeb(store);
  const names: string[] = [];
  let after: number | null = 0;
  for (let page = 0; after !== null; page++) {
    expect(page).toBeLessThan(5);
    const found: Awaited<ReturnType<typeof labels.suggestOwners>> = await labels.suggestOwners({
      after,
      limit: 1,
    });
    names.push(...found.rows.map(({ thing }) => ("name" in thing ? thing.name : "")));
    after = found.next;
  }
  expect(names).toEqual(["deploy", "ann", "mallory"]);
});

test("a login that two persons have names neither, and somebody who has left is not suggested", async () => {
  const { store, labels } = open();
  importPeople(store, ["Ann Moore", "ann", "a"], ["Another Ann", "ann2", "b"]);
  visitHost(store, "web1.example", {
    collected: {
      accounts: [makeAccount("ann")],
      grants: [makeGrant("nobody", { account: "ann", comment: "zoe@x" })],
    },
  });
  const owners = async () =>
    (await labels.suggest({ thing: account("ann", "web1.example") })).suggestions.map(({ value }) => value);
  expect(await owners()).toEqual(["Ann Moore"]);
  store.atomically(() => {
    store.people.replaceSource({ name: "people.csv", kind: "csv", isWhole: true, people: [], at: START });
    store.people.settle(settleStandings(store.people.entries(), START.slice(0, 10), []), START);
  });
  expect(await owners()).toEqual([]);
});

test("a key is suggested whose it is, and a certificate what the one before it had, and its issuer's owner", async () => {
  const { store, labels } = open();
  importPeople(store, ["Ann Moore", "ann", "ann"]);
  visitHost(store, "web1.example", { collected: { grants: [makeGrant("ann")] } });
  const key = { kind: "key" as const, fingerprint: fingerprintOf("ann") };
  expect((await labels.suggest({ thing: key })).suggestions).toMatchObject([
    { field: "owner", value: "Ann Moore", evidence: [{}, {}] },
  ]);

  const [old, renewed] = [makeCertificate("old"), makeCertificate("renewed")];
  visitEndpoint(store, "shop.example", { presented: { chain: [old] } });
  const certificate = ({ certificate: { sha256 } }: typeof old) => ({ kind: "certificate" as const, sha256 });
  await labels.set({ things: [certificate(old)], owner: "team shop", purpose: "the shop" });
  visitEndpoint(store, "shop.example", { presented: { chain: [renewed] } });
  expect((await labels.suggest({ thing: certificate(renewed) })).suggestions).toMatchObject([
    { field: "owner", value: "team shop", evidence: [{ kind: "predecessor" }], isClaim: true },
    { field: "purpose", value: "the shop" },
  ]);
});
