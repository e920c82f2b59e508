/**
 * One scan of one host of each kind of fault, beside healthy ones; then the outcome of each. All of them at once, as in
 * a fleet: a host that delayed its neighbours would show.
 */
import { once } from "node:events";
import { appendFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "#app";
import type { Probe } from "#shared/model/hosts/probe.ts";
import type { SshTarget } from "#shared/model/hosts/target.ts";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { findClosedEndpoint } from "#testing/servers.ts";
import { startCuttingProxy } from "#testing/ssh/raw-server.ts";
import { makeKeyPair, type TestSshServer } from "#testing/ssh/ssh-server.ts";
import { recordFault } from "./fault-table.ts";
import { type HostileServer, hostile, LIES, startHealthy, startTruthful } from "./hostile-servers.ts";

const lab = test.skipIf(!canStartHosts());

/** Positions in the stream and in the session around it at which the connection is cut: enough to hit every part. */
const CUTS = 40;
const CUT_BYTES = 200;

/** Accounts of one host whose sshd accepts two unauthenticated clients at a time. */
const LOGINS = ["ann", "ben", "cat"];

const world = new AsyncDisposableStack();
const servers = new Map<string, HostileServer>();
const probes = new Map<string, Probe>();
let app: App;
let changed: TestSshServer;
let neighbour: LabHost;
let penalised: LabHost;
let busy: LabHost;

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
  penalised = world.use(
    await startHost({ name: "penalised", prepare: letIn(desk.publicKey), keepPenalties: true }),
  );
  await bePenalised(penalised);
  busy = world.use(
    await startHost({
      name: "busy",
      sshdOptions: ["-o", "MaxStartups=2:100:2"],
      prepare: ["root", ...LOGINS].map((account) => letIn(desk.publicKey, account)).join(""),
    }),
  );
  const strangers = await Promise.all([greet(busy), greet(busy)]);
  const closed = await findClosedEndpoint();

  const places = new Map([...servers].map(([name, { host, port }]) => [`${host}:${port}`, name]));
  for (const host of [neighbour, stopped, penalised]) places.set(`${host.address}:22`, host.name);
  const logins = LOGINS.map((login) => `${login}@${busy.address}`);
  places.set(`${closed.host}:${closed.port}`, "closed");
  const scan = scanAll(app, { text: [...places.keys(), ...logins].join(" "), only: "ssh", acceptNew: true });
  for await (const { kind } of await app.client.events.watch()) if (kind === "scan-progressed") break;
  for (const { socket } of strangers) socket.destroy();
  for (const probe of await scan) {
    const { host, port, user } = probe.target as SshTarget;
    probes.set(user ?? places.get(`${host}:${port}`) ?? "", probe);
  }
  process.kill(stopped.pid, "SIGCONT");
}, 120_000);

afterAll(() => world.disposeAsync());

/** Occupies one of the connections for clients that have not logged in yet. */
async function greet(host: LabHost): Promise<{ socket: Socket; said: string }> {
  const socket = connect({ host: host.address, port: host.port }).on("error", () => undefined);
  const [said] = await Promise.race([once(socket, "data"), once(socket, "close")]);
  return { socket, said: String(said) };
}

/** Connects and hangs up until sshd penalises the address; that takes about twenty times. */
async function bePenalised(host: LabHost): Promise<void> {
  for (let times = 0; times < 60; times++) {
    const { socket, said } = await greet(host);
    socket.destroy();
    if (!said.startsWith("SSH-")) return;
  }
  throw new Error("the sshd penalises nobody");
}

const probe = (name: string): Probe => {
  const found = probes.get(name);
  if (!found) throw new Error(`${name} was not visited`);
  return found;
};
/** An outcome for the table: its word and how long it took. */
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
      id: "S3",
      injected: "silent server, SIGSTOP",
      seen: `${sayAll("silent", "stopped")}; sockets free`,
    });
  },
);

lab("S4: a greeting or a handshake that comes drop by drop ends at the deadline", ({ task }) => {
  expect(outcomes("drippedGreeting", "drippedHandshake")).toEqual({
    drippedGreeting: "failed: reset",
    // On a slow machine the handshake alone takes all the time there is.
    drippedHandshake: expect.stringMatching(/^failed: (?:timed-out|reset)$/),
  });
  recordFault(task, {
    id: "S4",
    injected: "1 byte every 100 ms",
    seen: sayAll("drippedGreeting", "drippedHandshake"),
  });
});

lab("S5: a flood in place of a greeting is cut short", ({ task }) => {
  expect(outcomes("bannerFlood", "lineFlood")).toEqual({
    bannerFlood: "failed: reset",
    lineFlood: "failed: reset",
  });
  recordFault(task, {
    id: "S5",
    injected: "endless line, endless lines",
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
    id: "S6",
    injected: "raw servers",
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
    // If the cut comes after the last byte of the stream, the host was read.
    expect(states("session").join(" ")).toMatch(/^(failed )+(partial )*(ok ?)+$/);
    recordFault(task, {
      id: "S7",
      injected: `${CUTS} cut streams, ${CUTS} cut sessions, ${Object.keys(LIES).length} lies`,
      seen: `0 complete of ${CUTS + Object.keys(LIES).length}; a session is whole from byte ${states("session").indexOf("ok") * CUT_BYTES} on`,
    });
  },
);

lab("S8: a command that does not answer, does not end or does not stop is cut at its limit", ({ task }) => {
  const names = ["neverReplies", "neverExits", "stdoutFlood", "stderrFlood"];
  expect(outcomes(...names)).toEqual({
    neverReplies: "failed: timed-out",
    neverExits: "partial: timed-out",
    // Whichever limit is reached first on this machine: that of bytes, or that of time.
    stdoutFlood: expect.stringMatching(/^partial: (?:flooded|timed-out)$/),
    stderrFlood: expect.stringMatching(/^failed: (?:flooded|timed-out)$/),
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
      id: "S9",
      injected: "another key in known_hosts",
      seen: `${say("changed")}; 0 logins tried, 1 critical finding, no pin`,
    });
  },
);

lab(
  "S10: an sshd with its default penalties holds nothing against a scan, and its penalty is waited for",
  async ({ task }) => {
    // Only sshd knows how long a penalty lasts: the scan waits for its end or reports it, and never says that the host
    // is down.
    expect(outcomes("neighbour", "penalised")).toEqual({
      neighbour: "ok: collected",
      penalised: expect.stringMatching(/^(ok: collected|failed: throttled)$/),
    });
    const penaltiesOf = async (host: LabHost) =>
      (await host.run("cat /var/log/auth.log")).split("\n").filter((line) => /penalty/i.test(line)).length;
    expect(await penaltiesOf(penalised)).toBeGreaterThan(0);
    expect(await penaltiesOf(neighbour)).toBe(0);
    recordFault(task, {
      id: "S10",
      injected: "default sshd; the same, told off before",
      seen: `${sayAll("neighbour", "penalised")}; 0 penalties in the log for our scan`,
    });
  },
);

lab(
  "S11: where strangers hold every place at the door, several logins to one host all come in",
  ({ task }) => {
    expect(new Set(Object.values(outcomes(...LOGINS)))).toEqual(new Set(["ok: collected"]));
    recordFault(task, { id: "S11", injected: "MaxStartups 2:100:2, 2 strangers", seen: sayAll(...LOGINS) });
  },
);
