import { assertNever } from "../../model/assert-never.ts";
import { ChallengeWay, TSIG_ALGORITHMS } from "../../model/issuers/issuer.ts";

type Update = Extract<ChallengeWay, { kind: "rfc2136" }>;

/** A way as it is typed: the secret of a zone's key is typed apart. */
export type TypedWay = Exclude<ChallengeWay, Update> | Omit<Update, "secretId">;

/** Reads `webroot:/var/www`, `challenges:/var/lib/acme`, `served[:PORT]`, `tls-alpn[:PORT]`, `hook:PROGRAM` and `rfc2136:...`; null for another. */
export function readChallengeWay(text: string): TypedWay | null {
  const [, word = "", rest = ""] = /^([a-z0-9-]+)(?::(.*))?$/s.exec(text.trim()) ?? [];
  switch (word) {
    case "webroot":
      return checked({ kind: "webroot", path: rest, of: "site" });
    case "challenges":
      return checked({ kind: "webroot", path: rest, of: "challenges" });
    case "served":
      return checked({ kind: "served-on-host", port: portOf(rest, 80) });
    case "tls-alpn":
      return checked({ kind: "tls-alpn", port: portOf(rest, 443) });
    case "hook":
      return checked({ kind: "dns-hook", program: rest });
    case "rfc2136":
      return readUpdate(rest);
    default:
      return null;
  }
}

export const CHALLENGE_FORMS = [
  "webroot:/var/www/html",
  "challenges:/var/lib/acme",
  "served[:80]",
  "tls-alpn[:443]",
  "hook:/usr/local/bin/dns-hook",
  `rfc2136:SERVER[:53]/ZONE/KEY[/${TSIG_ALGORITHMS[0]}]`,
] as const;

const portOf = (text: string, usual: number): number =>
  text === "" ? usual : /^\d{1,5}$/.test(text) ? Number(text) : 0;

function checked(way: object): ChallengeWay | null {
  const read = ChallengeWay.safeParse(way);
  return read.success ? read.data : null;
}

/** `SERVER[:PORT]/ZONE/KEY[/ALGORITHM]`, an address of IPv6 in brackets where a port follows. */
function readUpdate(text: string): Omit<Update, "secretId"> | null {
  const [place = "", zone = "", keyName = "", algorithm = TSIG_ALGORITHMS[0]] = text.split("/");
  const [, bracketed, plain, port = ""] =
    /^(?:\[([^\]]+)\]|([^:]+|[^:]*:[^:]*:.*?))(?::(\d+))?$/.exec(place) ?? [];
  const server = bracketed ?? plain ?? "";
  const way = checked({
    kind: "rfc2136",
    server,
    port: portOf(port, 53),
    zone,
    keyName,
    algorithm,
    secretId: "-",
  });
  if (way?.kind !== "rfc2136" || text.split("/").length > 4) return null;
  const { secretId: _, ...typed } = way;
  return typed;
}

/** A way in words. */
export function formatChallengeWay(way: TypedWay): string {
  switch (way.kind) {
    case "webroot":
      return way.of === "site" ? `a file below ${way.path}` : `a file in ${way.path}`;
    case "served-on-host":
      return `served on the host at port ${way.port}`;
    case "tls-alpn":
      return `TLS at port ${way.port} of the host`;
    case "dns-hook":
      return `DNS, by the program ${way.program}`;
    case "rfc2136":
      return `DNS, by updates of ${way.zone} at ${way.server}:${way.port} with the key ${way.keyName}`;
    default:
      return assertNever(way);
  }
}
