/**
 * What to do on a host where Latchkey cannot: one command a line, to be pasted into a root shell there, in this order.
 *
 * The owner of a folder on the path may have put anything there, knows what is printed, and may change it at any
 * moment. So what is in an account's folder is touched with that account's rights alone, in a session without a
 * terminal (it could type there). Each folder is entered by its real name before anything is done in it. A file is put
 * in place by its hash, by `mv -T`, which follows no link and moves into no folder. If a host does not know a command
 * (setsid, runuser, sha256sum, mv -T), nothing is done, and a line says what to do as the account itself.
 */

import { writeIdOf } from "#domain/runs/files/stages.ts";
import { quoteWord } from "#net/ssh/session/remote-session.ts";
import type { Replacement } from "#shared/model/runs/deployment.ts";
import type { AccessPlan, HostAddress, HostPlan, KeyPlan, Plan } from "#shared/model/runs/plan.ts";
import type { KeptKey, RunFile, RunStep } from "#shared/model/runs/run.ts";

/** `files`: those that are known to be stuck; the others are as they should be, and may have edits of somebody else. */
export function formatByHand(
  plan: Plan,
  steps: readonly RunStep[],
  files: readonly RunFile[],
  token: string,
): string[] {
  const stuck = steps.filter(({ state }) => state === "needs-attention");
  const hosts: readonly HostPlan[] = plan.hosts;
  return hosts
    .filter((host) => stuck.some((step) => isOf(step, host)))
    .flatMap((host) =>
      formatHost(
        host,
        stuck.filter((step) => isOf(step, host)),
        files.filter((file) => file.fate === "stuck" && isOf(file, host)),
        token,
      ),
    );
}

const isOf = (one: Pick<RunStep, "host" | "port">, { host, port }: HostAddress): boolean =>
  one.host === host && one.port === port;

function formatHost(
  host: HostPlan,
  steps: readonly RunStep[],
  files: readonly RunFile[],
  token: string,
): string[] {
  if ("servers" in host || "removes" in host) return [];
  const connect = `ssh -p ${host.port} ${quoteWord(loginOf(host))}`;
  if ("certificates" in host) {
    const lines = steps.flatMap(({ phase }) => formatStuck(host.certificates, phase, token));
    return lines.length === 0 ? [] : [connect, ...lines];
  }
  const changes = steps.toReversed().filter(({ phase }) => phase === "revoke" || phase === "grant");
  const restores = changes.flatMap((step) => formatFiles(host, step, files, token));
  const folders = new Map(host.files.map((file) => [folderOf(file.path), file]));
  const clears = [...folders].map(([folder, file]) => asOwner(file, CLEAR, [folder, token]));
  const owners = new Set(host.files.flatMap(({ uid, owner }) => (uid === 0 ? [] : [owner])));
  return [connect, ...(owners.size > 0 ? [formatElse([...owners])] : []), ...restores, ...clears];
}

/** BSD and busybox have other tools. */
const formatElse = (owners: readonly string[]): string =>
  `# where there is no setsid, runuser, sha256sum or mv -T, these do nothing: then log in as ${owners.join(", ")}, never as root, and put before-* of .latchkey in the place of the file`;

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function formatFiles(
  { files }: KeyPlan["hosts"][number],
  { phase }: RunStep,
  stuck: readonly RunFile[],
  token: string,
): string[] {
  return files.flatMap((file, index) => {
    const { path } = file;
    const found = stuck.find((one) => one.path === path);
    if (stuck.length > 0 && found?.phase !== phase) return [];
    const lines = [
      ...(found?.putBack ?? []).map((line) => `# to be put back into ${path}: ${line}`),
      ...(found?.takeOut ?? []).map((line) => `# to be taken out of ${path}: ${line}`),
    ];
    if (lines.length > 0) return lines;
    // The hash before the run is known; the one that a removal found is not, if the new key was created later.
    const hash = phase === "revoke" ? (file.after?.added ?? "") : file.before;
    return [asOwner(file, RESTORE, [folderOf(path), nameOf(path), token, writeIdOf(index, { phase }), hash])];
  });
}

/** FOLDER, then names within it: enters the folder only if that is its real path. */
const CHANGE_TO = 'cd -P -- "$1" && [ "$(pwd -P)" = "$1" ] || exit';

/**
 * FOLDER NAME TOKEN ID HASH: the copy that the run has kept replaces the file. What stands there is kept beside it, for
 * it may be somebody's change.
 */
const RESTORE = `${CHANGE_TO}; kept=.latchkey/$3/before-$4; [ -f "$kept" ] && [ ! -L "$kept" ] || exit; h=$(sha256sum <"$kept") || exit; [ -z "$5" ] || [ "\${h%% *}" = "$5" ] || exit; [ ! -f "./$2" ] || diff "./$2" "$kept"; [ ! -e "./$2" ] && [ ! -L "./$2" ] || mv -f -T -- "./$2" "./$2.latchkey-aside-$3-$4" || exit; mv -f -T -- "$kept" "./$2"`;

/**
 * FOLDER TOKEN: what the run has kept there stays beside, for a late edit may be among it; its lock goes, another's
 * stays.
 */
const CLEAR = `${CHANGE_TO}; [ ! -L .latchkey ] && cd .latchkey 2>/dev/null || exit 0; [ ! -d "./$2" ] || mv -f -T -- "./$2" "../.latchkey-kept-$2"; for lock in ./lock-*; do case $(readlink "$lock") in "$2",*) rm -f -- "$lock" ;; esac; done; cd ..; rmdir .latchkey 2>/dev/null || true`;

/**
 * Deletes the old private keys that a run has kept on hosts, each if it is that very file, as the account that owns it.
 */
export const removeKeptByHand = ({ hosts }: AccessPlan, kept: readonly KeptKey[]): string[] =>
  hosts.flatMap((host) => {
    const lines = host.privateKeyLocations.flatMap(({ path, owner, uid, before }) => {
      const key = kept.find((one) => one.path === path && one.host === host.host && one.port === host.port);
      if (!key || before === null || uid === null) return [];
      return [asOwner({ uid, owner }, DROP_KEPT, [folderOf(key.kept), nameOf(key.kept), before])];
    });
    return lines.length === 0 ? [] : [`ssh -p ${host.port} ${quoteWord(loginOf(host))}`, ...lines];
  });

const loginOf = ({ host, user }: HostPlan): string => (user === null ? host : `${user}@${host}`);

/**
 * FOLDER NAME HASH: deletes that very file, and its public key. Prints the result, and nothing that the host has named.
 */
const DROP_KEPT = [
  'no() { echo "not removed: $*"; exit 1; }',
  'cd -P -- "$1" && [ "$(pwd -P)" = "$1" ] || no its folder cannot be entered, or is a link',
  '[ -e "./$2" ] || [ -L "./$2" ] || { echo removed already; exit; }',
  '[ -f "./$2" ] && [ ! -L "./$2" ] || no it is no plain file',
  'h=$(sha256sum <"./$2") || no it cannot be read, or there is no sha256sum',
  '[ "${h%% *}" = "$3" ] || no it is not the old private key of this run',
  'rm -f -- "./$2.pub" "./$2" || no its folder cannot be written',
  "echo removed",
].join("; ");

const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

type FileOwner = { uid: number; owner: string };

/**
 * In a session of its own without a terminal, with no rights but those of the account that owns the folder, and with
 * nothing of root's environment or folder, which that account could read.
 */
function asOwner({ uid, owner }: FileOwner, script: string, words: readonly string[]): string {
  const run = asRoot(script, words);
  if (uid === 0) return run;
  return `(cd / && exec env -i PATH=${PATH} setsid -w runuser -u ${quoteWord(owner)} -- ${run}) </dev/null 2>&1 | cat`;
}

/**
 * Old files are put back only if an installation is stuck: before it none were changed, and after it the new ones are
 * verified.
 */
function formatStuck(changes: readonly Replacement[], phase: RunStep["phase"], token: string): string[] {
  if (phase === "install") return formatDeployments(changes, token);
  if (phase !== "finish" && phase !== "request") return [];
  return changes.flatMap(({ id, files }) => [
    // Nobody but root can redirect a folder on this path.
    `rm -rf -- ${quoteWord(`${STORE}/${token}/${id}`)}`,
    ...[...new Set(files.map(({ real }) => folderOf(real)))].map((folder) =>
      asRoot(DROP_STAGING, [folder, `.latchkey-${token}-${id}`]),
    ),
  ]);
}

const STORE = "/var/lib/latchkey";

const asRoot = (script: string, words: readonly string[]): string =>
  `sh -c ${[script, "latchkey", ...words].map(quoteWord).join(" ")}`;

/** STAGING within FOLDER: once entered, it must be root's own, where nobody else can have put anything. */
const CHANGE_TO_STAGING = `${CHANGE_TO}; [ ! -L "./$2" ] && cd -P -- "./$2" 2>/dev/null && [ "$(pwd -P)" = "$1/$2" ] && [ -O . ] || exit 0`;

/** FOLDER STAGING */
const DROP_STAGING = `${CHANGE_TO_STAGING}; rm -f ./part-* ./next-* ./held-*; cd .. && rmdir -- "./$2"`;

/** FOLDER STAGING NAME KEPT HASH: from a staging folder beside the file. */
const FROM_STAGING = `${CHANGE_TO_STAGING}; [ -f "./$4" ] || exit 0; h=$(sha256sum <"./$4") || exit; [ "\${h%% *}" = "$5" ] && mv -f -T -- "./$4" "../$3"`;

/** FOLDER NAME KEPT HASH: from root's own store; a rename, which follows no link, or nothing. */
const FROM_STORE = `${CHANGE_TO}; [ -f "$3" ] || exit 0; h=$(sha256sum <"$3") || exit; [ "\${h%% *}" = "$4" ] && mv -f -T -- "$3" "./$2"`;

/** The old files of a deployment, wherever they are kept, and the servers that read them. */
function formatDeployments(certificates: readonly Replacement[], token: string): string[] {
  const restores = certificates.flatMap(({ id, files }) =>
    files.flatMap(({ real, before }, nth) => {
      const [folder, name, kept] = [folderOf(real), nameOf(real), `held-${nth}.${before}`];
      return [
        asRoot(FROM_STORE, [folder, name, `${STORE}/${token}/${id}/${kept}`, before]),
        asRoot(FROM_STAGING, [folder, `.latchkey-${token}-${id}`, name, kept, before]),
      ];
    }),
  );
  const servers = new Set(certificates.flatMap(({ services }) => services.map(({ server }) => server)));
  return [...restores, `# reload these, and check what they serve: ${[...servers].join(", ")}`];
}
