/** Why a host did not do what a run requested, as people read it. */
import type { HostRefusal, LeaseOwner } from "../../model/runs/host-refusal.ts";

/** Each follows the path of the file. */
export const HOST_REFUSALS: Record<HostRefusal, string> = {
  absent: "is not there: make it, with the owner and mode that sshd wants",
  "account-changed": "is not as the plan knows it: somebody has changed it, or made it anew; plan it again",
  "accounts-locked":
    "is in a file that another program of its host is changing (usermod, vipw): try again later",
  "append-only": "may only be appended to (chattr +a): take that off first, or leave it out",
  attributes:
    "has an access list, attributes or a label that this host's tools do not keep: change it by hand",
  armed: "still has a rollback timer: disarm it first",
  "bad-bytes": "came out with other bytes than were asked for, and was not put in place",
  ended: "was being changed when the host ended the shell",
  fired: "was rolled back by its host, because nobody confirmed the change in time: start again",
  firing: "is being changed on its host right now: try again later",
  "beside-occupied":
    "has something beside it (.latchkey-old, or a folder called like what a run makes) that blocks the run: check it, then move it away",
  changed: "was changed by somebody else since the plan was made: plan it again",
  changing: "changes whenever it is read: find out who writes it",
  "hard-linked":
    "has more than one name (hard link), which replacing it would break: remove the others first",
  held: "lies in a folder with a lock of another run, which may be at work there: run it again when that is over",
  immutable: "is immutable (chattr +i): take that off first, or leave it out",
  "path-occupied": "is blocked by something that no run has made: check its folder, then move it away",
  "in-use": "has processes that run as it: end them first",
  "io-error":
    "could not be written or cleared away, and the host does not say why: check its disk and file system",
  keygen: "could not be made: the host's ssh-keygen failed",
  "late-edit": "was written by somebody at the same moment: what they wrote is kept beside it",
  "linked-file": "is a symbolic link: change the file that it leads to, or put a file in its place",
  "linked-elsewhere": "is another file by now: a link on the way to it was turned",
  "linked-folder": "lies behind a symbolic link that its account could turn elsewhere",
  "locked-key": "has a passphrase, so it was not asked to sign",
  "lock-lost": "is no longer held by this run: its lock is gone",
  managed: "is renewed by a program of its host: have that renew it",
  mounted: "is mounted from elsewhere, so it cannot be replaced: change its source",
  "new-occupied":
    "has a .latchkey-new beside it that another run has made: let that one end, or move it away",
  "no-account": "does not exist there: scan the host again",
  "no-answer":
    "got no answer in time: the process that runs as its folder's owner was stopped or blocked; check that account",
  "no-before": "has changed since, and there is no copy of what it was",
  "no-rollback-timer": "cannot be guarded by that kind of rollback timer on this host",
  "no-entry": "has no entry of that name with a private key: look into it, and name the right one",
  "no-folder": "is in a folder that does not exist or cannot be opened",
  "no-hash-tool": "cannot be checked: the host has no sha256sum, shasum, sha256 or openssl",
  "no-key": "has no new key on its host: it is to be made first",
  "no-log": "is in no log of this host that may be read",
  "no-keytool": "is a keystore that only Java's keytool can change, and its host has none",
  "no-library": "cannot be changed as its owner: the session's shell was started without its library",
  "no-sense":
    "got an answer that makes no sense: something replaced the process that runs as its folder's owner; check that account",
  "no-shadow":
    "has no password in /etc/shadow, without which no account can be locked and expired: disable it by hand",
  "no-space": "has no room beside it for a copy: the disk or its inodes are full",
  "no-ssh": "cannot be verified from there: the host has no ssh",
  "no-ssh-keygen": "cannot be made there: the host has no ssh-keygen",
  "no-store": "is a keystore, and no new one was made for it",
  "no-tool": "cannot be made there: the host has no openssl",
  "no-usermod":
    "cannot be changed there: the host has no usermod of shadow-utils that root alone can have installed (BusyBox has none): disable it by hand",
  "no-vipw":
    "cannot be removed there: the host has no vipw that root alone can have installed, which locks the files of accounts: remove it by hand (userdel, without -r)",
  "cannot-drop-privileges": "cannot be changed as its owner: the host has no setpriv, runuser or su",
  "no-session":
    "cannot be acted on as its owner from a terminal, for the host has no setsid: run this without one (ssh -T, at, cron)",
  "no-signing": "cannot be asked to sign: the host's ssh-keygen is older than OpenSSH 8.1",
  "not-a-file": "is no regular file",
  "not-kept": "is not what the run has kept: check it",
  "not-local":
    "is not in /etc/passwd: a directory (LDAP, NIS, sssd) has it, so disable it there, for all of its hosts",
  "not-owner": "belongs to somebody else: log in as its owner, or as root",
  "not-permitted": "could not be replaced: the host does not permit it",
  "not-signed": "did not sign: the host's ssh-keygen does not take it for a private key of its owner",
  "not-staged": "was not staged, or what was staged is gone: stage it again",
  "not-there": "was put in place, and reads otherwise",
  "not-writable": "lies in a folder that may not be written to",
  "odd-entry": "has an entry with numbers that are no numbers: inspect /etc/passwd and /etc/shadow",
  "odd-name": "has a name with characters that programs may take for something else: disable it by hand",
  "odd-path": "has a path that is not plain",
  "odd-words": "was asked for in words that make no sense",
  "old-occupied": "has a .latchkey-old beside it that is something else: check it, then remove it",
  "open-folder": "belongs to root, and lies in a folder where others may write",
  "other-answer":
    "is another one to its host than in /etc/passwd: a directory or a line of NIS stands before it; inspect /etc/nsswitch.conf",
  "other-kind": "does not hold what its server reads there by its configuration: check it",
  "other-key-passphrase": "has another passphrase for its key than for itself: make them the same first",
  "owner-changed":
    "lies in a folder of another account than when the plan was made: find out who has put it there, and plan again",
  "others-group":
    "belongs to a group that its owner is not in: give it to one of the owner's own (chgrp) first",
  "others-folder": "lies in a folder of a third user",
  "deployment-locked": "is being changed by another run: let that one end, or remove its folder on the host",
  "read-only": "lies on a file system that is read-only",
  "root-account": "is root: it is never disabled, and never removed",
  "store-has-more": "holds more than one key: name the entry that is to be replaced",
  "store-not-made": "could not be made anew: its host's openssl or keytool failed",
  "too-large": "is larger than 4 MiB",
  "shared-folder":
    "lies in a folder where others may write, who could put a key of theirs there: let its owner alone write in it (chmod go-w)",
  "shared-number":
    "has a uid that another name has, too: that name would be left with its files; give one of them another uid first",
  "state-folder":
    "has no place on its host to prepare it in: /var/lib/latchkey must be a folder of root's alone",
  "twice-named": "has two entries of one name: find out which of them counts (pwck), and remove the other",
  unfinished: "was being changed by this run when it was ended: do that once more first",
  unknown: "could not be changed, and the host does not say why",
  "unknown-request": "cannot be changed: the host's session does not know the request",
  "wrong-passphrase": "is not opened by that passphrase",
  "work-folder-occupied": "has a .latchkey beside it that no run has made: check it, then remove it",
};

/** `leaseOwner`: for `held`, who holds the folder's lease, as its lock says. */
type Answer = { why: HostRefusal; detail: string; leaseOwner?: LeaseOwner | null };

/**
 * Why a host did not change the file at `path`, where the owner of that file's folder may have answered: a path in the
 * answer is shown only if it is in that folder, and a tool's words only if they name no path outside it.
 */
export function formatRefused(answer: Answer, path: string): string {
  const { why, detail } = answer;
  const isMount = why === "no-space" && isMountOf(detail, path);
  return formatRefusedByRoot(
    { ...answer, detail: isMount || staysIn(detail, folderOf(path)) ? detail : "" },
    path,
  );
}

/**
 * The same for a request that root's remote session alone answers: about what it keeps in its own folder, and the files
 * of a deployment. Where it names a path outside the file's folder (what is in the way there, where a full file system
 * is mounted), that path is shown.
 */
export function formatRefusedByRoot({ why, detail, leaseOwner }: Answer, path: string): string {
  switch (why) {
    case "held":
      return leaseOwner ? formatHeld(leaseOwner, path) : formatRefusal(why, path);
    case "path-occupied": {
      const named = pathNamed(detail);
      return named !== null
        ? `${path}: ${named} blocks what a run keeps, and no run has made it: check it, then move it away`
        : `${formatRefusal(why, path)}${formatTool(detail)}`;
    }
    case "no-space": {
      const mount = pathNamed(detail);
      return mount !== null
        ? `${path}: the host has no room for what a run keeps: the file system at ${mount} is full, or has no inodes left`
        : formatRefusal(why, path);
    }
    case "io-error":
      return detail === ""
        ? formatRefusal(why, path)
        : `${path} could not be written or cleared away${formatTool(detail)}`;
    case "keygen":
      return `${formatRefusal(why, path)}${formatTool(detail)}`;
    default:
      return formatRefusal(why, path);
  }
}

/** Where a host names a path, and no tool of it says something. */
// biome-ignore lint/plugin: the scripts of a run answer with either, in one list of words
export const pathNamed = (detail: string): string | null => (detail.startsWith("/") ? detail : null);

/** Whether every path in a text is in that folder, where our remote session names every file by a relative path. */
export function staysIn(text: string, folder: string): boolean {
  const paths = text.split(/[^!#-&*+\-./0-9<-~]+/).filter((word) => word.includes("/"));
  return paths.every(
    (one) => !one.includes("..") && (/^\.(\/|latchkey)/.test(one) || one.startsWith(`${folder}/`)),
  );
}

/** The folders in which a run keeps root's files. */
const ROOT_FOLDERS = ["/var/lib/latchkey", "/var/db/latchkey"];

/** Whether a file system that is mounted there may hold what a run keeps for this file, or the file itself. */
export const isMountOf = (mount: string, path: string): boolean =>
  mount === "/" || [path, ...ROOT_FOLDERS].some((one) => one.startsWith(`${mount}/`));

/**
 * That another run holds the folder of `path`, as its lock says: the owner of that folder may have put the lock there.
 */
export function formatHeld({ who, leaseEnd }: LeaseOwner, path: string): string {
  const until = new Date(leaseEnd * 1_000).toISOString().slice(0, 19);
  return `${folderOf(path)}/.latchkey says that ${who} may hold it until ${until}Z: another run may be at work there; run it again when that is over`;
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/** A host's words, quoted for a sentence of ours. */
const quoteWords = (said: string): string =>
  `"${said
    .slice(0, 200)
    .replace(/[^!-~]+/g, " ")
    .trim()}"`;

const formatTool = (said: string): string => (said === "" ? "" : `: the host says ${quoteWords(said)}`);

/** A refusal: the thing, and what to do. */
export const formatRefusal = (why: HostRefusal, path: string): string => `${path} ${HOST_REFUSALS[why]}`;
