import type { HostSession } from "#connect/host-sessions.ts";
import type {
  AccountEntry,
  AccountFacts,
  DaemonFacts,
  DisablingFacts,
  FileFacts,
  FileStand,
  HostFacts,
  KnownGrant,
  LoginFacts,
  PrivateKeyFacts,
  UnreadableKeys,
} from "#domain/runs/access/plan-facts.ts";
import { hasWildcard, keyFilesOf } from "#domain/ssh/deciders/files.ts";
import { readHostCertificate } from "#domain/ssh/host-certificate.ts";
import { certificateBeside, readSmallFile } from "#net/ssh/identities.ts";
import { inspectEntry } from "#net/ssh/session/accounts.ts";
import {
  type AccountInspection,
  type FileInspection,
  inspectAccount,
  inspectDaemon,
  inspectFile,
  inspectHost,
  settingOf,
} from "#net/ssh/session/inspect-host.ts";
import type { Lost, RemoteSession } from "#net/ssh/session/remote-session.ts";
import type { VerificationRoute } from "#net/ssh/verify/verification.ts";
import type { KeyPossession } from "#shared/model/hosts/host.ts";
import { formatRefusal } from "#shared/text/runs/host-refusal.ts";
import type { KeyFileFact } from "#store/runs/fact-reader.ts";
import type { FoundHost, Inventory } from "./find-changes.ts";
import { HostLost } from "./plans.ts";

type HostReading = Pick<
  HostFacts,
  | "hostKey"
  | "clockOffset"
  | "rollbackTimers"
  | "login"
  | "accounts"
  | "files"
  | "privateKeyLocations"
  | "unreadableKeys"
>;

/** Has the private key at a path sign; `hash`: of the very file that did, null if none did. */
export type VerifyThere = (
  remote: RemoteSession,
  path: string,
  fingerprint: string,
) => Promise<{ possession: KeyPossession; hash: string | null } | Lost>;

type HostFactDeps = {
  verifyThere: VerifyThere;
  inventory: Inventory;
  now: () => Date;
  /** All files that sshd reads for an account, and not only those that are known. */
  readsAll: boolean;
  /** Of the key to be removed, whose private key the key files claim to have; null: none is. */
  fingerprint: string | null;
};

/** Inspects all that a plan needs to know of a host. Rejects with `HostLost`, and when it is aborted. */
export async function readHost(
  { remote, route }: HostSession,
  { known, accounts: accountFiles, keyFiles }: FoundHost,
  { inventory, now, fingerprint, verifyThere, readsAll }: HostFactDeps,
): Promise<HostReading> {
  const { host } = expectSeen(await inspectHost(remote));
  const clockOffset = host.epochSeconds - Math.round(now().getTime() / 1_000);
  const names = [...accountFiles.keys()];
  const [first] = names;
  const own = await inspectAccount(remote, remote.user, null);
  if (own.kind === "lost") throw new HostLost(own.message);
  const from = own.kind === "seen" ? own.account.from : null;

  const accounts: AccountFacts[] = [];
  const unreadableKeys: UnreadableKeys[] = [];
  const readAccount = async (name: string): Promise<void> => {
    const reading = await inspectAccount(remote, name, from);
    if (reading.kind === "lost") throw new HostLost(reading.message);
    const grants = inventory.grantsOfAccount(known.id, name).map(toGrant);
    if (reading.kind === "seen") accounts.push({ ...toAccount(name, reading.account), grants });
    else
      unreadableKeys.push({
        accounts: [name],
        path: null,
        why: NO_ACCOUNT,
        grants: grants.map((grant) => ({ account: name, grant })),
      });
  };
  for (const name of names) await readAccount(name);
  const owners = ownersOf(accountFiles, accounts, readsAll);
  const all = withTwins(owners, (path) => inventory.twinsOf(known.id, path));
  for (const [path, names] of all)
    all.set(path, [...new Set([...names, ...inventory.accountsOfFile(known.id, path)])]);
  const files = keepSame(await readFiles(remote, all), owners);
  for (const name of new Set(files.flatMap((file) => file.accounts)))
    if (!accounts.some((account) => account.name === name)) await readAccount(name);
  const privateKeyLocations: PrivateKeyFacts[] = [];
  for (const keyFile of keyFiles)
    privateKeyLocations.push(
      await inspectPrivateKey(remote, keyFile, (path) => verifyThere(remote, path, fingerprint ?? "")),
    );
  const login: LoginFacts = {
    account: remote.user,
    isRoot: remote.uid === 0,
    key: remote.loginKey,
    certificate: remote.loginCertificate === null ? null : { authority: await findAuthority(remote, route) },
    from,
  };
  const rollbackTimers = first === undefined ? [] : host.rollbackTimers;
  const hostKey = remote.hostKey.fingerprint;
  return {
    hostKey,
    clockOffset,
    rollbackTimers,
    login,
    accounts,
    files,
    privateKeyLocations,
    unreadableKeys,
  };
}

const NO_ACCOUNT = "no such account is known there now; scan the host again";

function expectSeen<Seen>(reading: Seen | Lost): Exclude<Seen, Lost> {
  if (typeof reading === "object" && reading && "kind" in reading && reading.kind === "lost")
    throw new HostLost((reading as Lost).message);
  return reading as Exclude<Seen, Lost>;
}

function toAccount(name: string, reading: AccountInspection): Omit<AccountFacts, "grants"> {
  const { uid, gid, shell, sshd, otherSshds } = reading;
  const settingText = (keyword: string): string | null =>
    [sshd, ...otherSshds.map(({ settings }) => settings)].flatMap(
      (settings) => settingOf(settings, keyword) ?? [],
    )[0] ?? null;
  return {
    name,
    uid,
    gid,
    runsCommands: !/\/(nologin|false)$/.test(shell),
    consulted: sshd?.has(KEY_FILES) ? keyFilesOf(valuesOf(sshd), { name, ...reading }) : null,
    consultedByOthers: otherSshds.flatMap(({ settings }) =>
      keyFilesOf(valuesOf(settings), { name, ...reading }),
    ),
    isSshdKnown: sshd !== null,
    keysCommand: settingText("authorizedkeyscommand"),
    authenticationMethods: sshd?.get("authenticationmethods") ?? null,
    forceCommand: settingOf(sshd, "forcecommand"),
  };
}

const KEY_FILES = "authorizedkeysfile";

const valuesOf = (settings: ReadonlyMap<string, string>): string[] =>
  settings.get(KEY_FILES)?.split(/\s+/) ?? [];

export const toGrant = ({
  id,
  file,
  text,
  fingerprint,
  options,
  ...fact
}: ReturnType<Inventory["grantsOfAccount"]>[number]): KnownGrant => ({
  id,
  file,
  text,
  fingerprint,
  effective: fact.effective,
  isDormant: fact.isDormant,
  onlyFrom: fact.onlyFrom,
  owner: fact.owner,
  isAuthority: /(^|,)cert-authority(,|$)/i.test(options.replaceAll(/"(\\.|[^"\\])*"/g, "")),
});

/**
 * Each file once, with the accounts that the request names; for an account without a file, the first that sshd
 * consults. `readsAll`: all that sshd consults.
 */
function ownersOf(
  accountFiles: FoundHost["accounts"],
  accounts: readonly AccountFacts[],
  readsAll: boolean,
): Map<string, string[]> {
  const owners = new Map<string, string[]>();
  for (const [name, paths] of accountFiles) {
    const { consulted, consultedByOthers } = accounts.find((account) => account.name === name) ?? NO_FILES;
    const read = [...(consulted ?? []), ...consultedByOthers].filter((path) => !hasWildcard(path));
    const first = consulted?.slice(0, 1) ?? [];
    for (const path of readsAll ? new Set([...paths, ...read]) : paths.size > 0 ? paths : first)
      owners.set(path, [...(owners.get(path) ?? []), name]);
  }
  return owners;
}

const NO_FILES = { consulted: null, consultedByOthers: [] };

/** Adds files with the same content: they may be these very files by other paths. */
function withTwins(
  owners: ReadonlyMap<string, string[]>,
  twinsOf: (path: string) => string[],
): Map<string, string[]> {
  const twins = [...owners.keys()].flatMap(twinsOf).filter((path) => !owners.has(path));
  return new Map([...owners, ...twins.map((path): [string, string[]] => [path, []])]);
}

/** Of those, the ones that are the same file. */
function keepSame(files: readonly FileFacts[], owners: ReadonlyMap<string, string[]>): FileFacts[] {
  const realPathOf = ({ realPath, path }: FileFacts): string => realPath ?? path;
  const realPaths = new Set(files.filter(({ path }) => owners.has(path)).map(realPathOf));
  return files.filter((file) => realPaths.has(realPathOf(file)));
}

async function readFiles(remote: RemoteSession, owners: ReadonlyMap<string, string[]>): Promise<FileFacts[]> {
  const files: FileFacts[] = [];
  for (const [path, names] of owners) {
    const { file } = expectSeen(await inspectFile(remote, path));
    const realPath = file.goal ?? (file.state === "absent" ? null : file.real);
    files.push({ path, otherPaths: [], accounts: names, realPath, stand: toStand(file) });
  }
  return files;
}

/** The file alone is missing, or it and its folder, in a folder that exists. */
function findLacking({ state, refusal, real, actorUid, chain, workFolder }: FileInspection) {
  if (state !== "absent") return null;
  if (refusal?.why === "absent" && actorUid !== null)
    return { creates: "file" as const, uid: actorUid, workFolder };
  const last = chain.at(-1);
  const folder = real.slice(0, real.lastIndexOf("/"));
  const isAlone = refusal?.why === "no-folder" && folder.slice(0, folder.lastIndexOf("/")) === last?.path;
  return isAlone && last?.type === "folder"
    ? { creates: "folder" as const, uid: last.uid, workFolder }
    : null;
}

function toStand(file: FileInspection): FileStand {
  const { refusal, content, lock } = file;
  const lacks = findLacking(file);
  if (file.state === "absent" && (lacks || refusal === null || refusal.why === "absent"))
    return { kind: "absent", ...(lacks && { lacks }) };
  if (refusal) return { kind: "refused", why: formatRefusal(refusal.why, file.real), bytes: content };
  if (!content) return { kind: "refused", why: `${file.real} could not be read`, bytes: null };
  return {
    kind: "file",
    bytes: content,
    uid: file.uid,
    gid: file.gid,
    owner: file.owner,
    mode: file.mode,
    lockedBy: lock && lock.leaseEnd > lock.now ? lock.who : null,
    workFolder: file.workFolder,
  };
}

/** The key is asked to sign: anybody can write what the file shows of a key. */
async function inspectPrivateKey(
  remote: RemoteSession,
  { path, isEncrypted }: KeyFileFact,
  verify: (path: string) => ReturnType<VerifyThere>,
): Promise<PrivateKeyFacts> {
  const { file } = expectSeen(await inspectFile(remote, path, { isSecret: true }));
  const { file: publicFile } = expectSeen(await inspectFile(remote, `${path}.pub`));
  const stuck =
    file.state === "absent" && file.refusal?.why !== "odd-path"
      ? `${path} is not there any more`
      : file.refusal && formatRefusal(file.refusal.why, path);
  const unasked = { possession: { kind: "claimed", why: "not-tested" } as KeyPossession, hash: file.hash };
  const verified = stuck === null ? expectSeen(await verify(file.real)) : unasked;
  return {
    kind: "file",
    path: file.real,
    uid: file.uid,
    gid: file.gid,
    owner: file.owner,
    mode: file.mode,
    isEncrypted,
    before: verified.hash ?? file.hash,
    hasPublicFile: publicFile.state !== "absent",
    possession: verified.possession,
    stuck,
  };
}

/**
 * The fingerprint of the authority whose certificate logged us in, by the certificates that OpenSSH's client had to
 * offer. Null: none for that key can be read here, or several authorities have signed it.
 */
async function findAuthority(
  { loginCertificate, clientKeys }: RemoteSession,
  { client }: VerificationRoute,
): Promise<string | null> {
  const paths = clientKeys.flatMap((key) => (key.kind === "file" ? [certificateBeside(key.path)] : []));
  const blobs = clientKeys.flatMap((key) => (key.kind === "agent" ? [key.blob] : []));
  for (const path of new Set([...paths, ...(client?.login.certificateFiles ?? [])])) {
    const bytes = await readSmallFile(path);
    const [, base64 = ""] = Buffer.isBuffer(bytes)
      ? (/^\S+ ([A-Za-z0-9+/]+=*)/.exec(bytes.toString("latin1")) ?? [])
      : [];
    blobs.push(Buffer.from(base64, "base64"));
  }
  const authorities = new Set(
    blobs
      .map(readHostCertificate)
      .filter((one) => one?.kind === "user" && one.key.fingerprint === loginCertificate)
      .map((one) => one?.authority.fingerprint),
  );
  const [authority = null] = authorities;
  return authorities.size === 1 ? authority : null;
}

/** The entries of the accounts that are to be disabled. */
export async function gatherEntries(
  remote: RemoteSession,
  accounts: Iterable<string>,
): Promise<DisablingFacts> {
  const entries: AccountEntry[] = [];
  for (const account of accounts) {
    const reading = await inspectEntry(remote, account);
    if (reading.kind === "lost") throw new HostLost(reading.message);
    entries.push(
      reading.kind === "entry" ? { ...reading, account } : { kind: "refused", account, why: reading.why },
    );
  }
  return { entries, enteredAs: [] };
}

/** The facts for a rotation of the host key; null if they cannot be read. */
export async function gatherDaemon(remote: RemoteSession): Promise<DaemonFacts | null> {
  const seen = expectSeen(await inspectDaemon(remote));
  if (seen.kind === "unavailable") return null;
  const { configs, hostKeys, problem, keyFiles, canReload } = seen.daemon;
  const files: FileFacts[] = [];
  for (const path of configs) {
    const reading = expectSeen(await inspectFile(remote, path));
    const realPath = reading.file.state === "absent" ? null : reading.file.real;
    files.push({ path, otherPaths: [], accounts: ["root"], realPath, stand: toStand(reading.file) });
  }
  return { files, problem, hostKeys, occupied: keyFiles, canReload };
}
