/**
 * An account of a host that puts something of its own in the way of a run, or answers in its stead, stops itself and
 * nobody else.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "#app";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { agreeTo, carryOut, makePlan, requestForOwnKey, untilStill } from "#testing/runs/follow.ts";
import { writeThere } from "#testing/runs/offline-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

const lab = test.skipIf(!canStartHosts());

/** Each kind is an account that real runs go through: one of each group, and in the long form all. */
const isLong = process.env.LATCHKEY_TEST_KINDS === "all";
/**
 * Accounts that occupy the path of the lock before the plan is made; by occupy-work-folder.sh, except for the last of
 * these.
 */
const EARLY = isLong
  ? ["file", "fifo", "link", "number", "octal", "words", "leading", "future", "fifos", "crowd", "top", "shut"]
  : ["octal"];
/** Accounts that do so once the plan is made. */
const LATE = isLong
  ? ["late-file", "late-fifo", "late-octal", "late-words", "late-crowd", "close", "lock"]
  : ["lock"];
/** Accounts that do so while the run tries a login to them: by a shell that sshd starts for that. */
const BUSY = isLong ? ["over", "unfinished", "fired", "litter"] : ["over"];
/** Accounts that answer instead of the shell that acts as them; by answer-for-shell.py. */
const ANSWERING = isLong ? ["refuse", "babble", "flood", "forge", "stop", "fail"] : ["fail"];
/** Accounts whose shell does what it is asked, and does not report. */
const MUTE = isLong ? ["mute"] : [];
const HONEST = ["alice", "zoe"];

const nameOf = (kind: string) => `m-${kind}`;
const OTHERS = [...EARLY, ...LATE, ...BUSY, ...ANSWERING, ...MUTE];
const EVERYONE = [...HONEST, ...OTHERS.map(nameOf)];

/** Replaces setpriv: in place of our shell, it starts a program of the account's. */
const INSTEAD = `#!/bin/sh
for boot do :; done
case "$*" in
  *' sh -c '*)
    name=$(id -nu "$2")
    [ ! -e /run/answers ] || case ' ${[...ANSWERING, ...MUTE].map(nameOf).join(" ")} ' in
      *" $name "*)
        kind=\${name#m-}
        # Only where what stands in their file is at stake.
        case $kind in fail | mute) kind=$kind:write ;; esac
        exec /run/setpriv --reuid "$2" --regid "$4" --init-groups answer "$kind" "$boot" ;;
    esac ;;
esac
exec /run/setpriv "$@"`;

let desk: Desk;
let host: LabHost;

beforeAll(async () => {
  if (!canStartHosts()) return;
  desk = await makeDesk();
  const [occupy, answer] = await Promise.all(
    ["occupy-work-folder.sh", "answer-for-shell.py"].map((name) =>
      readFile(join(import.meta.dirname, name), "utf8"),
    ),
  );
  host = await startHost({
    name: "shared",
    prepare: `${letIn(desk.publicKey)}
      ${EVERYONE.map((name) => `${letIn(desk.publicKey, name)} chown -R ${name}: $home`).join("\n")}
      cat >/usr/local/bin/occupy <<'END_OF_PROGRAM'\n${occupy}\nEND_OF_PROGRAM
      cat >/usr/local/bin/answer <<'END_OF_PROGRAM'\n${answer}\nEND_OF_PROGRAM
      cp /usr/bin/setpriv /run/setpriv
      cat >/run/instead <<'END_OF_PROGRAM'
${INSTEAD}
END_OF_PROGRAM
      chmod 755 /usr/local/bin/occupy /usr/local/bin/answer /run/instead
      mount --bind /run/instead /usr/bin/setpriv
      ${BUSY.map((kind) => `echo '[ -e /run/calm ] || occupy ${kind}' | su m-${kind} -c 'cat >~/.ssh/rc'`).join("\n")}`,
  });
});
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await desk?.[Symbol.asyncDispose]();
});

const occupy = (kinds: readonly string[]) =>
  host.run(kinds.map((kind) => `su m-${kind} -c 'occupy ${kind.replace("late-", "")}'`).join("\n"));

/** Until the returned value is disposed of. */
async function answerForShells(): Promise<AsyncDisposable> {
  await host.run("touch /run/answers");
  return {
    [Symbol.asyncDispose]: async () => {
      await host.run("rm /run/answers");
    },
  };
}

/** Accounts whose file contains this key. */
const whoHas = async (line: string): Promise<string[]> =>
  (await host.run(`cd /home; grep -lF '${line}' */.ssh/authorized_keys || true`))
    .split("\n")
    .flatMap((path) => path.split("/")[0] || [])
    .toSorted();

/** Every path with a run's name in it, and the target of each link, which names the owner of a lock. */
const leftBy = (path = "/home /root"): Promise<string> =>
  host.run(`find ${path} -path '*latchkey*' -printf '%p %l\\n' | sed 's/ $//'`);

const planAll = async (app: App, graceDays = 0) => makePlan(app, await requestForOwnKey(desk), { graceDays });

/** Only in the long form: what a roll-back leaves is tried below, too. */
const whole = isLong ? lab : () => undefined;

whole(
  "a run that is stopped by a lock in root's own folder leaves none of its own; one that is rolled back leaves none anywhere",
  async () => {
    await using app = desk.open();
    await scanAll(app, { text: `root@${host.address}`, only: "ssh", acceptNew: true });
    const planned = await planAll(app, 30);
    await host.run("touch /run/calm; occupy lock /root");
    const stopped = await carryOut(app, planned);
    expect(stopped).toMatchObject({ state: "stopped", message: expect.stringContaining("jo@desk") });
    const work = "/root/.ssh/.latchkey";
    expect(await leftBy()).toMatch(new RegExp(`^${work}\n${work}/lock-1 evil,\\S+\n$`));
    await host.run(`rm -r ${work}`);

    const runId = stopped.id;
    const begun = await untilStill(app, async () => {
      await app.client.runs.resume({ runId });
      return runId;
    });
    expect(begun).toMatchObject({ state: "waiting" });
    await occupy(LATE.filter((kind) => kind !== "close"));
    await occupy(BUSY);
    const rollBack = () =>
      untilStill(app, async () => {
        await app.client.runs.rollBack({ runId });
        return runId;
      });
    {
      await using _answers = await answerForShells();
      const back = await rollBack();
      expect(await leftBy(["/root", ...HONEST.map((name) => `/home/${name}`)].join(" "))).toBe("");
      // Only an account that lets nobody write there keeps one.
      for (const kind of [...LATE, ...BUSY])
        expect(await leftBy(`/home/m-${kind}`)).not.toMatch(/lock-[0-9]+ [0-9a-f]{24},/);
      for (const kind of ["lock", "over", ...ANSWERING])
        expect(back.message).toContain(`/home/m-${kind}/.ssh/`);
      for (const name of HONEST) expect(back.message).not.toContain(name);
    }
    await host.run("rm -rf /home/m-*/.ssh/.latchkey");
    expect(await rollBack()).toMatchObject({ state: "rolled-back" });
    expect(await leftBy()).toBe("");
  },
);

lab(
  "accounts that lay something in a run's way, or answer for it, are left out by name, and all others are changed",
  async () => {
    await using app = desk.open();
    await host.run("rm -rf /run/calm /home/m-*/once /home/m-*/.ssh/.latchkey");
    await occupy(EARLY);
    await scanAll(app, { text: `root@${host.address}`, only: "ssh", acceptNew: true });
    const planned = await planAll(app);
    const left =
      planned.plan?.checks.filter(({ state, id }) => state === "acknowledge" && id === "work-folder") ?? [];
    expect(left.map(({ account }) => account).toSorted()).toEqual(EARLY.map(nameOf).toSorted());
    for (const { text, account } of left) expect(text).toMatch(`/home/${account}/.ssh/.latchkey`);
    await occupy(LATE);
    await using _answers = await answerForShells();
    const run = await carryOut(app, planned);
    expect(run.state, run.message).toBe("committed");
    const without = [...EARLY, ...LATE, ...ANSWERING, "over"].map(nameOf);
    expect(await whoHas(desk.publicKey)).toEqual(without.toSorted());
    for (const name of without.slice(EARLY.length)) expect(run.message).toContain(`/home/${name}/.ssh/`);
    expect(run.message).toContain("jo@desk");
    expect(await leftBy(["/root", ...HONEST.map((name) => `/home/${name}`)].join(" "))).toBe("");
    expect(await host.run("ls -A /home/m-lock/.ssh/.latchkey")).toBe("lock-1\n");
  },
);

/**
 * Runs the script in /root/carried as root, and answers its prompts: whether its keys are right, and each time whether
 * the login works. `meanwhile` runs at the first of those prompts. Returns what it printed, with its exit code at the
 * end.
 */
const runScript = (login: "yes" | "no", meanwhile = ":") =>
  host.run(`trap '' PIPE; cd /root/carried && rm -f answers said && mkfifo answers && : >said
    sh ./script.sh <answers >said 2>&1 & script=$!
    heard() { until [ "$(grep -c 'Does the login work' said)" -ge "$1" ] || ! kill -0 $script; do sleep 0.1; done 2>/dev/null; }
    { echo yes; heard 1; { ${meanwhile}; } >/dev/null; echo ${login}; heard 2; echo ${login}; } >answers || true
    code=0; wait $script || code=$?; cat said; echo "code $code"`);

lab(
  "an offline script leaves such accounts out by name, changes all others, and says so in what its host signs; rolled back, it leaves no lock",
  async () => {
    await using app = desk.open();
    const [old, given] = [
      await makeKeyFile(desk.home, "offline-old"),
      await makeKeyFile(desk.home, "offline-new"),
    ];
    const files = ["/root", ...EVERYONE.map((name) => `/home/${name}`)].map((home) => `${home}/.ssh`);
    await host.run(`touch /run/calm; rm -rf ${files.map((folder) => `${folder}/.latchkey`).join(" ")}
      chmod 700 ${files.join(" ")}
      for folder in ${files.join(" ")}; do echo '${old.publicLine.trim()}' >>$folder/authorized_keys; done
      rm -rf /root/carried; mkdir -p /root/carried`);
    await scanAll(app, { text: `root@${host.address}`, only: "ssh", acceptNew: true });
    const planned = await makePlan(app, {
      kind: "rotate-key",
      fingerprint: old.fingerprint,
      newKey: given.publicLine,
    });
    const [script] = (await app.client.runs.exportScripts({ planId: planned.id, ...agreeTo(planned) })).files;
    await writeThere(host, "/root/carried/script.sh", script?.text ?? "");
    await occupy(EARLY);
    await occupy(LATE);
    await using _answers = await answerForShells();
    const inRun = BUSY.map((kind) => `su m-${kind} -c 'occupy ${kind}'`).join("; ");

    const back = await runScript("no");
    expect(back).toContain("rolled-back; copy ");
    expect(await whoHas(given.publicLine.trim())).toEqual([]);
    expect(await leftBy(["/root/.ssh", ...HONEST.map((name) => `/home/${name}`)].join(" "))).toBe("");
    for (const kind of [...EARLY, ...LATE, ...BUSY])
      expect(await leftBy(`/home/m-${kind}`)).not.toMatch(/lock-[0-9]+ [0-9a-f]{24},/);

    // The first run removes an empty folder that nobody can enter.
    await occupy(EARLY);
    const said = await runScript("yes", inRun);
    expect(said, said).toContain("code 0");
    const without = [...EARLY, ...LATE, ...ANSWERING, "over"].map(nameOf);
    expect(await whoHas(old.publicLine.trim())).toEqual(without.toSorted());
    const result = (await host.run("base64 -w0 /root/carried/latchkey-result-*.txt")).trim();
    const taken = await app.client.runs.importResult({ base64: result });
    expect(taken).toMatchObject({ state: "committed", verifiedBy: "host" });
    const run = await app.client.runs.find({ runId: taken.runId });
    expect(run.files.map(({ fate, path }) => `${fate} ${path}`)).toEqual(
      without.map((name) => `left-out /home/${name}/.ssh/authorized_keys`).toSorted(),
    );
    for (const name of without)
      for (const text of [said, taken.message]) expect(text).toContain(`/home/${name}/.ssh/`);
    for (const name of HONEST) expect(taken.message).not.toContain(`/home/${name}/`);
    expect(await leftBy(["/root/.ssh", ...HONEST.map((name) => `/home/${name}`)].join(" "))).toBe("");
  },
);
