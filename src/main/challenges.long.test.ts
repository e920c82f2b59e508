import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAcmeSender } from "#net/acme/send-acme-request.ts";
import { answer } from "#net/challenges/answer.ts";
import { type ChallengeDeps, type ChallengeOutcome, TYPE_OF_METHOD } from "#net/challenges/challenge.ts";
import type { AcmeChallenge, ChallengeMethod } from "#shared/model/issuers/issuer.ts";
import { Redacted } from "#shared/model/secret.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { DNS_PORT, startKnot } from "#testing/servers/knot.ts";
import { type Pebble, startPebble } from "#testing/servers/pebble.ts";
import type { StartedServer } from "#testing/servers/server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createAcmeClient } from "./features/issuers/kinds/acme/client.ts";
import { clearChallenges } from "./net/ssh/session/challenges.ts";
import { openSessionIn } from "./net/ssh/session/testing/open-session-in.ts";
import { openAccount, requestFor } from "./testing/acme/acme-account.ts";
import { startShellIn } from "./testing/lab/run-in-host.ts";
import { readRotationScript } from "./testing/read-scripts.ts";

const lab = test.skipIf(!canStartHosts());
const signal = new AbortController().signal;
const ZONE = "corp.test";
const KEY = { name: "latchkey", algorithm: "hmac-sha256", secret: randomBytes(32).toString("base64") };
const [HTTP_PORT, TLS_PORT] = [18_080, 18_443];

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let dns: StartedServer;
let pebble: Pebble;
let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  folder = await makeTemporaryFolder();
  host = await startHost({ name: "plain1" });
  const zones = { [ZONE]: `www A ${host.address}\nmail A ${host.address}` };
  dns = await startKnot({ folder: folder.path, zones, key: KEY });
  pebble = await startPebble({
    folder: folder.path,
    httpPort: HTTP_PORT,
    tlsPort: TLS_PORT,
    dnsServer: `${dns.address}:${DNS_PORT}`,
  });
});
afterAll(async () => {
  await pebble?.[Symbol.asyncDispose]();
  await dns?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

/** What pebble issues where one method answers all challenges, and the message about each challenge. */
async function orderBy(way: ChallengeMethod, names: readonly string[], near: ChallengeDeps) {
  const answered: ChallengeOutcome[] = [];
  const client = createAcmeClient({
    url: pebble.directory,
    send: await createAcmeSender({ roots: pebble.roots }),
    now: () => new Date(),
    wait: () => pause(20),
  });
  const { order } = await openAccount(client);
  const ordered = await order(requestFor(...names), {
    type: TYPE_OF_METHOD[way.kind],
    answer: async (challenge: AcmeChallenge) => {
      const one = await answer(way, challenge, near);
      answered.push(one);
      return one;
    },
  });
  return { ordered, said: answered.map((one) => (one.kind === "ready" ? one.note : one.message)) };
}

const nearOf = (more: Partial<ChallengeDeps>): ChallengeDeps => ({
  session: null,
  token: "run00000001",
  address: host.address,
  openSecret: null,
  resolvers: [],
  signal,
  ...more,
});

lab("pebble issues for what a host without a web server serves while it is asked", async () => {
  await using hand = await openSessionIn(startShellIn(host), await readRotationScript("challenge"));
  const way: ChallengeMethod = { kind: "served-on-host", port: HTTP_PORT };
  const { ordered, said } = await orderBy(way, [`www.${ZONE}`, `mail.${ZONE}`], nearOf({ session: hand }));
  expect(said).toEqual([null, null]);
  expect(ordered).toMatchObject({ kind: "issued" });
  expect(await host.run("ls /var/lib/latchkey 2>&1 || true")).toContain("No such file");
});

lab("pebble issues for what a host shows by openssl to acme-tls/1", async () => {
  await using hand = await openSessionIn(startShellIn(host), await readRotationScript("challenge"));
  const way: ChallengeMethod = { kind: "tls-alpn", port: TLS_PORT };
  const { ordered, said } = await orderBy(way, [`www.${ZONE}`], nearOf({ session: hand }));
  expect(said).toEqual([null]);
  expect(ordered).toMatchObject({ kind: "issued" });
  // What a killed run has left is removed by that run's token.
  const challenge = { type: "tls-alpn-01" as const, name: `www.${ZONE}`, digest: randomBytes(32) };
  expect(await answer(way, challenge, nearOf({ session: hand }))).toMatchObject({
    kind: "ready",
    note: null,
  });
  expect(await clearChallenges(hand, { token: "run00000001" })).toEqual({ kind: "cleared" });
  expect(await host.run("ls /var/lib/latchkey 2>&1 || true")).toContain("No such file");
});

lab("pebble issues for a wildcard and its name by updates of their zone", async () => {
  const way: ChallengeMethod = {
    kind: "rfc2136",
    server: dns.address,
    port: DNS_PORT,
    zone: ZONE,
    keyName: KEY.name,
    algorithm: "hmac-sha256",
    secretId: "s1",
  };
  const openSecret = async () => new Redacted(Buffer.from(KEY.secret));
  const names = [`*.${ZONE}`, ZONE];
  const { ordered, said } = await orderBy(way, names, nearOf({ openSecret }));
  expect(said).toEqual([null, null]);
  expect(ordered).toMatchObject({ kind: "issued" });
});

lab("a way that answers another challenge, or needs a host that is not there, is said", async () => {
  const challenge = { type: "dns-01" as const, name: `www.${ZONE}`, txt: "x" };
  expect(await answer({ kind: "tls-alpn", port: TLS_PORT }, challenge, nearOf({}))).toEqual({
    kind: "failed",
    message: `the authority asks for dns-01 of www.${ZONE}, and the method that was chosen answers tls-alpn-01`,
  });
  const file = { type: "http-01" as const, name: `www.${ZONE}`, token: "t", keyAuthorization: "t.x" };
  expect(await answer({ kind: "served-on-host", port: HTTP_PORT }, file, nearOf({}))).toMatchObject({
    kind: "failed",
    message: expect.stringContaining("there is no login"),
  });
});
