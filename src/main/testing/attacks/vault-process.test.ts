/** Attackers who can set this user's environment, or read the computer's crash dumps, against the vault process. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forkVaultProcess } from "#net/vault/vault-client.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

/** Variables that make Node or the system's loader run other code, record what is said, or dump memory. */
const HOSTILE: Record<string, string> = {
  NODE_OPTIONS: "--max-http-header-size=16384",
  NODE_DEBUG: "child_process",
  NODE_V8_COVERAGE: "/nonexistent",

  NODE_EXTRA_CA_CERTS: "/nonexistent",
  NODE_REPL_EXTERNAL_MODULE: "/nonexistent",
  LD_LIBRARY_PATH: "/nonexistent",
  SSLKEYLOGFILE: "/nonexistent/keys",
  OPENSSL_CONF: "/nonexistent",
  AWS_SECRET_ACCESS_KEY: "canary",
};

test.runIf(process.platform === "linux")(
  "the vault's process has no environment but what reaches the keyring, and leaves no core to a file or a pipe",
  async () => {
    await using folder = await makeTemporaryFolder();
    using _env = withEnvironment(HOSTILE);
    await using vaultProcess = await startVaultProcess(join(folder.path, "latchkey.vault"));
    const read = (name: string) => readFile(`/proc/${vaultProcess.pid}/${name}`, "utf8");

    const names = (await read("environ")).split("\0").map((word) => word.replace(/=.*/s, ""));
    // The last one is the channel by which Node reaches its parent process.
    const allowed =
      /^(?:DBUS_SESSION_BUS_ADDRESS|XDG_RUNTIME_DIR|HOME|DISPLAY|USER|LOGNAME|NODE_CHANNEL_\w+)?$/;
    expect(names.filter((name) => !allowed.test(name))).toEqual([]);
    expect(await read("environ")).not.toContain("canary");
    // If core_pattern is a pipe, the kernel treats a limit of 0 as none, and 1 as "no core"; a file needs more than 1.
    expect(await read("limits")).toMatch(/^Max core file size +1 +1 +bytes/m);
    expect(Number.parseInt(await read("coredump_filter"), 16)).toBe(0);
  },
);

/** The real process, once it has answered: it gets no secret before its core dumps are off. */
async function startVaultProcess(path: string) {
  const vaultProcess = await forkVaultProcess();
  const answered = new Promise<void>((resolve) => vaultProcess.onMessage(() => resolve()));
  const ended = new Promise<void>((resolve) => vaultProcess.onExit(resolve));
  vaultProcess.send({ kind: "begin", settings: { path, cost: { N: 1_024, r: 8, p: 1 }, idleMs: 60_000 } });
  vaultProcess.send({ kind: "request", number: 1, request: { what: "receiver" } });
  await Promise.race([answered, ended.then(() => Promise.reject(new Error("the vault process ended")))]);
  return {
    pid: vaultProcess.pid,
    async [Symbol.asyncDispose]() {
      vaultProcess.kill();
      await ended;
    },
  };
}

function withEnvironment(values: Record<string, string>): Disposable {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  return {
    [Symbol.dispose]: () => {
      for (const [name, value] of before)
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    },
  };
}
