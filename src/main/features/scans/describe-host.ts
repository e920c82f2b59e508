import { findAccountProblems } from "#domain/accounts/account-findings.ts";
import { evaluateAccounts, findUnreadableKeys } from "#domain/accounts/evaluate-accounts.ts";
import { areWorkloadsWhole, describePrograms, evaluateWorkloads } from "#domain/accounts/workloads.ts";
import type { Collection, KeyFile } from "#domain/collection/collection.ts";
import { isArchived } from "#domain/collection/paths.ts";
import { listUnreadableKeyPaths, listUnreadablePaths } from "#domain/collection/unreadable.ts";
import { findDiskProblems, namedPaths } from "#domain/deployment-status/disk-findings.ts";
import {
  type FileProblem,
  type FoundFileProblem,
  findFileProblems,
  spkiHashOf,
} from "#domain/deployment-status/file-problems.ts";
import { type HostMap, mapHost } from "#domain/deployment-status/host-map.ts";
import { evaluateReach } from "#domain/escalation/reach.ts";
import { findCertificateProblems } from "#domain/findings/certificate-findings.ts";
import { evaluateRisks } from "#domain/risk/account-risk.ts";
import { verifyPossession, writeScanStatement } from "#domain/signatures/possession.ts";
import {
  type Authority,
  evaluateAuthorities,
  evaluateKeysReadings,
  findOtherAccess,
} from "#domain/ssh/authorities.ts";
import { type EvaluatedGrant, evaluateGrants } from "#domain/ssh/effective.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { findLeakedKeys } from "#domain/ssh/leaked-keys.ts";
import { findManagers } from "#domain/ssh/managers.ts";
import { findSshProblems } from "#domain/ssh/ssh-findings.ts";
import { evaluateWithin, spend } from "#domain/work-budget.ts";
import type { ManagedBy, Verdict } from "#shared/model/access/verdict.ts";
import type { Certificate } from "#shared/model/certificates/certificate.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { KeyPossession } from "#shared/model/hosts/host.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { CollectedGrant, CollectedHost } from "#store/probe-record.ts";
import {
  certificateReader,
  describeAuthorities,
  describeDisk,
  describeMachine,
  describeUse,
  formatServersRead,
  listClientFiles,
  listOpenedBy,
  type Memory,
  tooMuch,
  toSeen,
} from "./describe-parts.ts";

type Read = Memory & {
  readCertificate: (der: Uint8Array) => Certificate | null;
  /** The name under which the host is scanned. */
  name: string;
};

/**
 * Turns a collection into what the store takes of a host, with verdicts. It depends on the collection alone, whether
 * that came over ssh or in a bundle. Only use is evaluated by logs of earlier scans as well, for logs rotate.
 */
export function describeHost(
  collection: Collection,
  at: Date,
  { readCertificate, name, ...memory }: Read,
): Described {
  const { accounts, keyFiles, unreadable } = collection;
  spend(STEPS_OF_ROW * (accounts.length + keyFiles.length) + unreadable.length);
  const reach = evaluateReach(collection);
  const authorities = evaluateWithin<readonly Authority[] | null>(
    AUTHORITY_STEPS,
    () => evaluateAuthorities(collection),
    () => null,
  );
  const workloads = evaluateWorkloads(collection);
  const left = [
    ...reach.tooMuch,
    ...(workloads?.tooMuch ?? []),
    ...(authorities ? [] : ["which accounts certificates of authorities open"]),
  ];
  const budgeted = { ...collection, unreadable: [...unreadable, ...left.map(tooMuch)] };
  return describeEvaluated(budgeted, at, { readCertificate, name, ...memory, reach, authorities, workloads });
}

type Described = {
  host: CollectedHost;
  findings: FindingDraft[];
  /** What could not be read, or was too much to evaluate. */
  unreadable: Collection["unreadable"];
};

/** The steps for a row that is compared with what is known of it. */
const STEPS_OF_ROW = 50;

/** The steps for a certificate that is read and evaluated. */
const STEPS_OF_CERTIFICATE = 3_000;

/** The part of the budget that authorities may use. */
const AUTHORITY_STEPS = 20_000_000;

type EvaluatedFacts = Read & {
  reach: ReturnType<typeof evaluateReach>;
  authorities: readonly Authority[] | null;
  workloads: ReturnType<typeof evaluateWorkloads>;
};

function describeEvaluated(
  collection: Collection,
  at: Date,
  { readCertificate, name, reach, authorities, workloads, ...memory }: EvaluatedFacts,
): Described {
  const grants = evaluateGrants(collection);
  const configured = mapHost(collection);
  const { files, replaced } = readCertificateFiles(collection, configured, readCertificate);
  const { configurations } = configured;
  const problems = findFileProblems({ collection, configurations, files });
  const map: HostMap = { ...configured, problems: problems.map(toKept) };
  const { use, logins, useOf, standsSince, read, notRead, evidence } = describeUse(collection, grants, {
    at,
    ...memory,
  });
  const knownAccounts = memory.recallAccounts();
  const { facts } = collection;
  const managers = new Map(collection.authorizedKeys.map((file) => [file.path, findManagers(file, facts)]));
  const used = grants.map((grant) => ({ grant, use: useOf(grant) }));
  const byCertificate = listOpenedBy(authorities);
  const keySight = describeKeySight(collection);
  const accounts = evaluateAccounts(collection, {
    grants,
    reach: reach.reach,
    use,
    workloads,
    byCertificate,
    now: toInstant(at),
    known: evidence.known,
    peopleOf: memory.peopleOf,
    knownAccounts,
  });
  const problemsOfAccounts = findAccountProblems(collection, accounts, {
    ...evidence,
    grants,
    reach: reach.reach,
    knownAccounts,
    personOf: (fingerprint) => memory.peopleOf(fingerprint)[0]?.name ?? null,
  });
  const host: CollectedHost = {
    ...describeMachine(facts, at),
    ...keySight,
    accounts: evaluateRisks(accounts, {
      ...keySight,
      grants: used,
      standsSince,
      certificatesOf: certificateReader(authorities, collection),
      mayHaveMoreKeys: findUnreadableKeys(collection),
      logins: [...evidence.known.logins, ...evidence.known.others],
      now: at,
    }),
    unsettled: problemsOfAccounts.unsettled,
    missingAccounts: evaluateMissing(collection),
    grants: used.map(({ grant, use: shown }) =>
      describeGrant(grant, shown, managers.get(grant.file)?.(grant) ?? null),
    ),
    keysReadings: evaluateKeysReadings(collection),
    keysFiles: listKeysFiles(collection),
    hostKeys: collection.hostKeys.flatMap(({ blob }) => readKeyBlob(blob) ?? []),
    use,
    logins,
    reach: reach.reach,
    programs: describePrograms(collection, workloads),
    authorities: authorities
      ? describeAuthorities(collection, authorities)
      : { trusted: [], isComplete: false },
    certificateFiles: files.map(({ path, certificates }) => ({ path, certificates })),
    replacedCertificates: replaced.flatMap(({ certificates }) => certificates),
    disk: describeDisk(collection, map, { host: name, files }),
    clientFiles: listClientFiles(map),
    coverage: {
      read: [...formatRead(collection), ...formatServersRead(collection), ...read],
      notRead: [
        ...listUnreadable(collection, { files, authorities: authorities ?? [] }),
        ...reach.problems,
        ...notRead,
      ],
    },
    areWorkloadsWhole: areWorkloadsWhole(collection, workloads),
  };
  const certificates = files.flatMap(({ certificates }) => certificates);
  return {
    host,
    unreadable: collection.unreadable,
    findings: [
      ...findSshProblems(collection, grants),
      ...findLeakedKeys(collection, grants),
      ...problemsOfAccounts.drafts,
      ...certificates.flatMap(({ certificate }) => findCertificateProblems(certificate)),
      ...findDiskProblems({ collection, configurations, files }),
    ],
  };
}

/** The private keys that were found, and what can have been missed. */
function describeKeySight(
  collection: Collection,
): Pick<CollectedHost, "readAs" | "keyFiles" | "isPartial" | "unreadablePaths" | "unreadableKeyLocations"> {
  return {
    readAs: formatReader(collection.readAs),
    keyFiles: describeKeyFiles(collection),
    isPartial: collection.incomplete !== null || collection.unreadable.some(({ kind }) => kind === "limit"),
    unreadablePaths: listUnreadablePaths(collection),
    unreadableKeyLocations: listUnreadableKeyPaths(collection),
  };
}

const toKept = ({ kind, server, root, certificate, key }: FoundFileProblem): FileProblem => ({
  kind,
  server,
  root,
  certificate,
  key,
});

const describeGrant = (
  grant: EvaluatedGrant,
  use: Verdict["use"],
  managedBy: ManagedBy | null,
): CollectedGrant => ({
  account: grant.account,
  uid: grant.uid,
  file: grant.file,
  line: grant.line,
  keyType: grant.keyTypeText,
  keyBits: grant.key?.keyBits ?? null,
  fingerprint: grant.key?.fingerprint ?? null,
  comment: grant.comment,
  options: grant.options,
  text: grant.text,
  verdict: withManager({ ...grant.verdict, use }, managedBy),
});

const listKeysFiles = ({ authorizedKeys }: Collection): CollectedHost["keysFiles"] =>
  authorizedKeys.flatMap(({ path, realPath, bytes, isCut }) =>
    bytes === null || isCut ? [] : [{ path, realPath, bytes }],
  );

function evaluateMissing({ unreadable }: Collection): CollectedHost["missingAccounts"] {
  const isUnreadable = (what: (typeof unreadable)[number]["kind"]) =>
    unreadable.some(({ kind }) => kind === what);
  if (!isUnreadable("accounts")) return "gone";
  return isUnreadable("password-state") ? "may-be-there" : "gone-if-own";
}

const withManager = (verdict: Verdict, managedBy: ManagedBy | null): Verdict =>
  managedBy ? { ...verdict, owner: { ...verdict.owner, managedBy } } : verdict;

function describeKeyFiles(collection: Collection): CollectedHost["keyFiles"] {
  const { keyFiles, accounts } = collection;
  // Where several accounts have a number, the first is the owner.
  const owners = new Map(accounts.toReversed().map(({ uid, name }) => [uid, name]));
  let verifications = 0;
  return keyFiles.map((file) => ({
    ...describeKeyFile(file, owners),
    // Our collectors make no more of these: each is a signature to verify.
    possession:
      file.signature !== null && ++verifications > MOST_VERIFICATIONS
        ? { kind: "claimed", why: "not-tested" }
        : evaluatePossession(file, collection),
  }));
}

const MOST_VERIFICATIONS = 80;

function describeKeyFile(
  file: KeyFile,
  owners: ReadonlyMap<number, string>,
): Omit<CollectedHost["keyFiles"][number], "possession"> {
  const { path, entry, format, isEncrypted, lock, blob, blobBeside } = file;
  const key = blob && readKeyBlob(blob);
  return {
    path,
    owner: owners.get(entry.uid) ?? String(entry.uid),
    mode: entry.mode.toString(8).padStart(4, "0"),
    format,
    isEncrypted,
    keyType: key?.keyType ?? null,
    keyBits: key?.keyBits ?? null,
    fingerprint: key?.fingerprint ?? null,
    lock: lock && formatLock(lock),
    likelyFingerprint: (blobBeside && readKeyBlob(blobBeside)?.fingerprint) ?? null,
    spkiSha256: spkiHashOf(file.spki),
  };
}

/** The signed statement must be for this scan or bundle, and for this host. */
function evaluatePossession(
  { path, signature, blob, isEncrypted }: KeyFile,
  { nonce, signingHost, hostKeys }: Collection,
): KeyPossession {
  const key = blob && readKeyBlob(blob);
  if (isEncrypted) return { kind: "claimed", why: "locked" };
  if (!key || signature === null || signature === "unasked") return { kind: "claimed", why: "not-tested" };
  const own = hostKeys.flatMap((one) => readKeyBlob(one.blob)?.fingerprint ?? []);
  const isOfHost = own.length === 0 || signingHost.split(",").some((one) => own.includes(one));
  if (!isOfHost) return { kind: "claimed", why: "not-signed" };
  const statement = writeScanStatement({ nonce, hosts: signingHost, path });
  return verifyPossession(signature, statement, key.fingerprint);
}

function formatLock({ cipher, kdf, rounds }: NonNullable<KeyFile["lock"]>): string {
  const work = rounds === null ? [] : [kdf?.startsWith("argon2") ? `${rounds} passes` : `${rounds} rounds`];
  return [cipher, ...(kdf === null ? [] : [kdf]), ...work].join(", ");
}

type ReadFile = CollectedHost["certificateFiles"][number] & { unreadable: string[] };

/** `replaced`: files that are kept from before, and in use nowhere. */
function readCertificateFiles(
  collection: Collection,
  { configurations }: HostMap,
  read: Read["readCertificate"],
): { files: ReadFile[]; replaced: ReadFile[] } {
  const named = namedPaths(configurations);
  const all = collection.certificateFiles.map(({ path, ders, malformed }) => {
    const unreadable = [...malformed];
    const certificates = ders.flatMap((der, position) => {
      spend(STEPS_OF_CERTIFICATE);
      const certificate = read(der);
      if (!certificate) unreadable.push(`certificate ${position + 1} cannot be read`);
      return certificate ? [toSeen(certificate, der)] : [];
    });
    return { path, certificates, unreadable };
  });
  const isReplaced = ({ path }: ReadFile) => isArchived(path) && !named.has(path);
  return { files: all.filter((file) => !isReplaced(file)), replaced: all.filter(isReplaced) };
}

function formatRead({
  accounts,
  authorizedKeys,
  certificateFiles,
  keyFiles,
  readAs,
  sshd,
}: Collection): string[] {
  const readable = authorizedKeys.filter(({ bytes }) => bytes !== null);
  return [
    `${accounts.length} accounts, as ${formatReader(readAs)}`,
    sshd.effective
      ? "sshd's effective settings for each account, by sshd -T"
      : "sshd_config and what it includes",
    `${readable.length} authorized_keys files`,
    `${keyFiles.length} private key files (public keys only)`,
    `${certificateFiles.length} certificate files`,
  ];
}

function listUnreadable(
  collection: Collection,
  { files, authorities }: { files: readonly ReadFile[]; authorities: readonly Authority[] },
): CollectedHost["coverage"]["notRead"] {
  const { incomplete, unreadable } = collection;
  const keysOf = findKeysOf(collection);
  return [
    ...(incomplete ? [{ what: "the rest of the host", why: incomplete }] : []),
    ...unreadable.map((one) => ({ what: one.path, why: one.why, ...keysOf(one) })),
    ...findOtherAccess(collection, authorities),
    ...files.flatMap(({ path, unreadable: broken }) => broken.map((why) => ({ what: path, why }))),
  ];
}

/** Finds the accounts whose keys may be there unseen: those of the file, or of the home. */
function findKeysOf({ authorizedKeys, accounts }: Collection) {
  const atHome = Map.groupBy(accounts, ({ home }) => home);
  const ofFile = new Map(authorizedKeys.toReversed().map((file) => [file.path, file.accounts]));
  return ({ kind, path }: Collection["unreadable"][number]): { keysOf?: string[] } => {
    const names =
      kind === "home"
        ? atHome.get(path)?.map(({ name }) => name)
        : kind === "authorized-keys"
          ? ofFile.get(path)
          : undefined;
    return names && names.length > 0 ? { keysOf: names } : {};
  };
}

/** The account that read a host: `root`, `root by sudo`, or its name. */
export const formatReader = ({ uid, user, how }: Collection["readAs"]): string => {
  if (how === "sudo") return "root by sudo";
  return uid === 0 ? "root" : user;
};
