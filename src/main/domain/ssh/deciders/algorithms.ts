import type { HostFacts } from "#domain/collection/collection.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import type { PublicKey } from "#domain/ssh/key-blob.ts";
import { matchPatternList } from "#domain/ssh/pattern.ts";
import { formatSetting, type Setting, type Settings } from "#domain/ssh/sshd-settings.ts";
import { versionOf } from "#domain/ssh/sshd-version.ts";

/** What sshd takes by default since 8.8; the list of the running one is known only where sshd itself was asked. */
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

/** The signatures that a type of key can make. */
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
  const refusal = `PubkeyAcceptedAlgorithms does not have ${keyType} (${setting.place})`;
  const isCurveOpen = keyType.startsWith("ecdsa-") && DEFAULT_ALGORITHMS.slice(1, 4).some(accepts);
  if (isCurveOpen && (version === null || version < CURVES_APART)) {
    return doubt(`${refusal}, but sshd before 10.3 lets a client ask for another curve's name`);
  }
  return refuse(refusal, formatSetting(setting));
}

/** What a certificate by this authority must be, whatever key it is for: CASignatureAlgorithms, and some type taken. */
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
          `CASignatureAlgorithms does not have ${keyType} (${signatures.place})`,
          formatSetting(signatures),
        ),
    CERTIFICATE_ALGORITHMS.some(accepts)
      ? {}
      : refuse(
          `PubkeyAcceptedAlgorithms has no type of certificate (${accepted.place})`,
          formatSetting(accepted),
        ),
  ];
}

/** sshd's list, with its three ways to change the default one: `+`, `-` and `^`. */
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
  const reason = `an RSA key of ${keyBits} bits is shorter than RequiredRSASize ${least} (${setting.place})`;
  return refuse(reason, formatSetting(setting));
}
