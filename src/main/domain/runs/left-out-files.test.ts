import { expect, test } from "vitest";
import type { FileStand } from "#domain/runs/access/plan-facts.ts";
import {
  grantsOf,
  makeAccountFacts,
  makeFileFacts,
  makeHostFacts,
} from "#domain/runs/testdata/make-facts.ts";
import { OLD_KEY } from "#domain/runs/testdata/make-keys-file.ts";
import { planFor } from "#domain/runs/testdata/plan-for.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";

const TEXT = `${OLD_KEY} a\n${SAMPLE_KEYS.rsa} bob\n`;
const here = makeHostFacts("web1", TEXT);

/** A second host: an earlier scan knows this text of its account, and its file is like that now. */
const knownFrom = (text: string, stand: FileStand) => {
  const ann = makeAccountFacts("ann", [makeFileFacts("ann", text)]);
  return {
    ...makeHostFacts("web2", text, { files: [makeFileFacts("ann", text, { stand })] }),
    accounts: [ann],
  };
};

const remaining = (...hosts: Parameters<typeof planFor>[0]) =>
  planFor(hosts).remaining.map(({ host, account, isCertain }) => ({ host, account, isCertain }));

test("a line that has gone since the last scan lets nobody in, whether its file is there or not", () => {
  const { stand } = makeFileFacts("ann", `${SAMPLE_KEYS.rsa} bob\n`);
  expect(remaining(here, knownFrom(TEXT, stand))).toEqual([]);
  const absent: FileStand = { kind: "absent", lacks: { creates: "file", uid: 1000, workFolder: null } };
  expect(remaining(here, knownFrom(TEXT, absent))).toEqual([]);
});

test("what was not read now lets in by the last scan, and whether it still does is not known", () => {
  const refused: FileStand = { kind: "refused", why: "no answer", bytes: null };
  const known = { ...knownFrom(TEXT, refused), unreadable: "no answer" };
  expect(remaining(here, known)).toEqual([{ host: "web2", account: "ann", isCertain: false }]);
});

test("of accounts whose keys could not be read, those alone are named that are known to take the key", () => {
  const bob = grantsOf(makeFileFacts("bob", TEXT)).map((grant) => ({ account: "bob", grant }));
  const unread = { accounts: ["alice", "bob"], path: null, why: "it may not be read", grants: bob };
  const host = { ...here, unreadableKeys: [unread] };
  const plan = planFor([host]);
  expect(plan.remaining).toEqual([
    { host: "web1", port: 22, account: "bob", fingerprint: plan.oldKey, isCertain: false },
  ]);
  const named = plan.checks.filter(({ id }) => id === "unreadable").map(({ account }) => account);
  expect(named).toEqual(["bob"]);
});
