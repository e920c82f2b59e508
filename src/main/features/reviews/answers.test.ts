import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { hashDecisions } from "#domain/reviews/evidence.ts";
import { ItemDecision } from "#shared/model/access/review.ts";
import { openStore } from "#store/store.ts";
import { fingerprintOf, makeAccount, makeGrant, visitHost } from "#store/testing/make-visit.ts";
import { type KeyFile, makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createReviews } from "./index.ts";

const run = promisify(execFile);
const ROOT = makeAccount("root", { uid: 0, kind: "system", root: "is-root", grantCount: 4 });
const GRANTS = ["ann", "bob", "ci", "</script><img src=x onerror=alert(1)>\u202e"].map((key, index) =>
  makeGrant(key, { line: index + 1 }),
);

type Answer = { review: string; name: string; decisions: object[] } & Record<string, unknown>;

/** A review that ann has to answer, who holds the first grant, and bob, of whom people sources have a key each. */
async function openDesk(folder: string, user = "jo", path = ":memory:") {
  const [ann, bob] = [await makeKeyFile(folder, "ann"), await makeKeyFile(folder, "bob")];
  const clock = { now: new Date("2026-06-02T12:00:00Z") };
  const store = openStore({ path, access: "write", now: () => clock.now });
  const person = { email: null, said: "active" as const, leftOn: null };
  const list = (name: string, entries: { login: string; keys: string[] }[]) =>
    store.atomically(() =>
      store.people.replaceSource({
        name,
        kind: "csv",
        isWhole: false,
        people: entries.map(({ login, keys }) => ({
          ...person,
          handle: login,
          name: login,
          logins: [login],
          keys: keys.map((fingerprint) => ({ fingerprint, keyType: "ssh-ed25519" })),
        })),
        at: "2026-06-01T00:00:00Z",
      }),
    );
  list("people.csv", [
    { login: "ann", keys: [ann.fingerprint, fingerprintOf("ann")] },
    { login: "bob", keys: [bob.fingerprint] },
  ]);
  visitHost(store, "web1", { collected: { grants: GRANTS, accounts: [ROOT] } });
  const api = createRouterClient(
    createReviews({
      store,
      announce: () => undefined,
      now: () => clock.now,
      workstation: { user, home: folder, agentSocket: null },
      makePlan: () => Promise.reject(new Error("nothing is planned here")),
      setOwner: () => Promise.reject(new Error("nothing is labelled here")),
    }),
  );
  const create = (name: string) =>
    api.create({
      name,
      selection: { kind: "root" },
      deciders: { kind: "named", names: ["ann", "bob"] },
      dueAt: "2026-06-30T23:59:59Z",
    });
  await create("q2");
  /** What the page of a reviewer saves, with these decisions. */
  const answerOf = async (decisions: object[], { review = "q2", reviewer = "ann" } = {}): Promise<Answer> => {
    const { html } = await api.export({ review, reviewer });
    const [, block = ""] = /<script type="application\/json" id="review">(.*?)<\/script>/s.exec(html) ?? [];
    const { file: _, ...meta } = JSON.parse(block);
    return { ...meta, writtenAt: clock.now.toISOString(), decisions };
  };
  const sign = async (text: string, key: KeyFile): Promise<string> => {
    const path = join(folder, "signed");
    await writeFile(path, text);
    await rm(`${path}.sig`, { force: true });
    await run("ssh-keygen", ["-q", "-Y", "sign", "-n", "latchkey-review", "-f", key.path, path]);
    return readFile(`${path}.sig`, "utf8");
  };
  const send = (text: string, more: { signature?: string; acceptsUnsigned?: boolean } = {}) =>
    api.import({ base64: Buffer.from(text).toString("base64"), ...more });
  const forget = (name: string) => store.atomically(() => store.people.removeSource(name));
  return { api, store, clock, create, list, forget, ann, bob, answerOf, sign, send };
}

const keep = (item: number, reason = "on call") => ({ item, choice: "keep", to: null, reason });
const revoke = (item: number) => ({ item, choice: "revoke", to: null, reason: "has left" });

/** Items 2 to 4 are ann's; the first is her own access, and bob's to decide. */
test("an answer counts by the signature of a key that a people source has as the reviewer's", async () => {
  await using folder = await makeTemporaryFolder();
  const { api, ann, answerOf, sign, send } = await openDesk(folder.path);
  const text = JSON.stringify(await answerOf([keep(2), revoke(3)]));
  expect(await send(text, { signature: await sign(text, ann) })).toEqual({
    review: "q2",
    reviewer: "ann",
    source: "signed",
    fingerprint: ann.fingerprint,
    isLate: false,
    accepted: 2,
    same: 0,
    refused: [],
  });
  expect(await api.item({ review: "q2", item: 3 })).toMatchObject({
    state: "to-revoke",
    decision: { choice: "revoke", source: "signed", reviewer: "ann", by: "jo" },
  });
  const { rows: answers } = await api.answers({ review: "q2" });
  expect(answers).toMatchObject([{ id: 1, source: "signed", fingerprint: ann.fingerprint, decisions: 2 }]);
  const { base64 } = await api.answerFile({ review: "q2", answer: 1 });
  expect(Buffer.from(base64, "base64").toString()).toBe(text);
});

test("an answer that its reviewer is not known to have signed counts only where somebody says so, and stays marked", async () => {
  await using folder = await makeTemporaryFolder();
  const { api, ann, bob, list, forget, answerOf, sign, send } = await openDesk(folder.path);
  const text = JSON.stringify(await answerOf([keep(2)]));
  await expect(send(text)).rejects.toThrow("nobody has signed this answer");
  const signature = await sign(text, bob);
  await expect(send(text, { signature })).rejects.toThrow("not known as the key of ann alone");
  // Whoever lists a colleague's key with their own takes its signatures from both.
  list("other.csv", [{ login: "mallory", keys: [ann.fingerprint] }]);
  await expect(send(text, { signature: await sign(text, ann) })).rejects.toThrow("of ann alone");
  forget("other.csv");
  expect(await send(text, { acceptsUnsigned: true })).toMatchObject({ source: "unsigned", accepted: 1 });
  expect((await api.item({ review: "q2", item: 2 })).decision).toMatchObject({ source: "unsigned" });

  // What she signs takes the place of what nobody has signed, and of nothing else.
  const signed = JSON.stringify(
    await answerOf([revoke(3)], { reviewer: "ann" }).then((one) => ({ ...one, decisions: [revoke(2)] })),
  );
  expect(await send(signed, { signature: await sign(signed, ann) })).toMatchObject({
    source: "signed",
    accepted: 1,
  });
  expect(
    await send(JSON.stringify({ ...JSON.parse(text), decisions: [keep(2)] }, null, 2), {
      acceptsUnsigned: true,
    }),
  ).toMatchObject({
    accepted: 0,
    refused: [{ item: 2, why: "decided" }],
  });
});

test("an answer that was edited, came twice, is to another review or came too late is refused, and says why", async () => {
  await using folder = await makeTemporaryFolder();
  const { api, ann, clock, create, answerOf, sign, send } = await openDesk(folder.path);
  const answer = await answerOf([keep(2)]);
  const text = JSON.stringify(answer);
  const signature = await sign(text, ann);
  const edited = (changes: object) =>
    send(JSON.stringify({ ...answer, ...changes }), { acceptsUnsigned: true });
  await expect(send(text.replace("keep", "revoke"), { signature })).rejects.toThrow(
    "does not fit this answer",
  );
  await expect(edited({ decisions: [keep(2), revoke(2)] })).rejects.toThrow("twice on one item");
  await expect(edited({ decisions: [keep(9)] })).rejects.toThrow("no item 9");
  await expect(edited({ snapshot: "0".repeat(64) })).rejects.toThrow("another snapshot");
  await expect(edited({ reviewer: "carol" })).rejects.toThrow("carol decides on nothing");
  await expect(edited({ extra: 1 })).rejects.toThrow("no answer to a review");
  await expect(edited({ decisions: [{ ...keep(2), to: "bob" }] })).rejects.toThrow("was edited");
  await expect(send("\u0000{", { acceptsUnsigned: true })).rejects.toThrow("no answer to a review");
  await expect(edited({ review: "0".repeat(64) })).rejects.toThrow("to another review, which it calls q2");
  await create("q3");
  const other = await answerOf([keep(2)], { review: "q3" });
  await expect(edited({ review: other.review })).rejects.toThrow("was edited");
  expect((await api.find({ review: "q2" })).decided).toBe(0);

  clock.now = new Date("2026-07-01T12:00:00Z");
  expect(await send(text, { signature })).toMatchObject({ accepted: 1, isLate: true });
  await expect(send(text, { signature })).rejects.toThrow("imported already, as answer 1");
  await api.end({ review: "q2" });
  await expect(edited({ writtenAt: "again" })).rejects.toThrow("takes no answer any more");
});

test("of an answer only what is the reviewer's to decide counts, and never that their own access stays", async () => {
  await using folder = await makeTemporaryFolder();
  const { api, bob, ann, answerOf, sign, send } = await openDesk(folder.path);
  const items = (await api.items({ review: "q2" })).rows.map(({ item, reviewer }) => [item, reviewer]);
  expect(items).toEqual([
    [1, "bob"],
    [2, "ann"],
    [3, "ann"],
    [4, "ann"],
    [5, "ann"],
  ]);
  const text = JSON.stringify(await answerOf([keep(1), keep(3)]));
  expect(await send(text, { signature: await sign(text, ann) })).toMatchObject({
    accepted: 1,
    refused: [{ item: 1, why: "other-reviewer" }],
  });
  const bobs = JSON.stringify(await answerOf([keep(1)], { reviewer: "bob" }));
  expect(await send(bobs, { signature: await sign(bobs, bob) })).toMatchObject({ accepted: 1 });
});

test("whoever imports an answer that nobody has signed keeps no access of their own by it", async () => {
  await using folder = await makeTemporaryFolder();
  const { bob, answerOf, sign, send } = await openDesk(folder.path, "ann");
  const text = JSON.stringify(await answerOf([keep(1)], { reviewer: "bob" }));
  expect(await send(text, { acceptsUnsigned: true })).toMatchObject({
    accepted: 0,
    refused: [{ item: 1, why: "own-access" }],
  });
  expect(await send(text, { signature: await sign(text, bob) })).toMatchObject({ accepted: 1, refused: [] });
});

test("a reviewer's file runs its own script alone, and what strangers wrote is text in it", async () => {
  await using folder = await makeTemporaryFolder();
  const { api } = await openDesk(folder.path);
  const { html, items } = await api.export({ review: "q2", reviewer: "ann" });
  expect(items).toBe(4);
  expect(html).not.toMatch(/https?:|<img|<link|@import|url\(/);
  expect(html).toContain("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;[U+202E]");
  expect(html.match(/<script/g)).toHaveLength(2);
  await expect(api.export({ review: "q2", reviewer: "carol" })).rejects.toThrow("its reviewers: ann, bob");
});

test("an answer that is put in the place of a signed one, or is said to be signed, is found although all seals fit", async () => {
  await using folder = await makeTemporaryFolder();
  const { api, store, ann, bob, answerOf, sign, send } = await openDesk(folder.path);
  const text = JSON.stringify(await answerOf([keep(2)]));
  await send(text, { signature: await sign(text, ann) });
  expect(await api.verify({ review: "q2" })).toEqual({ problems: [] });
  const { id } = store.reviews.find("q2") ?? { id: 0 };
  const other = JSON.stringify({ ...JSON.parse(text), decisions: [revoke(3)] });
  const made = { reviewer: "ann", madeBy: "jo", at: "2026-06-02T12:00:00Z", isLate: false };
  const forge = async (more: { signature: string; fingerprint: string }, decided = [revoke(3)]) => {
    const decisions = decided.map((one) => ItemDecision.parse(one));
    const digest = hashDecisions(decisions);
    const answer = {
      ...made,
      ...more,
      review: id,
      source: "signed" as const,
      digest,
      body: Buffer.from(other),
    };
    store.atomically(() => store.reviews.answers.add(answer, decisions));
    return (await api.verify({ review: "q2" })).problems.at(-1);
  };
  const bobs = await sign(other, bob);
  expect(await forge({ signature: bobs, fingerprint: ann.fingerprint })).toContain(
    "answer 2 by ann is not signed",
  );
  const anns = await sign(text, ann);
  expect(await forge({ signature: anns, fingerprint: ann.fingerprint })).toContain(
    "answer 3 by ann is not signed",
  );
  const signature = await sign(other, ann);
  expect(await forge({ signature, fingerprint: ann.fingerprint }, [revoke(4)])).toContain(
    "not what its file says",
  );
});
