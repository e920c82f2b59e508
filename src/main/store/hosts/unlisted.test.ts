import { expect, test } from "vitest";
import type { CollectedHost } from "#store/probe-record.ts";
import { openStore } from "#store/store.ts";
import { listGrants } from "#store/testing/ask.ts";
import {
  fingerprintOf,
  makeAccount,
  makeGrant,
  makeKeyFile,
  makeVerdict,
  visitHost,
} from "#store/testing/make-visit.ts";

/** Only the password of `own` is in the host's own password file. */
const ANN = makeAccount("ann", { uid: 2_001, passwordState: "unknown" });
const OWN = makeAccount("own", { uid: 1_001 });
const authority = {
  account: "ann",
  fingerprint: fingerprintOf("ca"),
  keyType: "ssh-ed25519",
  comment: "",
  principals: [],
  file: "/etc/ssh/ca.pub",
  line: 1,
  effective: makeVerdict().effective,
};
const agent = { account: "ann", kind: "forwarded" as const, path: "/tmp/ssh-a/agent.7" };

const WHOLE: Partial<CollectedHost> = {
  accounts: [ANN, OWN],
  grants: [
    makeGrant("ann", { account: "ann", file: "/etc/ssh/keys/ann" }),
    makeGrant("own", { account: "own", file: "/home/own/.ssh/authorized_keys" }),
  ],
  keyFiles: [{ ...makeKeyFile("held"), path: "/home/ann/.ssh/id", owner: "ann" }],
  authorities: { trusted: [authority], isComplete: true },
  reach: { escalations: [], areRulesRead: true, agents: [agent], outbound: [], unreadablePaths: [] },
};

function probeTwice(missingAccounts: CollectedHost["missingAccounts"]) {
  const store = openStore({ path: ":memory:", access: "write" });
  visitHost(store, "web1", { collected: WHOLE });
  visitHost(store, "web1", { collected: { missingAccounts } });
  const host = store.hosts.find(1);
  return {
    grants: listGrants(store).rows.map(({ account }) => account),
    accounts: host?.accounts.map(({ name }) => name),
    keyFiles: host?.keyFiles.map(({ path }) => path),
    coverage: host?.coverage.notRead.map(({ what }) => what),
    agents: host?.accounts.flatMap(({ agents }) => agents.length),
    steps: store.graph.links({
      after: null,
      limit: 10,
      search: "",
      host: null,
      by: "authority",
      person: null,
      standing: null,
      onlyCertain: false,
      onlyRoot: false,
    }).total,
  };
}

test("without a directory, what an account had that is missing has gone with it", () => {
  expect(probeTwice("gone")).toEqual({
    grants: [],
    accounts: [],
    keyFiles: [],
    coverage: [],
    agents: [],
    steps: 0,
  });
});

test("a directory that lists none of its accounts ends none of what they have, and coverage names them", () => {
  expect(probeTwice("gone-if-own")).toEqual({
    grants: ["ann"],
    accounts: ["ann"],
    keyFiles: ["/home/ann/.ssh/id"],
    coverage: ["account ann"],
    agents: [0],
    steps: 1,
  });
});

test("whoever may not read the passwords of a host with a directory ends no account", () => {
  expect(probeTwice("may-be-there")).toMatchObject({
    grants: ["ann", "own"],
    accounts: ["own", "ann"],
    coverage: ["account ann", "account own"],
  });
});
