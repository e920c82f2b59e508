import type { Collection, HostFacts, SshdFile } from "#domain/collection/collection.ts";
import type { PublicKey } from "#domain/ssh/key-blob.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/opinion.ts";
import { matchPatternList } from "#domain/ssh/patterns.ts";
import { isRevoked, type Revocations, readRevokedKeys } from "#domain/ssh/revoked-keys.ts";
import { formatSetting, isNone, type Setting, type Settings, versionOf } from "#domain/ssh/sshd-settings.ts";

/** sshd's default since 8.8; the list of the running sshd is known only from `sshd -T`. */
const DEFAULT_ALGORITHMS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

const CERTIFICATE_ALGORITHMS = DEFAULT_ALGORITHMS.map(
  (algorithm) => `${algorithm.replace("@openssh.com", "")}-cert-v01@openssh.com`,
);

/** The signature algorithms of each key type. */
const SIGNATURES = new Map([
  ["ssh-rsa", ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]],
  [
    "sk-ecdsa-sha2-nistp256@openssh.com",
    ["sk-ecdsa-sha2-nistp256@openssh.com", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"],
  ],
]);

/** Versions as major * 100 + minor. */
const WITHOUT_DSA = 1_000;
const CURVES_APART = 1_003;

/** PubkeyAcceptedAlgorithms and RequiredRSASize. */
export function decideAlgorithms(key: PublicKey, settings: Settings, facts: HostFacts): Contribution[] {
  return [decideType(key, settings, facts), decideSize(key, settings)];
}

function decideType(key: PublicKey, settings: Settings, facts: HostFacts): Contribution {
  const { keyType } = key;
  const version = versionOf(facts);
  if (keyType === "ssh-dss" && version !== null && version >= WITHOUT_DSA) {
    return refuse(`sshd ${facts.sshdVersion ?? ""} has no ssh-dss any more`);
  }
  const setting = settings.get("PubkeyAcceptedAlgorithms");
  const accepts = readAccepted(setting);
  if ((SIGNATURES.get(keyType) ?? [keyType]).some(accepts)) return {};
  const refusal = `PubkeyAcceptedAlgorithms does not have ${keyType} (${setting.location})`;
  const isCurveOpen = keyType.startsWith("ecdsa-") && DEFAULT_ALGORITHMS.slice(1, 4).some(accepts);
  if (isCurveOpen && (version === null || version < CURVES_APART)) {
    return doubt(`${refusal}, but sshd before 10.3 lets a client ask for another curve's name`);
  }
  return refuse(refusal, formatSetting(setting));
}

/** For a certificate by this authority, whatever key it is for: CASignatureAlgorithms, and some accepted type. */
export function decideAuthorityAlgorithms({ keyType }: PublicKey, settings: Settings): Contribution[] {
  const signatures = settings.get("CASignatureAlgorithms");
  const isSignature = readAccepted(signatures, DEFAULT_ALGORITHMS);
  const accepted = settings.get("PubkeyAcceptedAlgorithms");
  const accepts = readAccepted(accepted);
  const canSign = (SIGNATURES.get(keyType) ?? [keyType]).some(isSignature);
  return [
    canSign
      ? {}
      : refuse(
          `CASignatureAlgorithms does not have ${keyType} (${signatures.location})`,
          formatSetting(signatures),
        ),
    CERTIFICATE_ALGORITHMS.some(accepts)
      ? {}
      : refuse(
          `PubkeyAcceptedAlgorithms has no type of certificate (${accepted.location})`,
          formatSetting(accepted),
        ),
  ];
}

/** The list, which may change the default one by `+`, `-` or `^`. */
function readAccepted(
  { values }: Setting,
  defaults: readonly string[] = [...DEFAULT_ALGORITHMS, ...CERTIFICATE_ALGORITHMS],
): (algorithm: string) => boolean {
  const written = values.join(",");
  const list = /^[+^-]/.test(written) ? written.slice(1) : written;
  const isIn = (algorithm: string) => matchPatternList(algorithm, list) === "match";
  const isDefault = (algorithm: string) => defaults.includes(algorithm);
  if (written === "") return isDefault;
  if (written.startsWith("-")) return (algorithm) => isDefault(algorithm) && !isIn(algorithm);
  return /^[+^]/.test(written) ? (algorithm) => isDefault(algorithm) || isIn(algorithm) : isIn;
}

function decideSize({ keyType, keyBits }: PublicKey, settings: Settings): Contribution {
  const setting = settings.get("RequiredRSASize");
  const least = Number(setting.values[0]);
  if (keyType !== "ssh-rsa" || keyBits === null || !(keyBits < least)) return {};
  const reason = `an RSA key of ${keyBits} bits is shorter than RequiredRSASize ${least} (${setting.location})`;
  return refuse(reason, formatSetting(setting));
}

/** From this version on, sshd ignores a signature on a list; before, a wrong one makes the list unreadable. */
const WITHOUT_SIGNATURES = 904;

type Lists = Pick<Collection, "sshdFiles" | "facts">;

/** sshd checks each key against each list: with one that is missing or broken, nobody logs in by any key. */
export function decideRevocationLists(settings: Settings, lists: Lists): Contribution[] {
  const setting = settings.get("RevokedKeys");
  return pathsOf(settings).map((path): Contribution => {
    const file = fileAt(path, lists);
    const named = `RevokedKeys ${path}`;
    if (isNone(path)) {
      const why = "is in a Match block the name of a file, which does not exist: sshd refuses every key";
      return refuse(`${named} ${why} (${setting.location})`, formatSetting(setting));
    }
    if (file?.isAbsent) {
      return refuse(
        `${named}: ${file.whyUnreadable}, for which sshd refuses every key (${setting.location})`,
        formatSetting(setting),
      );
    }
    if (!file?.bytes || file.whyUnreadable !== null) {
      const why = file?.whyUnreadable ? `: ${file.whyUnreadable}` : "";
      return doubt(`${path} may revoke the key and was not read${why} (RevokedKeys, ${setting.location})`);
    }
    const revocations = readOnce(file, file.bytes);
    if (revocations.kind === "broken") {
      return refuse(
        `${named} cannot be read: ${revocations.why}, for which sshd refuses every key (${setting.location})`,
        formatSetting(setting),
      );
    }
    const isSigned = revocations.kind === "krl" && revocations.krl.isSigned;
    if (isSigned && (versionOf(lists.facts) ?? 0) < WITHOUT_SIGNATURES) {
      return doubt(`${named} is signed, which sshd before 9.4 checks and we do not (${setting.location})`);
    }
    return { read: [path] };
  });
}

/** Whether one of the lists revokes the key: for an authority's key, all that it signed. */
export function decideRevoked(key: PublicKey, settings: Settings, lists: Lists): Contribution {
  const setting = settings.get("RevokedKeys");
  const revoking = pathsOf(settings).find((path) => {
    const file = fileAt(path, lists);
    if (!file?.bytes) return false;
    const revocations = readOnce(file, file.bytes);
    return revocations.kind !== "broken" && isRevoked(revocations, key);
  });
  if (revoking === undefined) return {};
  return refuse(`RevokedKeys ${revoking} revokes this key (${setting.location})`, formatSetting(setting));
}

/** Whether some certificates of the authority are revoked, and not all. */
export function contributeRevokedCertificates(
  key: PublicKey,
  settings: Settings,
  lists: Lists,
): Contribution {
  const partly = pathsOf(settings).filter((path) => {
    const file = fileAt(path, lists);
    const revocations = file?.bytes ? readOnce(file, file.bytes) : null;
    if (revocations?.kind !== "krl") return false;
    const { certificates } = revocations.krl;
    return certificates.has(key.fingerprint) || certificates.has("");
  });
  return { notes: partly.map((path) => `${path} revokes some certificates, by serial or id`) };
}

function pathsOf(settings: Settings): string[] {
  const { values, isInMatch } = settings.get("RevokedKeys");
  return values.filter((value) => isInMatch || !isNone(value));
}

/** /dev/null, which some write instead of none, is empty. */
const NOTHING: SshdFile = {
  path: "/dev/null",
  bytes: new Uint8Array(),
  whyUnreadable: null,
  realPath: "/dev/null",
  walk: [],
  through: [],
  isAbsent: false,
};

const fileAt = (path: string, { sshdFiles }: Lists): SshdFile | undefined =>
  path === NOTHING.path ? NOTHING : sshdFiles.get(path);

const known = new WeakMap<SshdFile, Revocations>();

/** Cached, since a list is checked once for each account and each key. */
function readOnce(file: SshdFile, bytes: Uint8Array): Revocations {
  const revocations = known.get(file) ?? readRevokedKeys(bytes);
  known.set(file, revocations);
  return revocations;
}
