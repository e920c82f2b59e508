import { afterAll, beforeAll, expect, test } from "vitest";
import type { RollbackTimer } from "#shared/model/runs/plan.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { begin, create, end, startRollbackTimer, stopRollbackTimer, uncreate, write } from "./host-files.ts";
import { inspectFile, inspectHost } from "./inspect-host.ts";
import { openSessionIn } from "./testing/open-session-in.ts";
import { beginOn, hashOf, insertLine, TOKEN } from "./testing/session-requests.ts";

const lab = test.skipIf(!canStartHosts());
const FILE = "/home/alice/.ssh/authorized_keys";
const RUN = { path: FILE, id: "f0", token: TOKEN };
const BEFORE = Buffer.from("old\nother\n");

/** Stands in for systemd-run, because no service manager runs here: runs the command after the time, as that user. */
const STAND_IN = `#!/bin/sh
# A stand-in for systemd-run.
echo "$@" >> /run/asked
for word do
	case $word in --on-active=*) after=\${word#*=} ;; --uid=*) user=\${word#*=} ;; --unit=*) unit=\${word#*=} ;; esac
done
while [ "$1" != /bin/sh ]; do shift; done
( echo $$ > /dev/null; exec setpriv --reuid "$user" --regid "$user" --clear-groups setsid sh -c 'sleep "$1"; shift; exec "$@"' "$unit" "$after" "$@" ) >/dev/null 2>&1 </dev/null &
`;

let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({
    name: "dead",
    prepare: `
      useradd --create-home alice; mkdir -m 700 /home/alice/.ssh; chown alice: /home/alice/.ssh
      rm -rf /var/spool/cron/atjobs/* /var/spool/cron/atspool/*
      atd
      mkdir -p /run/systemd/system
      rm /usr/bin/systemd-run
      cat > /usr/bin/systemd-run <<'END'
${STAND_IN}END
      chmod 755 /usr/bin/systemd-run
    `,
  });
});
afterAll(() => host?.[Symbol.asyncDispose]());

const lay = (bytes: string | Buffer) =>
  host.run(
    `cat > ${FILE} <<'END'\n${bytes.toString().replace(/\n$/, "")}\nEND\nchown alice: ${FILE}; chmod 600 ${FILE}`,
  );
const read = () => host.run(`cat ${FILE}`);
/** Waits until the host's own timer has acted; the test's time limit bounds it. */
const until = (condition: string) => host.run(`until ${condition}; do sleep 0.1; done`);
const untilFired = () => until(`ls /home/alice/.ssh/.latchkey/${TOKEN}/fired-f0.* >/dev/null 2>&1`);

const WAYS: RollbackTimer[] = ["systemd-run", "at", "sleep"];

lab(
  "a host says what it can take a change back by: root by all, an account without the service manager",
  async () => {
    await lay(BEFORE);
    await using root = await openSessionIn(startShellIn(host));
    expect(await inspectHost(root)).toMatchObject({ host: { rollbackTimers: WAYS } });
    expect(await inspectFile(root, FILE)).toMatchObject({ file: { rollbackTimers: WAYS } });
    await using alice = await openSessionIn(startShellIn(host, { user: "alice" }));
    expect(await inspectFile(alice, FILE)).toMatchObject({ file: { rollbackTimers: ["at", "sleep"] } });
  },
);

lab.each(WAYS)(
  "what nobody calls off is taken back after its time, by %s, though the session is gone",
  async (way) => {
    await lay(BEFORE);
    const { after, ...wish } = insertLine(FILE, BEFORE, { at: 4, line: "new\n" });
    {
      await using hand = await openSessionIn(startShellIn(host));
      await begin(hand, beginOn(FILE));
      const armed = {
        ...RUN,
        timer: way,
        seconds: 2,
        wrote: wish.newHash,
        prior: wish.before,
        putBack: null,
      };
      expect(await startRollbackTimer(hand, armed)).toEqual({ kind: "armed" });
      expect(await write(hand, wish)).toMatchObject({ kind: "written" });
      expect(await read()).toBe(String(after));
      await hand.kill();
    }
    await untilFired();
    await until(`grep -qx old ${FILE} && ! grep -q new ${FILE}`);
    expect(await read()).toBe(String(BEFORE));
    expect(await host.run(`stat -c '%U %G %a' ${FILE}`)).toBe("alice alice 600\n");
    await using hand = await openSessionIn(startShellIn(host));
    expect(await stopRollbackTimer(hand, RUN)).toEqual({ kind: "fired" });
    expect(await end(hand, RUN)).toEqual({ kind: "ended" });
    expect(await host.run("ls -A /home/alice/.ssh")).toBe("authorized_keys\n");
  },
);

lab.each(WAYS)("what was called off stays, and nothing of the timer is left, by %s", async (way) => {
  await lay(BEFORE);
  const { after, ...wish } = insertLine(FILE, BEFORE, { at: 4, line: "new\n" });
  await using hand = await openSessionIn(startShellIn(host, way === "systemd-run" ? {} : { user: "alice" }));
  await begin(hand, beginOn(FILE));
  const armed = { ...RUN, timer: way, seconds: 3, wrote: wish.newHash, prior: wish.before, putBack: null };
  expect(await startRollbackTimer(hand, armed)).toEqual({ kind: "armed" });
  expect(await write(hand, wish)).toMatchObject({ kind: "written" });
  expect(await end(hand, RUN)).toMatchObject({ kind: "refused", why: "armed" });
  expect(await stopRollbackTimer(hand, RUN)).toEqual({ kind: "disarmed" });
  expect(await stopRollbackTimer(hand, RUN)).toEqual({ kind: "disarmed" });
  expect(await end(hand, RUN)).toEqual({ kind: "ended" });
  // The stand-in's timers cannot be stopped: they fire, and find nothing to do.
  await until(
    `[ -z "$(pgrep -f '[l]atchkey[ -].*${TOKEN}'; find /var/spool/cron/atjobs -type f ! -name .SEQ)" ]`,
  );
  expect(await read()).toBe(String(after));
});

lab(
  "whatever an account's shell answers, the service manager runs nothing but its own file, and as that account",
  async () => {
    await lay(BEFORE);
    await using hand = await openSessionIn(startShellIn(host));
    const ask = (generation: string) =>
      hand.send({ verb: "start_timer", words: [FILE, "f0", TOKEN, generation, "1"] }, { deadlineMs: 30_000 });
    expect(await ask("1x1")).toMatchObject({ status: "ok" });
    const uid = (await host.run("id -u alice")).trim();
    const asked = await host.run("tail -n 1 /run/asked");
    expect(asked).toContain(
      `--uid=${uid} --unit=latchkey-${TOKEN}-f0-1x1 /bin/sh -c cd -P -- '/home/alice/.ssh' && `,
    );
    expect(asked).toContain(`*${uid} ' && exec sh './.latchkey/${TOKEN}/revert-f0.1x1.sh'`);
    expect(await ask("1 --uid=0 /tmp/x.sh")).toMatchObject({ status: "no", words: ["odd-words"] });
    expect(await ask("../../../x")).toMatchObject({ status: "no", words: ["odd-words"] });
  },
);

lab.each(WAYS)(
  "nothing of a folder is run that somebody has put in the place of the one where it was armed, by %s",
  async (way) => {
    const path = "/srv/open/alice/keys";
    const run = { ...RUN, path };
    await host.run(`rm -rf /srv/open; install -d -m 777 /srv/open; install -d -m 755 -o alice -g alice /srv/open/alice
      printf 'old\nother\n' >${path}; chown alice:alice ${path}; id mallory 2>/dev/null || useradd mallory`);
    const { after: _, ...wish } = insertLine(path, BEFORE, { at: 4, line: "new\n" });
    await using hand = await openSessionIn(startShellIn(host));
    await begin(hand, beginOn(path));
    const armed = { ...run, timer: way, seconds: 2, wrote: wish.newHash, prior: wish.before, putBack: null };
    expect(await startRollbackTimer(hand, armed)).toEqual({ kind: "armed" });
    expect(await write(hand, wish)).toMatchObject({ kind: "written" });
    // The arguments of processes show the names of its files.
    await host.run(`cd /srv/open; cp -r alice theirs; for file in theirs/.latchkey/*/revert-*; do
        echo 'id -un >/tmp/ran; : >/srv/open/ran' >$file; done
      chown -R mallory theirs; chmod -R a+rwX theirs; mv alice was; mv theirs alice`);
    const timers = `pgrep -f '[l]atchkey[ -].*${TOKEN}'; find /var/spool/cron/atjobs /var/spool/cron/atspool -type f ! -name .SEQ`;
    await until(`[ -z "$(${timers})" ]`);
    expect(await host.run("ls /srv/open")).toBe("alice\nwas\n");
    expect(await host.run(`cat ${path}`)).toContain("new");
  },
);

lab("armed once more after it has fired, it is called off like any other", async () => {
  await lay(BEFORE);
  const { after, ...wish } = insertLine(FILE, BEFORE, { at: 4, line: "new\n" });
  const armed = { ...RUN, timer: "sleep" as const, wrote: wish.newHash, prior: wish.before, putBack: null };
  await using hand = await openSessionIn(startShellIn(host, { user: "alice" }));
  await begin(hand, beginOn(FILE));
  await startRollbackTimer(hand, { ...armed, seconds: 1 });
  await write(hand, wish);
  await untilFired();
  await until(`! grep -q new ${FILE}`);
  expect(await startRollbackTimer(hand, { ...armed, seconds: 600 })).toEqual({ kind: "armed" });
  expect(await write(hand, wish)).toMatchObject({ kind: "written" });
  expect(await stopRollbackTimer(hand, RUN)).toEqual({ kind: "disarmed" });
  expect(await end(hand, RUN)).toEqual({ kind: "ended" });
  expect(await read()).toBe(String(after));
});

lab(
  "a removal is taken back to what stood before it, or its lines are added to what somebody made of it",
  async () => {
    const added = Buffer.from("old\nnew\nother\n");
    const putBack = Buffer.from("old\n");
    for (const [meddle, expected] of [
      ["", String(added)],
      [`printf 'more' >> ${FILE}`, "new\nother\nmore\nold\n"],
    ] as const) {
      await lay(BEFORE);
      {
        await using hand = await openSessionIn(startShellIn(host));
        await begin(hand, beginOn(FILE));
        const { after: _, ...add } = insertLine(FILE, BEFORE, { at: 4, line: "new\n" });
        await write(hand, add);
        const newHash = hashOf("new\nother\n");
        const prior = hashOf(added);
        expect(
          await startRollbackTimer(hand, {
            ...RUN,
            timer: "sleep",
            seconds: 2,
            wrote: newHash,
            prior,
            putBack,
          }),
        ).toEqual({
          kind: "armed",
        });
        const splices = [{ at: 0, removed: 4, inserted: Buffer.from("new\n") }];
        expect(await write(hand, { ...add, expected: [prior], newHash, splices })).toMatchObject({
          kind: "written",
        });
        if (meddle) await host.run(meddle);
      }
      await untilFired();
      await until(`grep -qx old ${FILE}`);
      expect(await read()).toBe(expected);
      await using hand = await openSessionIn(startShellIn(host));
      expect(await stopRollbackTimer(hand, RUN)).toEqual({ kind: "fired" });
      expect(await end(hand, RUN)).toEqual({ kind: "ended" });
    }
  },
);

lab("armed before a write that never came, it does nothing", async () => {
  await lay(BEFORE);
  await using hand = await openSessionIn(startShellIn(host, { user: "alice" }));
  await begin(hand, beginOn(FILE));
  await startRollbackTimer(hand, {
    ...RUN,
    timer: "sleep",
    seconds: 1,
    wrote: hashOf("x"),
    prior: hashOf(BEFORE),
    putBack: Buffer.from("old\n"),
  });
  await untilFired();
  expect(await stopRollbackTimer(hand, RUN)).toEqual({ kind: "fired" });
  expect(await read()).toBe(String(BEFORE));
  expect(await end(hand, RUN)).toEqual({ kind: "ended" });
});

lab(
  "a file that was made for the run is away again once it fires, written or not; what somebody else has put there stays",
  async () => {
    const uid = Number(await host.run("id -u alice"));
    const none = Buffer.alloc(0);
    const { after: _, ...wish } = insertLine(FILE, none, { at: 0, line: "new\n" });
    const armed = { ...RUN, timer: "sleep" as const, seconds: 1, wrote: wish.newHash, prior: wish.before };
    for (const what of ["written", "not written", "somebody's"]) {
      await host.run(`rm -rf ${FILE} /home/alice/.ssh/.latchkey`);
      await using hand = await openSessionIn(startShellIn(host));
      expect(await create(hand, { path: FILE, uid })).toEqual({ kind: "created" });
      expect(await begin(hand, beginOn(FILE))).toMatchObject({ kind: "begun" });
      expect(await startRollbackTimer(hand, { ...armed, putBack: null, isCreated: true })).toEqual({
        kind: "armed",
      });
      if (what === "written") expect(await write(hand, wish)).toMatchObject({ kind: "written" });
      if (what === "somebody's") await host.run(`echo theirs > ${FILE}`);
      await untilFired();
      if (what === "somebody's") expect(await read()).toBe("theirs\n");
      else await until(`[ ! -e ${FILE} ]`);
      expect(await stopRollbackTimer(hand, RUN)).toEqual({ kind: "fired" });
      expect(await end(hand, RUN)).toEqual({ kind: "ended" });
      const gone = await uncreate(hand, { path: FILE, uid, made: "file" });
      expect(gone).toMatchObject({ kind: what === "somebody's" ? "changed" : "gone" });
    }
  },
);
