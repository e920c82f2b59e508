import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { gatherIdentities, type Identity } from "#net/ssh/identities.ts";
import { type LoginOptions, logIn } from "#net/ssh/log-in.ts";
import { startRawServer } from "#testing/ssh/raw-server.ts";
import { makeKeyPair, startSshServer } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createJumpHosts, type Hop, type JumpHost } from "./jump-hosts.ts";

const identities = await makeIdentity();
const limits = { connectMs: 2_000, readyMs: 5_000 };
const { signal } = new AbortController();

async function makeIdentity(): Promise<Identity[]> {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "key");
  await writeFile(path, makeKeyPair().private);
  return (await gatherIdentities({ identityFiles: [path], home: folder.path, agentSocket: null })).identities;
}

const hopTo = ({ host, port }: { host: string; port: number }, name: string): Hop => ({
  name,
  port,
  address: host,
  user: "jo",
});

/** Jump hosts, with logins like those of a scan; each pause is over at once. */
function makeJumpHosts(options: Partial<LoginOptions> = {}) {
  const logins: string[] = [];
  const pauses: number[] = [];
  const jumpHosts = createJumpHosts<Hop>({
    async logIn({ name, port, address, user }, before) {
      logins.push(name);
      const route = before ? await before.reach() : null;
      if (route && !("stream" in route)) return route;
      return logIn({
        target: { host: name, port },
        route: route ?? { addresses: [address] },
        user,
        identities,
        limits,
        signal,
        hostKeyTypes: ["ssh-ed25519"],
        verifyHostKey: () => ({ kind: "trusted" }),
        ...options,
      });
    },
    acquireConnection: async () => () => undefined,
    reachMs: 2_000,
    retryPolicy: { wait: async (ms) => void pauses.push(ms), random: () => 0 },
    signal,
  });
  return { jumpHosts, logins, pauses };
}

const logInThrough = async (
  server: { host: string; port: number },
  route: Awaited<ReturnType<typeof reachThrough>>,
) => {
  if (!("stream" in route)) return route;
  return logIn({
    target: { host: server.host, port: server.port },
    route: { stream: route.stream },
    user: "jo",
    identities,
    limits,
    signal,
    hostKeyTypes: ["ssh-ed25519"],
    verifyHostKey: () => ({ kind: "trusted" }),
  });
};

type Kept = JumpHost<Hop>;
const reachThrough = (kept: Kept, { host, port }: { host: string; port: number }) =>
  kept.reach({ address: host, port });

const startJump = () => startSshServer({ run: null, forwards: true });

test("hosts behind two jump hosts share one connection to each, which ends when nobody needs it", async () => {
  await using outer = await startJump();
  await using inner = await startJump();
  await using host = await startSshServer({ run: null });
  const { jumpHosts, logins } = makeJumpHosts();
  {
    await using kept = (await jumpHosts.keep([hopTo(outer, "outer"), hopTo(inner, "inner")])) as Kept;
    const connections = await Promise.all(
      [1, 2, 3].map(async () => logInThrough(host, await reachThrough(kept, host))),
    );
    expect(connections.every((one) => "client" in one)).toBe(true);
    for (const one of connections) if ("client" in one) one.close();
    await host.untilLeft();
  }
  await Promise.all([outer.untilLeft(), inner.untilLeft()]);
  expect(logins.toSorted()).toEqual(["inner", "outer"]);
  expect([outer.seen.clients, inner.seen.clients, host.seen.clients]).toEqual([1, 1, 3]);
});

test("a jump host that is lost is logged in to once more, and then not again", async () => {
  await using jump = await startJump();
  await using host = await startSshServer({ run: null });
  const { jumpHosts, logins } = makeJumpHosts();
  await using kept = (await jumpHosts.keep([hopTo(jump, "bastion")])) as Kept;
  const jumpHost = { host: "bastion", port: jump.port };
  for (const _ of [1, 2]) {
    const reached = await reachThrough(kept, host);
    if (!("stream" in reached)) throw new Error(reached.message);
    expect(reached.findLost()).toBeNull();
    const isClosed = once(reached.stream.resume(), "close");
    jump.cutOff();
    await isClosed;
    expect(reached.findLost()).toEqual(jumpHost);
  }
  expect(await reachThrough(kept, host)).toMatchObject({
    outcome: "jump-failed",
    jumpHost,
    message: expect.stringContaining(`bastion:${jump.port} ended the connection`),
  });
  expect(logins).toHaveLength(2);
});

test("a jump host that lets nobody in is asked once, and each host behind it is told the same", async () => {
  await using jump = await startSshServer({ run: null, admits: () => false });
  const { jumpHosts, logins } = makeJumpHosts();
  await using kept = (await jumpHosts.keep([hopTo(jump, "bastion")])) as Kept;
  const answers = await Promise.all([1, 2].map(() => reachThrough(kept, { host: "web1", port: 22 })));
  for (const answer of answers)
    expect(answer).toMatchObject({
      outcome: "jump-failed",
      jumpHost: { host: "bastion", port: jump.port },
      message: expect.stringMatching(
        /^the jump host bastion:\d+ did not let us through: every key was refused/,
      ),
    });
  expect(logins).toEqual(["bastion"]);
});

test("a jump host that let nobody in is asked again once it is forgotten, and one that turned us away is not", async () => {
  let isOpen = false;
  await using shut = await startSshServer({ run: null, admits: () => isOpen, forwards: true });
  await using busy = await startRawServer((socket) => socket.end());
  await using host = await startSshServer({ run: null });
  const { jumpHosts, logins } = makeJumpHosts();
  await using first = (await jumpHosts.keep([hopTo(shut, "shut")])) as Kept;
  await using second = (await jumpHosts.keep([hopTo(busy, "busy")])) as Kept;
  expect(await reachThrough(first, host)).toMatchObject({ outcome: "jump-failed", transient: null });
  expect(await reachThrough(second, host)).toMatchObject({ outcome: "jump-failed", transient: "throttled" });
  const before = logins.length;
  isOpen = true;
  jumpHosts.forget();
  const answers = await Promise.all([first, first, second].map((kept) => reachThrough(kept, host)));
  expect(answers.map((answer) => "stream" in answer)).toEqual([true, true, false]);
  expect(logins.slice(before)).toEqual(["shut"]);
});

test("the key of a jump host is refused as its own, and nothing of ours is sent", async () => {
  await using jump = await startJump();
  const { jumpHosts } = makeJumpHosts({
    verifyHostKey: () => ({ kind: "refused", outcome: "host-key-unknown", message: "who is that" }),
  });
  await using kept = (await jumpHosts.keep([hopTo(jump, "bastion")])) as Kept;
  expect(await reachThrough(kept, { host: "web1", port: 22 })).toMatchObject({
    outcome: "host-key-unknown",
    message: "who is that",
    isKeyRefused: true,
    jumpHost: { host: "bastion", port: jump.port },
    hostKey: { keyType: "ssh-ed25519" },
  });
  expect(jump.attempts).toEqual([]);
});

test("a host that its jump host cannot reach is that host's own fault, and one that may not be reached is the jump host's", async () => {
  await using jump = await startJump();
  await using closed = await startSshServer({ run: null });
  const nobody = await startRawServer(() => undefined);
  await nobody[Symbol.asyncDispose]();
  const { jumpHosts } = makeJumpHosts();
  await using open = (await jumpHosts.keep([hopTo(jump, "bastion")])) as Kept;
  expect(await reachThrough(open, nobody)).toMatchObject({
    outcome: "refused",
    jumpHost: null,
    transient: "refused",
    message: expect.stringMatching(/^bastion:\d+ cannot connect to 127\.0\.0\.1:\d+/),
  });
  await using shut = (await jumpHosts.keep([hopTo(closed, "strict")])) as Kept;
  expect(await reachThrough(shut, nobody)).toMatchObject({
    outcome: "jump-failed",
    jumpHost: { host: "strict" },
    message: expect.stringContaining("lets nobody go on"),
  });
});
