import { type Protocol, StartTls, usualPort } from "#shared/model/starttls.ts";
import type { Target } from "#shared/model/target.ts";

/** What the part before :// says. `usualPort` null: none; `protocol` null: it is not for TLS. */
export type Scheme = {
  kind: Target["kind"];
  protocol: Protocol | null;
  usualPort: number | null;
  /** What follows the host is a page, and no server name. */
  isPage: boolean;
};

const endpoint = (protocol: Protocol, port: number | null): Scheme => ({
  kind: "tls",
  protocol,
  usualPort: port,
  isPage: false,
});

/** Protocols that are spoken inside TLS from the start, with their ports. */
const INSIDE: readonly [string, number][] = [
  ["smtps", 465],
  ["imaps", 993],
  ["pop3s", 995],
  ["ldaps", 636],
  ["ftps", 990],
  ["nntps", 563],
  ["ircs", 6697],
  ["telnets", 992],
];

const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ["ssh", { kind: "ssh", protocol: null, usualPort: null, isPage: false }],
  ["tls", endpoint("tls", null)],
  ["https", { ...endpoint("tls", 443), isPage: true }],
  ...INSIDE.map(([name, port]) => [name, endpoint("tls", port)] as const),
  ...StartTls.options.map((name) => [name, endpoint(name, usualPort(name))] as const),
  ["postgresql", endpoint("postgres", usualPort("postgres"))],
  ["mariadb", endpoint("mysql", usualPort("mysql"))],
]);

/** Null for one that means nothing here. */
export const readScheme = (name: string): Scheme | null => SCHEMES.get(name) ?? null;
