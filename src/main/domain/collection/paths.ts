/** One file or folder as `ls -ldn` shows it. */
export type PathEntry = {
  path: string;
  type: "file" | "folder" | "link" | "other";
  /** Permission bits, such as 0o600. */
  mode: number;
  uid: number;
  gid: number;
  /** An ACL or another label beside the mode bits ("+"). */
  hasAcl: boolean;
};

type Listed = PathEntry & { linkCount: number; size: number };

const TYPES: { [letter: string]: PathEntry["type"] } = { "-": "file", d: "folder", l: "link" };

/** An entry as the collector took it from `ls -ldn`: MODE,LINKS,UID,GID,SIZE. Null if it is none. */
export function readEntry(path: string, text: string): Listed | null {
  const [mode = "", links, uid, gid, size] = text.split(",");
  const bits = readMode(mode);
  const numbers = [links, uid, gid].map(Number);
  if (bits === null || numbers.some((number) => !Number.isSafeInteger(number) || number < 0)) return null;
  const [linkCount = 0, uidNumber = 0, gidNumber = 0] = numbers;
  return {
    path,
    type: TYPES[mode[0] ?? ""] ?? "other",
    mode: bits,
    uid: uidNumber,
    gid: gidNumber,
    hasAcl: mode[10] === "+",
    linkCount,
    size: /^\d+$/.test(size ?? "") ? Number(size) : 0,
  };
}

/** The same without what only some readers need. */
export function readPathEntry(path: string, text: string): PathEntry | null {
  const listed = readEntry(path, text);
  return listed && (toEntries([listed])[0] ?? null);
}

/** Permission bits of the ten letters that `ls -l` begins with: -rw-r--r-- is 0o644. */
export function readMode(text: string): number | null {
  if (!/^[-a-zA-Z][-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT]/.test(text)) return null;
  let mode = 0;
  for (let index = 1; index < 10; index++) mode = mode * 2 + (/[-ST]/.test(text[index] ?? "-") ? 0 : 1);
  const special = [/[sS]/.test(text[3] ?? ""), /[sS]/.test(text[6] ?? ""), /[tT]/.test(text[9] ?? "")];
  return special.reduce((sum, isSet, index) => (isSet ? sum + (0o4000 >> index) : sum), mode);
}

/** `path` and each folder above it, up to "/". */
export function pathsUpFrom(path: string): string[] {
  const paths = [path];
  for (let above = path; above !== "/" && above.startsWith("/"); ) {
    above = above.slice(0, above.lastIndexOf("/")) || "/";
    paths.push(above);
  }
  return paths;
}

/** A walk up from a path, from entries that stand "/" first; empty when they do not fit the path. */
export function readWalk(from: string, entries: string[]): Listed[] {
  const paths = pathsUpFrom(from);
  if (paths.length !== entries.length) return [];
  const walk = paths.map((path, index) => readEntry(path, entries[entries.length - 1 - index] ?? ""));
  return walk.every((entry) => entry !== null) ? walk : [];
}

/** The walk without what only some readers need. */
export const toEntries = (walk: readonly Listed[]): PathEntry[] =>
  walk.map(({ linkCount: _, size: __, ...entry }) => entry);

/**
 * Where clusters and people keep the files of Kubernetes: they have no passphrases, and no server's configuration names
 * them.
 */
export const isOfKubernetes = (path: string): boolean =>
  /^\/(etc\/(kubernetes|rancher)|var\/lib\/(kubelet|rancher))\/|\/\.kube\/[^/]*$/.test(path);

/** Where certbot keeps replaced certificates beside those in use, to which links elsewhere point. */
export const isArchived = (path: string): boolean => path.startsWith("/etc/letsencrypt/archive/");
