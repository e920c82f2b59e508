import type { AuthorizedKeysFile, HostFacts } from "#domain/collection/collection.ts";
import type { ManagedBy } from "#shared/model/managed-by.ts";
import { MOST_EVIDENCE, readCommentMarks } from "./comment-marks.ts";
import {
  AFTERBURN,
  CLOUD_INIT,
  DIGITAL_OCEAN,
  GITEA,
  GITLAB,
  GITOLITE,
  GOOGLE,
  GUIX,
  HOME_MANAGER,
  IGNITION,
  type Manager,
  NIXOS,
  PROXMOX,
} from "./managers.ts";

/** A line of the file, as `readAuthorizedKeys` gives it. */
type Line = { line: number; options: string; comment: string };
type Place = Pick<AuthorizedKeysFile, "path" | "realPath" | "bytes">;

/** What a program writes as the options of its lines. */
const BY_OPTIONS: readonly (Manager & { is: RegExp })[] = [
  { ...CLOUD_INIT, is: /command="echo 'Please login as the user/ },
  { ...GITLAB, is: /command="[^"]*\bgitlab-shell key-/ },
  { ...GITEA, is: /command="[^"]*\b(?:gitea|forgejo)\b[^"]* serv key-/ },
  { ...GITOLITE, is: /command="[^"]*\bgitolite-shell / },
];

/** What a program writes as the comment of its lines. */
const BY_COMMENT: readonly (Manager & { is: RegExp })[] = [
  { ...GOOGLE, is: /^google-ssh \{/ },
  { ...DIGITAL_OCEAN, is: /^\{"os_user":.*"actor_email":/ },
];

/** Where a file lies that a program writes. */
const BY_PLACE: readonly (Manager & { is: RegExp })[] = [
  { ...HOME_MANAGER, is: /^\/nix\/store\/[^/]*home-manager/ },
  { ...NIXOS, is: /^\/nix\/store\// },
  { ...GUIX, is: /^\/gnu\/store\// },
  { ...PROXMOX, is: /^\/etc\/pve\// },
  { ...IGNITION, is: /\/\.ssh\/authorized_keys\.d\/ignition$/ },
  { ...AFTERBURN, is: /\/\.ssh\/authorized_keys\.d\/afterburn$/ },
];

/** Says of each line of a file which program wrote it; null where nothing tells of one. */
export function findManagers(file: Place, facts: Pick<HostFacts, "os">): (line: Line) => ManagedBy | null {
  const place = findByPlace(file, facts);
  if (place) return () => place;
  const marks = file.bytes ? readCommentMarks(file.bytes) : null;
  const header = marks?.header ? say(marks.header.manager, marks.header.evidence, false) : null;
  return ({ line, options, comment }) => {
    const around = marks?.around(line);
    if (around) return say(around.manager, around.evidence);
    const own = findByWords(options, BY_OPTIONS) ?? findByWords(comment, BY_COMMENT);
    return own ?? header;
  };
}

function findByPlace({ path, realPath }: Place, { os }: Pick<HostFacts, "os">): ManagedBy | null {
  const real = realPath ?? path;
  const manager = BY_PLACE.find(({ is }) => is.test(real));
  if (manager) return say(manager, real === path ? `the file is ${path}` : `${path} leads to ${real}`);
  // There its files are copied, not linked, for sshd to like their modes.
  const isNixos = os?.startsWith("NixOS") && path.startsWith("/etc/ssh/authorized_keys.d/");
  return isNixos ? say(NIXOS, `the file is ${path} on ${os}`) : null;
}

function findByWords(words: string, marks: readonly (Manager & { is: RegExp })[]): ManagedBy | null {
  const manager = words === "" ? undefined : marks.find(({ is }) => is.test(words));
  return manager ? say(manager, words.slice(0, MOST_EVIDENCE)) : null;
}

const say = ({ by, isUndone }: Manager, evidence: string, isCertain = true): ManagedBy => ({
  by,
  evidence,
  isUndone,
  isCertain,
});
