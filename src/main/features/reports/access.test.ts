import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { fingerprintOf, makeGrant, makeVerdict, visitHost } from "#store/testing/make-visit.ts";
import { createAccess } from "./index.ts";

const store = openStore({ path: ":memory:", access: "write" });
const access = createRouterClient(createAccess({ store }));

const unused = {
  ...makeVerdict(),
  use: { ...makeVerdict().use, state: "unused" as const, reasons: ["in 90 days"] },
};
const grants = [
  makeGrant("ann", { verdict: unused }),
  makeGrant("bob", { line: 2, account: "deploy", verdict: makeVerdict("no") }),
  makeGrant("not a key", {
    line: 3,
    keyType: null,
    keyBits: null,
    fingerprint: null,
    verdict: makeVerdict("unknown"),
  }),
];
visitHost(store, "web2", { collected: { grants } });
visitHost(store, "web1", { collected: { grants: grants.slice(0, 1) } });

const list = async (asked: Parameters<typeof access.list>[0]) =>
  (await access.list(asked)).rows.map(({ host, account, line }) => `${account}@${host}:${line}`);

test("grants are listed in the order of host, account, file and line", async () => {
  expect(await list({})).toEqual(["root@web1:1", "deploy@web2:2", "root@web2:1", "root@web2:3"]);
});

test("filters let through what they say", async () => {
  expect(await list({ host: "web1" })).toEqual(["root@web1:1"]);
  expect(await list({ account: "deploy" })).toEqual(["deploy@web2:2"]);
  expect(await list({ fingerprint: fingerprintOf("ann") })).toEqual(["root@web1:1", "root@web2:1"]);
  expect(await list({ effective: "unknown" })).toEqual(["root@web2:3"]);
  expect(await list({ search: fingerprintOf("bob").slice(7, 20) })).toEqual(["deploy@web2:2"]);
  expect(await list({ orphaned: true })).toEqual(["root@web1:1", "root@web2:1"]);
  expect(await list({ orphaned: true, host: "web2" })).toEqual(["root@web2:1"]);
  expect(await list({ privateKeyNotFound: true, effective: "no" })).toEqual(["deploy@web2:2"]);
});

test("a grant that may let someone in and that nobody uses is orphaned, and says why", async () => {
  const { rows } = await access.list({ fingerprint: fingerprintOf("ann") });
  expect(rows[0]).toMatchObject({
    orphaned: true,
    orphan: "unused",
    why: ["in 90 days"],
    findings: [{ rule: "grant-orphaned", severity: "medium" }, { rule: "key-on-several-accounts" }],
  });
});

test("one grant is found with its line and where else its key is", async () => {
  const { rows } = await access.list({ host: "web1" });
  const found = await access.find({ id: rows[0]?.id ?? 0 });
  expect(found).toMatchObject({
    text: "ssh-ed25519 ann",
    sameKey: [{ host: "web2", account: "root", line: 1 }],
  });
  await expect(access.find({ id: 99 })).rejects.toThrow("there is no grant 99");
});
