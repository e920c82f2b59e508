/** The client's side of SOCKS 5 (RFC 1928), with its login by name and password (RFC 1929). */
import { isIP } from "node:net";
import { Redacted } from "#shared/model/secret.ts";
import type { Credentials, Negotiation, ProxyAnswer, ProxyDestination, Step } from "./dialogue.ts";

const VERSION = 5;
const LOGIN_VERSION = 1;
const METHOD = { none: 0, password: 2, unacceptable: 0xff };
const CONNECT = 1;
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 };

/** Asks a proxy for a connection to a place; a name is resolved there. */
export function askSocks5(
  { host, port }: ProxyDestination,
  credentials: Credentials | null,
): Negotiation<ProxyAnswer> {
  let stage: "method" | "login" | "reply" = "method";
  const request = Buffer.concat([
    Buffer.from([VERSION, CONNECT, 0]),
    writeAddress(host),
    Buffer.from([port >>> 8, port & 255]),
  ]);

  return {
    begin: Buffer.from(credentials ? [VERSION, 2, METHOD.none, METHOD.password] : [VERSION, 1, METHOD.none]),
    take(heard) {
      switch (stage) {
        case "method":
          return takeMethod(heard);
        case "login":
          return takeLogin(heard);
        case "reply":
          return takeReply(heard);
      }
    },
  };

  function takeMethod(heard: Buffer): Step<ProxyAnswer> {
    const [version, method] = heard;
    if (version === undefined) return MORE;
    if (version !== VERSION) return over(heard, { kind: "garbage", heard });
    if (method === undefined) return MORE;
    if (method === METHOD.none) {
      stage = "reply";
      return { kind: "say", bytes: request, used: 2 };
    }
    if (method === METHOD.password && credentials) {
      stage = "login";
      return { kind: "say", bytes: writeLogin(credentials), used: 2 };
    }
    return over(heard, { kind: credentials ? "login-refused" : "login-wanted" });
  }

  function takeLogin(heard: Buffer): Step<ProxyAnswer> {
    const [version, status] = heard;
    if (version === undefined) return MORE;
    if (version !== LOGIN_VERSION) return over(heard, { kind: "garbage", heard });
    if (status === undefined) return MORE;
    if (status !== 0) return over(heard, { kind: "login-refused" });
    stage = "reply";
    return { kind: "say", bytes: request, used: 2 };
  }
}

const MORE = { kind: "more" } as const;

const over = ({ length }: Buffer, result: ProxyAnswer): Step<ProxyAnswer> => ({
  kind: "over",
  result,
  used: length,
});

/** What is bound comes as an address, of no use to us, that has to be there in full. */
function takeReply(heard: Buffer): Step<ProxyAnswer> {
  const [version, code, , type, length] = heard;
  if (version === undefined) return MORE;
  if (version !== VERSION) return over(heard, { kind: "garbage", heard });
  if (code === undefined) return MORE;
  // After a refusal some proxies send no more than this.
  if (code !== 0) return over(heard, REFUSALS[code] ?? { kind: "refused-by-proxy", said: `reply ${code}` });
  if (type === undefined || length === undefined) return MORE;
  const size = sizeOfAddress(type, length);
  if (size === null) return over(heard, { kind: "garbage", heard });
  const used = 4 + size + 2;
  return heard.length < used ? MORE : { kind: "over", result: { kind: "open" }, used };
}

function sizeOfAddress(type: number, length: number): number | null {
  if (type === ADDRESS.ipv4) return 4;
  if (type === ADDRESS.ipv6) return 16;
  return type === ADDRESS.name ? 1 + length : null;
}

/** RFC 1928, section 6: who refuses is the proxy itself, or what it tried to reach. */
const REFUSALS: Record<number, ProxyAnswer> = {
  1: { kind: "refused-by-proxy", said: "general failure" },
  2: { kind: "refused-by-proxy", said: "not allowed by its rules" },
  3: { kind: "unreached", why: "no-way", said: "network unreachable" },
  4: { kind: "unreached", why: "no-way", said: "host unreachable" },
  5: { kind: "unreached", why: "refused", said: "connection refused" },
  6: { kind: "unreached", why: "no-way", said: "TTL expired" },
  7: { kind: "refused-by-proxy", said: "it connects to nothing (command not supported)" },
  8: { kind: "refused-by-proxy", said: "it takes no addresses of this kind" },
};

function writeAddress(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from([ADDRESS.ipv4, ...host.split(".").map(Number)]);
  if (isIP(host) === 6) return Buffer.concat([Buffer.from([ADDRESS.ipv6]), toBytes(host)]);
  const name = Buffer.from(host, "latin1").subarray(0, 255);
  return Buffer.concat([Buffer.from([ADDRESS.name, name.length]), name]);
}

/** The sixteen bytes of an IPv6 address. A zone means nothing to another machine, and is left out. */
function toBytes(address: string): Buffer {
  const plain = address
    .replace(/%.*$/, "")
    // The last 32 bits may stand as an IPv4 address.
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
      const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
      return [a * 256 + b, c * 256 + d].map((group) => group.toString(16)).join(":");
    });
  const [head = [], tail = []] = plain.split("::").map((part) => part.split(":").filter(Boolean));
  const groups = plain.includes("::")
    ? [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail]
    : head;
  const bytes = Buffer.alloc(16);
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * index);
  return bytes;
}

function writeLogin({ user, password }: Credentials): Buffer {
  const [name, secret] = [user, Redacted.reveal(password)].map((text) =>
    Buffer.from(text, "utf8").subarray(0, 255),
  );
  return Buffer.concat([
    Buffer.from([LOGIN_VERSION, name?.length ?? 0]),
    name ?? Buffer.alloc(0),
    Buffer.from([secret?.length ?? 0]),
    secret ?? Buffer.alloc(0),
  ]);
}
