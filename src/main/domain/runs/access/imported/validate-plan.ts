import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { readPublicKeyLine } from "#domain/ssh/key-blob.ts";
import {
  type AccessHost,
  type FilePlan,
  isSameHost,
  type KeyPlan,
  NEW_KEY_PLACEHOLDER,
  newKeyOf,
  oldKeyOf,
  type Splice,
} from "#shared/model/runs/plan.ts";
import { readExactly, writeExactly } from "#shared/text/exact-bytes.ts";
import { formatHost } from "#shared/text/hosts/target.ts";

/**
 * An untrue statement of an imported plan about itself, as far as it can be told without its hosts; null: there is
 * none. Its hash only says that nobody has changed it since somebody wrote that hash: what it shows must be what it
 * would write.
 */
export function findError(plan: KeyPlan): string | null {
  const { hosts } = plan;
  const newKey = newKeyOf(plan);
  const twice = hosts.find((host, at) => hosts.findIndex((one) => isSameHost(one, host)) !== at);
  if (twice) return `${formatHost(twice)} is in it twice`;
  if (newKey?.kind === "provided" && !isOneKey(newKey.line))
    return "its new key is not one key: `type base64` is wanted";
  if (newKey && newKey.kind !== "provided" && !isPlain(newKey.path))
    return `the new key's path ${newKey.path} is not plain`;
  for (const host of hosts) {
    const error = findHostError(plan, host) ?? ("verifications" in host ? findAccessError(host) : null);
    if (error) return `${formatHost(host)}: ${error}`;
  }
  return null;
}

function findHostError(plan: KeyPlan, { files }: KeyPlan["hosts"][number]): string | null {
  const paths = files.map(({ path }) => path);
  const twice = paths.find((path, at) => paths.indexOf(path) !== at);
  if (twice) return `${twice} is in it twice`;
  const odd = paths.find((path) => !isPlain(path));
  if (odd) return `the path ${odd} is not plain`;
  for (const file of files) {
    const error = findFileError(plan, file);
    if (error) return `${file.path} ${error}`;
  }
  return null;
}

function findAccessError({ files, verifications, privateKeyLocations }: AccessHost): string | null {
  const odd = privateKeyLocations.find(({ path }) => !isPlain(path));
  if (odd) return `the path ${odd.path} is not plain`;
  const unverified = files.find(
    ({ account, others = [] }) => !verifications.some((one) => [account, ...others].includes(one.account)),
  );
  return unverified ? `does not say how ${unverified.account} is verified` : null;
}

function findFileError(plan: KeyPlan, file: FilePlan): string | null {
  for (const splices of [file.added ?? [], file.removed ?? []]) {
    let from = 0;
    for (const { at, removed, inserted } of splices) {
      const gone = readExactly(removed);
      if (!gone || !readExactly(inserted)) return "is changed by what are no bytes";
      if (at < from || at + gone.length > file.sizeBytes) return "is changed where it has no bytes";
      from = at + gone.length;
    }
  }
  const lines = linesOf(file);
  const rows = file.hunks.flatMap((hunk) => hunk.rows);
  for (const [sign, expected] of [
    ["-", lines.gone],
    ["+", lines.come],
  ] as const) {
    const shown = rows.filter((row) => row.sign === sign).map(({ text }) => withoutReturn(text));
    if (shown.length !== expected.length || shown.some((text, at) => text !== expected[at]))
      return "would be changed otherwise than the plan shows";
  }
  if (plan.kind === "rotate-host-key") return null;
  const { adds, changes, removes } = file;
  if (adds + changes !== lines.come.length || removes + changes !== lines.gone.length)
    return "has other numbers of lines than the plan shows";
  return findForeignLine(plan, file, lines);
}

/** Only lines of the old key may be removed, and only lines of the new one added. */
function findForeignLine(plan: KeyPlan, file: FilePlan, { gone, come }: Lines): string | null {
  const { kind } = plan;
  const [oldKey, newKey] = [oldKeyOf(plan), newKeyOf(plan)];
  const line = newKey?.kind === "provided" ? newKey.line : EXAMPLE_KEY;
  const added = file.added?.flatMap(({ inserted }) => textsOf(inserted)) ?? [];
  const [old, fresh] = [gone.map(fingerprintOf), come.map((text) => fingerprintOf(fill(text, line)))];
  if (oldKey !== null && old.some((one) => one !== oldKey))
    return "loses a line of another key than the old one";
  if (kind === "remove-grants" || kind === "disable-account")
    return come.length + added.length > 0 ? "would get new lines" : null;
  if (kind === "tighten-grants") {
    const isSame = added.length === 0 && fresh.every((one, at) => one !== null && one === old[at]);
    return isSame ? null : "would get a line of another key";
  }
  const expected = fingerprintOf(line);
  const isNew = [...fresh, ...added.map((text) => fingerprintOf(fill(text, line)))].every(
    (one) => one === expected,
  );
  return isNew ? null : "would get a line of another key than the new one";
}

const fill = (text: string, line: string): string => text.replaceAll(NEW_KEY_PLACEHOLDER, () => line);

type Lines = { gone: string[]; come: string[] };

/** Which lines are removed and added in the end, in their order. */
function linesOf({ added, removed }: FilePlan): Lines {
  const splices: readonly Splice[] = removed ?? added ?? [];
  const planned = splices.map((splice) => ({
    gone: textsOf(splice.removed),
    come: textsOf(splice.inserted),
  }));
  return { gone: planned.flatMap(({ gone }) => gone), come: planned.flatMap(({ come }) => come) };
}

/** As the rows of a diff have them. Line ends alone are no lines. */
const textsOf = (exact: string): string[] =>
  Buffer.from(readExactly(exact) ?? [])
    .toString("latin1")
    .split("\n")
    .map((line) => withoutReturn(writeExactly(Buffer.from(line, "latin1"))))
    .filter((text) => text !== "");

const withoutReturn = (text: string): string => (text.endsWith("\\x0d") ? text.slice(0, -4) : text);

function fingerprintOf(exact: string): string | null {
  const lines = readAuthorizedKeys(readExactly(exact) ?? new Uint8Array());
  return lines.length === 1 ? (lines[0]?.key?.fingerprint ?? null) : null;
}

const isOneKey = (line: string): boolean =>
  /^\S+ [A-Za-z0-9+/]+=*$/.test(line) && readPublicKeyLine(line) !== null;

const isPlain = (path: string): boolean =>
  /^\/[^\n\r\0]*[^/\n\r\0]$/.test(path) && !/\/(\.{1,2})?(\/|$)/.test(path);

/** Stands for a key that is yet to be created. */
export const EXAMPLE_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
