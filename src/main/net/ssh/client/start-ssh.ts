import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { accessSync, constants, watch } from "node:fs";
import { mkdtemp, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { viewKey } from "#codec/fingerprint.ts";
import { formatPublicKey } from "#codec/ssh-key.ts";
import type { ClientKey } from "#net/ssh/identities.ts";
import type { PresentedKey } from "#net/ssh/ssh-failure.ts";
import { type ClientLog, LOG_VERBOSE, readClientLog } from "./client-log.ts";

/** What a login by OpenSSH's own client needs to know in addition to one by ssh2. */
export type ClientLogin = {
  /** HostName of ssh_config, or the name itself. */
  address: string;
  hostKeyAlias: string | null;
  agentSocket: string | null;
  /** The ProxyCommand of ssh_config, and where that is written. */
  proxyCommand: { value: string; location: string } | null;
  /** Absolute paths. */
  certificateFiles: readonly string[];
  pkcs11Provider: string | null;
  securityKeyProvider: string | null;
  gssapi: boolean;
};

const USUAL = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/local/bin"];
const USUAL_ON_WINDOWS = ["C:\\Windows\\System32\\OpenSSH", "C:\\Program Files\\OpenSSH"];

/**
 * The path of OpenSSH's own client: the first in PATH, or its usual path; null if none is installed. Relative folders
 * in PATH are ignored, because they depend on the working directory.
 */
export function findSsh(path: string = process.env.PATH ?? ""): string | null {
  const isWindows = process.platform === "win32";
  const folders = [...path.split(delimiter).filter(isAbsolute), ...(isWindows ? USUAL_ON_WINDOWS : USUAL)];
  return findProgram(folders.map((folder) => join(folder, isWindows ? "ssh.exe" : "ssh")));
}

/** The first of these paths that may be executed; null for none. */
const findProgram = (paths: readonly string[]): string | null => paths.find(mayBeRun) ?? null;

function mayBeRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

type Ended = { code: number } | { signal: string };

export type RunningSsh = {
  input: Writable;
  output: Tap;
  complaints: Tap;
  /** Resolves once ssh has ended, and all its output is there. */
  ended: Promise<Ended>;
  /** Resolves once ssh has logged in, or has ended. */
  loggedIn: Promise<ClientLog>;
  /** Ends ssh, and whatever it has started; resolves when it is gone. */
  stop(): Promise<void>;
};

/** The output of a stream, from its first byte on. */
type Tap = {
  /** What has been kept so far, up to a limit. */
  said(): string;
  /** Passes further output to `take`; with "too", what was kept before it, as well. */
  pour(take: (chunk: Buffer) => void, early?: "too"): void;
};

const MOST_EARLY = 64 * 1024;

/** How long ssh may take to hang up, and to end what it has started. */
const GOODBYE_MS = 500;

/** For systems that do not report changes of a file. */
const POLL_MS = 200;

/**
 * Starts OpenSSH's client with a folder of ours. Its arguments hold no secret, and differ for each host in the host's
 * name only. It has no terminal to prompt at, and SSH_ASKPASS is off. Without a command it logs in and runs nothing.
 */
export function startSsh(
  ssh: string,
  host: string,
  command: string | null,
  folder: ClientFolder,
): RunningSsh {
  const options = ["-F", folder.configFile, "-E", folder.logFile, "-T"];
  const args = command === null ? [...options, "-N", "--", host] : [...options, "--", host, command];
  const child = spawn(ssh, args, {
    cwd: folder.path,
    // A process group with everything that it starts, so that all of it can be ended at once.
    detached: process.platform !== "win32",
    env: { ...process.env, LC_ALL: "C", SSH_ASKPASS_REQUIRE: "never" },
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  child.stdin.on("error", () => undefined);
  const ended = untilEnded(child);
  return {
    input: child.stdin,
    output: tap(child.stdout),
    complaints: tap(child.stderr),
    ended,
    loggedIn: untilLoggedIn(folder, ended),
    stop: () => stop(child, ended),
  };
}

/** Reads at once: output that nobody reads yet would be lost when the process ends. */
function tap(stream: Readable): Tap {
  const early: Buffer[] = [];
  let size = 0;
  const keep = (chunk: Buffer) => {
    if (size < MOST_EARLY) early.push(chunk);
    size += chunk.length;
  };
  let take = keep;
  stream.on("data", (chunk: Buffer) => take(chunk));
  return {
    said: () => Buffer.concat(early).toString("utf8"),
    pour(to, which) {
      take = to;
      if (which === "too") early.forEach(to);
    },
  };
}

/** Processes that ssh started may hold its standard error open, but never its output: we wait for stderr so long. */
const LAST_WORDS_MS = 250;

async function untilEnded(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const { promise: exit, resolve } = Promise.withResolvers<Ended>();
  child.on("error", (error) => resolve({ signal: error.message }));
  child.on("exit", (code, signal) => resolve(code === null ? { signal: signal ?? "unknown" } : { code }));
  const printed = new Promise<void>((done) => child.stdout.on("close", done));
  const complained = new Promise<void>((done) => child.stderr.on("close", done));
  const how = await exit;
  if (child.pid === undefined) return how;
  await printed;
  await Promise.race([complained, pause(LAST_WORDS_MS, undefined, { ref: false })]);
  return how;
}

async function untilLoggedIn(folder: ClientFolder, ended: Promise<Ended>): Promise<ClientLog> {
  const { promise, resolve } = Promise.withResolvers<ClientLog>();
  let isOver = false;
  const checkLog = async () => {
    // A log that was read before the end may lack its last lines.
    const isWhole = isOver;
    const log = readClientLog(await folder.readLog());
    if (log.isLoggedIn || isWhole) resolve(log);
  };
  // When nobody waits any more, the folder may be gone.
  const poll = () => void checkLog().catch(() => undefined);
  const watcher = watch(folder.logFile, poll).on("error", () => undefined);
  const timer = setInterval(poll, POLL_MS);
  void ended.then(() => {
    isOver = true;
    poll();
  });
  return promise.finally(() => {
    clearInterval(timer);
    watcher.close();
  });
}

async function stop(child: ChildProcessWithoutNullStreams, ended: Promise<Ended>): Promise<void> {
  if (child.pid === undefined) return;
  child.stdin.destroy();
  kill(child, "SIGTERM");
  const timer = setTimeout(kill, GOODBYE_MS, child, "SIGKILL");
  await ended;
  clearTimeout(timer);
  // A ProxyCommand may ignore the first signal.
  kill(child, "SIGKILL");
  child.stderr.destroy();
}

function kill(child: ChildProcessWithoutNullStreams, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-(child.pid ?? 0), signal);
  } catch (error) {
    // The whole group has ended already.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

type ClientFolderOptions = Omit<ClientConfig, "identityFiles" | "knownHostsFile" | "record"> & {
  trustedKeys: readonly Uint8Array[];
  keys: readonly ClientKey[];
};

export type ClientFolder = AsyncDisposable & {
  path: string;
  configFile: string;
  logFile: string;
  readLog(): Promise<string>;
  /** The key that the host presented; null if it presented none, or if that cannot be recorded. */
  readHostKey(): Promise<PresentedKey | null>;
};

/** No log needs more. */
const MOST_LOG = 256 * 1024;

/**
 * A folder that only this user can read, for one login: its ssh_config, the trusted host keys, the public keys of the
 * agent, and ssh's log. No secret is written there. Disposing the returned value removes it.
 */
export async function makeClientFolder({
  trustedKeys,
  keys,
  ...config
}: ClientFolderOptions): Promise<ClientFolder> {
  const path = await mkdtemp(join(tmpdir(), "latchkey-ssh-"));
  const pathOf = (name: string) => join(path, name);
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 5 });
  const write = (name: string, text: string) => writeFile(pathOf(name), text, { mode: 0o600, flag: "wx" });
  try {
    const linker = findProgram(["/bin/ln", "/usr/bin/ln"]);
    const identityFiles = keys.map((key, index) => (key.kind === "file" ? key.path : pathOf(`${index}.pub`)));
    for (const [index, key] of keys.entries())
      if (key.kind === "agent") await write(`${index}.pub`, `${formatPublicKey(key.blob)}\n`);
    // If the presented key cannot be recorded, ssh may accept only one.
    const trusted = linker ? trustedKeys : trustedKeys.slice(0, 1);
    await write("known_hosts", trusted.map((blob) => `* ${formatPublicKey(blob)}\n`).join(""));
    const record = linker === null ? null : { program: linker, folder: path };
    const knownHostsFile = pathOf("known_hosts");
    await write("config", writeClientConfig({ ...config, identityFiles, knownHostsFile, record }));
    await write("log", "");
    return {
      path,
      configFile: pathOf("config"),
      logFile: pathOf("log"),
      readLog: async () => (await readFile(pathOf("log"))).subarray(0, MOST_LOG).toString("utf8"),
      async readHostKey() {
        if (!linker) return trusted[0] ? viewPresented(trusted[0]) : null;
        const base64 = await readlink(pathOf("HOSTNAME")).catch(() => null);
        return base64 === null ? null : viewPresented(Buffer.from(base64, "base64"));
      },
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

const viewPresented = (blob: Uint8Array): PresentedKey => ({ blob: Uint8Array.from(blob), ...viewKey(blob) });

/**
 * The ssh_config of one login by OpenSSH's own client. ssh reads no other (ssh -F), so that only this holds: no Match
 * exec, no forwarding, no shared connection, no known_hosts but ours.
 */

type ClientConfig = Omit<ClientLogin, "agentSocket"> & {
  port: number;
  user: string;
  hostKeyTypes: readonly string[];
  connectMs: number;
  identityFiles: readonly string[];
  agentSocket: string | null;
  /** Holds the keys that are trusted for this host, and no others. */
  knownHostsFile: string;
  /** A program that makes symbolic links, and the folder in which its link records the key that the host presents. */
  record: { program: string; folder: string } | null;
};

const FIXED = `BatchMode yes
StrictHostKeyChecking yes
UpdateHostKeys no
GlobalKnownHostsFile none
CheckHostIP no
VerifyHostKeyDNS no
NoHostAuthenticationForLocalhost no
CanonicalizeHostname no
ControlMaster no
ControlPath none
ClearAllForwardings yes
ForwardAgent no
ForwardX11 no
Tunnel no
PermitLocalCommand no
EscapeChar none
RequestTTY no
AddKeysToAgent no
IdentitiesOnly yes
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
GSSAPIDelegateCredentials no
NumberOfPasswordPrompts 0
ConnectionAttempts 1
ServerAliveInterval 5
ServerAliveCountMax 2
FingerprintHash sha256
LogLevel VERBOSE`;

/** Options that older clients, and those without Kerberos, do not know. */
const IGNORED = [
  "KnownHostsCommand",
  "LogVerbose",
  "GSSAPI*",
  "SecurityKeyProvider",
  "KbdInteractiveAuthentication",
];

/** Throws for a value that no line of ssh_config can hold. */
export function writeClientConfig(config: ClientConfig): string {
  const { proxyCommand, record } = config;
  return [
    `IgnoreUnknown ${IGNORED.join(",")}`,
    FIXED,
    `LogVerbose ${LOG_VERBOSE}`,
    `HostName ${word(config.address)}`,
    `Port ${config.port}`,
    `User ${word(config.user)}`,
    ...(config.hostKeyAlias === null ? [] : [`HostKeyAlias ${word(config.hostKeyAlias)}`]),
    `HostKeyAlgorithms ${config.hostKeyTypes.join(",")}`,
    `ConnectTimeout ${Math.max(1, Math.ceil(config.connectMs / 1_000))}`,
    `UserKnownHostsFile ${file(config.knownHostsFile)}`,
    ...(record
      ? [`KnownHostsCommand ${file(record.program)} -s -- %K ${file(`${record.folder}/`, "%I")}`]
      : []),
    `IdentityAgent ${config.agentSocket === null ? "none" : file(config.agentSocket)}`,
    ...(config.identityFiles.length > 0 ? config.identityFiles : ["none"]).map(
      (path) => `IdentityFile ${path === "none" ? path : file(path)}`,
    ),
    ...config.certificateFiles.map((path) => `CertificateFile ${file(path)}`),
    ...(config.pkcs11Provider === null ? [] : [`PKCS11Provider ${word(config.pkcs11Provider)}`]),
    ...(config.securityKeyProvider === null
      ? []
      : [`SecurityKeyProvider ${word(config.securityKeyProvider)}`]),
    `GSSAPIAuthentication ${config.gssapi ? "yes" : "no"}`,
    ...(proxyCommand ? [`ProxyCommand ${oneLine(proxyCommand.value)}`] : []),
    "",
  ].join("\n");
}

/** A second line would be another directive. */
function oneLine(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new Error("a value of ssh_config has more than one line");
  return text;
}

function word(text: string): string {
  if (text.includes('"')) throw new Error("a value of ssh_config has a quote");
  return `"${oneLine(text)}"`;
}

/** ssh expands % in a path: %% is a literal one. */
const file = (path: string, after = ""): string => word(path.replaceAll("%", "%%") + after);
