import type { HostFacts } from "#domain/collection/collection.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import type { PublicKey } from "#domain/ssh/key-blob.ts";
import { matchPatternList } from "#domain/ssh/pattern.ts";
import type { Setting, Settings } from "#domain/ssh/sshd-settings.ts";
import { versionOf } from "#domain/ssh/sshd-version.ts";

/** What sshd takes by default since 8.8; the list of the running one is known only where sshd itself was asked. */
const DEFAULT_ALGORITHMS = [
  ...["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"],
  ...["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"],
  ...["rsa-sha2-512", "rsa-sha2-256"],
];

/** The signatures that a type of key can make. */
const SIGNATURES = new Map([
  ["ssh-rsa", ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]],
  [
    "sk-ecdsa-sha2-nistp256@openssh.com",
    ["sk-ecdsa-sha2-nistp256@openssh.com", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"],
  ],
]);

/** Versions as major * 100 + minor. */
const WITHOUT_DSA = 1_001;
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
  const setting = settings.get("pubkeyacceptedalgorithms");
  const accepts = readAccepted(setting);
  if ((SIGNATURES.get(keyType) ?? [keyType]).some(accepts)) return {};
  const refusal = `PubkeyAcceptedAlgorithms does not have ${keyType} (${setting.place})`;
  const isCurveOpen = keyType.startsWith("ecdsa-") && DEFAULT_ALGORITHMS.slice(1, 4).some(accepts);
  if (isCurveOpen && (version === null || version < CURVES_APART)) {
    return doubt(`${refusal}, but sshd before 10.3 lets a client ask for another curve's name`);
  }
  return refuse(refusal);
}

/** sshd's list, with its three ways to change the default one: `+`, `-` and `^`. */
function readAccepted({ values }: Setting): (algorithm: string) => boolean {
  const written = values.join(",");
  const list = /^[+^-]/.test(written) ? written.slice(1) : written;
  const isIn = (algorithm: string) => matchPatternList(algorithm, list) === "match";
  const isDefault = (algorithm: string) => DEFAULT_ALGORITHMS.includes(algorithm);
  if (written === "") return isDefault;
  if (written.startsWith("-")) return (algorithm) => isDefault(algorithm) && !isIn(algorithm);
  return /^[+^]/.test(written) ? (algorithm) => isDefault(algorithm) || isIn(algorithm) : isIn;
}

function decideSize({ keyType, keyBits }: PublicKey, settings: Settings): Contribution {
  const { values, place } = settings.get("requiredrsasize");
  const least = Number(values[0]);
  if (keyType !== "ssh-rsa" || keyBits === null || !(keyBits < least)) return {};
  return refuse(`an RSA key of ${keyBits} bits is shorter than RequiredRSASize ${least} (${place})`);
}
