import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { takeAddress } from "#testing/lab/loopback-address.ts";
import { makeRetainedKey, watchLogins } from "#testing/runs/watch-hosts.ts";

type Wish = {
  /** What stands before a command that sees the disk. */
  inside: readonly string[];
  /** Of host keys, on another disk. */
  folder: string;
  /** The file on that disk by which `nobody` gets in. */
  keys: string;
};

/** An sshd of its own that reads who may log in from a disk whose power is cut now and then. */
export async function startSshdOnDisk({ inside, folder, keys }: Wish) {
  const { keyFile: hostKey } = await makeRetainedKey(folder);
  const { address, release } = await takeAddress();
  const options = [`HostKey=${hostKey}`, `ListenAddress=${address}`, `AuthorizedKeysFile=${keys}`]
    .concat("StrictModes=no", "UsePAM=no", "PerSourcePenalties=no", "PidFile=none")
    .flatMap((option) => ["-o", option]);
  const own = 'mount -t tmpfs none /run && mkdir /run/sshd && exec /usr/sbin/sshd -D -e -f /dev/null "$@"';
  const [command = "", ...args] = [...inside, "sh", "-c", own, "sh", ...options];
  const sshd = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(sshd, "close");
  const { promise: listens, resolve } = Promise.withResolvers<void>();
  let said = "";
  sshd.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = `${said}${text}`.slice(-4_000);
    if (said.includes("Server listening")) resolve();
  });
  const failed = ended.then(() => Promise.reject(new Error(`sshd has ended: ${said}`)));
  failed.catch(() => undefined);
  await Promise.race([listens, failed]);
  const children = async () =>
    (await readFile(`/proc/${sshd.pid}/task/${sshd.pid}/children`, "utf8").catch(() => "")).trim();
  return {
    /** Somebody logs in by a line of that file; then nobody uses the disk any more. */
    async logIn(keyFile: string): Promise<void> {
      {
        await using watched = await watchLogins([{ address }], { keyFile, account: "nobody" });
        await watched.expectNobodyLockedOut();
      }
      while ((await children()) !== "") await pause(10);
    },
    async [Symbol.asyncDispose]() {
      sshd.kill("SIGKILL");
      await ended;
      release();
    },
  };
}
