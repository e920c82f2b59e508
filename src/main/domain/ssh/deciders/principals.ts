import type { Account, Collection, SshdFile } from "#domain/collection/collection.ts";
import { type LineOption, readLineOptions } from "#domain/ssh/line-options.ts";
import { addUp, type Contribution, doubt, refuse, stateOf } from "#domain/ssh/opinion.ts";
import { matchesGlob } from "#domain/ssh/patterns.ts";
import { expandPath, formatSetting, isNone, type Settings } from "#domain/ssh/sshd-settings.ts";
import { spend } from "#domain/work-budget.ts";
import { decideFileModes } from "./files.ts";
import { decideExpiry, decideFrom, formatNames } from "./lines.ts";

/** A certificate of a trusted authority must have one of `principals`; `opinion` holds for all of them. */
type TrustedPrincipals = { principals: string[]; opinion: Contribution };

/**
 * Without AuthorizedPrincipalsFile and AuthorizedPrincipalsCommand the principal is the account's own name; with
 * either, that name is accepted only where they name it.
 */
export function decideTrustedPrincipals(
  account: Account,
  settings: Settings,
  collection: Collection,
): TrustedPrincipals {
  const ofFile = settings.get("AuthorizedPrincipalsFile");
  const command = settings.get("AuthorizedPrincipalsCommand");
  const isAsking = command.isInMatch || !isNone(command.values[0] ?? "none");
  const [written = "none"] = ofFile.values;
  // In a Match block, sshd takes "none" for the name of a file.
  const hasFile = ofFile.isInMatch || !isNone(written);
  if (!hasFile && !isAsking) {
    return { principals: [account.name], opinion: { notes: [formatAccepted([account.name])] } };
  }
  const named = hasFile
    ? readNames(filesOf(written, account, collection), { account, settings, collection })
    : null;
  const principals = [...new Set(named?.names ?? [])];
  const ofCommand = `AuthorizedPrincipalsCommand ${command.values.join(" ")} (${command.location})`;
  if (principals.length > 0) {
    const more = isAsking ? [`${ofCommand} may name more, and was not run`] : [];
    const onlyFrom = named?.isBound ? named.onlyFrom : [];
    return {
      principals,
      opinion: { notes: [formatAccepted(principals), ...more], onlyFrom, read: named?.read ?? [] },
    };
  }
  if (named && named.doubts.length > 0) return { principals, opinion: { doubts: named.doubts } };
  if (isAsking)
    return { principals, opinion: doubt(`${ofCommand} names those who can log in, and was not run`) };
  const reason = `no principal is named for ${account.name}: ${formatSetting(ofFile)}`;
  return { principals, opinion: refuse(reason, formatSetting(ofFile)) };
}

const formatAccepted = (names: readonly string[]): string =>
  `a certificate of this authority can log in with the principal ${formatNames(names)}`;

function filesOf(pattern: string, account: Account, { sshdFiles }: Collection): SshdFile[] {
  // Nobody means a file named "none" in a home.
  if (isNone(pattern)) return [];
  const path = expandPath(pattern, account);
  if (/[*?[]/.test(path)) return [...sshdFiles.values()].filter((file) => matchesGlob(file.path, path));
  return [sshdFiles.get(path) ?? { ...NOT_READ, path }];
}

const NOT_READ: SshdFile = {
  path: "",
  bytes: null,
  whyUnreadable: null,
  realPath: null,
  walk: [],
  through: [],
  isAbsent: false,
};

type World = { account: Account; settings: Settings; collection: Collection };
type Names = { names: string[]; doubts: string[]; onlyFrom: string[]; isBound: boolean; read: string[] };

/** sshd opens the file as the account, as it opens authorized_keys; each of its lines counts by itself. */
function readNames(files: readonly SshdFile[], { account, settings, collection }: World): Names {
  const found: Names = { names: [], doubts: [], onlyFrom: [], isBound: true, read: [] };
  for (const file of files) {
    if (file.isAbsent) continue;
    const ofFile = addUp(decideFileModes(file, account, settings, collection));
    if (stateOf(ofFile) === "no") continue;
    for (const doubt of ofFile.doubts) found.doubts.push(doubt);
    if (!file.bytes) {
      found.doubts.push(`${file.path} was not read: ${file.whyUnreadable ?? "it was not looked for"}`);
      continue;
    }
    found.read.push(file.path);
    spend(Math.ceil(file.bytes.length / 16));
    for (const line of readPrincipals(file.bytes)) {
      spend(20);
      const opinion = addUp([decideExpiry(line, collection.facts), decideFrom(line, settings)]);
      if (line.problem !== null || stateOf(opinion) === "no") continue;
      found.doubts.push(...opinion.doubts);
      found.names.push(line.principal);
      found.onlyFrom.push(...opinion.onlyFrom);
      found.isBound &&= opinion.onlyFrom.length > 0;
    }
  }
  return found;
}

/** A line of an AuthorizedPrincipalsFile: options, and a name that a certificate must have. */
type PrincipalLine = {
  /** From 1. */
  line: number;
  principal: string;
  parsedOptions: readonly LineOption[];
  /** Why sshd ignores the line; null when it does not. */
  problem: string | null;
};

/** As sshd reads it: a # anywhere begins a comment, and the last word is the name. */
function readPrincipals(bytes: Uint8Array): PrincipalLine[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return text.split("\n").flatMap((written, index) => {
    const kept = written.split("#", 1)[0]?.split("\0", 1)[0] ?? "";
    const entry = kept.replace(/^[ \t]+/, "").replace(/(?<=.)[ \t]+$/, "");
    if (entry === "") return [];
    const blank = entry.includes(" ") ? entry.lastIndexOf(" ") : entry.lastIndexOf("\t");
    const { options, problem } = readLineOptions(
      blank < 0 ? "" : entry.slice(0, blank).replace(/[ \t]+$/, ""),
    );
    const principal = Buffer.from(entry.slice(blank + 1), "latin1").toString("utf8");
    const isAuthority = options.some(({ name }) => name === "cert-authority");
    return [
      {
        line: index + 1,
        principal,
        parsedOptions: options,
        problem: isAuthority ? "cert-authority does not belong here" : problem,
      },
    ];
  });
}
