import { makeCheck, type Unplannable } from "#domain/runs/access/change-set.ts";
import { checkHost } from "#domain/runs/access/checks/hosts.ts";
import { hostKeyRequest, refuseEdited } from "#domain/runs/access/imported/read-change-set.ts";
import type {
  DaemonFacts,
  FileFacts,
  FileState,
  HostFacts,
  PlanFacts,
} from "#domain/runs/access/plan-facts.ts";
import { diffLines } from "#domain/runs/files/diff-lines.ts";
import { type Line, type LineChange, linesOf, spliceLines } from "#domain/runs/files/lines.ts";
import { hashBytes, writeForeign } from "#domain/runs/files/stages.ts";
import type { PlanRequest } from "#shared/contract/runs.ts";
import type { Check, FilePlan, HostKeyHost, HostKeyPlan, Splice } from "#shared/model/runs/plan.ts";
import { KeyOptions } from "#shared/model/runs/plan-options.ts";
import { formatHost } from "#shared/text/hosts/target.ts";

type HostKeyRequest = Extract<PlanRequest, { kind: "rotate-host-key" }>;

/**
 * A host gets a second host key of that type beside the old one. The old one's line is removed after the grace period,
 * in which clients have learned the new key. `wished`: the path of the new key, if it is acceptable.
 */
export function planHostKey(
  facts: PlanFacts,
  request: HostKeyRequest,
  wished: string | null = null,
): HostKeyPlan | Unplannable {
  const host = facts.hosts.find((one) => one.host === request.host && one.port === request.port);
  if (!host) return { refused: `the host ${formatHost(request)} is not known; scan it first` };
  const { daemon } = host;
  if (!daemon)
    return {
      refused: `${formatHost(host)}: the configuration of its sshd could not be read; log in as root, or with sudo`,
    };
  const type = request.keyType === "ecdsa" ? "ecdsa-sha2-" : `ssh-${request.keyType}`;
  const old = daemon.hostKeys.find(({ keyType }) => keyType.startsWith(type)) ?? null;
  const usual = `/etc/ssh/ssh_host_${request.keyType}_key`;
  const path = chooseFree(daemon, usual, wished) ?? freePath(daemon, usual, facts.now.slice(0, 10));
  const where = formatHost(host);
  const newKey: HostKeyPlan["newKey"] = {
    kind: "made-on-host",
    keyType: request.keyType,
    comment: `root@${host.host}`,
    host: host.host,
    port: host.port,
    path,
  };
  const file = draftConfiguration(daemon, old?.path ?? null, path);
  const blocked = checkHost(host);
  return {
    format: "latchkey-plan-1",
    kind: "rotate-host-key",
    title: `Rotate the ${request.keyType} host key of ${where}`,
    madeAt: facts.now,
    oldKey: old?.fingerprint ?? null,
    newKey,
    // Clients that have learned the new host key would refuse the old one.
    options: { ...KeyOptions.parse(facts.options), undoHours: 0 },
    hosts: [
      {
        host: host.host,
        port: host.port,
        user: host.user,
        useSudo: host.useSudo,
        batch: 0,
        hostKey: host.hostKey ?? "",
        rollbackTimer: host.rollbackTimers[0] ?? null,
        files: file ? [file] : [],
      },
    ],
    checks: [
      ...(blocked ? [{ ...blocked, state: "refused" as const }] : []),
      ...checksOf(host, daemon, { isPlanned: file !== null, old }),
    ],
    leftOut: [],
    afterwards: old ? [formatRevoked(old.line)] : [],
    confirm: {
      word: where,
      why: [`whoever knows ${where} by its old key is warned until the new one is learnt`],
    },
  };
}

/**
 * A line that revokes a key is for clients that still trust it, and no host can write it there. It is not needed if
 * nobody else has the old key: clients that learn the new one forget a key that is not presented any more.
 */
function formatRevoked(line: string | null): string {
  const where = "in the known_hosts of whoever knows the host, or in their /etc/ssh/ssh_known_hosts";
  const key = line ?? "TYPE BASE64 (as the old .pub file has them)";
  return `if somebody else may have the old key, have it refused by this line ${where}: @revoked * ${key}; otherwise none is needed, for clients that learn the new key (UpdateHostKeys) forget the old one once it is not named any more`;
}

/** The path that was requested, if we use such names and it does not exist. */
function chooseFree(
  { occupied, hostKeys }: DaemonFacts,
  usual: string,
  wished: string | null,
): string | null {
  const isOurs =
    wished?.startsWith(`${usual}_`) && /^\d{4}-\d\d-\d\d(_\d+)?$/.test(wished.slice(usual.length + 1));
  const isUsed = [...occupied, ...hostKeys.map(({ path }) => path)].some(
    (path) => path === wished || path === `${wished}.pub`,
  );
  return isOurs && !isUsed ? wished : null;
}

function freePath({ occupied, hostKeys }: DaemonFacts, usual: string, day: string): string {
  const known = new Set([...occupied, ...hostKeys.map(({ path }) => path)]);
  for (let count = 1; ; count++) {
    const path = count === 1 ? `${usual}_${day}` : `${usual}_${day}_${count}`;
    if (!known.has(path) && !known.has(`${path}.pub`)) return path;
  }
}

type Drafted = { isPlanned: boolean; old: DaemonFacts["hostKeys"][number] | null };

function checksOf(host: HostFacts, daemon: DaemonFacts, { isPlanned, old }: Drafted): Check[] {
  const { files, problem, canReload } = daemon;
  const refused = files.find(({ stand }) => stand.kind === "refused");
  const why =
    refused?.stand.kind === "refused" ? `${refused.path} cannot be changed safely: ${refused.stand.why}` : "";
  return [
    ...(isPlanned
      ? []
      : [makeCheck("refused", "nothing-to-do", { host }, why || "sshd_config could not be read")]),
    ...(problem === null ? [] : [refuseBroken(host, problem)]),
    ...(host.login.isRoot
      ? []
      : [
          makeCheck("refused", "root", { host }, "only root changes host keys: log in as root, or with sudo"),
        ]),
    ...(host.login.key === null && old !== null ? [checkUnnamed(host)] : []),
    canReload === true
      ? makeCheck("ok", "reload", { host }, "sshd reads its configuration again without ending sessions")
      : makeCheck("acknowledge", "reload", { host }, "how sshd is reloaded is not known: it gets SIGHUP"),
    host.rollbackTimers.length > 0
      ? makeCheck(
          "ok",
          "rollback-timer",
          { host },
          "its configuration rolls back by itself if the connection is lost",
        )
      : makeCheck(
          "acknowledge",
          "rollback-timer",
          { host },
          "its configuration cannot roll back by itself if the connection is lost",
        ),
  ];
}

/** sshd goes on with what it read last, and would not read the new key. */
const refuseBroken = (host: HostFacts, problem: string): Check =>
  makeCheck(
    "refused",
    "sshd-config",
    { host },
    `sshd rejects its current configuration: ${problem}; fix that first (sshd -t checks it)`,
  );

/** sshd names all its keys to a client that has logged in; of one type it presents the first alone. */
const checkUnnamed = (host: HostFacts): Check =>
  makeCheck(
    "warning",
    "unverified",
    { host },
    "that sshd has the new key cannot be verified before the old one is removed: that needs a login with a key, and this login used something else",
  );

type OpenFile = FileFacts & { stand: { kind: "file"; bytes: Uint8Array } & FileState };
const isOpen = (file: FileFacts): file is OpenFile => file.stand.kind === "file";

/**
 * In place of the old key's line; else beside the other HostKey lines; else at the head of the first file, with all
 * keys that sshd uses by default.
 */
function draftConfiguration(daemon: DaemonFacts, oldPath: string | null, newPath: string): FilePlan | null {
  const open = daemon.files.filter(isOpen);
  const named = open.map((file) => ({ file, lines: hostKeyLines(file.stand.bytes) }));
  const own = named.find(({ lines }) => lines.some(({ path }) => path === oldPath));
  const any = own ?? named.find(({ lines }) => lines.length > 0);
  const { file, lines } = any ?? { file: open[0], lines: [] };
  if (!file) return null;
  const { bytes } = file.stand;
  const stages =
    lines.length > 0 ? besideLines(bytes, lines, oldPath, newPath) : atHead(daemon, bytes, oldPath, newPath);
  const { uid, gid, owner, mode } = file.stand;
  return {
    account: "root",
    path: file.realPath ?? file.path,
    uid,
    gid,
    owner,
    mode,
    before: hashBytes(bytes),
    sizeBytes: bytes.length,
    ...stages,
    hunks: diffLines(bytes, stages),
    adds: oldPath === null ? 1 : 0,
    changes: oldPath === null ? 0 : 1,
    removes: 0,
  };
}

type Stages = { added: Splice[] | null; removed: Splice[] | null };
type HostKeyLine = { line: Line; path: string };

const hostKeyLines = (bytes: Uint8Array): HostKeyLine[] =>
  linesOf(bytes).flatMap((line) => {
    const text = Buffer.from(bytes.subarray(line.at, line.end)).toString("latin1");
    const path = /^[ \t]*hostkey[ \t]*[ \t=][ \t]*"?([^" \t]+)"?[ \t]*$/i.exec(text)?.[1];
    return path === undefined ? [] : [{ line, path }];
  });

function besideLines(
  bytes: Uint8Array,
  lines: readonly HostKeyLine[],
  old: string | null,
  path: string,
): Stages {
  const text = formatHostKey(path);
  const own = lines.filter((one) => one.path === old);
  const last = lines.at(-1);
  if (own.length === 0) return spliceLines(bytes, last ? [{ kind: "added", line: last.line, text }] : []);
  return spliceLines(
    bytes,
    own.map(
      ({ line }, index): LineChange =>
        index === 0 ? { kind: "beside", line, text } : { kind: "gone", line },
    ),
  );
}

/** With a first HostKey line sshd no longer uses its default files, so the new lines name each of them. */
function atHead({ hostKeys }: DaemonFacts, bytes: Uint8Array, old: string | null, path: string): Stages {
  const hasReturns = linesOf(bytes).some(({ end, next }) => next - end === 2);
  const end = hasReturns ? "\\x0d\\x0a" : "\\x0a";
  const insert = (paths: readonly string[]): Splice[] => [
    { at: 0, removed: "", inserted: paths.map((one) => `${formatHostKey(one)}${end}`).join("") },
  ];
  const used = hostKeys.map((one) => one.path);
  const added = insert([...used, path]);
  if (old === null) return { added, removed: null };
  return { added, removed: insert(used.map((one) => (one === old ? path : one))) };
}

const formatHostKey = (path: string): string => `HostKey ${writeForeign(Buffer.from(path, "utf8"))}`;

/** A rotation of a host key is simple enough to be planned once more: the result must be the same. */
export function reviewHostKey(plan: HostKeyPlan, facts: PlanFacts): HostKeyPlan | Unplannable {
  const again = planHostKey({ ...facts, options: plan.options }, hostKeyRequest(plan), plan.newKey.path);
  if ("refused" in again) return again;
  const isSame =
    again.oldKey === plan.oldKey &&
    JSON.stringify([again.newKey, again.hosts.map(whatCounts)]) ===
      JSON.stringify([plan.newKey, plan.hosts.map(whatCounts)]);
  return isSame ? again : refuseEdited("its host would be changed otherwise today");
}

const whatCounts = ({ host, port, hostKey, files }: HostKeyHost) => [
  host,
  port,
  hostKey,
  files.map(({ path, before, added, removed, hunks }) => ({ path, before, added, removed, hunks })),
];
