import { generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { gatherIdentities, type Identity } from "#net/ssh/identities.ts";
import type { PromptUser } from "#net/ssh/interactive-login.ts";
import { readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import type { PromptRequest } from "#shared/model/hosts/prompt.ts";
import { Redacted } from "#shared/model/secret.ts";
import { makeLockedKey } from "#testing/ssh/key-files.ts";
import { makeKeyPair } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { chooseIdentities, createUnlocker, listUsable } from "./login-keys.ts";

const make = (fingerprint: string, source: string) => ({ fingerprint, source }) as Identity;

const GATHERED = {
  identities: [make("named", "/named"), make("ofA", "/a"), make("agent", "agent"), make("usual", "/usual")],
  keyOfFile: new Map([
    ["/named", "named"],
    ["/a", "ofA"],
    ["/inAgent.pub", "agent"],
    ["/usual", "usual"],
  ]),
  heldByAgent: new Set(["ofA", "agent"]),
  unusable: ["/b", "/missing", "agent: sk"].map((source) => ({ source, why: "", isLocked: false })),
  named: ["/named"],
  usual: ["/usual", "/missing"],
};

const choose = (identityFiles: string[] | null, identitiesOnly: boolean) =>
  chooseIdentities({ identityFiles, identitiesOnly }, GATHERED).identities.map(
    ({ fingerprint }) => fingerprint,
  );

test("a machine is offered the files named for it first, then what the agent holds, and its usual files where none is", () => {
  expect(choose(null, false)).toEqual(["named", "ofA", "agent", "usual"]);
  expect(choose(["/a"], false)).toEqual(["named", "ofA", "agent"]);
});

test("with IdentitiesOnly the agent signs only for files that are named", () => {
  expect(choose(["/a"], true)).toEqual(["named", "ofA"]);
  expect(choose(["/inAgent.pub"], true)).toEqual(["named", "agent"]);
  expect(choose(null, true)).toEqual(["named", "usual"]);
});

test("of what cannot be used a machine is told what would have been for it, and not what is for others", () => {
  const unusable = (identityFiles: string[] | null, identitiesOnly: boolean) =>
    chooseIdentities({ identityFiles, identitiesOnly }, GATHERED).unusable.map(({ source }) => source);
  expect(unusable(["/b"], true)).toEqual(["/b"]);
  expect(unusable(["/a"], false)).toEqual(["agent: sk"]);
  expect(unusable(null, false)).toEqual(["/missing", "agent: sk"]);
});

const never = new AbortController().signal;

async function makeLockedFile(folder: string, name: string) {
  const key = makeLockedKey({ passphrase: "open sesame" });
  const path = join(folder, name);
  await writeFile(path, key);
  const { fingerprint } = readPrivateKeyFile(Buffer.from(key));
  return { path, fingerprint };
}

/** Gives prompts these replies, one after the other, and then null. */
function answering(...replies: readonly (string | null)[]): {
  ask: PromptUser;
  asked: Omit<PromptRequest, "id">[];
} {
  const asked: Omit<PromptRequest, "id">[] = [];
  const left = [...replies];
  return {
    asked,
    ask: async (question) => {
      asked.push(question);
      const reply = left.shift() ?? null;
      return reply === null ? null : { answers: [new Redacted(reply)], isForSameUser: false };
    },
  };
}

async function gather(identityFiles: string[], home: string, ask: PromptUser) {
  return gatherIdentities({
    identityFiles,
    home,
    agentSocket: null,
    unlock: createUnlocker(ask, never),
  });
}

test("a passphrase that is wrong is asked for again, and the file is used once it is right", async () => {
  await using folder = await makeTemporaryFolder();
  const { path, fingerprint } = await makeLockedFile(folder.path, "deploy");
  const { ask, asked } = answering("wrong", "open sesame");
  const { identities, unusable } = await gather([path], folder.path, ask);
  expect(identities).toMatchObject([{ source: path, fingerprint, keyType: "ssh-ed25519" }]);
  expect(unusable).toEqual([]);
  const about = { kind: "passphrase", file: path, fingerprint };
  const prompts = [{ text: "Passphrase", isEchoed: false }];
  expect(asked).toEqual([
    { about, prompts, wrongAnswers: 0 },
    { about, prompts, wrongAnswers: 1 },
  ]);
});

test("after three wrong passphrases the file is left out with a sentence, and the others are used", async () => {
  await using folder = await makeTemporaryFolder();
  const locked = await makeLockedFile(folder.path, "locked");
  const other = join(folder.path, "other");
  await writeFile(other, makeKeyPair().private);
  const { ask, asked } = answering("one", "two", "three", "open sesame");
  const { identities, unusable } = await gather([locked.path, other], folder.path, ask);
  expect(identities).toMatchObject([{ source: other }]);
  expect(unusable).toEqual([
    { source: locked.path, why: "it was not unlocked: three passphrases were wrong", isLocked: true },
  ]);
  expect(asked).toHaveLength(3);
});

test.each([
  ["no answer", null],
  ["an empty one", ""],
])("with %s the scan goes on without the file", async (_, reply) => {
  await using folder = await makeTemporaryFolder();
  const { path } = await makeLockedFile(folder.path, "locked");
  const { ask, asked } = answering(reply, "open sesame");
  const { identities, unusable } = await gather([path], folder.path, ask);
  expect({ identities, unusable, asked: asked.length }).toEqual({
    identities: [],
    unusable: [{ source: path, why: "it was not unlocked", isLocked: true }],
    asked: 1,
  });
});

test("a file is asked about once a scan, however often it is named", async () => {
  await using folder = await makeTemporaryFolder();
  const { path } = await makeLockedFile(folder.path, "locked");
  const { ask, asked } = answering(null);
  const unlock = createUnlocker(ask, never);
  for (const identityFiles of [[path, path], [path]])
    await gatherIdentities({ identityFiles, home: folder.path, agentSocket: null, unlock });
  expect(asked).toHaveLength(1);
});

test("a usual file is asked about only where there is no other way to log in", async () => {
  await using home = await makeTemporaryFolder();
  const ssh = join(home.path, ".ssh");
  await mkdir(ssh);
  const locked = await makeLockedFile(ssh, "id_ecdsa");
  const second = await makeLockedFile(ssh, "id_ed25519");
  const alone = answering("open sesame");
  expect(await gather([], home.path, alone.ask)).toMatchObject({
    identities: [{ source: locked.path }],
    unusable: [{ source: second.path, isLocked: true }],
  });
  expect(alone.asked).toHaveLength(1);

  const other = join(home.path, "other");
  await writeFile(other, makeKeyPair().private);
  const beside = answering("open sesame");
  expect(await gather([other], home.path, beside.ask)).toMatchObject({ identities: [{ source: other }] });
  expect(beside.asked).toHaveLength(0);
});

test("a file that ssh_config names for one machine is no way into the others: a usual one is asked about for them", async () => {
  await using home = await makeTemporaryFolder();
  const ssh = join(home.path, ".ssh");
  await mkdir(ssh);
  const locked = await makeLockedFile(ssh, "id_ed25519");
  const other = join(home.path, "other");
  await writeFile(other, makeKeyPair().private);
  const gatherFor = async (isForAll: boolean) => {
    const { ask, asked } = answering("open sesame");
    const { identities } = await gatherIdentities({
      identityFiles: [],
      configured: { files: [other], isForAll },
      home: home.path,
      agentSocket: null,
      unlock: createUnlocker(ask, never),
    });
    return { sources: identities.map(({ source }) => source), asked: asked.length };
  };
  expect(await gatherFor(false)).toEqual({ sources: [other, locked.path], asked: 1 });
  expect(await gatherFor(true)).toEqual({ sources: [other], asked: 0 });
});

test("a scan that is cancelled while it asks does not go on to the next file", async () => {
  await using folder = await makeTemporaryFolder();
  const { path } = await makeLockedFile(folder.path, "locked");
  const controller = new AbortController();
  const unlock = createUnlocker(async () => {
    controller.abort(new Error("the scan was cancelled"));
    return null;
  }, controller.signal);
  await expect(
    gatherIdentities({ identityFiles: [path], home: folder.path, agentSocket: null, unlock }),
  ).rejects.toThrow("the scan was cancelled");
});

test("of named key files those that are locked are left out, and when all of them are it is no list", async () => {
  await using folder = await makeTemporaryFolder();
  const write = async (name: string, lock: { cipher?: string; passphrase?: string }) => {
    const path = join(folder.path, name);
    const { privateKey } = generateKeyPairSync("ed25519");
    await writeFile(path, privateKey.export({ format: "pem", type: "pkcs8", ...lock }), { mode: 0o600 });
    return path;
  };
  const locked = await write("locked", { cipher: "aes-256-cbc", passphrase: "a passphrase" });
  const open = await write("open", {});
  const workstation = { home: folder.path, agentSocket: null };
  expect(await listUsable([locked, open], workstation)).toEqual([open]);
  expect(await listUsable([locked], workstation)).toBeNull();
  expect(await listUsable([], workstation)).toEqual([]);
});
