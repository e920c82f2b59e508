import { namesFile } from "#domain/ssh/deciders/files.ts";
import { pathsOf } from "./merge-files.ts";
import type { HostFacts } from "./plan-facts.ts";

/** The first that sshd reads for it and that is there. */
export function fileFor({ accounts, files }: HostFacts, name: string): string | null {
  const consulted = accounts.find((one) => one.name === name)?.consulted;
  const own = files.filter(({ accounts: of, stand }) => of.includes(name) && stand.kind !== "absent");
  const order = consulted ?? own.map(({ path }) => path);
  const named = order.flatMap((pattern) =>
    own.flatMap((file) => pathsOf(file).filter((path) => namesFile(pattern, path, true))),
  );
  return named[0] ?? null;
}
