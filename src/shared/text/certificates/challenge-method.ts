import { assertNever } from "../../model/assert-never.ts";
import { ChallengeMethod, TSIG_ALGORITHMS } from "../../model/issuers/issuer.ts";

type Update = Extract<ChallengeMethod, { kind: "rfc2136" }>;

/** A challenge method as it is typed; the secret of a zone's key is typed on its own. */
export type TypedChallengeMethod = Exclude<ChallengeMethod, Update> | Omit<Update, "secretId">;

/**
 * Reads `webroot:/var/www`, `challenges:/var/lib/acme`, `served[:PORT]`, `tls-alpn[:PORT]`, `hook:PROGRAM` and
 * `rfc2136:...`; null for another text.
 */
export function parseChallengeMethod(text: string): TypedChallengeMethod | null {
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

function checked(method: object): ChallengeMethod | null {
  const read = ChallengeMethod.safeParse(method);
  return read.success ? read.data : null;
}

/** `SERVER[:PORT]/ZONE/KEY[/ALGORITHM]`, an address of IPv6 in brackets where a port follows. */
function readUpdate(text: string): Omit<Update, "secretId"> | null {
  const [address = "", zone = "", keyName = "", algorithm = TSIG_ALGORITHMS[0]] = text.split("/");
  const [, bracketed, plain, port = ""] =
    /^(?:\[([^\]]+)\]|([^:]+|[^:]*:[^:]*:.*?))(?::(\d+))?$/.exec(address) ?? [];
  const server = bracketed ?? plain ?? "";
  const method = checked({
    kind: "rfc2136",
    server,
    port: portOf(port, 53),
    zone,
    keyName,
    algorithm,
    secretId: "-",
  });
  if (method?.kind !== "rfc2136" || text.split("/").length > 4) return null;
  const { secretId: _, ...typed } = method;
  return typed;
}

/** A challenge method in words. */
export function formatChallengeMethod(method: TypedChallengeMethod): string {
  switch (method.kind) {
    case "webroot":
      return method.of === "site" ? `a file below ${method.path}` : `a file in ${method.path}`;
    case "served-on-host":
      return `served on the host at port ${method.port}`;
    case "tls-alpn":
      return `TLS at port ${method.port} of the host`;
    case "dns-hook":
      return `DNS, by the program ${method.program}`;
    case "rfc2136":
      return `DNS, by updates of ${method.zone} at ${method.server}:${method.port} with the key ${method.keyName}`;
    default:
      return assertNever(method);
  }
}
