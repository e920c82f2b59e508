import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/websocket";
import { expect, test } from "vitest";
import { type App, createApp } from "#app";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { PlanDetail } from "#shared/contract/runs.ts";
import { formatTrace } from "#shared/text/fault.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { createDriver } from "#testing/runs/drive-runs.ts";
import { agreeTo } from "#testing/runs/follow.ts";
import { HELD, openSecretDesk, type SecretDesk, WORDS } from "#testing/runs/secret-desk.ts";
import { watchProcesses } from "#testing/runs/watch-hosts.ts";
import { findSecrets, needlesOf } from "#testing/ssh/key-files.ts";
import { exchangeCode, openAsPage } from "#testing/web/attack.ts";
import { serve } from "./serve.ts";

const KEYS_OF_DEPLOY = "/home/deploy/.ssh/authorized_keys";

test.runIf(canStartHosts())(
  "of passphrases, passwords and private keys nothing is in the database, a log, a reply, an export, an argument or an environment",
  { timeout: 900_000 },
  async () => {
    await using desk = await openSecretDesk();
    const databasePath = join(desk.folder, "latchkey.db");
    const workstation = { user: "jo", home: desk.home, agentSocket: desk.agentSocket };
    const logged: unknown[] = [];
    const traced: string[] = [];
    await using app = createApp({
      databasePath,
      workstation,
      log: (error) => logged.push(error),
      trace: (...names) => traced.push(inspect(names, SHOWN), formatTrace(names)),
    });
    await using web = await openWebClient(app);
    await using processes = watchProcesses();
    const driver = createDriver(web.client, desk);
    const plans = await rotateAll(driver, desk);
    const errors = [...driver.errors, ...(await provoke(web.client, plans))];
    expect([...driver.typed].sort()).toEqual(TYPED);

    const needles = [...desk.needles, ...(await readNewHalves(desk))];
    const places: [string, string | Buffer][] = [
      ["the log", inspect(logged, SHOWN)],
      ["the debug log", traced.join("\n")],
      ["replies and announcements", web.received.join("\n")],
      ["errors", inspect(errors, SHOWN)],
      ["processes", processes.said()],
      ["exports of the command line", await exportAll(databasePath)],
      ...(await readKept(desk)),
    ];
    for (const [name, landmark] of LANDMARKS)
      expect(places.find(([place]) => place === name)?.[1].toString(), name).toContain(landmark);
    for (const [name, place] of places) {
      expect(/linnet.{0,40}/i.exec(place.toString("latin1"))?.[0], name).toBeUndefined();
      expect(findSecrets(needles, place), name).toEqual([]);
    }
  },
);

/** What these do contain: so it is certain that they were searched. */
const LANDMARKS = [
  ["replies and announcements", "SHA256:"],
  ["the debug log", "install_key ok"],
  ["errors", "its hash"],
  ["processes", "sshd"],
  ["exports of the command line", "committed"],
  ["latchkey.db-wal", "SHA256:"],
  ["logs of one", "Accepted publickey"],
  ["logs of two", "Accepted password"],
] as const;

const SHOWN = { depth: null, showHidden: true, maxArrayLength: null, maxStringLength: null };
const TYPED = Object.values(WORDS)
  .filter((word) => word !== WORDS.held)
  .sort();

/** Three keys, held here and there, locked and not; the first after its run has failed at a host. */
async function rotateAll(driver: ReturnType<typeof createDriver>, desk: SecretDesk) {
  const { deploy, ci, web, hosts } = desk;
  const [one, two] = hosts;
  expect(await driver.scan(`root@${one.address} root@${two.address}`)).toEqual(["collected", "collected"]);
  const first = await driver.plan(rotate(deploy.fingerprint));
  // On both hosts, for a file that one account keeps from being written is left out only if others are changed.
  for (const host of hosts) await host.run(`mount --bind ${KEYS_OF_DEPLOY} ${KEYS_OF_DEPLOY}`);
  const withoutTwo = await driver.plan(rotate(deploy.fingerprint));
  const stopped = await driver.carryOut(first);
  expect(stopped.state).toBe("stopped");
  for (const host of hosts) await host.run(`umount ${KEYS_OF_DEPLOY}`);
  expect(await driver.resume(stopped)).toMatchObject(COMMITTED);
  const second = await driver.plan(rotate(ci.fingerprint, "ecdsa"));
  expect(await driver.carryOut(second)).toMatchObject(COMMITTED);
  const third = await driver.plan(rotate(web.fingerprint, "rsa"));
  expect(await driver.carryOut(third)).toMatchObject(COMMITTED);
  return [first, withoutTwo, second, third];
}

const COMMITTED = { state: "committed", message: "" };

/** Calls every export, and what is refused; returns the refusals. */
async function provoke({ runs, auditLog }: LatchkeyClient, plans: readonly PlanDetail[]) {
  const asked: Promise<unknown>[] = [auditLog.verify()];
  for (const planned of plans) {
    const { id: planId, plan, hash } = planned;
    asked.push(runs.exportScripts({ planId, ...agreeTo(planned) }));
    asked.push(runs.importPlan({ plan: { ...plan, title: "edited" }, hash: hash ?? "" }));
    asked.push(runs.start({ planId, hash: "0".repeat(64) }));
  }
  for (const { id: runId } of (await runs.list({})).rows) asked.push(runs.entries({ runId }));
  const met = await Promise.allSettled(asked);
  const refused = met.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  expect(refused.length).toBeGreaterThanOrEqual(2 * plans.length);
  return refused;
}

/** The database as it is on the disk, and what the hosts keep apart from keys. */
async function readKept({ folder, hosts }: SecretDesk): Promise<[string, string | Buffer][]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith("latchkey.db"));
  expect(names).toContain("latchkey.db-wal");
  const files = names.map(async (name) => [name, await readFile(join(folder, name))] as [string, Buffer]);
  const logs = hosts.map(
    async (host) => [`logs of ${host.name}`, await host.run(READ_LOGS)] as [string, string],
  );
  return Promise.all([...files, ...logs]);
}

const READ_LOGS = "cat /var/log/*; find /tmp /var/tmp /run -type f -exec cat {} +";

const rotate = (fingerprint: string, keyType: "ed25519" | "ecdsa" | "rsa" = "ed25519") => ({
  kind: "rotate-key" as const,
  fingerprint,
  keyType,
  newKey: null,
  keyFile: null,
});

/** The keys that the runs have created; the search finds them where they were written, and so would elsewhere. */
async function readNewHalves({ deploy, ci, hosts: [one] }: SecretDesk) {
  const read = (path: string) => one.run(`cat ${path}`);
  const halves = [
    needlesOf("deploy, new,", await readFile(deploy.path, "utf8"), WORDS.deploy),
    needlesOf("ci, new,", await readFile(ci.path, "utf8")),
    needlesOf("web, new,", await read(HELD.web)),
  ];
  expect(needlesOf("", await read(HELD.deploy))).toMatchObject([{ bytes: halves[0]?.[0]?.bytes }]);
  expect(needlesOf("", await read(HELD.ci), WORDS.made)).toMatchObject([{ bytes: halves[1]?.[0]?.bytes }]);
  const needles = halves.flat();
  for (const path of [ci.path]) expect(findSecrets(needles, await readFile(path))).toEqual(["ci, new, d"]);
  expect(findSecrets(needles, await read(HELD.web))).toEqual(["web, new, d", "web, new, p", "web, new, q"]);
  return needles;
}

async function exportAll(databasePath: string): Promise<string> {
  const type = openTerminal(databasePath);
  const said: string[] = [];
  for (const id of ["1", "2", "3"]) said.push((await type("runs", "show", id, "--json")).out);
  for (const words of [["access"], ["hosts"], ["runs", "list"]])
    said.push((await type(...words, "--json")).out);
  return said.join("\n");
}

const PAGE = new Map([["/", { body: Buffer.from("<p>page"), type: "text/html; charset=utf-8" }]]);

/** An app as a page in a browser uses it: over a WebSocket, each message of which is kept. */
async function openWebClient({ router }: App) {
  const shell = await serve({ app: { router }, page: PAGE });
  const socket = await openAsPage(shell.url, await exchangeCode(shell.url));
  const received: string[] = [];
  socket.on("message", (data) => received.push(String(data)));
  const link = new RPCLink({ websocket: socket as unknown as globalThis.WebSocket });
  return {
    client: createORPCClient<LatchkeyClient>(link),
    /** All that was sent to the page. */
    received,
    async [Symbol.asyncDispose]() {
      socket.terminate();
      await shell[Symbol.asyncDispose]();
    },
  };
}
