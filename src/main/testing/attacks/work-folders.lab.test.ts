/** An account of a host that lays something of its own where a run keeps its lock stops itself, and nobody else. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { App } from "#app";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan } from "#testing/runbooks/follow.ts";
import { makeKeyLine } from "#testing/runbooks/make-key-line.ts";
import { planOwnKey } from "#testing/runbooks/own-key.ts";

const lab = test.skipIf(!canStartHosts());

const PROGRAM = join(import.meta.dirname, "occupy-work-folder.sh");
/** All of them in the long form: each is an account more in real runs. */
const isLong = process.env.LATCHKEY_TEST_KINDS === "all";
const KINDS = isLong
  ? ["file", "fifo", "link", "number", "octal", "words", "leading", "future", "fifos", "crowd", "top", "shut"]
  : ["file", "fifo", "octal", "crowd", "shut"];
/** Those who do so once a plan is made. */
const LATE = isLong ? ["file", "fifo", "octal", "words", "crowd", "lock"] : ["fifo", "crowd", "lock"];
const HONEST = ["alice", "bob", "zoe"];

const nameOf = (kind: string) => `m-${kind}`;
const occupied = KINDS.map(nameOf).toSorted();
/** Those who do so while a run tries a login to them. */
const BUSY = ["over", "unfinished"];
const EVERYONE = [...HONEST, ...occupied, "m-lock", ...BUSY.map(nameOf)];
/** Who has the key of each of the tests. */
const holdersOf = [
  [...HONEST, ...occupied],
  ["alice", "bob", ...LATE.map(nameOf)],
  ["alice", "root", "zoe"],
  EVERYONE,
];
/** Whom the desk's own key lets in. */
const OWN = ["alice", "root", ...BUSY.map(nameOf)];

let desk: Desk;
let host: LabHost;
let keys: { line: string; fingerprint: string }[];

beforeAll(async () => {
  if (!canStartHosts()) return;
  desk = await makeDesk();
  keys = await Promise.all(["one@x", "two@x", "three@x", "stays@x"].map(makeKeyLine));
  const program = await readFile(PROGRAM, "utf8");
  const linesOf = (name: string) =>
    [
      ...(OWN.includes(name) ? [desk.publicKey] : []),
      ...keys.flatMap(({ line }, at) => (holdersOf[at]?.includes(name) ? line : [])),
    ].join("\n");
  host = await startHost({
    name: "shared",
    prepare: `${letIn(linesOf("root"))}
      ${EVERYONE.map((name) => `${letIn(linesOf(name), name)} chown -R ${name}: $home`).join("\n")}
      cat >/usr/local/bin/occupy <<'END_OF_PROGRAM'\n${program}\nEND_OF_PROGRAM
      chmod 755 /usr/local/bin/occupy
      ${BUSY.map((kind) => `echo 'occupy ${kind}' | su - m-${kind} -c 'cat >.ssh/rc'`).join("\n")}`,
  });
});
afterEach(() => host && vacate());
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await desk?.[Symbol.asyncDispose]();
});

const occupy = (kinds: readonly string[]) =>
  host.run(kinds.map((kind) => `su m-${kind} -c 'occupy ${kind}'`).join("\n"));
const vacate = () => host.run("rm -rf /home/m-*/.ssh/.latchkey /root/.ssh/.latchkey");
/** Accounts whose file has this key. */
const whoHas = async (line: string): Promise<string[]> =>
  (await host.run(`cd /home; grep -lF '${line}' */.ssh/authorized_keys || true`))
    .split("\n")
    .flatMap((path) => path.split("/")[0] || [])
    .toSorted();
const locksOf = (names: readonly string[]): Promise<string> =>
  host.run(names.map((name) => `find /home/${name} -name '.latchkey*'`).join("\n"));

async function planRemoval(app: App, { fingerprint }: { fingerprint: string }) {
  await scanAll(app, { text: `root@${host.address}`, only: "ssh", acceptNew: true });
  const { rows } = await app.client.access.list({ search: fingerprint, limit: 100 });
  return makePlan(app, { kind: "remove-grants", grants: rows.map(({ id }) => id) });
}

lab(
  "an account with something else in the place of a run's lock is left out of the plan by name, and all others are changed",
  async () => {
    await using app = desk.open();
    await occupy(KINDS);
    const [key] = keys;
    if (!key) throw new Error("no key");
    const planned = await planRemoval(app, key);
    const left =
      planned.plan?.checks.filter(({ state, id }) => state === "consent" && id === "work-folder") ?? [];
    expect(left.map(({ account }) => account).toSorted()).toEqual(occupied);
    for (const { text, account } of left) expect(text).toMatch(`/home/${account}/.ssh/.latchkey`);
    expect(planned.plan?.hosts.flatMap(({ files }) => files.map(({ account }) => account))).toEqual(HONEST);
    expect(await carryOut(app, planned)).toMatchObject({ state: "committed" });
    expect(await whoHas(key.line)).toEqual(occupied);
    expect(await locksOf(HONEST)).toBe("");
  },
);

lab(
  "one that lays it there once the plan is made is left out of the run by name, and all others are changed",
  async () => {
    await using app = desk.open();
    const key = keys[1];
    if (!key) throw new Error("no key");
    const planned = await planRemoval(app, key);
    await occupy(LATE);
    const run = await carryOut(app, planned);
    expect(await whoHas(key.line)).toEqual(LATE.map(nameOf).toSorted());
    expect(run.state).toBe("committed");
    for (const name of LATE.map(nameOf)) expect(run.message).toContain(`/home/${name}/.ssh/.latchkey`);
    expect(run.message).toContain("jo@desk");
    expect(await locksOf(HONEST)).toBe("");
    expect(await host.run("ls -A /home/m-lock/.ssh/.latchkey")).toBe("lock-1\n");
  },
);

lab(
  "a run that is stopped by another run's lock of root's own folder leaves none of its own, and begins once that is gone",
  async () => {
    await using app = desk.open();
    const key = keys[2];
    if (!key) throw new Error("no key");
    const planned = await planRemoval(app, key);
    const work = "/root/.ssh/.latchkey";
    await host.run("occupy lock /root");
    const stopped = await carryOut(app, planned);
    expect(stopped).toMatchObject({ state: "stopped", message: expect.stringContaining("jo@desk") });
    expect(await host.run(`find /home /root -name .latchkey`)).toBe(`${work}\n`);
    await host.run(`rm -r ${work}`);
    expect(await carryOut(app, await planRemoval(app, key))).toMatchObject({ state: "committed" });
    expect(await whoHas(key.line)).toEqual([]);
  },
);

lab(
  "one that lays such a lock, or a piece of a write, while the run tries the new key keeps none of the others from it",
  async () => {
    await using app = desk.open();
    const run = await carryOut(app, await planOwnKey(app, desk, [host]));
    expect(run.state).toBe("committed");
    expect(run.message).toContain("/home/m-over/.ssh/authorized_keys");
    expect(await whoHas(desk.publicKey)).toEqual(["m-over"]);
    const { rows } = await app.client.runbooks.entries({ runId: run.id, limit: 500 });
    const said = rows.map(({ text }) => text).filter((text) => text.includes("/home/m-unfinished/.ssh/"));
    expect(said.join("\n")).toContain("unfinished/.ssh/authorized_keys was being changed by this run");
    expect(await locksOf(HONEST)).toBe("");
  },
);
