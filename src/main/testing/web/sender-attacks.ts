import { WEB_SESSION_PATH } from "#shared/contract/transport/web-protocol.ts";
import {
  type Attack,
  authorityOf,
  type Header,
  type Loot,
  portOf,
  type Request,
  soundExchange,
  soundUpgrade,
  withoutSender,
} from "./attack.ts";

/** Host x Origin x Sec-Fetch-Site x request, without the combinations that our own page and the address bar send. */
export function makeSenderAttacks(loot: Loot): Attack[] {
  const ours = authorityOf(loot);
  const origins = [
    null,
    "null",
    "http://evil.example",
    "http://127.0.0.1:1",
    `https://${ours}`,
    `http://${ours}`,
  ];
  const sites = [null, "none", "same-origin", "same-site", "cross-site"];
  const attacks: Attack[] = [];
  for (const ask of makeAsks(loot)) {
    for (const host of makeHosts(loot)) {
      for (const origin of origins) {
        for (const site of sites) {
          const isOwnHost = host.length === 1 && host[0] === ours;
          const from = origin === `http://${ours}` ? "own" : origin;
          if (isOwnHost && ask.isAllowed(from, site)) continue;
          attacks.push(toAttack(ask, host, origin, site));
        }
      }
    }
    for (const host of makeOddHosts(loot)) {
      attacks.push(toAttack(ask, [host], `http://${ours}`, "same-origin"));
      attacks.push(toAttack(ask, [host], `http://${host}`, "same-origin"));
    }
  }
  return attacks;
}

function toAttack(
  { what, request }: Ask,
  hosts: readonly string[],
  origin: string | null,
  site: string | null,
): Attack {
  const sender: Header[] = hosts.map((host) => ["Host", host]);
  if (origin !== null) sender.push(["Origin", origin]);
  if (site !== null) sender.push(["Sec-Fetch-Site", site]);
  const said = sender.map(([name, value]) => `${name}: ${value}`).join(", ");
  return {
    name: `${what} from ${said || "nobody"}`,
    send: { ...request, headers: [...sender, ...request.headers] },
  };
}

/** The name of this start, on which everything depends, is in each of them, or beside it. */
function makeHosts(loot: Loot): string[][] {
  const [ours, port] = [authorityOf(loot), portOf(loot)];
  return [
    [],
    [ours, ours],
    [ours, "evil.example"],
    ["evil.example", ours],
    [nameOf(loot)],
    [`${nameOf(loot)}:1`],
    ["127.0.0.1"],
    [`127.0.0.1:${port}`],
    [`127.1:${port}`],
    [`localhost:${port}`],
    [`localhost.:${port}`],
    [`[::1]:${port}`],
    [`evil.example:${port}`],
    [`${nameOf(loot)}.evil.example:${port}`],
    [ours.toUpperCase()],
    [ours],
  ];
}

/** Other forms of names that may lead here, and names that careless parsers take for ours. */
function makeOddHosts(loot: Loot): string[] {
  const [ours, name, port] = [authorityOf(loot), nameOf(loot), portOf(loot)];
  return [
    "",
    `user@${ours}`,
    `${ours}@evil.example`,
    `${ours}, evil.example`,
    `${ours} evil.example`,
    `${ours}/`,
    `${ours}#`,
    `${name}:0${port}`,
    `${name}:+${port}`,
    `${name}.:${port}`,
    `x.${ours}`,
    `${name.replace(".", "..")}:${port}`,
    `${name.slice(1)}:${port}`,
    `2130706433:${port}`,
    `0177.0.0.1:${port}`,
    `0x7f.0.0.1:${port}`,
    `0.0.0.0:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
    `%6c${name.slice(1)}:${port}`,
    `lk.localhost:${port}`,
    `latchkey.localhost:${port}`,
    `http://${ours}`,
  ];
}

const nameOf = (loot: Loot): string => authorityOf(loot).split(":")[0] ?? "";

type Ask = { what: string; request: Request; isAllowed(origin: string | null, site: string | null): boolean };

function makeAsks(loot: Loot): Ask[] {
  const isFromPage = (origin: string | null, site: string | null) =>
    origin === "own" && (site === null || site === "same-origin");
  const isRead = (origin: string | null, site: string | null) =>
    (origin === null || origin === "own") && (site === null || site === "same-origin" || site === "none");
  const exchange = withoutSender(soundExchange(loot));
  const upgrade = withoutSender(soundUpgrade(loot));
  const never = (request: Request, what = request.line): Ask => ({ what, request, isAllowed: () => false });
  const bare = (line: string) => never({ line, headers: [] });
  return [
    { what: "a read", request: { line: "GET / HTTP/1.1", headers: [] }, isAllowed: isRead },
    { what: "an exchange", request: exchange, isAllowed: isFromPage },
    { what: "an upgrade", request: upgrade, isAllowed: isFromPage },
    bare(`GET http://${authorityOf(loot)}/ HTTP/1.1`),
    bare("GET / HTTP/1.0"),
    bare(`OPTIONS ${WEB_SESSION_PATH} HTTP/1.1`),
    bare(`GET ${WEB_SESSION_PATH} HTTP/1.1`),
    never({ ...exchange, line: `PUT ${WEB_SESSION_PATH} HTTP/1.1` }),
    never({ ...exchange, line: `DELETE ${WEB_SESSION_PATH} HTTP/1.1` }),
    never({ ...upgrade, line: "POST / HTTP/1.1" }, "an upgrade by POST"),
  ];
}
