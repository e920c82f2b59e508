import type { LineChange } from "#domain/runs/files/lines.ts";
import { writeForeign } from "#domain/runs/files/stages.ts";
import { isAuthority } from "#domain/ssh/deciders/lines.ts";
import { covers, readFromList } from "#domain/ssh/from-list.ts";
import { type LineOption, readExpiryTime, readLineOptions, valueOfOption } from "#domain/ssh/line-options.ts";
import type { PlanRequest } from "#shared/contract/runs.ts";
import type { FilePlan, NewKey } from "#shared/model/runs/plan.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { formatKeyBriefly } from "#shared/text/runs/plan.ts";
import {
  type ChangeSet,
  type FileChanges,
  type FoundLine,
  fileFor,
  findLines,
  NO_CHANGES,
  newLine,
  type OpenFile,
  pathsOf,
  type Unplannable,
  withOptions,
} from "./change-set.ts";
import type { HostFacts, KnownGrant, PlanFacts, ProvidedKey } from "./plan-facts.ts";

type Of<Kind extends PlanRequest["kind"]> = Extract<PlanRequest, { kind: Kind }>;

/** Grants a key to accounts: by a line at the end of the first file that sshd reads for each. */
export function addGrants({ provided, now }: PlanFacts, request: Of<"add-grants">): ChangeSet | Unplannable {
  if (!provided) return { refused: "the key cannot be read; give the line of a .pub file" };
  const { problem } = readLineOptions(Buffer.from(request.options, "utf8").toString("latin1"));
  if (problem !== null) return { refused: `sshd would ignore a line with these options: ${problem}` };
  const text = newLine(request.options, provided.comment || `latchkey:${now.slice(0, 10)}`);
  return {
    titleOf: () => `Add ${formatKeyBriefly(provided)}`,
    oldKey: null,
    newKey: toNewKey(provided),
    verifies: provided.path === null && !provided.isInAgent ? "none" : "new",
    concerns: () => false,
    lacking: (host) =>
      request.accounts
        .filter((address) => address.host === host.host && address.port === host.port)
        .map(({ account }) => account)
        .filter((account) => fileFor(host, account) === null),
    changesFor: (host, file) => {
      const account = host.accounts.find(
        ({ name }) => file.accounts.includes(name) && isWished(request, host, name),
      );
      if (!account || !pathsOf(file).includes(fileFor(host, account.name) ?? "")) return NO_CHANGES;
      const same = findLines(
        file.bytes,
        ({ key, options }) => key?.fingerprint === provided.fingerprint && options === request.options,
      );
      const notes = same.map(
        ({ read }) => `${formatHost(host)}: ${file.path}, line ${read.line}, lets the key in already`,
      );
      return { ...NO_CHANGES, appended: same.length > 0 ? [] : [text], notes, options: request.options };
    },
  };
}

const isWished = ({ accounts }: Of<"add-grants">, { host, port }: HostFacts, account: string): boolean =>
  accounts.some((address) => address.host === host && address.port === port && address.account === account);

/** Lines that are removed in the end. */
export const removeGrants = (facts: PlanFacts, request: Of<"remove-grants">): ChangeSet =>
  changeGrants(facts, request.grants, verbOf("Remove"), ({ line }) => ({
    change: { kind: "gone", line },
    options: "",
  }));

/** Lines whose options admit fewer logins in the end. */
export function tightenGrants(facts: PlanFacts, request: Of<"tighten-grants">): ChangeSet | Unplannable {
  if (request.from === null && !request.restrict && request.expiry === null) {
    return { refused: "nothing says how to tighten it: name --from, --restrict or --expiry" };
  }
  const changeSet = changeGrants(facts, request.grants, verbOf("Tighten"), ({ line, parts }) => {
    const tight = tightenOptions(parts.options, request);
    if ("why" in tight) return tight;
    if (tight.options === parts.options) return { why: "it is as tight already" };
    return { change: { kind: "instead", line, text: withOptions(parts, tight.options) }, ...tight };
  });
  return { ...changeSet, verifies: "old" };
}

/** Lines for a key become lines for the certificates of an authority. */
export function moveToAuthority(facts: PlanFacts, request: Of<"move-to-authority">): ChangeSet | Unplannable {
  const { provided } = facts;
  if (!provided) return { refused: "the authority's key cannot be read; give the line of its .pub file" };
  const changeSet = changeGrants(
    facts,
    request.grants,
    (grants) => `Move ${grants} to an authority`,
    ({ read, line, parts }, account) => {
      if (isAuthority(read)) return { why: "it is an authority's line already" };
      const names = request.principals.length > 0 ? request.principals : [account];
      const moved = authorityOptions(parts.options, names);
      if ("why" in moved) return moved;
      const text = authorityLine(`${parts.indent}${moved.options}`, provided.comment);
      return { change: { kind: "beside", line, text }, ...moved };
    },
  );
  return { ...changeSet, newKey: toNewKey(provided), verifies: "log" };
}

const authorityLine = (latin1: string, comment: string): string =>
  `${writeForeign(Buffer.from(latin1, "latin1"))} ${newLine("", comment)}`;

/** The change of a line, with its options then; or why it stays. */
type LineChangeOf = (
  found: FoundLine,
  account: string,
) => { change: LineChange; options: string } | { why: string };

const verbOf =
  (verb: string) =>
  (grants: string): string =>
    `${verb} ${grants}`;

function changeGrants(
  { key }: PlanFacts,
  ids: readonly number[],
  formatTitle: (grants: string) => string,
  lineChangeOf: LineChangeOf,
): ChangeSet {
  const isMeant = ({ id }: KnownGrant): boolean => ids.includes(id);
  return {
    titleOf: (files) => formatTitle(formatGrants(files)),
    oldKey: key?.fingerprint ?? null,
    newKey: null,
    verifies: "none",
    concerns: isMeant,
    changesFor: (host, file) => {
      return changeLines(host, file, textsOf(host, file, isMeant), lineChangeOf);
    },
  };
}

/** If several accounts or paths lead to one file, each has the line as a grant: it counts once for all of them. */
function textsOf({ accounts }: HostFacts, file: OpenFile, isMeant: (grant: KnownGrant) => boolean): string[] {
  const meant = accounts
    .filter(({ name }) => file.accounts.includes(name))
    .flatMap(({ name, grants }) =>
      grants
        .filter((grant) => isMeant(grant) && pathsOf(file).includes(grant.file))
        .map((grant) => ({ by: `${name} ${grant.file}`, text: grant.text })),
    );
  const counts = new Map<string, number>();
  for (const same of Map.groupBy(meant, ({ by }) => by).values())
    for (const [text, lines] of Map.groupBy(same, (one) => one.text))
      counts.set(text, Math.max(counts.get(text) ?? 0, lines.length));
  return [...counts].flatMap(([text, count]) => Array.from({ length: count }, () => text));
}

/** Changes the lines with these texts, as many of each as are meant. */
function changeLines(
  host: HostFacts,
  file: OpenFile,
  texts: readonly string[],
  lineChangeOf: LineChangeOf,
): FileChanges {
  if (texts.length === 0) return NO_CHANGES;
  const left = [...texts];
  const found = findLines(file.bytes, ({ text }) => takeOut(left, text));
  const said = found.map((one) => ({ one, to: lineChangeOf(one, file.accounts[0] ?? "") }));
  const changed = said.flatMap(({ to }) => ("change" in to ? [to] : []));
  const where = `${formatHost(host)}: ${file.path}`;
  return {
    ...NO_CHANGES,
    changes: changed.map(({ change }) => change),
    notes: [
      ...left.map((text) => `${where} has no such line any more: ${text.slice(0, 80)}`),
      ...said.flatMap(({ one, to }) =>
        "why" in to ? [`${where}, line ${one.read.line}, stays: ${to.why}`] : [],
      ),
    ],
    options: changed[0]?.options ?? "",
    isAuthority: found.some(({ read }) => isAuthority(read)),
  };
}

function takeOut(left: string[], text: string): boolean {
  const at = left.findIndex((one) => one.replace(/\r$/, "") === text.replace(/\r$/, ""));
  if (at < 0) return false;
  left.splice(at, 1);
  return true;
}

const toNewKey = ({ line, comment, path }: ProvidedKey): NewKey => ({
  kind: "provided",
  line,
  comment,
  path,
});

export type Tightening = { from: string | null; restrict: boolean; expiry: string | null };

/**
 * The options of a line with these ones added, or in place of others of the same name; every other byte stays as it is.
 * `restrict` comes first, for what is written after it is allowed all the same. A sentence if that cannot be done, or
 * would admit more logins than before.
 */
export function tightenOptions(options: string, request: Tightening): { options: string } | { why: string } {
  const before = readLineOptions(options);
  if (before.problem !== null) return { why: `sshd ignores the line: ${before.problem}` };
  const later = request.expiry === null ? null : findEarlierExpiry(before.options, request.expiry);
  if (later !== null) return { why: `its key expires earlier already: expiry-time="${later}"` };
  const narrow = request.from === null ? null : findNarrowerFrom(before.options, request.from);
  if (narrow !== null)
    return { why: `from="${narrow}" stands there already, and not all of ${request.from} is inside of it` };
  let pieces = splitOptions(options);
  if (request.expiry !== null) pieces = replace(pieces, "expiry-time", request.expiry);
  if (request.from !== null) pieces = replace(pieces, "from", request.from);
  // An existing one stays where it is: the options before it are forbidden, and would be allowed behind it.
  if (request.restrict && !isRestricted(before.options)) pieces = ["restrict", ...pieces];
  const written = pieces.join(",");
  const problem = findProblem(written, request);
  return problem === null ? { options: written } : { why: problem };
}

/** Splits at the commas outside quotes; drops empty options, which sshd accepts. */
function splitOptions(options: string): string[] {
  const pieces: string[] = [];
  let isQuoted = false;
  let from = 0;
  for (let at = 0; at <= options.length; at++) {
    const character = options[at];
    if (character === "\\" && options[at + 1] === '"') at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === undefined || (character === "," && !isQuoted)) {
      pieces.push(options.slice(from, at));
      from = at + 1;
    }
  }
  return pieces.filter((piece) => piece !== "");
}

const nameOf = (piece: string): string => (/^[^=]*/.exec(piece)?.[0] ?? "").toLowerCase();

/** The new option takes the place of the first of that name, and the others go; if there is none, it comes first. */
function replace(pieces: readonly string[], name: string, value: string): string[] {
  const piece = `${name}="${value.replaceAll('"', '\\"')}"`;
  const at = pieces.findIndex((one) => nameOf(one) === name);
  const others = pieces.filter((one) => nameOf(one) !== name);
  return at < 0
    ? [piece, ...others]
    : [
        ...others.slice(0, countOthers(pieces, name, at)),
        piece,
        ...others.slice(countOthers(pieces, name, at)),
      ];
}

const countOthers = (pieces: readonly string[], name: string, until: number): number =>
  pieces.slice(0, until).filter((one) => nameOf(one) !== name).length;

/** The earliest counts for sshd. Dates in a host's time zone are compared as they are written. */
function findEarlierExpiry(options: readonly LineOption[], expiry: string): string | null {
  const limit = readExpiryTime(expiry)?.seconds ?? 0;
  const dates = options.filter(({ name }) => name === "expiry-time").map(({ value }) => value ?? "");
  return dates.find((date) => (readExpiryTime(date)?.seconds ?? limit) < limit) ?? null;
}

/** The existing list, unless all of the new one is plainly within it; null: there is none, or it is. */
function findNarrowerFrom(options: readonly LineOption[], expiry: string): string | null {
  const list = valueOfOption(options, "from");
  if (list === null || list === expiry) return null;
  const [old, fresh] = [readFromList(list), readFromList(expiry)];
  if (typeof old === "string" || typeof fresh === "string") return list;
  const isWithin = fresh
    .filter(({ isNegated }) => !isNegated)
    .every((item) => old.some((one) => !one.isNegated && covers(one, item)));
  const isKept = old
    .filter(({ isNegated }) => isNegated)
    .every((item) => fresh.some((one) => one.isNegated && covers(one, item)));
  return isWithin && isKept ? null : list;
}

const isRestricted = (options: readonly LineOption[]): boolean =>
  options.some(({ name }) => name === "restrict");

/** Reads the result by our own grammar, for it must mean what was requested. */
function findProblem(written: string, { from, restrict, expiry }: Tightening): string | null {
  const { options, problem } = readLineOptions(written);
  if (problem !== null) return `sshd would ignore the line: ${problem}`;
  const isMeant =
    (from === null || valueOfOption(options, "from") === from) &&
    (expiry === null || valueOfOption(options, "expiry-time") === expiry) &&
    (!restrict || isRestricted(options));
  return isMeant ? null : "its options cannot be changed so that they mean what is wished";
}

/** The options of a line for an authority's certificates, made from those of a line for a key. */
export function authorityOptions(
  options: string,
  principals: readonly string[],
): { options: string } | { why: string } {
  const before = readLineOptions(options);
  if (before.problem !== null) return { why: `sshd ignores the line: ${before.problem}` };
  const pieces = splitOptions(options).filter(
    (piece) => !["cert-authority", "principals"].includes(nameOf(piece)),
  );
  const written = ["cert-authority", `principals="${principals.join(",")}"`, ...pieces].join(",");
  const { problem } = readLineOptions(written);
  return problem === null ? { options: written } : { why: `sshd would ignore the line: ${problem}` };
}

/** `a grant`, `6 grants`: as many as lines are removed or changed; a line for several accounts is one. */
export function formatGrants(files: readonly Pick<FilePlan, "changes" | "removes">[]): string {
  const lines = files.reduce((sum, { changes, removes }) => sum + changes + removes, 0);
  return lines === 1 ? "a grant" : `${lines} grants`;
}
