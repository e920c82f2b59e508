import { type KnownHosts, readKnownHosts } from "#domain/ssh/known-hosts.ts";
import { type KnownHostsFiles, readKnownHostsFiles } from "#net/local/read-ssh-files.ts";
import type { Workstation } from "#shared/model/workstation.ts";

/** Reads the known_hosts of this computer. A file that holds what it held is the same object as before. */
export type KnownHostsReader = () => Promise<{
  files: readonly KnownHosts[];
  unread: KnownHostsFiles["unread"];
}>;

/**
 * One for all who ask often: a preview at every letter, a list at every page. What is said is always what the files
 * hold now: they are read again, and compared, for their times tell too little of them.
 */
export function createKnownHostsReader({ home }: Pick<Workstation, "home">): KnownHostsReader {
  let parsed = new Map<string, { text: string; known: KnownHosts }>();
  return async () => {
    const { files, unread } = await readKnownHostsFiles(home);
    parsed = new Map(
      files.map(({ path, text }) => {
        const before = parsed.get(path);
        return [path, before?.text === text ? before : { text, known: readKnownHosts(text, path) }];
      }),
    );
    return { files: Array.from(parsed.values(), ({ known }) => known), unread };
  };
}
