/** A host or a tool is killed while a challenge is answered: the run's token is enough to remove what was begun. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  clearChallenges,
  putChallengeFile,
  serveChallenge,
  showChallenge,
} from "#net/ssh/session/challenges.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { startNetworks } from "#testing/lab/start-network.ts";
import { readRotationScript } from "#testing/read-scripts.ts";

const lab = test.skipIf(!canStartHosts());
const TOKEN = "run00000001";
const TEXT = "tok_en.9jg46WB3rR";
const KILLER = ["/usr/bin/python3", "-I", "/opt/kill-at-call.py"];
const KILLER_SOURCE = readFileSync(
  join(import.meta.dirname, "../../../../testing/faults/kill-at-call.py"),
  "base64",
);

let networks: Awaited<ReturnType<typeof startNetworks>>;
let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  networks = await startNetworks("office");
  const [network] = networks.networks;
  if (!network) throw new Error("a network was asked for");
  host = await startHost({
    name: "falls",
    place: { network, address: network.address(1) },
    prepare: `
      useradd --create-home alice
      mkdir -p /srv/root /srv/alice
      chown alice: /srv/alice; chmod 755 /srv/alice
      base64 -d > ${KILLER[2]} <<'END'
${KILLER_SOURCE}
END`,
  });
});
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await networks?.[Symbol.asyncDispose]();
});

const put = (folder: string) => (hand: RemoteSession) =>
  putChallengeFile(hand, { token: TOKEN, id: "c0", folder, of: "site", name: "tok_en", text: TEXT });
const SERVERS = ["python3", "perl", "busybox", "socat"] as const;
const serveBy = (which: (typeof SERVERS)[number], seconds: number) => (hand: RemoteSession) =>
  serveChallenge(hand, {
    token: TOKEN,
    id: "c0",
    port: 80,
    seconds,
    with: which,
    path: "/.well-known/acme-challenge/tok_en",
    text: TEXT,
  });
const show = (seconds: number) => (hand: RemoteSession) =>
  showChallenge(hand, {
    token: TOKEN,
    id: "c0",
    port: 443,
    seconds,
    name: "a.test",
    digest: Buffer.alloc(32),
  });

const stateOf = () =>
  host.run(`find /srv /var/lib/latchkey 2>/dev/null | sort || true
    for p in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$p | grep -a '[l]atchkey-${TOKEN}' || true; done 2>/dev/null
    cat /proc/net/tcp /proc/net/tcp6 | awk '$4 == "0A" { split($2, at, ":"); if (at[2] == "0050" || at[2] == "01BB") print at[2] }'`);

lab.each([
  ["all", "a file of root's", put("/srv/root")],
  ["one", "a file of root's", put("/srv/root")],
  ["all", "a file of another's", put("/srv/alice")],
  ["one", "a file of another's", put("/srv/alice")],
  ["all", "what is served", serveBy("python3", 60)],
  ["one", "what is served", serveBy("python3", 60)],
  ["all", "what is shown by openssl", show(60)],
] as const)("killed (%s) at any moment, nothing of it stays: %s", async (what, _, begin) => {
  const script = await readRotationScript("challenge");
  const before = await stateOf();
  await using sound = await openSessionIn(startShellIn(host), script);
  let isOver = false;
  for (let nth = 1; !isOver; nth++) {
    const wrap = [...KILLER, what, String(nth)];
    const hand = await openSessionIn(startShellIn(host, { shell: "dash", wrap }), script).catch(() => null);
    const begun = hand ? await begin(hand) : null;
    await hand?.kill();
    const { exists, text } = await seeFile();
    // The file is whole, or does not exist.
    if (exists) expect(text, String(nth)).toBe(TEXT);
    expect(await clearChallenges(sound, { token: TOKEN }), String(nth)).toEqual({ kind: "cleared" });
    expect(await stateOf(), String(nth)).toBe(before);
    // The same request once more succeeds.
    isOver = begun !== null && begun.kind !== "failed" && nth > MOST_CALLS;
  }
});

lab("what nobody comes for any more is gone once its time is over", async () => {
  const script = await readRotationScript("challenge");
  const before = await stateOf();
  for (const [nth, begin] of [...SERVERS.map((which) => serveBy(which, 3)), show(3)].entries()) {
    const hand = await openSessionIn(startShellIn(host), script);
    expect(await begin(hand), String(nth)).not.toMatchObject({ kind: "failed" });
    await hand.kill();
    expect(await stateOf()).not.toBe(before);
    await expect.poll(stateOf, { timeout: 30_000 }).toBe(before);
  }
});

lab("a line without an end has an end for the server by socat", async () => {
  await using hand = await openSessionIn(startShellIn(host), await readRotationScript("challenge"));
  expect(await serveBy("socat", 60)(hand)).not.toMatchObject({ kind: "failed" });
  const limits = await host.run(`timeout 10 bash -c '
    exec 5<>/dev/tcp/127.0.0.1/80; printf GET >&5
    until grep -h "Max address space *[0-9]" $(pgrep -x -f "sh serve" | sed "s,.*,/proc/&/limits,") </dev/null; do :; done'`);
  expect(limits).toContain("67108864");
  expect(await clearChallenges(hand, { token: TOKEN })).toEqual({ kind: "cleared" });
});

/** More calls than any of them makes, of the kinds that are counted. */
const MOST_CALLS = 60;

async function seeFile(): Promise<{ exists: boolean; text: string }> {
  const text = await host.run("cat /srv/*/.well-known/acme-challenge/tok_en 2>/dev/null || echo none");
  return { exists: text !== "none\n", text };
}
