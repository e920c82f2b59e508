/** Where a Listen line or a virtual host stands: null for any address, and null for any port. */
export type Where = { address: string | null; port: number | null };

const BRACKETS = /^\[([^\]]*)\](?::(\d{1,5}|\*))?$/;
const PLAIN = /^([^:]*)(?::(\d{1,5}|\*))?$/;

/** An address of `<VirtualHost>`; null where it cannot be read. One of zeros alone is every address of both families there. */
export function readHostAddress(text: string): Where | null {
  const where = readAddress(text);
  return where && /^[0:.]+$/.test(where.address ?? "") ? { address: null, port: where.port } : where;
}

function readAddress(text: string): Where | null {
  const found = BRACKETS.exec(text) ?? PLAIN.exec(text);
  if (!found || found[1] === "" || text.includes("${")) return null;
  return { address: toAddress(found[1] ?? ""), port: toPort(found[2]) };
}

/** What `Listen` says: `443`, `192.0.2.1:443 https`. The port 443 means https where no protocol is named. */
export function readListen([where = "", protocol]: readonly string[]): (Where & { isHttps: boolean }) | null {
  const alone = /^\d{1,5}$/.test(where);
  const place = alone ? { address: null, port: Number(where) } : readAddress(where);
  if (!place || place.port === null) return null;
  return { ...place, isHttps: protocol ? protocol.toLowerCase() === "https" : place.port === 443 };
}

const toAddress = (text: string): string | null =>
  text === "*" || text.toLowerCase() === "_default_" ? null : text.toLowerCase();

const toPort = (text: string | undefined): number | null =>
  text === undefined || text === "*" ? null : Number(text);
