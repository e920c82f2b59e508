/**
 * What one scan or run logs in with: the keys of files and of the agent, passphrases and passwords that are typed, and
 * which of them each machine is offered. All keys are gathered once; a locked file is prompted for once.
 */
import type { Hop } from "#domain/ssh-config/ssh-config.ts";
import type { ClientLogin } from "#net/ssh/client/start-ssh.ts";
import { findSsh } from "#net/ssh/client/start-ssh.ts";
import {
  gatherIdentities,
  type Identities,
  keyFileOf,
  listUsualKeyFiles,
  type OpenKeyFile,
  type UnusableIdentity,
} from "#net/ssh/identities.ts";
import { createInteractiveLogins, type PromptUser } from "#net/ssh/interactive-login.ts";
import { unlock } from "#net/ssh/locked/key-lock.ts";
import type { LoginOptions } from "#net/ssh/log-in.ts";
import { readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import { MOST_WRONG_ANSWERS } from "#shared/model/hosts/prompt.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted } from "#shared/model/secret.ts";
import type { PlannedRoute } from "./logins.ts";

/** Where keys are looked for: files that the user named, the agent, and the usual files. */
type KeyOptions = {
  /** The files that the user named. */
  identityFiles: readonly string[];
  mayPrompt: boolean;
  promptsForPassword: boolean;
  /** The usual files that are locked are opened by `openLocked` alone, where there are other keys. */
  opensLocked?: boolean;
  promptUser: PromptUser;
  signal: AbortSignal;
};

export type LoginKeys = {
  /** The fingerprint of the key in each file that was read. */
  keyOfFile(): ReadonlyMap<string, string>;
  /** What one machine is offered now. */
  offerTo(hop: Hop): Pick<LoginOptions, "identities" | "unusable" | "interactive" | "client">;
  /** Whether a login that begins now lacks keys, and passwords, that `openLocked` would add. */
  isHeldBack(): boolean;
  /**
   * Prompts, once for all callers, for the passphrases of the usual key files that were left locked because there were
   * other keys. True if there were any: then a host that refused all else is worth another try, in which passwords are
   * prompted for. `onOpened` is called once, before any caller continues, if there were any.
   */
  openLocked(onOpened?: () => void): Promise<boolean>;
};

/** Where the keys of this computer's user are. */
type UserKeys = { home: Workstation["home"]; agentSocket: Workstation["agentSocket"] };

/** What ssh_config says of the keys for a machine. */
type IdentitySettings = { identityFiles: Hop["identityFiles"]; identitiesOnly: Hop["identitiesOnly"] };

type ChosenIdentities = { identities: Identities["identities"]; unusable: Identities["unusable"] };

/** For all planned machines; without any, no keys are read, and there is no prompt. */
export async function createLoginKeys(
  planned: readonly PlannedRoute[],
  { identityFiles, mayPrompt, promptsForPassword, opensLocked = false, promptUser, signal }: KeyOptions,
  { home, agentSocket }: UserKeys,
): Promise<LoginKeys> {
  const usual = listUsualKeyFiles(home);
  const openKeyFile = mayPrompt ? createUnlocker(promptUser, signal) : null;
  const sources = { identityFiles, home, agentSocket, unlock: openKeyFile };
  let gathered = await gatherFor(planned, sources);
  const interactive = mayPrompt && promptsForPassword ? createInteractiveLogins(promptUser) : null;
  let hasOpened = !opensLocked || openKeyFile === null;
  const isHeldBack = () => !hasOpened && listLocked(gathered, usual).length > 0;
  let opening: Promise<boolean> | null = null;

  return {
    keyOfFile: () => gathered.keyOfFile,
    isHeldBack,
    offerTo: (hop) => ({
      ...chooseIdentities(hop, { ...gathered, named: identityFiles, usual }),
      interactive: isHeldBack() ? null : interactive,
      client: toClientLogin(hop, agentSocket),
    }),
    openLocked(onOpened) {
      opening ??= openLocked(onOpened);
      return opening;
    },
  };

  async function openLocked(onOpened = () => {}): Promise<boolean> {
    const locked = listLocked(gathered, usual);
    if (!openKeyFile || locked.length === 0) return false;
    const configured = { files: [], isForAll: true };
    const more = await gatherIdentities({
      identityFiles: locked,
      configured,
      home,
      agentSocket: null,
      unlock: openKeyFile,
    });
    gathered = {
      ...gathered,
      identities: [...gathered.identities, ...more.identities],
      keyOfFile: new Map([...gathered.keyOfFile, ...more.keyOfFile]),
      unusable: gathered.unusable.filter(({ source }) => !more.keyOfFile.has(source)),
    };
    hasOpened = true;
    onOpened();
    return true;
  }
}

const listLocked = ({ unusable }: Identities, usual: readonly string[]): string[] =>
  unusable.flatMap(({ isLocked, source }) => (isLocked && usual.includes(source) ? [source] : []));

/** The keys of the files that the user named, then of those that ssh_config names for any machine on the routes. */
function gatherFor(
  planned: readonly PlannedRoute[],
  sources: Omit<Parameters<typeof gatherIdentities>[0], "configured">,
): Promise<Identities> {
  const hops = planned.flatMap(({ jumps, hosts }) => [...jumps, ...hosts.flat().flatMap(hostOf)]);
  if (hops.length === 0) return NO_IDENTITIES;
  const configured = {
    files: hops.flatMap(({ identityFiles }) => identityFiles ?? []),
    isForAll: hops.every(({ identityFiles }) => identityFiles !== null),
  };
  return gatherIdentities({ ...sources, configured });
}

const hostOf = ({ route }: PlannedRoute["hosts"][number][number]): Hop[] =>
  route.kind === "hops" ? [route.host] : [];

const NO_IDENTITIES = Promise.resolve<Identities>({
  identities: [],
  keyOfFile: new Map(),
  heldByAgent: new Set(),
  unusable: [],
});

type Gathered = Identities & {
  /** The files that the user named for this scan. */
  named: readonly string[];
  /** The files that ssh looks for when ssh_config names none. */
  usual: readonly string[];
};

/**
 * What to offer one machine, in this order: the files that the user named, those that ssh_config names for it, the
 * agent's keys, and the usual files where ssh_config names none. With IdentitiesOnly the agent offers no keys of its
 * own: it only signs for files that are named. `unusable`: those of them that cannot be used.
 */
export function chooseIdentities(
  { identityFiles, identitiesOnly }: IdentitySettings,
  { identities, unusable, keyOfFile, heldByAgent, named, usual }: Gathered,
): ChosenIdentities {
  const ofAgent = identities.filter(({ fingerprint }) => !identitiesOnly && heldByAgent.has(fingerprint));
  const inFiles = (paths: readonly string[]) =>
    paths.flatMap((path) => identities.find(({ fingerprint }) => fingerprint === keyOfFile.get(path)) ?? []);
  const files = new Set([...named, ...(identityFiles ?? usual)]);
  return {
    identities: [
      ...new Set([
        ...inFiles(named),
        ...inFiles(identityFiles ?? []),
        ...ofAgent,
        ...inFiles(identityFiles === null ? usual : []),
      ]),
    ],
    unusable: unusable.filter(
      ({ source }) => files.has(keyFileOf(source)) || (!identitiesOnly && source.startsWith("agent: ")),
    ),
  };
}

const toClientLogin = (
  { address, port, knownAs, openssh }: Hop,
  agentSocket: string | null,
): ClientLogin => ({
  address,
  agentSocket,
  ...(openssh ?? NO_OPENSSH_SETTINGS),
  hostKeyAlias: knownAs.host === address && knownAs.port === port ? null : knownAs.host,
});

const NO_OPENSSH_SETTINGS = {
  proxyCommand: null,
  certificateFiles: [],
  pkcs11Provider: null,
  securityKeyProvider: null,
  gssapi: false,
};

/**
 * Opens the locked key files of one scan by prompting for their passphrases, each file once. After three wrong ones, or
 * no answer, the scan goes on without the file. Rejects only on `signal`.
 */
export function createUnlocker(promptUser: PromptUser, signal: AbortSignal): OpenKeyFile {
  const openings = new Map<string, ReturnType<OpenKeyFile>>();

  return (file) => {
    const opened = openings.get(file.path) ?? open(file);
    openings.set(file.path, opened);
    return opened;
  };

  async function open({ path, fingerprint, lock }: Parameters<OpenKeyFile>[0]): ReturnType<OpenKeyFile> {
    for (let wrongAnswers = 0; wrongAnswers < MOST_WRONG_ANSWERS; wrongAnswers++) {
      const about = { kind: "passphrase" as const, file: path, fingerprint };
      const prompts = [{ text: "Passphrase", isEchoed: false }];
      const [passphrase] = (await promptUser({ about, prompts, wrongAnswers }, signal))?.answers ?? [];
      signal.throwIfAborted();
      if (!passphrase || Redacted.reveal(passphrase) === "") return { why: "it was not unlocked" };
      const unlocked = await unlock(lock, passphrase, signal);
      if (unlocked.kind === "failed") return { why: unlocked.why };
      if (unlocked.kind === "wrong") continue;
      const key = readPrivateKeyFile(Buffer.from(Redacted.reveal(unlocked.text)));
      return key.kind === "usable" ? key : { why: key.why };
    }
    return { why: "it was not unlocked: three passphrases were wrong" };
  }
}

/** Refuses an identity file that the user named and that cannot be used, whatever the answers to prompts. */
export async function refuseUnusable(
  { identityFiles, mayPrompt }: { identityFiles: readonly string[]; mayPrompt: boolean },
  { home, agentSocket }: UserKeys,
): Promise<void> {
  if (identityFiles.length === 0) return;
  const { unusable } = await gatherIdentities({ identityFiles, home, agentSocket });
  const mayBeOf = ({ isLocked, forClient }: UnusableIdentity) =>
    (isLocked && mayPrompt) || (forClient !== undefined && findSsh() !== null);
  const named = unusable.find((one) => identityFiles.includes(one.source) && !mayBeOf(one));
  if (named) throw new Refusal("invalid-input", `${named.source} cannot be used to log in: ${named.why}`);
}

/**
 * Those of these key files that log in without a prompt: by themselves, by the agent, or by OpenSSH's client.
 * Null: files were named, and none of them does; a login without them would use keys that nobody named.
 */
export async function listUsable(
  identityFiles: readonly string[],
  { home, agentSocket }: { home: string; agentSocket: string | null },
): Promise<string[] | null> {
  const { unusable } = await gatherIdentities({ identityFiles, home, agentSocket });
  const usable = identityFiles.filter(
    (path) => !unusable.some(({ source, forClient }) => source === path && !forClient),
  );
  return usable.length === 0 && identityFiles.length > 0 ? null : usable;
}
