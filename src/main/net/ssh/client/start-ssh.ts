import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { accessSync, constants, watch } from "node:fs";
import { mkdtemp, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { viewKey } from "#codec/fingerprint.ts";
import type { ClientKey } from "#net/ssh/identities.ts";
import type { PresentedKey } from "#net/ssh/ssh-failure.ts";
import { type ClientLog, LOG_VERBOSE, readClientLog } from "./client-log.ts";

/** What a login by OpenSSH's own client needs to know beyond what one by ssh2 does. */
export type ClientLogin = {
  /** HostName of ssh_config, or the name itself. */
  address: string;
  hostKeyAlias: string | null;
  agentSocket: string | null;
  /** The command that leads there, as ssh_config has it, and where that stands. */
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
 * OpenSSH's own client: the first in PATH, or where it usually is; null where none is installed. A folder of PATH that
 * depends on where one stands is passed over.
 */
export function findSsh(path: string = process.env.PATH ?? ""): string | null {
  const isWindows = process.platform === "win32";
  const folders = [...path.split(delimiter).filter(isAbsolute), ...(isWindows ? USUAL_ON_WINDOWS : USUAL)];
  return findProgram(folders.map((folder) => join(folder, isWindows ? "ssh.exe" : "ssh")));
}

/** The first of these paths that may be run; null for none. */
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
  /** Once it has ended, and all that it printed is there. */
  ended: Promise<Ended>;
  /** Once it has logged in, or has ended. */
  loggedIn: Promise<ClientLog>;
  /** Ends it, and whatever it has started; answers when it is gone. */
  stop(): Promise<void>;
};

/** What a stream has said, from its first byte on. */
type Tap = {
  /** So far, at most so much. */
  said(): string;
  /** What comes from now on goes here; `early` is what came before. */
  pour(take: (chunk: Buffer) => void, early?: "too"): void;
};

const MOST_EARLY = 64 * 1024;

/** For ssh to say goodbye, and to end what it has started. */
const GOODBYE_MS = 500;

/** Where the system does not tell of changes to a file. */
const POLL_MS = 200;

/**
 * Starts OpenSSH's client with a folder of ours. Its words are the same for every host but for the host's name, and hold
 * no secret; it has no terminal to ask at, and is told to ask nobody. Without a command it logs in and runs nothing.
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
    // A group of its own, with what it starts: so all of it can be ended at once.
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

/** A stream that nobody reads yet would lose what it says when its process ends. */
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

/** What it started may hold its error output open, but never its output: so long that one is waited for. */
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
    // What is read before the end may lack the last words.
    const isWhole = isOver;
    const log = readClientLog(await folder.readLog());
    if (log.isLoggedIn || isWhole) resolve(log);
  };
  // Once nobody waits any more, the folder may be gone.
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
  // A command that leads to the host may be deaf to the first.
  kill(child, "SIGKILL");
  child.stderr.destroy();
}

function kill(child: ChildProcessWithoutNullStreams, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-(child.pid ?? 0), signal);
  } catch (error) {
    // All of it has ended already.
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
  /** The key that the host presented; null where it did not come to that, or where it cannot be recorded. */
  readHostKey(): Promise<PresentedKey | null>;
};

/** More of a log is never needed. */
const MOST_LOG = 256 * 1024;

/**
 * A folder that only this user can look into, for one login: its ssh_config, the keys that are trusted, the public
 * halves of the agent's keys, and what ssh says. No secret is written there. It is gone with the returned value.
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
      if (key.kind === "agent") await write(`${index}.pub`, `${formatKey(key.blob)}\n`);
    // Where the presented key cannot be recorded, only one may be presented.
    const trusted = linker ? trustedKeys : trustedKeys.slice(0, 1);
    await write("known_hosts", trusted.map((blob) => `* ${formatKey(blob)}\n`).join(""));
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

const formatKey = (blob: Uint8Array): string =>
  `${viewKey(blob).keyType} ${Buffer.from(blob).toString("base64")}`;

const viewPresented = (blob: Uint8Array): PresentedKey => ({ blob: Uint8Array.from(blob), ...viewKey(blob) });

/**
 * The ssh_config of one login by OpenSSH's own client. It is the only one that is read (ssh -F), so that nothing holds
 * that is not written here: no Match exec, no forwarding, no shared connection, no known_hosts but ours.
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
  /** A program that makes symbolic links, and the folder in which it leaves the key that the host presents. */
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

/** Older clients, and those without Kerberos, do not know all that is written here. */
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

/** Another line would be another directive. */
function oneLine(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new Error("a value of ssh_config has more than one line");
  return text;
}

function word(text: string): string {
  if (text.includes('"')) throw new Error("a value of ssh_config has a quote");
  return `"${oneLine(text)}"`;
}

/** In a path, % begins what stands for something else. */
const file = (path: string, after = ""): string => word(path.replaceAll("%", "%%") + after);
