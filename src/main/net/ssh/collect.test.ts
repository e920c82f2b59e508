import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServerChannel } from "ssh2";
import { expect, onTestFinished, test, vi } from "vitest";
import { startCuttingProxy, startRawServer } from "#testing/ssh/raw-server.ts";
import { makeKeyPair, startSshServer } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { SSH_LIMITS } from "./collect.ts";
import { gatherIdentities, type Identity } from "./identities.ts";
import { collectBySsh2, type ProbeOptions } from "./testing/collect-by.ts";

const NONCE = "0123456789abcdef";
const HOST_KEY_TYPES = ["ssh-ed25519", "rsa-sha2-512"];
/** What a host prints that runs the collector: it has read the script, and prints the nonce first. */
const SPOKEN = `noise\nlatchkey-collection 1 ${NONCE}\nthe rest\n`;

const identities = await makeIdentity();

async function makeIdentity(): Promise<Identity[]> {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "key");
  await writeFile(path, makeKeyPair().private);
  return (await gatherIdentities({ identityFiles: [path], home: folder.path, agentSocket: null })).identities;
}

const visit = ({ host, port }: { host: string; port: number }, options: Partial<ProbeOptions> = {}) =>
  collectBySsh2({
    target: { host, port },
    user: "jo",
    identities,
    verifyHostKey: () => ({ kind: "trusted" }),
    hostKeyTypes: HOST_KEY_TYPES,
    collectorScript: Buffer.from("collect\n"),
    nonce: NONCE,
    useSudo: false,
    signal: new AbortController().signal,
    ...options,
    limits: { ...SSH_LIMITS, ...options.limits },
  });

const soon = { ...SSH_LIMITS, beginMs: 1_000, probeMs: 1_000 };

const say = async (
  { channel, script }: { channel: ServerChannel; script: Promise<string> },
  text: string,
  status = 0,
) => {
  await script;
  channel.write(text);
  channel.exit(status);
  channel.end();
};

test("a host that runs the script is collected, noise and all, and nothing stays open", async () => {
  const seen: string[] = [];
  await using server = await startSshServer({
    run: async (command) => {
      seen.push(command.text, await command.script);
      await say(command, SPOKEN);
    },
  });
  const reading = await visit(server, { user: "o'jo" });
  expect(reading).toMatchObject({
    state: "ok",
    outcome: "collected",
    message: "",
    ending: null,
    loginKey: identities[0]?.fingerprint,
    hostKey: { keyType: "ssh-ed25519" },
  });
  expect("stream" in reading && Buffer.from(reading.stream).toString()).toBe(SPOKEN);
  expect(server.attempts.every((attempt) => attempt === "publickey o'jo")).toBe(true);
  await server.untilLeft();
  const fingerprint = identities[0]?.fingerprint;
  expect(seen).toEqual([
    "sh -s",
    `\n\n\n\n\n\n\n\nset -- "$@" --nonce '01234567''89abcdef' --login-key '${fingerprint}' --login-account 'o'\\''jo'\ncollect\n`,
  ]);
});

test("a host that asks for nothing is given the whole script, however long, or hangs up without harm", async () => {
  const collectorScript = Buffer.alloc(5 * 1024 * 1024, "x");
  let length = 0;
  await using patient = await startSshServer({
    run: async (command) => {
      length = (await command.script).length;
      await say(command, SPOKEN);
    },
  });
  expect(await visit(patient, { collectorScript })).toMatchObject({ outcome: "collected" });
  expect(length).toBeGreaterThan(collectorScript.length);
  await using hasty = await startSshServer({
    run: ({ channel }) => {
      channel.exit(1);
      channel.close();
    },
  });
  expect(await visit(hasty, { collectorScript })).toMatchObject({
    state: "failed",
    outcome: "restricted-shell",
  });
  await hasty.untilLeft();
});

test("sudo is asked for by a command that holds nothing of the user's", async () => {
  let text = "";
  await using server = await startSshServer({
    run: (command) => {
      text = command.text;
      return say(command, SPOKEN);
    },
  });
  await visit(server, { useSudo: true });
  expect(text).toBe(
    "sh -c 'if sudo -n sh -s -- --sudo </dev/null >/dev/null 2>&1; then exec sudo -n sh -s -- --sudo; else exec sh -s; fi'",
  );
});

test.each([
  ["says nothing", "", 1, "ended with status 1 and said nothing"],
  [
    "says that it may not",
    "This account is \x1b[31mnot\u202e available.\n",
    1,
    'answered "This account is [31mnot available."',
  ],
  ["echoes its input", "nonce halves: '01234567''89abcdef'", 0, "cannot run a script"],
])("an account whose shell %s is restricted", async (_, text, status, message) => {
  await using server = await startSshServer({ run: (command) => say(command, text, status) });
  expect(await visit(server)).toMatchObject({
    state: "failed",
    outcome: "restricted-shell",
    isKeyRefused: false,
    message: expect.stringContaining(message),
  });
});

test("a host that runs no command at all is restricted", async () => {
  await using server = await startSshServer({ run: null });
  expect(await visit(server)).toMatchObject({
    outcome: "restricted-shell",
    message: expect.stringContaining("may not run commands"),
  });
});

test("how the script ended is told when it was not well", async () => {
  await using killed = await startSshServer({
    run: async ({ channel, script }) => {
      await script;
      channel.write(SPOKEN);
      channel.exit("KILL");
      channel.end();
    },
  });
  expect(await visit(killed)).toMatchObject({ state: "ok", ending: "the script was ended by SIGKILL" });
  await using silent = await startSshServer({
    run: async ({ channel, script }) => {
      await script;
      channel.write(SPOKEN);
      channel.close();
    },
  });
  expect(await visit(silent)).toMatchObject({
    state: "ok",
    ending: "the host did not report how the script ended",
  });
});

test("a script that does not end is cut at its limit, and what it said is kept", async () => {
  await using server = await startSshServer({ run: ({ channel }) => channel.write(SPOKEN) });
  const reading = await visit(server, { limits: soon });
  expect(reading).toMatchObject({ state: "partial", outcome: "timed-out" });
  expect("stream" in reading && Buffer.from(reading.stream).toString()).toBe(SPOKEN);
  await server.untilLeft();
  await using mute = await startSshServer({ run: () => undefined });
  expect(await visit(mute, { limits: soon })).toMatchObject({ state: "failed", outcome: "timed-out" });
});

test("a visit has half a minute in all: what its login took, its script has no more", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  await using server = await startSshServer({
    run: async ({ channel, script, untilTaken }) => {
      await script;
      channel.write(SPOKEN);
      await untilTaken();
      vi.advanceTimersByTime(20_999);
      channel.write("in time");
      await untilTaken();
      vi.advanceTimersByTime(1);
    },
  });
  const reading = await visit(server, {
    verifyHostKey: () => {
      vi.advanceTimersByTime(9_000);
      return { kind: "trusted" };
    },
  });
  expect(reading).toMatchObject({
    state: "partial",
    outcome: "timed-out",
    message: expect.stringContaining("was not read within 30 s"),
    stream: Buffer.from(`${SPOKEN}in time`),
  });
  await server.untilLeft();
});

test("a script that has said its last word is whole, whatever holds its channel open", async () => {
  const whole = `${SPOKEN}end 2 ${NONCE} none\n`;
  await using server = await startSshServer({
    run: async ({ channel, script }) => {
      await script;
      channel.write(whole.slice(0, -20), () => channel.write(whole.slice(-20)));
    },
  });
  expect(await visit(server)).toMatchObject({ state: "ok", stream: Buffer.from(whole) });
  await server.untilLeft();
});

test.each(["stdout", "stderr"] as const)("a host that never stops on %s is cut at 16 MiB", async (pipe) => {
  const block = Buffer.alloc(64 * 1024, "x");
  await using server = await startSshServer({
    run: ({ channel }) => {
      channel.write(SPOKEN);
      const out = pipe === "stdout" ? channel : channel.stderr;
      const pour = () => {
        while (!out.destroyed && out.writable && out.write(block));
      };
      out.on("drain", pour);
      pour();
    },
  });
  const reading = await visit(server);
  expect(reading).toMatchObject({
    state: "partial",
    outcome: "flooded",
    message: expect.stringContaining("16 MiB"),
  });
  expect("stream" in reading && reading.stream.length).toBeLessThanOrEqual(16 * 1024 * 1024);
  await server.untilLeft();
});

test("a host that hangs up in the middle is read in part, or not at all when it had not begun", async () => {
  await using server = await startSshServer({
    run: async ({ channel, script, socket }) => {
      await script;
      channel.write(SPOKEN, () => setImmediate(() => socket.destroy()));
    },
  });
  expect(await visit(server)).toMatchObject({ state: "partial", outcome: "truncated" });
  await using early = await startSshServer({ run: ({ socket }) => socket.destroy() });
  expect(await visit(early)).toMatchObject({ state: "failed", outcome: "reset" });
});

test("a visit ends at once when it is told to stop, wherever it is, and leaves nothing open", async () => {
  await expect(visit({ host: "127.0.0.1", port: 1 }, { signal: AbortSignal.abort("enough") })).rejects.toBe(
    "enough",
  );
  const early = new AbortController();
  await using silent = await startRawServer(() => early.abort("enough"));
  await expect(visit(silent, { signal: early.signal })).rejects.toBe("enough");
  await silent.untilLeft();
  const late = new AbortController();
  await using server = await startSshServer({ run: () => late.abort("enough") });
  await expect(visit(server, { signal: late.signal })).rejects.toBe("enough");
  await server.untilLeft();
});

test("a connection cut after any number of bytes is never taken for a whole one", async () => {
  await using server = await startSshServer({ run: (command) => say(command, SPOKEN) });
  let whole = 0;
  for (let bytes = 0; whole === 0; bytes += 61) {
    await using proxy = await startCuttingProxy(server, bytes);
    const reading = await visit(proxy);
    if (reading.state === "ok") whole = bytes;
    else
      expect(reading).toMatchObject({
        outcome: expect.stringMatching(/^(throttled|reset|truncated|alert)$/),
      });
    if ("stream" in reading && reading.state === "ok") expect(reading.stream.length).toBe(SPOKEN.length);
  }
  expect(whole).toBeGreaterThan(1_000);
});
