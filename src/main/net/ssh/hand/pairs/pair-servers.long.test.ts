import { afterAll, beforeAll, expect, test } from "vitest";
import { Redacted } from "#shared/model/redacted.ts";
import { startShellIn } from "#testing/lab/shell-in-host.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { SERVED, type ServersHost, startServersHost } from "#testing/lab/start-servers-host.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { askName } from "#testing/tls/ask-name.ts";
import { backPair, endPair, swapPair } from "./change-pair.ts";
import { reloadConsumer, testPair } from "./consumers.ts";
import { stagePair } from "./stage-pair.ts";
import { consumerOf, openPairHand, PAIR, planFile } from "./testing/pair-hand.ts";

const lab = test.skipIf(!canStartHosts());

const SERVERS = ["nginx", "apache", "haproxy"] as const;
type Name = (typeof SERVERS)[number];

let host: ServersHost;
beforeAll(async () => {
  if (canStartHosts()) host = await startServersHost(SERVERS);
});
afterAll(() => host?.[Symbol.asyncDispose]());

type Hand = Awaited<ReturnType<typeof openPairHand>>;

const served = (name: Name) => askName({ host: host.address, port: SERVED[name].port, name: null });
const filesOf = async (hand: Hand, name: Name) =>
  name === "haproxy"
    ? [await planFile(hand, "/etc/haproxy/certs/haproxy.pem", "key+chain")]
    : [
        await planFile(hand, `/etc/tls/${name}.pem`, "chain"),
        await planFile(hand, `/etc/tls/${name}.key`, "key"),
      ];
const state = () =>
  host.run(
    "cd /etc; ls -A tls haproxy/certs; sha256sum tls/* haproxy/certs/*; stat -c '%n %i %U %G %a' tls/* haproxy/certs/*; ls -A /var/lib/latchkey 2>/dev/null || :",
  );

/** With the key of another certificate where the pair is to be a bad one. */
async function stageNew(hand: Hand, name: Name, isBad = false) {
  const files = await filesOf(hand, name);
  const [made, other] = await Promise.all([makeCertificate({ names: ["new.lab"] }), makeCertificate()]);
  const key = new Redacted(Buffer.from((isBad ? other : made).keyPem));
  const staged = await stagePair(hand, { ...PAIR, files, chain: Buffer.from(made.pem), key });
  if (staged.kind !== "staged") throw new Error(JSON.stringify(staged));
  return { ...PAIR, files, wanted: staged.wanted };
}

lab.each(SERVERS)("%s serves what it is told to read, and what was there once that is back", async (name) => {
  const atFirst = await state();
  await using hand = await openPairHand(startShellIn(host));
  const pair = await stageNew(hand, name);
  const consumer = consumerOf(name);
  expect(await testPair(hand, { ...pair, consumer })).toMatchObject({ kind: "passed" });
  expect(await served(name)).toBe(`${name}.lab`);
  expect(await swapPair(hand, pair)).toEqual({ kind: "swapped", already: false });
  const told = await reloadConsumer(hand, consumer, pair);
  expect(told).toMatchObject({ kind: "reloaded", pid: { before: expect.any(Number) } });
  if (told.kind === "reloaded") expect(told.pid.after).toBe(told.pid.before);
  await expect.poll(() => served(name), { timeout: 20_000 }).toBe("new.lab");
  expect(await backPair(hand, pair)).toEqual({ kind: "back", already: false });
  expect(await reloadConsumer(hand, consumer, pair)).toMatchObject({ kind: "reloaded" });
  await expect.poll(() => served(name), { timeout: 20_000 }).toBe(`${name}.lab`);
  expect(await endPair(hand, PAIR)).toEqual({ kind: "ended" });
  expect(await state()).toBe(atFirst);
});

const WITHOUT = {
  "openssl and its own test": [],
  "its own test where there is no openssl": ["openssl"],
  "its own test on a copy where nothing can be mounted": ["openssl", "unshare"],
};

lab.each(
  SERVERS.flatMap((name) => Object.entries(WITHOUT).map(([words, programs]) => ({ name, words, programs }))),
)("a key of another certificate is found for $name by $words, before anything is touched", async (wish) => {
  const { name, programs } = wish;
  const atFirst = await state();
  const away = programs.map((program) => `/usr/bin/${program}`);
  for (const path of away) await host.run(`mv ${path} ${path}.away`);
  try {
    await using hand = await openPairHand(startShellIn(host));
    const consumer = consumerOf(name);
    const bad = await testPair(hand, { ...(await stageNew(hand, name, true)), consumer });
    const good = await testPair(hand, { ...(await stageNew(hand, name)), consumer });
    // Apache's test reads no key.
    const isBlind = name === "apache" && programs.length > 0;
    expect({ bad, good }).toMatchObject(
      isBlind
        ? { bad: { kind: "untested" }, good: { kind: "untested" } }
        : { bad: { kind: "failed" }, good: { kind: "passed" } },
    );
    expect(await endPair(hand, PAIR)).toEqual({ kind: "ended" });
  } finally {
    for (const path of away) await host.run(`mv ${path}.away ${path}`);
  }
  expect(await served(name)).toBe(`${name}.lab`);
  expect(await state()).toBe(atFirst);
});
