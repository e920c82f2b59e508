import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { takeAddress } from "#testing/lab/start-host.ts";
import { makeRetainedKey, watchLogins } from "#testing/runs/watch-hosts.ts";
import { startChild } from "./child.ts";

type SshdOptions = {
  /** The words before a command that has to see the disk. */
  inside: readonly string[];
  /** For host keys, on another disk. */
  folder: string;
  /** The file on that disk that lets `nobody` log in. */
  keys: string;
};

/** An sshd of its own whose authorized_keys file is on a disk whose power is cut now and then. */
export async function startSshdOnDisk({ inside, folder, keys }: SshdOptions) {
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
    /** Logs in by a line of that file; after that, no process uses the disk. */
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

const run = promisify(execFile);

/** Waits for the end of its input, in a mount namespace that ends with it, and with all mounts in it. */
const HOLD = ["unshare", "--mount", "--propagation", "private", "setpriv", "--pdeathsig", "KILL"];

/**
 * A disk of its own, whose power can be cut: an ext4 on a loop device, visible in a mount namespace of its own only.
 * What was not synced is then lost, as when a machine fails.
 */
export async function startDisk(folder: string) {
  const [image, mount] = [join(folder, "disk.img"), join(folder, "disk")];
  await mkdir(mount);
  await run("truncate", ["--size", "64M", image]);
  await run("mkfs.ext4", ["-q", image]);
  const hold = startChild({
    script: "-e",
    args: ['console.log("ready"); process.stdin.resume()'],
    under: HOLD,
  });
  await hold.said("ready");
  await refuseOurNamespace(hold.pid);
  /** The words before a command that should see the disk. */
  const inside = ["nsenter", "--target", String(hold.pid), "--mount", "--"];
  const runInside = async (...command: string[]): Promise<string> => {
    const [program = "", ...args] = [...inside, ...command];
    return (await run(program, args)).stdout.trim();
  };
  // The kernel releases the loop device when the disk is unmounted, in whatever way that happens.
  await runInside("mount", "-o", "loop", image, mount);

  return {
    mount,
    inside,
    async cutPower(): Promise<void> {
      const found = await runInside(
        "findmnt",
        "--noheadings",
        "--output",
        "TARGET,SOURCE",
        "--target",
        mount,
      );
      const [target, source = ""] = found.split(/\s+/);
      if (target !== mount || !/^\/dev\/loop\d+$/.test(source))
        throw new Error(`${mount} is not a disk of ours: ${found}`);
      await runInside("xfs_io", "-x", "-c", "shutdown", mount);
    },
    /** No process may use it any more; its file system then recovers what it finds. */
    async restorePower(): Promise<void> {
      await runInside("umount", mount);
      await runInside("mount", "-o", "loop", image, mount);
    },
    async [Symbol.asyncDispose]() {
      await runInside("umount", mount).catch(() => undefined);
      await hold.kill();
    },
  };
}

async function refuseOurNamespace(pid: number | undefined): Promise<void> {
  const [theirs, ours] = await Promise.all([readlink(`/proc/${pid}/ns/mnt`), readlink("/proc/self/ns/mnt")]);
  if (theirs === ours) throw new Error("there is no mount namespace of its own; nothing was mounted");
}
