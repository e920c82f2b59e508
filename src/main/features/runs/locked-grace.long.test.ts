import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type App, createApp } from "#app";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { goAlong, OWN_CLOCK } from "#testing/lab/own-clock.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";
import { LOG_WITH_OFFSETS, logIn, untilNextSecond, untilSeenAsLater } from "#testing/runs/watch-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

const run = promisify(execFile);

test.skipIf(!canStartHosts())(
  "while a run only waits nobody has to tell the passphrase of its new key; the removal is verified by it, and asks",
  async () => {
    await using desk = await makeDesk();
    const { databasePath, home } = desk;
    const old = await makeKeyFile(join(home, ".ssh"), "old");
    const elsewhere = join(home, "elsewhere");
    await run("cp", ["-p", old.path, elsewhere]);
    await old.lock("siskin");
    await using probed = await startProbedHosts(desk, {
      prepare: `printf '%s\\n' '${old.publicLine.trim()}' "$retained" > ${FILE}`,
    });
    const [web] = probed.hosts;
    await web.run(`${OWN_CLOCK} ${LOG_WITH_OFFSETS}`);
    const { now, setDays } = goAlong(web);
    const logged: unknown[] = [];
    const workstation = { user: "root", home, agentSocket: null };
    const open = () => createApp({ databasePath, now, workstation, log: (error) => logged.push(error) });
    const runId = await (async () => {
      await using app = open();
      await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
      const request = { kind: "rotate-key" as const, fingerprint: old.fingerprint };
      const begun = carryOut(app, await makePlan(app, request, { graceDays: 1 }), { mayPrompt: true });
      const asked = await answerUntil(app, begun);
      expect(await begun).toMatchObject({ state: "waiting" });
      expect(asked).toBeGreaterThan(0);
      return (await begun).id;
    })();

    await using app = open();
    const goOn = (mayPrompt: boolean) =>
      untilStill(app, async () => {
        await app.client.runs.resume({ runId, mayPrompt });
        return runId;
      });
    const hasOld = async () => (await web.run(`cat ${FILE}`)).includes(old.publicLine.split(" ")[1] ?? "");
    await untilSeenAsLater();
    await logIn(web, elsewhere);
    await setDays(1.01);
    expect(await goOn(false)).toMatchObject({ state: "waiting" });
    await setDays(3);
    await untilNextSecond();
    expect(await goOn(false)).toMatchObject({
      state: "stopped",
      message: expect.stringContaining("has a passphrase, and nobody entered it"),
    });
    expect(await hasOld()).toBe(true);
    await untilNextSecond();
    const ended = goOn(true);
    expect(await answerUntil(app, ended)).toBeGreaterThan(0);
    expect(await ended).toMatchObject({ message: "", state: "committed" });
    expect(await hasOld()).toBe(false);
    // Its hosts were read again each time.
    expect(logged).toEqual([]);
    await probed.expectNobodyLockedOut();
  },
);

/** Answers all prompts meanwhile; returns how many there were. */
async function answerUntil({ client }: App, over: Promise<unknown>): Promise<number> {
  const announcements = await client.events.watch();
  const done = over.then(() => "over" as const);
  for (let times = 0; ; ) {
    for (const { id } of await client.runs.prompts()) {
      await client.runs.answer({ promptId: id, answers: ["siskin"] });
      times++;
    }
    const next = await Promise.race([done, announcements.next()]);
    if (next === "over") return times;
  }
}
