/** An account of a host that lays something of its own where a run keeps its lock stops itself, and nobody else. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { App } from "#app";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan } from "#testing/runbooks/follow.ts";
import { makeKeyLine } from "#testing/runbooks/make-key-line.ts";

const lab = test.skipIf(!canStartHosts());

const PROGRAM = join(import.meta.dirname, "occupy-work-folder.sh");
const KINDS = "file fifo link number octal words leading future fifos crowd top shut".split(" ");
/** Those who do so once a plan is made. */
const LATE = ["file", "fifo", "octal", "words", "crowd"];
const HONEST = ["alice", "bob", "zoe"];

const nameOf = (kind: string) => `m-${kind}`;
const occupied = KINDS.map(nameOf).toSorted();
/** Who has the key of each of the tests. */
const holdersOf = [
  [...HONEST, ...occupied],
  ["alice", "bob", ...LATE.map(nameOf)],
  ["alice", "m-file", "zoe"],
];

let desk: Desk;
let host: LabHost;
let keys: { line: string; fingerprint: string }[];

beforeAll(async () => {
  if (!canStartHosts()) return;
  desk = await makeDesk();
  keys = await Promise.all(["one@x", "two@x", "three@x"].map(makeKeyLine));
  const program = await readFile(PROGRAM, "utf8");
  const linesOf = (name: string) =>
    [desk.publicKey, ...keys.flatMap(({ line }, at) => (holdersOf[at]?.includes(name) ? line : []))].join(
      "\n",
    );
  host = await startHost({
    name: "shared",
    prepare: `${letIn(desk.publicKey)}
      ${[...HONEST, ...occupied].map((name) => `${letIn(linesOf(name), name)} chown -R ${name}: $home`).join("\n")}
      cat >/usr/local/bin/occupy <<'END_OF_PROGRAM'\n${program}\nEND_OF_PROGRAM
      chmod 755 /usr/local/bin/occupy`,
  });
});
afterEach(() => host && vacate());
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await desk?.[Symbol.asyncDispose]();
});

const occupy = (kinds: readonly string[]) =>
  host.run(kinds.map((kind) => `su m-${kind} -c 'occupy ${kind}'`).join("\n"));
const vacate = () => host.run(KINDS.map((kind) => `rm -rf /home/m-${kind}/.ssh/.latchkey`).join("\n"));
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
    expect(await locksOf(HONEST)).toBe("");
  },
);

lab(
  "a run that is stopped by another run's lock leaves none of its own, and begins once that is gone",
  async () => {
    await using app = desk.open();
    const key = keys[2];
    if (!key) throw new Error("no key");
    const planned = await planRemoval(app, key);
    const work = "/home/m-file/.ssh/.latchkey";
    await host.run(
      `now=$(date +%s); su m-file -c "mkdir -m 700 ${work}; ln -s run9,jo@desk,$now,$((now + 900)) ${work}/lock-1"`,
    );
    const stopped = await carryOut(app, planned);
    expect(stopped).toMatchObject({ state: "stopped", message: expect.stringContaining("jo@desk") });
    expect(await host.run(`find /home -name .latchkey`)).toBe(`${work}\n`);
    await host.run(`rm -r ${work}`);
    expect(await carryOut(app, await planRemoval(app, key))).toMatchObject({ state: "committed" });
    expect(await whoHas(key.line)).toEqual([]);
  },
);
