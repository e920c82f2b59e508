import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chooseChallengeMethod, readChallengeFacts } from "#domain/acme/challenge-methods.ts";
import { createAcmeSender } from "#net/acme/send-acme-request.ts";
import { answer } from "#net/challenges/answer.ts";
import type { ChallengeDeps, ChallengeOutcome } from "#net/challenges/challenge.ts";
import type { AcmeChallenge, ChallengeMethod } from "#shared/model/issuers/issuer.ts";
import { startApacheHost, startNginxHost } from "#testing/acme/open-web-hosts.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { type Pebble, startPebble } from "#testing/servers/pebble.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createAcmeClient } from "./features/issuers/kinds/acme/client.ts";
import { inspectChallengeMethods } from "./net/ssh/session/challenges.ts";
import type { RemoteSession } from "./net/ssh/session/remote-session.ts";
import { openSessionIn } from "./net/ssh/session/testing/open-session-in.ts";
import { openAccount, requestFor } from "./testing/acme/acme-account.ts";
import { startShellIn } from "./testing/lab/run-in-host.ts";
import { readRotationScript } from "./testing/read-scripts.ts";

const lab = test.skipIf(!canStartHosts());
const signal = new AbortController().signal;

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let pebble: Pebble;
let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  folder = await makeTemporaryFolder();
  // The ports that every authority uses.
  [pebble, host] = await Promise.all([
    startPebble({ folder: folder.path, httpPort: 80, tlsPort: 443 }),
    startNginxHost(),
  ]);
});
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await pebble?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const open = async (at: LabHost) => openSessionIn(startShellIn(at), await readRotationScript("challenge"));
const nearOf = (hand: RemoteSession, at: LabHost): ChallengeDeps => ({
  session: hand,
  token: "run00000001",
  address: at.address,
  openSecret: null,
  signal,
});
const files = (at: LabHost) => at.run("find /srv /var/lib/latchkey 2>/dev/null | sort || true");

/** What pebble issues for names whose challenges are answered by the servers that a host's configuration has. */
async function orderAt(at: LabHost, names: readonly string[]) {
  await using hand = await open(at);
  for (const name of names) await pebble.tell("add-a", { host: name, addresses: [at.address] });
  const looked = await inspectChallengeMethods(hand);
  if (looked.kind !== "seen") throw new Error(JSON.stringify(looked));
  const facts = readChallengeFacts(looked.inspection, names);
  const wayOf = (name: string) => chooseChallengeMethod({ name, facts, configured: [] }).methods[0]?.method;
  const ways = names.map((name) => wayOf(name));
  const answered: ChallengeOutcome[] = [];
  const { order } = await openAccount(
    createAcmeClient({
      url: pebble.directory,
      send: await createAcmeSender({ roots: pebble.roots }),
      now: () => new Date(),
      wait: () => pause(20),
    }),
  );
  const ordered = await order(requestFor(...names), {
    type: "http-01",
    answer: async (challenge: AcmeChallenge) => {
      const way = wayOf(challenge.name);
      if (!way) throw new Error(`there is no way for ${challenge.name}`);
      const one = await answer(way, challenge, nearOf(hand, at));
      answered.push(one);
      return one;
    },
  });
  return { ordered, ways, answered, dumps: looked.inspection.dumps.map(({ text }) => text).join("\n") };
}

lab("pebble issues for all names of an nginx, each answered from where its configuration says", async () => {
  const before = await files(host);
  const names = ["plain.test", "alias.test", "secure.test", "linked.test"];
  const { ordered, ways, answered, dumps } = await orderAt(host, names);
  expect(ways).toEqual([
    { kind: "webroot", path: "/srv/plain", of: "site" },
    { kind: "webroot", path: "/srv/acme", of: "challenges" },
    { kind: "webroot", path: "/srv/secure", of: "site" },
    { kind: "webroot", path: "/srv/current", of: "site" },
  ]);
  expect(answered.map((one) => (one.kind === "ready" ? one.note : one.message))).toEqual([
    null,
    null,
    null,
    null,
  ]);
  expect(ordered).toMatchObject({ chain: expect.anything() });
  expect(await files(host)).toBe(before);
  expect(dumps).not.toContain("secret");
});

lab("pebble issues for all names of an Apache, each answered from where its configuration says", async () => {
  await using apache = await startApacheHost();
  const before = await files(apache);
  const { ordered, ways, answered, dumps } = await orderAt(apache, [
    "root.apache.test",
    "alias.apache.test",
    "secure.apache.test",
  ]);
  expect(ways).toEqual([
    { kind: "webroot", path: "/srv/root", of: "site" },
    { kind: "webroot", path: "/srv/acme", of: "challenges" },
    { kind: "webroot", path: "/srv/secure", of: "site" },
  ]);
  expect(answered.map((one) => (one.kind === "ready" ? one.note : one.message))).toEqual([null, null, null]);
  expect(ordered).toMatchObject({ chain: expect.anything() });
  expect(await files(apache)).toBe(before);
  expect(dumps).not.toContain("secret");
});

lab("what the server answers otherwise is seen before the authority is told, and is undone", async () => {
  await using hand = await open(host);
  const before = await files(host);
  const challenge = {
    type: "http-01" as const,
    name: "plain.test",
    token: "tok_en-1",
    keyAuthorization: "tok_en-1.x",
  };
  const url = `http://plain.test/.well-known/acme-challenge/tok_en-1`;
  const ask = (path: string, near: Partial<ChallengeDeps> = {}, name = "plain.test") => {
    const way: ChallengeMethod = { kind: "webroot", path, of: "site" };
    return answer(way, { ...challenge, name }, { ...nearOf(hand, host), ...near });
  };
  expect(await ask("/srv/secure")).toEqual({
    kind: "failed",
    message: `${url} is answered with 404 at ${host.address}; /srv/secure/.well-known/acme-challenge/tok_en-1 was put there: is /srv/secure what its web server serves?`,
  });
  // A folder that the web server may not read.
  await host.run("chmod 700 /srv/plain");
  expect(await ask("/srv/plain")).toMatchObject({
    kind: "failed",
    message: expect.stringContaining(`${url} is answered with 403 at ${host.address}`),
  });
  await host.run("chmod 755 /srv/plain");
  expect(await ask("/srv/passed", {}, "passed.test")).toMatchObject({
    kind: "failed",
    message: expect.stringContaining("is answered with 502"),
  });
  expect(await files(host)).toBe(before);

  const unseen = await ask("/srv/plain", { address: null });
  expect(unseen).toMatchObject({
    kind: "ready",
    note: `${url} could not be checked from here: this computer knows no address of plain.test`,
  });
  if (unseen.kind !== "ready") throw new Error("it is not ready");
  expect(await unseen.undo()).toEqual({ kind: "undone" });
  const nobody = await ask("/srv/plain", { address: "127.0.29.99" });
  expect(nobody).toMatchObject({
    kind: "ready",
    note: expect.stringContaining("127.0.29.99: connect ECONNREFUSED"),
  });
  if (nobody.kind === "ready") await nobody.undo();
  expect(await files(host)).toBe(before);
});
