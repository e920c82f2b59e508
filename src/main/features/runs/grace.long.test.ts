import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { goAlong, OWN_CLOCK, START_JOURNAL } from "#testing/lab/own-clock.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, requestForOwnKey, untilStill } from "#testing/runs/follow.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";
import { LOG_WITH_OFFSETS, logIn, untilNextSecond, untilSeenAsLater } from "#testing/runs/watch-hosts.ts";
import { makeKeyFile, startSshAgent } from "#testing/ssh/key-files.ts";

const run = promisify(execFile);
const WATCHED = "logs are watched for uses of the old one before it is removed";

test.skipIf(!canStartHosts())(
  "an old key whose use a host's log tells of keeps its line for as many days again, and then goes within a minute of a login by the new one",
  async () => {
    await using desk = await makeDesk();
    const old = await makeKeyFile(join(desk.home, ".ssh"), "old");
    const elsewhere = join(desk.home, "elsewhere");
    await using probed = await startProbedHosts(desk, { prepare: besideRetained(old.publicLine) });
    const [web] = probed.hosts;
    await web.run(`${OWN_CLOCK} ${LOG_WITH_OFFSETS}`);
    await run("cp", ["-p", old.path, elsewhere]);
    const { now, setDays } = goAlong(web);
    const { databasePath, home } = desk;
    await using app = createApp({
      databasePath,
      now,
      workstation: { user: "root", home, agentSocket: null },
    });
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const request = { kind: "rotate-key" as const, fingerprint: old.fingerprint };
    const first = await carryOut(app, await makePlan(app, request, { graceDays: 1 }));
    expect(first).toMatchObject({ state: "waiting", message: expect.stringContaining(WATCHED) });
    const goOn = () =>
      untilStill(app, async () => {
        await app.client.runs.resume({ runId: first.id });
        return first.id;
      });
    const hasOld = async () => (await web.run(`cat ${FILE}`)).includes(old.publicLine.split(" ")[1] ?? "");

    expect(await goOn()).toMatchObject({ state: "waiting" });
    await untilSeenAsLater();
    await logIn(web, elsewhere);
    await setDays(1.01);
    expect(await goOn()).toMatchObject({ state: "waiting" });
    const { rows } = await app.client.runs.entries({ runId: first.id });
    expect(rows.map(({ text }) => text).join("\n")).toContain("deploy was logged in to with the old key on");
    expect(await hasOld()).toBe(true);
    await setDays(3);
    await untilNextSecond();
    expect(await goOn()).toMatchObject({ message: "", state: "committed" });
    expect(await hasOld()).toBe(false);
    expect(await readFile(old.path, "utf8")).not.toBe(await readFile(elsewhere, "utf8"));
    expect(removalsWithoutVerification(databasePath)).toEqual({ removals: 1, without: [] });
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())(
  "an old key goes once the journal shows a login by a new one whose private key is somewhere else, and the run ends after another",
  async () => {
    await using desk = await makeDesk();
    const old = await makeKeyFile(desk.home, "old");
    const given = await makeKeyFile(desk.home, "given");
    await using probed = await startProbedHosts(desk, { prepare: besideRetained(old.publicLine) });
    const [web] = probed.hosts;
    await web.run(START_JOURNAL);
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const request = { kind: "rotate-key" as const, fingerprint: old.fingerprint, newKey: given.publicLine };
    const first = await carryOut(app, request);
    const goOn = () =>
      untilStill(app, async () => {
        await app.client.runs.resume({ runId: first.id });
        return first.id;
      });
    const waits = {
      state: "waiting",
      message: expect.stringContaining("the journal must show a login"),
    };
    expect(first).toMatchObject(waits);
    await logIn(web, old.path);
    expect(await goOn()).toMatchObject(waits);
    await logIn(web, given.path);
    // That login was before the removal.
    const again = { state: "waiting", message: expect.stringContaining("one more login with the new key") };
    expect(await goOn()).toMatchObject(again);
    expect(await goOn()).toMatchObject(again);
    let ended = first;
    // The clocks of two machines are compared, so a login in the same moment does not count.
    while (ended.state === "waiting") {
      await logIn(web, given.path);
      ended = await goOn();
    }
    expect(ended).toMatchObject({ message: "", state: "committed" });
    const keys = await web.run(`cat ${FILE}`);
    expect(keys).toContain(given.publicLine.split(" ")[1]);
    expect(keys).not.toContain(old.publicLine.split(" ")[1]);
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())(
  "the days of grace are over in time where nobody but Latchkey itself logs in, though its agent still has the old key",
  async () => {
    await using desk = await makeDesk();
    const path = join(desk.home, ".ssh/id_ed25519");
    await using agent = await startSshAgent(desk.home, [path]);
    await using probed = await startProbedHosts(desk);
    const [web] = probed.hosts;
    await web.run(`${OWN_CLOCK} ${START_JOURNAL}`);
    const { now, setDays } = goAlong(web);
    const { databasePath, home } = desk;
    await using app = createApp({
      databasePath,
      now,
      workstation: { user: "root", home, agentSocket: agent.socketPath },
    });
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const request = await requestForOwnKey(desk);
    const first = await carryOut(app, await makePlan(app, request, { graceDays: 1 }));
    expect(first).toMatchObject({ state: "waiting" });
    await setDays(1.01);
    const ended = await untilStill(app, async () => {
      await app.client.runs.resume({ runId: first.id });
      return first.id;
    });
    expect(ended).toMatchObject({ message: "", state: "committed" });
    await probed.expectNobodyLockedOut();
  },
);

/** Gives `deploy` a file of two lines: this one, and the one by which the prober logs in. */
const besideRetained = (line: string): string => `printf '%s\\n' '${line.trim()}' "$retained" > ${FILE}`;

type Said = { phase?: string; place?: string; entry: string; text: string };

/** The removals in the audit log, and those without a login by the new key in the minute before. */
function removalsWithoutVerification(databasePath: string): { removals: number; without: Said[] } {
  using db = openToRead(databasePath);
  const events = db.rows.map(({ at, detail }) => ({ at: Date.parse(at), ...(JSON.parse(detail) as Said) }));
  const removals = events.filter(
    ({ phase, entry, text }) => phase === "revoke" && entry === "acted" && text.startsWith("wrote /"),
  );
  const without = removals.filter((removal) => {
    const before = events.slice(0, events.indexOf(removal));
    return !before.some(
      ({ at, place, phase, text }) =>
        place === removal.place &&
        phase === "revoke" &&
        text.startsWith("before the removal: ") &&
        text.includes("logged in with the new key") &&
        removal.at - at <= 60_000,
    );
  });
  return { removals: removals.length, without };
}

function openToRead(path: string) {
  const db = new Sqlite(path, { readonly: true });
  const rows = db
    .prepare<[], { at: string; detail: string }>(
      "SELECT at, detail FROM event WHERE kind = 'run-step' ORDER BY id",
    )
    .all();
  return { rows, [Symbol.dispose]: () => db.close() };
}
