/** What a plan needs to know of a file that a server reads for a certificate. Only public bytes leave the host. */

import { createHash } from "node:crypto";
import type { ServerKind, Service } from "#shared/model/runs/deployment.ts";
import { ReloadMethod } from "#shared/model/runs/deployment.ts";
import { type HostRefusal, isHostRefusal } from "#shared/model/runs/host-refusal.ts";
import { RollbackTimer } from "#shared/model/runs/plan.ts";
import {
  exchange,
  type Failed,
  type Lost,
  quoteWord,
  type Refused,
  type RemoteSession,
  readTail,
  type SessionAnswer,
} from "./remote-session.ts";
import {
  type DeploymentFiles,
  type DeploymentTail,
  wordsOfFiles,
  wordsOfService,
} from "./replace-deployment.ts";

/** By its first bytes. `locked-key`: it has a passphrase; `other`: none of these, or not readable. */
const DEPLOYMENT_FILE_KINDS = ["certificate", "key", "both", "locked-key", "pkcs12", "jks", "other"] as const;
export type DeploymentFileKind = (typeof DEPLOYMENT_FILE_KINDS)[number];

export type DeploymentFileInspection = {
  path: string;
  /** Its real path: no part of it is a link. */
  real: string;
  /** The links on the way, in the order in which they are followed; relative targets as they are written. */
  links: { path: string; goal: string; uid: number }[];
  /** Why it cannot be replaced as it is; null: it can. */
  refusal: { why: HostRefusal; detail: string } | null;
  /** Null: there is no file. `mode`: four octal digits. */
  file: { mode: string; links: number; uid: number; gid: number; owner: string; sizeBytes: number } | null;
  hash: string | null;
  kind: DeploymentFileKind;
  /** SHA-256 of its first certificate, and its DER; null: it has none, or in a form that was not read. */
  leaf: string | null;
  leafDer: Uint8Array | null;
  /** SHA-256 of its private key's SubjectPublicKeyInfo; null: it has none, or the host could not compute it. */
  publicKey: string | null;
  /** When it was last written, in seconds since the epoch by the host's clock; null: unknown. */
  writtenAt: number | null;
  hasAccessList: boolean;
  hasAttributes: boolean;
  /** SELinux label; null: there is none. */
  label: string | null;
  /** A program on the host that renews it by itself, and the command for that; "" if none is known. */
  managed: { by: string; command: string } | null;
  rollbackTimers: RollbackTimer[];
  /** The run that is changing it. */
  heldBy: string | null;
};

const MODE = /^[-dlcbps]([r-][w-][xsS-][r-][w-][xsS-][r-][w-][xtT-])/;

export async function inspectDeploymentFile(
  session: RemoteSession,
  path: string,
): Promise<{ kind: "seen"; file: DeploymentFileInspection } | Refused | Failed | Lost> {
  const answer = await exchange(session, { verb: "deployment_inspect", words: [path] });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const first = (name: string) => answer.facts.get(name)?.[0];
  const [why, detail = ""] = first("refusal") ?? [];
  const [by, name = "", folder = ""] = first("managed") ?? [];
  const [hash = ""] = first("hash") ?? [];
  return {
    kind: "seen",
    file: {
      path,
      real: first("real")?.[0] ?? path,
      links: (answer.facts.get("link") ?? []).map(([at = "", goal = "", uid]) => ({
        path: at,
        goal,
        uid: Number(uid),
      })),
      refusal: why === undefined ? null : { why: isHostRefusal(why) ? why : "unknown", detail },
      file: readColumns(first("file")),
      hash: /^[0-9a-f]{64}$/.test(hash) ? hash : null,
      kind: DEPLOYMENT_FILE_KINDS.find((kind) => kind === first("kind")?.[0]) ?? "other",
      leaf: hashDer(first("leaf")?.[0] ?? ""),
      leafDer: readDer(first("leaf")?.[0] ?? ""),
      publicKey: hashDer(first("public")?.[0] ?? ""),
      writtenAt: readSeconds(first("written")?.[0] ?? ""),
      hasAccessList: first("acl") !== undefined,
      hasAttributes: first("xattr") !== undefined,
      label: first("label")?.[0] ?? null,
      managed: by === undefined ? null : { by, command: formatRenewalCommand(by, name, folder) },
      rollbackTimers: (first("rollback-timer") ?? []).flatMap(
        (timer) => RollbackTimer.safeParse(timer).data ?? [],
      ),
      heldBy: first("held")?.[0] ?? null,
    },
  };
}

/**
 * The command, for a person to run as root on the host, with which a program renews the certificate that it knows as
 * `name`; `folder`: of its configuration. The host chose both, and each stays one word of the shell. "": no command is
 * known, or it could not be shown as it would run.
 */
export function formatRenewalCommand(by: string, name: string, folder: string): string {
  if (name === "" || name.startsWith("-") || UNSEEN.test(name + folder)) return "";
  const word = quoteForPerson(name);
  switch (by) {
    case "certbot": {
      const where = folder === "/etc/letsencrypt" ? "" : ` --config-dir ${quoteForPerson(folder)}`;
      return `certbot renew --force-renewal --cert-name ${word}${where}`;
    }
    case "acme.sh":
      return `acme.sh --renew --force --domain ${word}`;
    case "certmonger":
      return `getcert resubmit -f ${word}`;
    case "dehydrated":
      return `dehydrated --cron --force --domain ${word}`;
    default:
      return "";
  }
}

/** Characters that no screen shows as they are, or that end a line. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd]/u;

const quoteForPerson = (word: string): string => (/^[A-Za-z0-9._/-]+$/.test(word) ? word : quoteWord(word));

const readSeconds = (text: string): number | null => (/^\d{1,12}$/.test(text) ? Number(text) : null);

const readDer = (base64: string): Buffer | null =>
  /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, "base64") : null;

function hashDer(base64: string): string | null {
  const der = readDer(base64);
  return der && createHash("sha256").update(der).digest("hex");
}

function readColumns(words: readonly string[] | undefined): DeploymentFileInspection["file"] {
  const [mode = "", links, uid, gid, size, owner = ""] = words ?? [];
  const letters = MODE.exec(mode)?.[1];
  if (letters === undefined) return null;
  return {
    mode: toOctal(letters),
    links: Number(links),
    uid: Number(uid),
    gid: Number(gid),
    owner,
    sizeBytes: Number(size),
  };
}

/** `rw-r-----` as `0640`. */
function toOctal(letters: string): string {
  const digits = [0, 3, 6].map((at) => {
    const [read, write, run = "-"] = letters.slice(at, at + 3);
    return (read === "r" ? 4 : 0) + (write === "w" ? 2 : 0) + ("xst".includes(run) ? 1 : 0);
  });
  const special = [2, 5, 8].reduce((sum, at, index) => {
    return sum + (/[sStT]/.test(letters[at] ?? "") ? 4 >> index : 0);
  }, 0);
  return `${special}${digits.join("")}`;
}

type ServerQuery = {
  server: ServerKind;
  /** The main file of its configuration; null: the usual one. */
  config: string | null;
  /** Real paths of the deployment's files: of several servers of that kind, those that read them are meant. */
  paths: readonly string[];
};

/** How a host's server reloads new files; with `none`, why, in the host's words. Changes nothing. */
export async function inspectServer(
  session: RemoteSession,
  { server, config, paths }: ServerQuery,
): Promise<{ kind: "seen"; reloadedBy: ReloadMethod; said: string } | Refused | Failed | Lost> {
  const answer = await exchange(session, { verb: "server_inspect", words: [server, config ?? "", ...paths] });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const [word, ...said] = answer.words;
  const reloadedBy = ReloadMethod.safeParse(word);
  if (!reloadedBy.success) return { kind: "lost", message: "it answers what makes no sense" };
  return { kind: "seen", reloadedBy: reloadedBy.data, said: said.join(" ").slice(0, 300) };
}

/** The servers that read a deployment: their test of the new files, and their reload. */

/** `said`: its output, if any. Written by strangers. */
type ServerTest = { kind: "passed" | "failed" | "untested"; said: string };
/**
 * `isWhole`: it read all of its files, those of no deployment in particular, as far as that is known. `pid`: its first
 * process before and after, if known.
 */
type Reloaded = {
  kind: "reloaded" | "not-reloaded";
  said: string;
  isWhole: boolean;
  pid: { before: number | null; after: number | null };
};

/** Both take some time for a server with a large configuration. */
const DEADLINE_MS = 120_000;
const MOST_SAID = 2_000;

/** The server's own test of its configuration with the staged files in place of the current ones. Changes nothing. */
export async function testDeployment(
  session: RemoteSession,
  { token, id, files, newHashes, service }: DeploymentFiles & { service: Service },
): Promise<ServerTest | DeploymentTail> {
  const words = [token, id, ...wordsOfService(service), ...wordsOfFiles(files, newHashes)];
  return sendTest(session, { verb: "deployment_test", words });
}

async function sendTest(
  session: RemoteSession,
  request: { verb: string; words: string[] },
): Promise<ServerTest | DeploymentTail> {
  const answer = await session.send(request, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const [kind] = answer.words;
  if (kind !== "passed" && kind !== "failed" && kind !== "untested")
    return { kind: "lost", message: "it answers what makes no sense" };
  return { kind, said: readSaid(answer) };
}

/** A file as it is now. */
export type LiveFile = { path: string; real: string; hash: string };

/**
 * The server's own test of its configuration as it is. `files`: those in use of one deployment, for a server that tests
 * these alone. Changes nothing.
 */
export const testServer = (
  session: RemoteSession,
  service: Service,
  files: readonly LiveFile[] = [],
): Promise<ServerTest | DeploymentTail> =>
  sendTest(session, {
    verb: "deployment_test",
    words: ["none", "none", ...wordsOfService(service), ...wordsOfLive(files)],
  });

/**
 * The test of its configuration as it is, for a server whose other test is of deployments alone. `files`: those in use
 * of one deployment, by which the host's server is told from others. Changes nothing.
 */
export const testConfiguration = (
  session: RemoteSession,
  { server, config }: Service,
  files: readonly LiveFile[],
): Promise<ServerTest | DeploymentTail> =>
  sendTest(session, { verb: "server_check", words: [server, config ?? "", ...wordsOfLive(files)] });

/** Of no file are others staged. */
const wordsOfLive = (files: readonly LiveFile[]): string[] =>
  files.flatMap(({ path, real, hash }, nth) => [String(nth), path, real, hash, hash]);

/** Reloads by its supervisor if it has one. The reload verifies nothing: only the certificate that it presents does. */
export async function reloadService(
  session: RemoteSession,
  service: Service,
  files: Pick<DeploymentFiles, "files" | "newHashes"> = { files: [], newHashes: [] },
): Promise<Reloaded | DeploymentTail> {
  return sendReload(session, [...wordsOfService(service), ...wordsOfFiles(files.files, files.newHashes)]);
}

/** Reloads a server of which no file has changed by a run. `files`: those of one deployment that it may ask for. */
export const reloadAsItIs = (
  session: RemoteSession,
  service: Service,
  files: readonly LiveFile[],
): Promise<Reloaded | DeploymentTail> =>
  sendReload(session, [...wordsOfService(service), ...wordsOfLive(files)]);

async function sendReload(session: RemoteSession, words: string[]): Promise<Reloaded | DeploymentTail> {
  const answer = await session.send({ verb: "deployment_reload", words }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const [kind, before, after] = answer.words;
  if (kind !== "reloaded" && kind !== "not-reloaded")
    return { kind: "lost", message: "it answers what makes no sense" };
  const isWhole = answer.facts.has("whole");
  return { kind, said: readSaid(answer), isWhole, pid: { before: readPid(before), after: readPid(after) } };
}

const readPid = (word: string | undefined): number | null =>
  word && /^[1-9]\d{0,9}$/.test(word) ? Number(word) : null;

const readSaid = ({ facts }: Exclude<SessionAnswer, Lost>): string =>
  (facts.get("message") ?? [])
    .map((words) => words.join(" "))
    .join("\n")
    .slice(0, MOST_SAID);
