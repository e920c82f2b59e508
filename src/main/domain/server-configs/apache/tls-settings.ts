import type { TlsSettings } from "#domain/server-configs/configuration.ts";
import type { Host, Setting } from "./sections.ts";

const VERSIONS = ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/** Commands to OpenSSL itself that say nothing of ciphers, versions or keys. */
const HARMLESS = new Set(["dhparameters", "curves", "groups", "ecdhparameters"]);

/**
 * What a host says of ciphers and versions, or else the main server. Null where it cannot be told: a part was not read, a command goes
 * to OpenSSL itself, or nobody says anything of ciphers. `beside`: what `formatVersions` tells of the hosts at its addresses, each answer
 * once; versions are those of whoever is the default there.
 */
export function readTlsSettings(host: Host, main: Host, beside: readonly string[]): TlsSettings | null {
  const both = [host, main];
  const isCommanded = both.some(({ settings }) =>
    settings.some(
      ({ name, words }) => name === "sslopensslconfcmd" && !HARMLESS.has(words[0]?.toLowerCase() ?? ""),
    ),
  );
  if (isCommanded || both.some(({ hasGap }) => hasGap)) return null;
  const ciphers = ciphersOf(host) ?? ciphersOf(main);
  if (ciphers === null || ciphers.includes("${")) return null;
  const said = new Set([formatVersions(host, main), ...beside]);
  return { ciphers, versions: said.size > 1 ? null : versionsOf(host, main) };
}

/** The versions that a host asks for; `unknown` where that cannot be told. */
export const formatVersions = (host: Host, main: Host): string =>
  versionsOf(host, main)?.join(" ") ?? "unknown";

/** `SSLCipherSuite LIST`, or `SSLCipherSuite SSL LIST`: those of TLS 1.3 are another list, and go with any key. */
function ciphersOf({ settings }: Host): string | null {
  const lists = settings
    .filter(({ name }) => name === "sslciphersuite")
    .flatMap(({ words: [first = "", second] }) =>
      second === undefined ? [first] : first.toLowerCase() === "ssl" ? [second] : [],
    );
  return lists.at(-1) ?? null;
}

const versionsOf = (host: Host, main: Host): string[] | null => {
  const last = ({ settings }: Host): Setting | undefined =>
    settings.findLast(({ name }) => name === "sslprotocol");
  const setting = last(host) ?? last(main);
  return setting ? readVersions(setting.words) : null;
};

/** `all -SSLv3`, `TLSv1.2 +TLSv1.3`: a word without a sign takes the place of what was before it. Null: a word that is not known. */
function readVersions(words: readonly string[]): string[] | null {
  let taken = new Set<string>();
  for (const word of words) {
    const sign = /^[+-]/.exec(word)?.[0] ?? "";
    const name = word.slice(sign.length).toLowerCase();
    const known = VERSIONS.filter((version) => version.toLowerCase() === name || name === "all");
    if (known.length === 0 && name !== "sslv2") return null;
    if (sign === "-") for (const version of known) taken.delete(version);
    else taken = new Set([...(sign === "+" ? taken : []), ...known]);
  }
  return VERSIONS.filter((version) => taken.has(version));
}
