import { type ConfigSource, findIncludes } from "#domain/ssh-config/read-blocks.ts";
import { readSshConfig } from "#domain/ssh-config/read-ssh-config.ts";
import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";
import { expandGlob } from "#net/local/expand-glob.ts";
import { nameThisComputer, readSshConfigFile } from "#net/local/read-ssh-files.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { Refusal } from "#shared/model/refusal.ts";

type Root = ConfigSource["roots"][number];
type Loaded = {
  config: SshConfig;
  /** The files that were read, `~` for the home folder. */
  files: string[];
};

/**
 * Reads this user's ssh_config and the system's, or `file` alone, with all that they include; `none` reads nothing, as
 * does `ssh -F none`. A usual file that cannot be read is named in the notes; for a named `file` it is a refusal.
 */
export async function loadSshConfig(workstation: Workstation, file: string | null): Promise<Loaded> {
  return understand(await gatherFrom(workstation, file), workstation, file);
}

/** As `loadSshConfig`, but as long as nothing of what it reads has changed, it returns the very same object. */
export function createSshConfigLoader(): typeof loadSshConfig {
  let last: { key: string; loaded: Loaded } | null = null;

  return async (workstation, file) => {
    const gathered = await gatherFrom(workstation, file);
    const { user, home } = workstation;
    const read = [gathered.roots, [...gathered.files], [...gathered.includes]];
    const key = JSON.stringify([user, home, file, nameThisComputer(), read]);
    if (last?.key !== key) last = { key, loaded: understand(gathered, workstation, file) };
    return last.loaded;
  };
}

type Gathered = { roots: readonly Root[] } & Awaited<ReturnType<typeof gather>>;

async function gatherFrom({ home }: Workstation, file: string | null): Promise<Gathered> {
  const roots =
    file === null ? usualRoots(home) : isNone(file) ? [] : [{ path: untilde(file, home), isUser: true }];
  return { roots, ...(await gather(roots, home)) };
}

function understand(
  { roots, files, includes }: Gathered,
  { user, home }: Workstation,
  file: string | null,
): Loaded {
  const shorten = (path: string) => (path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path);
  const unreadable = roots.flatMap(({ path }) => {
    const found = files.get(path) ?? (file === null ? null : { why: "there is no such file" });
    return found && "why" in found ? [{ path: shorten(path), why: found.why }] : [];
  });
  if (file !== null && unreadable[0])
    throw new Refusal("not-found", `${file} cannot be read as ssh_config (${unreadable[0].why})`);

  const config = readSshConfig(
    { roots, files, includes, home, describe: shorten },
    { home, user, ...nameThisComputer() },
  );
  const notes = unreadable.map(
    ({ path, why }) => `${path} is not read: ${why}; hosts are taken as they are written`,
  );
  return {
    config: { ...config, notes: [...notes, ...config.notes] },
    files: [...files].filter(([, found]) => "text" in found).map(([path]) => shorten(path)),
  };
}

const usualRoots = (home: string): Root[] => [
  { path: `${home}/.ssh/config`, isUser: true },
  { path: "/etc/ssh/ssh_config", isUser: false },
];

const isNone = (file: string): boolean => file.toLowerCase() === "none";

const untilde = (file: string, home: string): string => file.replace(/^~(?=\/)/, () => home);

const MOST_FILES = 1_024;
const MOST_CHARACTERS = 64 * 1024 * 1024;

/**
 * Reads the files, and those that they include, each once. As in ssh, a named file and the system's may be writable by
 * anybody, but none of the files that they include.
 */
async function gather(roots: readonly Root[], home: string) {
  const files = new Map<string, { text: string } | { why: string }>();
  const includes = new Map<string, string[]>();
  const planned = new Map<string, Root>();
  const plan = (root: Root) => planned.set(`${root.isUser} ${root.path}`, root);
  let characters = 0;
  for (const root of roots) plan(root);
  for (const { path, isUser } of planned.values()) {
    const found = files.get(path) ?? (await read(path));
    if (found === null) continue;
    files.set(path, found);
    if (!("text" in found)) continue;
    for (const pattern of findIncludes(found.text, { isUser, home })) {
      const paths = includes.get(pattern) ?? (await expandGlob(pattern));
      includes.set(pattern, paths);
      for (const included of paths) plan({ path: included, isUser });
    }
  }
  return { files, includes };

  async function read(path: string) {
    if (files.size >= MOST_FILES || characters >= MOST_CHARACTERS)
      return { why: "too much was read before it: at most 1,024 files and 64 MiB are" };
    const found = await readSshConfigFile(path, { mustBeSafe: path !== roots.at(-1)?.path });
    if (found && "text" in found) characters += found.text.length;
    return found;
  }
}
