/**
 * What a host calls itself, beside the name that the user has for it; null where it says nothing new. It is the host's
 * word: it is shown behind the user's name, and decides nothing.
 */
export function formatOwnName(host: string, hostname: string | null): string | null {
  const [own, name] = [hostname?.trim().toLowerCase() ?? "", host.toLowerCase()];
  const isSame = own === "" || own === name || own.startsWith(`${name}.`) || name.startsWith(`${own}.`);
  return isSame ? null : (hostname?.trim() ?? null);
}

/** `10.0.0.5 (db-prod-1)`; `text` names the host. */
export function withOwnName(text: string, host: string, hostname: string | null): string {
  const own = formatOwnName(host, hostname);
  return own === null ? text : `${text} (${own})`;
}

type OwnName = { host: string; port: number; hostname: string };
/** Finds what a host calls itself, by the user's name for it; of several ports of one name, the first. */
export type FindOwnName = (host: string, port?: number | null) => string | null;

export function findOwnNamesIn(names: readonly OwnName[]): FindOwnName {
  const known = new Map<string, string>();
  for (const { host, port, hostname } of names) {
    known.set(`${port} ${host}`, hostname);
    if (!known.has(host)) known.set(host, hostname);
  }
  return (host, port = null) => known.get(port === null ? host : `${port} ${host}`) ?? null;
}
