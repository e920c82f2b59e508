import type { ConfigurationFiles, ServerKind } from "./configuration.ts";

/** The word of a command line behind which the configuration is named. The readers of the others look for it themselves. */
const FLAGS: { [Kind in ServerKind]?: string } = { nginx: "-c", apache: "-f", dovecot: "-c" };

/** The configuration that all running processes of the server were started with, where it is another than was read. */
export function findOtherRoot({ server, root, commandLines }: ConfigurationFiles): string | null {
  const flag = FLAGS[server];
  const named = commandLines.flatMap((words) => {
    const title = words[0] ?? "";
    // A worker says nothing of what its master was started with, which nginx keeps in one word.
    if (/^nginx: (?!master)/.test(title)) return [];
    const own = title.startsWith("nginx: ") ? title.split(" ") : words;
    const at = own.indexOf(flag ?? "");
    return [at < 0 ? root : (own[at + 1] ?? root)];
  });
  if (flag === undefined || named.length === 0) return null;
  return named.includes(root) ? null : (named[0] ?? null);
}
