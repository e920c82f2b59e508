import type { Collection, SshdFile } from "#domain/collection/collection.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import type { PublicKey } from "#domain/ssh/key-blob.ts";
import { isRevoked, type Revocations, readRevokedKeys } from "#domain/ssh/revocation/revoked-keys.ts";
import { formatSetting, isNone, type Settings } from "#domain/ssh/sshd-settings.ts";
import { versionOf } from "#domain/ssh/sshd-version.ts";

/** From this version on, sshd passes over a signature on a list; before, a wrong one spoils it. */
const WITHOUT_SIGNATURES = 904;

type Lists = Pick<Collection, "sshdFiles" | "facts">;

/** sshd asks each list about each key: one that is missing or broken lets nobody in by any key. */
export function decideRevocationLists(settings: Settings, lists: Lists): Contribution[] {
  const setting = settings.get("RevokedKeys");
  return pathsOf(settings).map((path): Contribution => {
    const file = fileAt(path, lists);
    const named = `RevokedKeys ${path}`;
    if (isNone(path)) {
      const why = "is in a Match block the name of a file, which does not exist: sshd refuses every key";
      return refuse(`${named} ${why} (${setting.place})`, formatSetting(setting));
    }
    if (file?.isAbsent) {
      return refuse(
        `${named}: ${file.whyUnread}, for which sshd refuses every key (${setting.place})`,
        formatSetting(setting),
      );
    }
    if (!file?.bytes || file.whyUnread !== null) {
      const why = file?.whyUnread ? `: ${file.whyUnread}` : "";
      return doubt(`${path} may revoke the key and was not read${why} (RevokedKeys, ${setting.place})`);
    }
    const revocations = readOnce(file, file.bytes);
    if (revocations.kind === "broken") {
      return refuse(
        `${named} cannot be read: ${revocations.why}, for which sshd refuses every key (${setting.place})`,
        formatSetting(setting),
      );
    }
    const isSigned = revocations.kind === "krl" && revocations.krl.isSigned;
    if (isSigned && (versionOf(lists.facts) ?? 0) < WITHOUT_SIGNATURES) {
      return doubt(`${named} is signed, which sshd before 9.4 checks and we do not (${setting.place})`);
    }
    return { read: [path] };
  });
}

/** Whether one of the lists takes the key back: of an authority, all that it signed. */
export function decideRevoked(key: PublicKey, settings: Settings, lists: Lists): Contribution {
  const setting = settings.get("RevokedKeys");
  const revoking = pathsOf(settings).find((path) => {
    const file = fileAt(path, lists);
    if (!file?.bytes) return false;
    const revocations = readOnce(file, file.bytes);
    return revocations.kind !== "broken" && isRevoked(revocations, key);
  });
  if (revoking === undefined) return {};
  return refuse(`RevokedKeys ${revoking} revokes this key (${setting.place})`, formatSetting(setting));
}

/** Whether some certificates of the authority are taken back, and not all. */
export function formatRevokedCertificates(key: PublicKey, settings: Settings, lists: Lists): Contribution {
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

/** There is nothing in /dev/null, which some write for none. */
const NOTHING: SshdFile = {
  path: "/dev/null",
  bytes: new Uint8Array(),
  whyUnread: null,
  realPath: "/dev/null",
  walk: [],
  through: [],
  isAbsent: false,
};

const fileAt = (path: string, { sshdFiles }: Lists): SshdFile | undefined =>
  path === NOTHING.path ? NOTHING : sshdFiles.get(path);

const known = new WeakMap<SshdFile, Revocations>();

/** A list is asked once for each account and each key. */
function readOnce(file: SshdFile, bytes: Uint8Array): Revocations {
  const revocations = known.get(file) ?? readRevokedKeys(bytes);
  known.set(file, revocations);
  return revocations;
}
