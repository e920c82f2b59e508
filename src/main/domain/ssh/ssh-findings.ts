import type { Collection, KeyFile } from "#domain/collection/collection.ts";
import { isOfKubernetes } from "#domain/collection/paths.ts";
import { spend } from "#domain/work-budget.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { EvaluatedGrant } from "./effective.ts";
import { readKeyBlob } from "./key-blob.ts";

/** Types that sshd has removed, or that never were more than experimental. */
export const OBSOLETE = new Map([
  ["ssh-dss", "DSA with 1024 bits, which OpenSSH has removed"],
  ["ssh-xmss@openssh.com", "XMSS, an experiment that OpenSSH has removed"],
]);

/**
 * NIST has refused RSA below 2048 bits since 2013. It wants 2048 to 3071 bits gone by 2030: that calls for a planned
 * rotation, not for an alarm, so it is no finding.
 */
export const SHORTEST_RSA = 2_048;
/** A well-funded group can factor it. */
const BROKEN_RSA = 1_024;

/** SSH protocol 1 wrote a key as three numbers. */
const PROTOCOL_1 = /^[ \t]*(?:\S+[ \t]+)?\d+[ \t]+\d+[ \t]+\d{30,}/;

/** Problems of the grants and the private key files of one host. Pure: the same collection gives the same list. */
export function findSshProblems(collection: Collection, grants: readonly EvaluatedGrant[]): FindingDraft[] {
  // Of several accounts with one uid, the first counts.
  const owners = new Map(collection.accounts.toReversed().map(({ uid, name }) => [uid, name]));
  return [
    ...grants.flatMap((grant) => [findRoot(grant), findObsolete(grant), findWeak(grant)]),
    ...collection.keyFiles.flatMap((file) => findFileProblems(file, collection, owners)),
  ].filter((finding) => finding !== null);
}

function findRoot(grant: EvaluatedGrant): FindingDraft | null {
  const { effective } = grant.verdict;
  if (grant.uid !== 0 || effective.state === "no") return null;
  const isCertain = effective.state === "yes";
  return {
    ...aboutGrant(grant),
    rule: "grant-for-root",
    severity: "medium",
    sentence: `${grant.isAuthority ? "whoever has a certificate of this authority" : "this key"} ${isCertain ? "logs" : "may log"} in as ${grant.account}, which has all rights`,
    evidence: [
      locationOf(grant),
      `uid ${grant.uid}`,
      ...effective.reasons.slice(0, 1),
      ...effective.onlyFrom,
    ],
    remedy:
      "give the key to an account of its own and let that one use sudo; or bind the line by from= and command=",
  };
}

function findObsolete(grant: EvaluatedGrant): FindingDraft | null {
  const isProtocol1 = grant.key === null && PROTOCOL_1.test(grant.text);
  const why = isProtocol1
    ? "of SSH protocol 1, which nothing takes any more"
    : OBSOLETE.get(grant.key?.keyType ?? "");
  if (why === undefined) return null;
  return {
    ...aboutGrant(grant),
    rule: "key-obsolete",
    severity: grant.verdict.effective.state === "no" ? "low" : "high",
    sentence: `this key is ${why}`,
    evidence: [locationOf(grant), ...grant.verdict.effective.reasons.slice(0, 1)],
    remedy: "replace it by an Ed25519 key and remove the line",
  };
}

function findWeak(grant: EvaluatedGrant): FindingDraft | null {
  const { key } = grant;
  if (key?.keyType !== "ssh-rsa" || key.keyBits === null || key.keyBits >= SHORTEST_RSA) return null;
  return {
    ...aboutGrant(grant),
    rule: "key-weak",
    severity: key.keyBits < BROKEN_RSA ? "critical" : "high",
    sentence: `this RSA key has ${key.keyBits} bits; fewer than ${SHORTEST_RSA} are within reach of an attacker`,
    evidence: [locationOf(grant), `${key.keyBits} bits`],
    remedy: "replace it by an Ed25519 key, or an RSA key of 3072 bits or more, and remove the line",
  };
}

function findFileProblems(
  file: KeyFile,
  { hostKeys, diskFiles }: Collection,
  owners: ReadonlyMap<number, string>,
): (FindingDraft | null)[] {
  // Red Hat gives host keys to a group of their own, which only ssh-keysign is in.
  if (isHostKey(file, hostKeys)) return [(file.entry.mode & 0o037) === 0 ? null : findReadable(file)];
  if (isServerKey(file, diskFiles)) return [(file.entry.mode & 0o007) === 0 ? null : findReadable(file)];
  const owner = owners.get(file.entry.uid) ?? `uid ${file.entry.uid}`;
  return [findWithoutPassphrase(file, owner), findReadable(file)];
}

/** The key handle of a security key is not a secret: without the device nobody can log in by it. */
function findWithoutPassphrase(file: KeyFile, owner: string): FindingDraft | null {
  if (file.isEncrypted !== false || isSecurityKey(file)) return null;
  return {
    ...aboutFile(file),
    rule: "key-file-without-passphrase",
    severity: "medium",
    sentence: "this private key has no passphrase: whoever copies the file has the key",
    evidence: [file.path, `owned by ${owner}`, `mode ${formatMode(file)}`],
    remedy: `set a passphrase by ssh-keygen -p -f ${quote(file.path)} as its owner; for a machine's key, bind its grants by from= and command=`,
  };
}

function findReadable(file: KeyFile): FindingDraft | null {
  if ((file.entry.mode & 0o077) === 0 || isSecurityKey(file)) return null;
  const isForAll = (file.entry.mode & 0o007) !== 0;
  return {
    ...aboutFile(file),
    rule: "key-file-readable-by-others",
    severity: isForAll && file.isEncrypted !== true ? "critical" : "high",
    sentence: isForAll
      ? "every account of the host has rights on this private key"
      : "a whole group has rights on this private key",
    evidence: [file.path, `mode ${formatMode(file)}`, `gid ${file.entry.gid}`],
    remedy: `chmod 600 ${quote(file.path)} as its owner, and replace the key: it may have been copied`,
  };
}

export const isHostKey = ({ path, blob }: KeyFile, hostKeys: Collection["hostKeys"]): boolean =>
  paying(hostKeys.length) &&
  (/^\/etc\/ssh\/ssh_host_[^/]*_key$/.test(path) ||
    hostKeys.some((hostKey) => hostKey.path.replace(/\.pub$/, "") === path) ||
    (blob !== null && hostKeys.some((hostKey) => Buffer.compare(hostKey.blob, blob) === 0)));

/** What it costs to compare with each host key. */
function paying(hostKeys: number): true {
  spend(1 + 4 * hostKeys);
  return true;
}

/**
 * A key that a server reads by itself when it starts: nobody is there to type a passphrase, and several servers may
 * share it by a group such as Debian's ssl-cert.
 */
const isServerKey = ({ path, format }: KeyFile, named: Collection["diskFiles"]): boolean =>
  (format === "pem" || format === "pkcs8") &&
  (named.has(path) ||
    isOfKubernetes(path) ||
    /^\/etc\/(ssl|pki|letsencrypt|nginx|apache2|httpd)\//.test(path));

const isSecurityKey = ({ blob }: KeyFile): boolean =>
  (blob && readKeyBlob(blob)?.keyType.startsWith("sk-")) === true;

export const aboutGrant = ({ account, file, line, key, comment }: EvaluatedGrant) => ({
  about: { kind: "grant" as const, account, file, line },
  label: key ? `${key.fingerprint}${comment ? ` ${comment}` : ""}` : `${file}:${line}`,
});

export const aboutFile = ({ path }: KeyFile) => ({ about: { kind: "key-file" as const, path }, label: path });

export const locationOf = ({ file, line }: EvaluatedGrant): string => `${file}:${line}`;

const formatMode = ({ entry }: KeyFile): string => entry.mode.toString(8).padStart(4, "0");

/** Quotes for a shell where the path has more than plain characters. */
const quote = (path: string): string =>
  /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
