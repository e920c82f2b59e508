import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { answer } from "#net/challenges/answer.ts";
import type { ChallengeDeps } from "#net/challenges/challenge.ts";
import { runHook } from "#net/challenges/dns-hook.ts";
import { ChallengeMethod } from "#shared/model/issuers/issuer.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const signal = new AbortController().signal;
const RECORD = "_acme-challenge.www.example.com";
const challenge = { type: "dns-01" as const, name: "www.example.com", txt: "LoqXcYV8-_q5" };

async function writeHook(folder: string, script: string): Promise<string> {
  const path = join(folder, "hook");
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

const ask = (program: string, more: Partial<ChallengeDeps> = {}) =>
  answer({ kind: "dns-hook", program }, challenge, {
    session: null,
    token: "run1",
    address: null,
    openSecret: null,
    resolvers: [],
    spreadMs: 100,
    signal,
    ...more,
  });

test("a hook is called as lego calls it, and once more to clean up", async () => {
  await using folder = await makeTemporaryFolder();
  const log = join(folder.path, "log");
  const program = await writeHook(
    folder.path,
    `#!/bin/sh\necho "$# $1 $2 $3 $CERTBOT_DOMAIN $CERTBOT_VALIDATION $LATCHKEY_NAME $LATCHKEY_RECORD $LATCHKEY_TXT" >>${log}\n`,
  );
  const answered = await ask(program);
  expect(answered).toMatchObject({
    kind: "ready",
    note: `the servers of ${RECORD} could not be found from here`,
  });
  if (answered.kind !== "ready") throw new Error("it is not ready");
  expect(await answered.undo()).toEqual({ kind: "undone" });
  const rest = `${RECORD}. ${challenge.txt} www.example.com ${challenge.txt} www.example.com ${RECORD} ${challenge.txt}`;
  expect(await readFile(log, "utf8")).toBe(`3 present ${rest}\n3 cleanup ${rest}\n`);
});

test("a hook that fails is said with the last line of its complaint, and is asked to clean up", async () => {
  await using folder = await makeTemporaryFolder();
  const log = join(folder.path, "log");
  const program = await writeHook(
    folder.path,
    `#!/bin/sh\necho $1 >>${log}\necho first >&2; printf 'the API says 403\\n\\n' >&2\n[ $1 = cleanup ] || exit 3\n`,
  );
  expect(await ask(program)).toEqual({
    kind: "failed",
    message: `${program} present: it ended with 3; it says: the API says 403`,
  });
  expect(await readFile(log, "utf8")).toBe("present\ncleanup\n");
  const never = await writeHook(folder.path, "#!/bin/sh\nkill -9 $$\n");
  expect(await ask(never)).toEqual({
    kind: "failed",
    message: `${never} present: it was ended by SIGKILL; and something is left: the TXT record of ${RECORD}: ${never} cleanup: it was ended by SIGKILL`,
  });
});

test("a hook that hangs is ended with all that it has started, also when it minds no signal", async () => {
  await using folder = await makeTemporaryFolder();
  const pids = join(folder.path, "pids");
  const program = await writeHook(
    folder.path,
    `#!/bin/sh\n[ $1 = cleanup ] && exit\ntrap '' TERM\nsleep 600 & echo $! >>${pids}; echo $$ >>${pids}\necho waiting >&2\nwhile :; do wait; done\n`,
  );
  expect(await ask(program, { hookMs: 300 })).toEqual({
    kind: "failed",
    message: `${program} present: it did not end within 0.3 s, and was ended; it says: waiting`,
  });
  const started = (await readFile(pids, "utf8")).trim().split("\n").map(Number);
  expect(started).toHaveLength(2);
  for (const pid of started) await untilEnded(pid);
});

test("a hook that floods its complaint costs no memory, and its last line is said", async () => {
  await using folder = await makeTemporaryFolder();
  const program = await writeHook(
    folder.path,
    `#!/bin/sh\n[ $1 = cleanup ] && exit\nhead -c 20000000 /dev/zero | tr '\\0' x >&2\nprintf '\\nover\\n' >&2\nexit 1\n`,
  );
  expect(await ask(program)).toEqual({
    kind: "failed",
    message: `${program} present: it ended with 1; it says: over`,
  });
});

test("what a hook leaves running does not hold us up", async () => {
  await using folder = await makeTemporaryFolder();
  const pid = join(folder.path, "pid");
  const program = await writeHook(folder.path, `#!/bin/sh\nsleep 600 &\necho $! >${pid}\n`);
  expect(await runHook(program, { words: [], env: {}, deadlineMs: 60_000, signal })).toEqual({
    kind: "done",
  });
  process.kill(Number(await readFile(pid, "utf8")));
});

test("who is told to stop ends the hook, and what is no program is said", async () => {
  await using folder = await makeTemporaryFolder();
  const stop = new AbortController();
  const started = join(folder.path, "started");
  const program = await writeHook(
    folder.path,
    `#!/bin/sh\n[ $1 = cleanup ] && exit\ntouch ${started}\nexec sleep 600\n`,
  );
  const answered = ask(program, { signal: stop.signal });
  while (!(await readFile(started).catch(() => null)));
  stop.abort();
  expect(await answered).toMatchObject({
    kind: "failed",
    message: expect.stringContaining("it was no longer waited for"),
  });
  const messageOf = async (path: string) => {
    const failed = await ask(path);
    return failed.kind === "failed" ? failed.message : failed.kind;
  };
  expect(await messageOf(join(folder.path, "none"))).toBe(
    `${join(folder.path, "none")} present: there is no such program, or none that its first line names`,
  );
  await writeFile(join(folder.path, "plain"), "hello");
  expect(await messageOf(join(folder.path, "plain"))).toContain("make it executable (chmod +x)");
});

async function untilEnded(pid: number): Promise<void> {
  for (;;) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
    if (stat === null || /\) Z /.test(stat)) return;
  }
}

test("a program whose path cannot be one is said, and nothing else happens", async () => {
  for (const [program, why] of [
    ["/etc/passwd/x", "a folder of its path is a file"],
    [`/${"x".repeat(5_000)}`, "its path is longer than this system takes"],
    ["/bin/true\0x", "it could not be started (ERR_INVALID_ARG_VALUE)"],
  ] as const)
    expect(await ask(program)).toMatchObject({ kind: "failed", message: expect.stringContaining(why) });
  expect(ChallengeMethod.safeParse({ kind: "dns-hook", program: "/bin/true" }).success).toBe(true);
  expect(ChallengeMethod.safeParse({ kind: "dns-hook", program: "/bin/true\0x" }).success).toBe(false);
});
