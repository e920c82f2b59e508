/**
 * One scan of one host of each kind of fault, beside healthy ones; then what came of each. All of them at once, for
 * that is what a fleet is: a host that cost its neighbours anything would show.
 */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "#app";
import type { Probe } from "#shared/model/probe.ts";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { findClosedEndpoint } from "#testing/servers.ts";
import { startCuttingProxy } from "#testing/ssh/raw-server.ts";
import { makeKeyPair, type TestSshServer } from "#testing/ssh/ssh-server.ts";
import { recordFault } from "./fault-table.ts";
import { type HostileServer, hostile, startHealthy, startTruthful } from "./hostile-servers.ts";

const lab = test.skipIf(!canStartHosts());

/** Of a stream of so many bytes and the session that carries it: enough to meet every kind of place. */
const CUTS = 40;
const CUT_BYTES = 200;

/** What a host that lies in good order may do to a stream. */
const LIES: Record<string, (stream: string) => string> = {
  "one byte changed": (stream) => stream.replace("/home/alice", "/home/alicf").replace("cm9v", "cm9w"),
  "a record left out": (stream) => stream.replace(/groups .*\n(?:[A-Za-z0-9+/=]+\n)+/, ""),
  "another count": (stream) => stream.replace(/end (\d+)/, "end 1$1"),
  "another digest": (stream) => stream.replace(/sha256 [0-9a-f]{8}/, "sha256 00000000"),
  "no trailer": (stream) => stream.slice(0, stream.lastIndexOf("end ")),
  "the trailer of another visit": (stream) => stream.replace(/(end \d+) \S+/, "$1 0123456789abcdef"),
};

const world = new AsyncDisposableStack();
const servers = new Map<string, HostileServer>();
const probes = new Map<string, Probe>();
let app: App;
let changed: TestSshServer;
let neighbour: LabHost;

beforeAll(async () => {
  if (!canStartHosts()) return;
  const desk = world.use(await makeDesk());
  app = world.use(desk.open());
  const add = async (name: string, start: () => Promise<HostileServer>) =>
    servers.set(name, world.use(await start()));

  for (const [name, start] of Object.entries(hostile)) await add(name, start);
  for (const name of ["healthy 1", "healthy 2", "healthy 3"]) await add(name, startHealthy);
  for (const [name, change] of Object.entries(LIES)) await add(name, () => startTruthful(change));
  for (let part = 0; part < CUTS; part++) {
    const cut = (stream: string) => stream.slice(0, Math.floor((stream.length * part) / CUTS));
    await add(`stream ${part}`, () => startTruthful(cut));
    const whole = world.use(await startHealthy());
    await add(`session ${part}`, () => startCuttingProxy(whole, part * CUT_BYTES));
  }
  changed = world.use(await startHealthy());
  servers.set("changed", changed);
  const [type, key] = makeKeyPair().public.split(" ");
  await appendFile(join(desk.home, ".ssh/known_hosts"), `[127.0.0.1]:${changed.port} ${type} ${key}\n`);

  neighbour = world.use(
    await startHost({ name: "neighbour", prepare: letIn(desk.publicKey), keepPenalties: true }),
  );
  const stopped = world.use(await startHost({ name: "stopped" }));
  process.kill(stopped.pid, "SIGSTOP");
  const closed = await findClosedEndpoint();

  const places = new Map([...servers].map(([name, { host, port }]) => [`${host}:${port}`, name]));
  places.set(`${neighbour.address}:22`, "neighbour").set(`${stopped.address}:22`, "stopped");
  places.set(`${closed.host}:${closed.port}`, "closed");
  const found = await scanAll(app, {
    text: [...places.keys()].join(" "),
    only: "ssh",
    acceptNew: true,
  });
  for (const probe of found) probes.set(places.get(`${probe.target.host}:${probe.target.port}`) ?? "", probe);
  process.kill(stopped.pid, "SIGCONT");
}, 120_000);

afterAll(() => world.disposeAsync());

const probe = (name: string): Probe => {
  const found = probes.get(name);
  if (!found) throw new Error(`${name} was not visited`);
  return found;
};
/** An outcome as the table says it: its word and how long it took. */
const say = (name: string): string =>
  `${probe(name).outcome} in ${(probe(name).tookMs / 1_000).toFixed(1)} s`;
const sayAll = (...names: string[]): string => names.map((name) => `${name} ${say(name)}`).join(", ");

const outcomes = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, `${probe(name).state}: ${probe(name).outcome}`]));

lab("healthy hosts are read whole beside every hostile one", () => {
  const names = ["healthy 1", "healthy 2", "healthy 3", "neighbour"];
  expect(new Set(Object.values(outcomes(...names)))).toEqual(new Set(["ok: collected"]));
});

lab("every socket is free again when the scan has ended", async () => {
  for (const server of servers.values()) await server.untilLeft();
});

lab("S1: a host where nobody listens is told as refused", ({ task }) => {
  expect(outcomes("closed")).toEqual({ closed: "failed: refused" });
  recordFault(task, { id: "S1", injected: "a closed port", seen: say("closed") });
});

lab(
  "S3: a host that takes the connection and says nothing is given up, be it a program or a stopped sshd",
  ({ task }) => {
    expect(outcomes("silent", "stopped")).toEqual({
      silent: "failed: timed-out",
      stopped: "failed: timed-out",
    });
    expect(probe("stopped").message).toContain("said nothing within 10 s");
    recordFault(task, {
      ...{ id: "S3", injected: "silent server, SIGSTOP" },
      seen: `${sayAll("silent", "stopped")}; sockets free`,
    });
  },
);

lab("S4: a greeting or a handshake that comes drop by drop ends at the deadline", ({ task }) => {
  expect(outcomes("drippedGreeting", "drippedHandshake")).toEqual({
    drippedGreeting: "failed: reset",
    drippedHandshake: "failed: timed-out",
  });
  recordFault(task, {
    ...{ id: "S4", injected: "1 byte every 100 ms" },
    seen: sayAll("drippedGreeting", "drippedHandshake"),
  });
});

lab("S5: a flood in place of a greeting is cut short", ({ task }) => {
  expect(outcomes("bannerFlood", "lineFlood")).toEqual({
    bannerFlood: "failed: reset",
    lineFlood: "failed: reset",
  });
  recordFault(task, {
    ...{ id: "S5", injected: "endless line, endless lines" },
    seen: `not SSH: ${sayAll("bannerFlood", "lineFlood")}`,
  });
});

lab("S6: what speaks no SSH, or an old one, or breaks it, is told as that", ({ task }) => {
  const message = (name: string) => probe(name).message;
  expect(message("randomBytes")).toContain("did not speak SSH");
  expect(message("http")).toContain('did not speak SSH: it said "HTTP/1.1 400 Bad Request');
  expect(message("oldSsh")).toContain("a version of SSH that is not 2.0");
  expect(message("hugePacket")).toContain("broke the SSH protocol");
  recordFault(task, {
    ...{ id: "S6", injected: "raw servers" },
    seen: sayAll("randomBytes", "http", "oldSsh", "hugePacket"),
  });
});

lab(
  "S7: a stream or a session that is cut is never complete, and no lie is taken for the whole",
  ({ task }) => {
    for (const lie of Object.keys(LIES)) expect(outcomes(lie)).toEqual({ [lie]: "partial: truncated" });
    const parts = Array.from({ length: CUTS }, (_, part) => part);
    const states = (kind: string) => parts.map((part) => probe(`${kind} ${part}`).state);
    expect(states("stream")).not.toContain("ok");
    // Once the cut comes behind the last byte of the stream, the host was read.
    expect(states("session").join(" ")).toMatch(/^(failed )+(partial )*(ok ?)+$/);
    recordFault(task, {
      ...{
        id: "S7",
        injected: `${CUTS} cut streams, ${CUTS} cut sessions, ${Object.keys(LIES).length} lies`,
      },
      seen: `0 complete of ${CUTS + Object.keys(LIES).length}; a session is whole from byte ${states("session").indexOf("ok") * CUT_BYTES} on`,
    });
  },
);

lab("S8: a command that does not answer, does not end or does not stop is cut at its limit", ({ task }) => {
  const names = ["neverReplies", "neverExits", "stdoutFlood", "stderrFlood"];
  expect(outcomes(...names)).toEqual({
    neverReplies: "failed: timed-out",
    neverExits: "partial: timed-out",
    stdoutFlood: "partial: flooded",
    stderrFlood: "failed: flooded",
  });
  recordFault(task, { id: "S8", injected: "servers that pour or hang", seen: sayAll(...names) });
});

lab(
  "S9: a changed host key stops the visit before any login, is a finding, and trusts nothing",
  async ({ task }) => {
    expect(outcomes("changed")).toEqual({ changed: "failed: host-key-changed" });
    expect(changed.attempts).toEqual([]);
    const { client } = app;
    expect(await client.findings.list({ rule: "host-key-changed" })).toMatchObject({ total: 1 });
    const { rows } = await client.hosts.list({ limit: 1_000 });
    const host = rows.find(({ port }) => port === changed.port);
    expect(await client.hosts.find({ id: host?.id ?? 0 })).toMatchObject({ pin: null });
    recordFault(task, {
      ...{ id: "S9", injected: "another key in known_hosts" },
      seen: `${say("changed")}; 0 logins tried, 1 critical finding, no pin`,
    });
  },
);

lab("S10: an sshd with its default penalties holds nothing against a scan", async ({ task }) => {
  expect(outcomes("neighbour")).toEqual({ neighbour: "ok: collected" });
  const log = await neighbour.run("cat /var/log/auth.log");
  expect(log).toContain("Accepted publickey");
  expect(log).not.toMatch(/penalty/i);
  recordFault(task, {
    ...{ id: "S10", injected: "default sshd" },
    seen: `${say("neighbour")}; 0 penalties in its log`,
  });
});
