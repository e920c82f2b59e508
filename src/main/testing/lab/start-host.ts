import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import { promisify } from "node:util";
import type { Network } from "./start-network.ts";

const run = promisify(execFile);

const HOST_SCRIPT = join(import.meta.dirname, "host.sh");

/** RSA keys of hosts are cached, because generating one takes longer than everything else about a host. */
const KEY_FOLDER = join(import.meta.dirname, "../../../../node_modules/.cache/lab-host-keys");
/** How many hosts of this process have had each address: each of them has another key. */
const hostsAt = new Map<string, number>();

/** The file for the RSA key of a host at this address, which no other running host uses. */
async function nameKeyFile(address: string): Promise<string> {
  await mkdir(KEY_FOLDER, { recursive: true, mode: 0o700 });
  const nth = (hostsAt.get(address) ?? 0) + 1;
  hostsAt.set(address, nth);
  return join(KEY_FOLDER, `${address}-${nth}`);
}

type HostOptions = {
  name: string;
  /** POSIX sh that runs as root inside the host before its sshd: create users, files and configurations here. */
  prepare?: string;
  /** Options for sshd beyond `PerSourcePenalties=no`, such as `["-o", "UsePAM=no"]`. */
  sshdOptions?: readonly string[];
  /** Keep sshd's default penalties for hasty clients. */
  keepPenalties?: boolean;
  /** Server programs whose Debian default configuration is kept, such as "apache2"; of all others it is removed. */
  keeps?: readonly string[];
  /** An address in a network of our own; by default the host is on this machine's loopback. */
  place?: { network: Network; address: string };
};

export type LabHost = AsyncDisposable & {
  name: string;
  address: string;
  port: 22;
  /** Process 1 of the host, as this machine sees it. */
  pid: number;
  /** The host's own root folder, seen from this machine: read it freely; write through `run`. */
  root: string;
  /** Runs POSIX sh as root inside the host; returns what it printed. */
  run(script: string): Promise<string>;
};

/** Whether this process may start hosts: root on Linux, with overlays, namespaces and sshd. */
export const canStartHosts = (): boolean => process.platform === "linux" && process.getuid?.() === 0;

/**
 * Starts a host and waits until its sshd accepts connections. It ends with the returned value, or with this process.
 */
export async function startHost({
  name,
  prepare,
  sshdOptions = [],
  keepPenalties = false,
  keeps = [],
  place,
}: HostOptions): Promise<LabHost> {
  const lock = place ? { address: place.address, release: () => undefined } : await takeAddress();
  const folder = await mkdtemp(join(tmpdir(), "latchkey-host-"));
  await mkdir(join(folder, "root"));
  if (prepare) await writeFile(join(folder, "prepare.sh"), prepare);
  const penalties = keepPenalties ? [] : ["-o", "PerSourcePenalties=no"];
  const process = spawn(
    "setpriv",
    [
      "--pdeathsig",
      "KILL",
      ...(place?.network.enter ?? []),
      "unshare",
      "--mount",
      "--pid",
      "--uts",
      "--fork",
      "--kill-child",
      "sh",
      HOST_SCRIPT,
      name,
      lock.address,
      folder,
      ...penalties,
      ...sshdOptions,
    ],
    {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...env, KEEPS: keeps.join(" "), RSA_KEY: await nameKeyFile(lock.address) },
    },
  );
  let complaints = "";
  process.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = `${complaints}${text}`.slice(-4_000);
  });
  const ended = once(process, "exit").then(([code, signal]) => {
    throw new Error(`the host ${name} did not start (${code ?? signal}): ${complaints}`);
  });
  ended.catch(() => undefined);

  const stop = async () => {
    const exit = process.exitCode === null && process.signalCode === null ? once(process, "exit") : null;
    const child = findOnlyChild(process.pid ?? 0);
    process.kill("SIGKILL");
    await exit;
    await untilEnded(child);
    await rm(folder, { recursive: true, force: true });
    lock.release();
  };
  try {
    await Promise.race([untilListening(process), ended]);
  } catch (error) {
    await stop();
    throw error;
  }
  const pid = findOnlyChild(process.pid ?? 0);
  return {
    name,
    address: lock.address,
    port: 22,
    pid,
    root: `/proc/${pid}/root`,
    run: async (script) => {
      const enter = ["-t", String(pid), "-m", "-n", "-p", "-u", "-r", "-w", "sh", "-euc", script];
      const { stdout } = await run("nsenter", enter, { maxBuffer: 64 * 1024 * 1024 });
      return stdout;
    },
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Waits until its sshd accepts connections: only then does it write its process id. The host's process 1 has that root
 * folder as its working directory before it becomes its root. Asking the kernel who listens is slower the more sockets
 * this machine has.
 */
async function untilListening(parent: ChildProcess): Promise<void> {
  const hasEnded = () => parent.exitCode !== null || parent.signalCode !== null;
  while (!hasEnded() && !existsSync(`/proc/${findOnlyChild(parent.pid ?? 0)}/cwd/run/sshd.pid`))
    await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The process that unshare started; 0 if there is none (any more). */
function findOnlyChild(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
  } catch {
    return 0;
  }
}

/** Waits until the kernel has ended a killed process; its new parent may still have to reap it. */
async function untilEnded(pid: number): Promise<void> {
  for (;;) {
    const state = await readFile(`/proc/${pid}/stat`, "utf8").then(
      (stat) => stat.replace(/^.*\) /s, "")[0],
      () => "Z",
    );
    if (state === "Z" || pid === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Loopback addresses for hosts and servers; each is reserved by listening on this port of it while its host lives. */
const LOCK_PORT = 59_871;
const NETWORKS = 40;

type LoopbackAddress = { address: string; release(): void };

/** A loopback address of its own, reserved by a listening socket: the kernel releases it when this process dies. */
export async function takeAddress(): Promise<LoopbackAddress> {
  for (let index = 0; index < NETWORKS * 250; index++) {
    const address = `127.0.${30 + Math.floor(index / 250)}.${2 + (index % 250)}`;
    const server = await listenOn(address);
    if (server) return { address, release: () => void server.close() };
  }
  throw new Error("no loopback address is free for another");
}

async function listenOn(address: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve } = Promise.withResolvers<Server | null>();
  server.once("error", () => resolve(null));
  server.listen({ host: address, port: LOCK_PORT, exclusive: true }, () => resolve(server));
  server.unref();
  return promise;
}
