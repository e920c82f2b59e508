import type { ManagedBy } from "#shared/model/access/verdict.ts";

/**
 * The programs that write authorized_keys files, recognized by the marks that they leave.
 *
 * A mark is text that anybody can write: it says which program will undo a change, never who owns a key. Each mark
 * comes from the program's source, or from files that it wrote.
 */
type Manager = { by: string; isUndone: string };

const undoneBy = (by: string, how: string): Manager => ({
  by,
  isUndone: `deleting it here is undone by ${how}`,
});

const ANSIBLE = undoneBy("Ansible", "the next run of the playbook: take the key out of the playbook");
const PUPPET = undoneBy(
  "Puppet",
  "the next run of the agent where a manifest names the key: set its ssh_authorized_key to ensure => absent",
);
const CHEF = undoneBy("Chef", "the next run of chef-client: take the key out of the cookbook or data bag");
const SALT = undoneBy(
  "Salt",
  "the next highstate: take the key out of the state or pillar, or list it under ssh_auth.absent",
);
const GOOGLE = undoneBy(
  "Google guest agent",
  "the guest agent within minutes: remove the key from the metadata (ssh-keys) of the instance or the project",
);
const DIGITAL_OCEAN = undoneBy(
  "DigitalOcean droplet agent",
  "the next console login from the control panel: remove the droplet agent from the host to end that",
);
const CLOUD_INIT = undoneBy(
  "cloud-init",
  "cloud-init at the first boot of every instance: change the key of the instance or the image, and disable_root in cloud.cfg",
);
const NIXOS = undoneBy("NixOS", "the next nixos-rebuild: change openssh.authorizedKeys in the configuration");
const HOME_MANAGER = undoneBy(
  "home-manager",
  "the next home-manager switch, and the file cannot be written: change it in the home configuration",
);
const GUIX = undoneBy(
  "Guix",
  "the next guix system reconfigure: change authorized-keys in the configuration",
);
const PROXMOX = undoneBy(
  "Proxmox VE",
  "the cluster, whose nodes share this file: what is changed here is changed on all of them",
);
const IGNITION = undoneBy(
  "Ignition",
  "a new provisioning of the machine: change sshAuthorizedKeys in its config",
);
const AFTERBURN = undoneBy(
  "Afterburn",
  "Afterburn at the next boot: remove the key from the metadata of the cloud's instance",
);
const GITLAB = undoneBy(
  "GitLab",
  "GitLab's rebuild of the file: remove the key from the user's profile or project there",
);
const GITEA = undoneBy(
  "Gitea",
  "Gitea when it writes the file anew: remove the key from the user's profile there",
);
const GITOLITE = undoneBy("gitolite", "the next push to gitolite-admin: remove the key from its keydir");

/** A line of the file, as `readAuthorizedKeys` gives it. */
type Line = { line: number; options: string; comment: string };
type KeysFile = { path: string; realPath: string | null; bytes: Uint8Array | null };

/** The options that a program writes on its lines. */
const BY_OPTIONS: readonly (Manager & { is: RegExp })[] = [
  { ...CLOUD_INIT, is: /command="echo 'Please login as the user/ },
  { ...GITLAB, is: /command="[^"]*\bgitlab-shell key-/ },
  { ...GITEA, is: /command="[^"]*\b(?:gitea|forgejo)\b[^"]* serv key-/ },
  { ...GITOLITE, is: /command="[^"]*\bgitolite-shell / },
];

/** The comment that a program writes on its lines. */
const BY_COMMENT: readonly (Manager & { is: RegExp })[] = [
  { ...GOOGLE, is: /^google-ssh \{/ },
  { ...DIGITAL_OCEAN, is: /^\{"os_user":.*"actor_email":/ },
];

/** The paths of files that a program writes. */
const BY_PATH: readonly (Manager & { is: RegExp })[] = [
  { ...HOME_MANAGER, is: /^\/nix\/store\/[^/]*home-manager/ },
  { ...NIXOS, is: /^\/nix\/store\// },
  { ...GUIX, is: /^\/gnu\/store\// },
  { ...PROXMOX, is: /^\/etc\/pve\// },
  { ...IGNITION, is: /\/\.ssh\/authorized_keys\.d\/ignition$/ },
  { ...AFTERBURN, is: /\/\.ssh\/authorized_keys\.d\/afterburn$/ },
];

/** A function that finds which program wrote a line of the file; null where no mark says so. */
export function findManagers(file: KeysFile, facts: { os: string | null }): (line: Line) => ManagedBy | null {
  const manager = findByPath(file, facts);
  if (manager) return () => manager;
  const marks = file.bytes ? readCommentMarks(file.bytes) : null;
  const header = marks?.header ? toManagedBy(marks.header.manager, marks.header.evidence, false) : null;
  return ({ line, options, comment }) => {
    const around = marks?.around(line);
    if (around) return toManagedBy(around.manager, around.evidence);
    const own = findByWords(options, BY_OPTIONS) ?? findByWords(comment, BY_COMMENT);
    return own ?? header;
  };
}

function findByPath({ path, realPath }: KeysFile, { os }: { os: string | null }): ManagedBy | null {
  const real = realPath ?? path;
  const manager = BY_PATH.find(({ is }) => is.test(real));
  if (manager)
    return toManagedBy(manager, real === path ? `the file is ${path}` : `${path} leads to ${real}`);
  // NixOS copies its files there instead of linking them, so that their modes pass StrictModes.
  const isNixos = os?.startsWith("NixOS") && path.startsWith("/etc/ssh/authorized_keys.d/");
  return isNixos ? toManagedBy(NIXOS, `the file is ${path} on ${os}`) : null;
}

function findByWords(words: string, marks: readonly (Manager & { is: RegExp })[]): ManagedBy | null {
  const manager = words === "" ? undefined : marks.find(({ is }) => is.test(words));
  return manager ? toManagedBy(manager, words.slice(0, MOST_EVIDENCE)) : null;
}

const toManagedBy = ({ by, isUndone }: Manager, evidence: string, isCertain = true): ManagedBy => ({
  by,
  evidence,
  isUndone,
  isCertain,
});

/** What a comment of an authorized_keys file says about the lines around it. */
type Mark = { manager: Manager; evidence: string };
type CommentMarks = {
  /** The mark that covers the line, from inside a block or from the comment right above it. */
  around(line: number): Mark | null;
  /** The mark at the head of the file, before its first line that is no comment. */
  header: Mark | null;
};

/** The program writes everything between the two comments. */
const BLOCKS: readonly (Manager & { begin: RegExp; end: RegExp })[] = [
  { ...ANSIBLE, begin: /^#\s*BEGIN ANSIBLE MANAGED/, end: /^#\s*END ANSIBLE MANAGED/ },
  { ...SALT, begin: /^#-- start managed zone/, end: /^#-- end managed zone/ },
  { ...GITOLITE, begin: /^# gitolite start$/, end: /^# gitolite end$/ },
];

/** The program writes such a comment above each of its lines. */
const ABOVE: readonly (Manager & { is: RegExp })[] = [
  { ...GOOGLE, is: /^# Added by Google$/ },
  { ...DIGITAL_OCEAN, is: /^# Added and Managed by DigitalOcean Droplet Agent/ },
  { ...GITEA, is: /^# gitea public key$/ },
];

/** The program writes such a comment at the head of a file that is all its own. */
const HEADERS: readonly (Manager & { is: RegExp })[] = [
  { ...PUPPET, is: /^# HEADER: .*\bby puppet\b|\bmanaged by puppet\b/i },
  { ...ANSIBLE, is: /^#+\s*ansible[ _]managed\b|\bmanaged by ansible\b/i },
  { ...CHEF, is: /\b(?:auto)?generated by chef\b|\bchef managed file\b|\bmanaged by chef\b/i },
  { ...SALT, is: /\bmanaged by salt(?:stack)?\b/i },
];

const NOTHING: CommentMarks = { around: () => null, header: null };
const HASH = 0x23;
const MOST_EVIDENCE = 200;
/** A limit, since each line of the file is searched in all blocks. */
const MOST_BLOCKS = 500;

/** The marks in the comments of a file. A file without a "#" costs one search of its bytes. */
function readCommentMarks(bytes: Uint8Array): CommentMarks {
  if (!bytes.includes(HASH)) return NOTHING;
  const above = new Map<number, Mark>();
  const blocks: (Mark & { from: number; to: number })[] = [];
  const open = new Map<Manager, Mark & { from: number }>();
  let header: Mark | null = null;
  for (const { line, text, isAtHead } of commentsOf(bytes)) {
    const evidence = Buffer.from(text.slice(0, MOST_EVIDENCE), "latin1").toString("utf8");
    const begun = BLOCKS.find(({ begin }) => begin.test(text));
    const ended = BLOCKS.find(({ end }) => end.test(text));
    const single = ABOVE.find(({ is }) => is.test(text));
    const whole: Manager | undefined =
      header || !isAtHead ? undefined : HEADERS.find(({ is }) => is.test(text));
    const block = ended && open.get(ended);
    if (begun) open.set(begun, { manager: begun, evidence, from: line });
    else if (ended && block) {
      if (blocks.length < MOST_BLOCKS) blocks.push({ ...block, to: line });
      open.delete(ended);
    } else if (single) above.set(line, { manager: single, evidence });
    else if (whole) header = { manager: whole, evidence };
  }
  if (above.size + blocks.length === 0 && !header) return NOTHING;
  return {
    around: (line) => blocks.find(({ from, to }) => from < line && line < to) ?? above.get(line - 1) ?? null,
    header,
  };
}

type Comment = { line: number; text: string; isAtHead: boolean };

/** The comments of a file as Latin-1, without blanks around them, by line from 1. */
function* commentsOf(bytes: Uint8Array): Generator<Comment> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const head = /^(?:[ \t]*(?:#.*)?\r?\n)*/.exec(file)?.[0].length ?? 0;
  let line = 1;
  let from = 0;
  for (const { index, 0: raw } of file.matchAll(/^[ \t]*#.*$/gm)) {
    for (let at = file.indexOf("\n", from); at >= 0 && at < index; at = file.indexOf("\n", from)) {
      line++;
      from = at + 1;
    }
    yield { line, text: raw.trim(), isAtHead: index < head };
  }
}
