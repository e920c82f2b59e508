import { createRouterClient } from "@orpc/server";
import type { PlanRequest } from "#shared/contract/runs.ts";
import type { ReviewItem } from "#shared/model/access/review.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { CollectedHost } from "#store/probe-record.ts";
import { openStore } from "#store/store.ts";
import { beginScan, fingerprintOf, makeAccount, makeGrant, visitHost } from "#store/testing/make-visit.ts";
import { createLabels } from "../../labels/index.ts";
import { createReviews } from "../index.ts";

export const ROOT = makeAccount("root", { uid: 0, kind: "system", root: "is-root", grantCount: 2 });
export const DEPLOY = makeAccount("deploy", { kind: "bot", root: "becomes-root", grantCount: 1 });
export const APP = makeAccount("app", { kind: "service", uid: 990 });

export const ANN = makeGrant("ann");
export const BOB = makeGrant("bob", { line: 2 });
export const CI = makeGrant("ci", {
  account: "deploy",
  uid: 1_000,
  file: "/home/deploy/.ssh/authorized_keys",
});
export const GRANTS = [ANN, BOB, CI];

/** Two hosts, one of them production; jo uses the program, and a people source knows ann, bob and jo by their keys. */
export function openWorld({ user = "jo", path = ":memory:" } = {}) {
  const clock = { now: new Date("2026-06-02T12:00:00Z") };
  const store = openStore({ path, access: "write", now: () => clock.now });
  const planned: PlanRequest[] = [];
  /** What happens after a plan was asked for and before it is written. */
  const meanwhile = { work: async (): Promise<unknown> => undefined };
  const people = ["ann", "bob", "jo"].map((handle) => ({
    handle,
    name: handle,
    email: null,
    said: "active" as const,
    leftOn: null,
    logins: [handle],
    keys: [{ fingerprint: fingerprintOf(handle), keyType: "ssh-ed25519" }],
  }));
  const at = "2026-06-01T00:00:00Z";
  store.atomically(() =>
    store.people.replaceSource({ name: "people.csv", kind: "csv", isWhole: false, people, at }),
  );
  const deps = { store, announce: () => undefined, now: () => clock.now };
  const labels = createRouterClient(createLabels(deps));
  const api = createRouterClient(
    createReviews({
      ...deps,
      workstation: { user, home: "/nowhere", agentSocket: null },
      makePlan: async (made) => {
        await meanwhile.work();
        return store.queueWrite(() => {
          planned.push(made.request);
          const planId = store.runbooks.plans.begin(made.request, toInstant(clock.now));
          made.onBegun(planId);
          return { planId };
        });
      },
      setOwner: (things, owner) => labels.set({ things: [...things], owner }),
    }),
  );
  const visit = (
    host: string,
    grants = GRANTS,
    accounts = [ROOT, DEPLOY, APP],
    more: Partial<CollectedHost> = {},
  ) => {
    const at = toInstant(clock.now);
    visitHost(store, host, { scanId: beginScan(store, at), at, collected: { grants, accounts, ...more } });
  };
  visit("web1");
  visit("web2");
  return {
    store,
    clock,
    planned,
    meanwhile,
    labels,
    api,
    visit,
    create: (more: Partial<Parameters<typeof api.create>[0]> = {}) =>
      api.create({
        name: "q2",
        selection: { kind: "root" },
        deciders: { kind: "named", names: ["ann", "bob"] },
        dueAt: "2026-06-30T23:59:59Z",
        ...more,
      }),
    items: async (filter: object = {}) => (await api.items({ review: "q2", ...filter })).rows,
  };
}

export const nameOf = ({ evidence }: ReviewItem) =>
  `${evidence.kind === "grant" ? evidence.comment : "account"} ${evidence.account}@${evidence.host}`;

/** The states of the items about a key, in the order of the hosts. */
export const statesOf = (items: readonly ReviewItem[], comment: string) =>
  items.filter((item) => nameOf(item).startsWith(`${comment} `)).map(({ state }) => state);
