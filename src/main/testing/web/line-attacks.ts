import { WEB_SESSION_PATH } from "#shared/contract/transport/web-protocol.ts";
import {
  type Attack,
  add,
  authorityOf,
  type Loot,
  put,
  type Request,
  soundExchange,
  soundRead,
} from "./attack.ts";

/** Requests of our own page, but with another request line, or with headers that a proxy adds. */
export const makeLineAttacks = (loot: Loot): Attack[] => [
  ...makePaths(loot),
  ...makeLines(loot),
  ...makeForwarded(loot),
];

/** Paths that are no file of the page, however they are written. */
const PATHS = [
  "/../package.json",
  "/./../package.json",
  "/%2e%2e/package.json",
  "/%2E%2E%2Fpackage.json",
  "/..%2fpackage.json",
  "/%252e%252e/package.json",
  "/..%5cpackage.json",
  "/..\\package.json",
  "/\\",
  "/\\evil.example",
  "/%5c%5cevil.example",
  "/%c0%ae%c0%ae/package.json",
  "/%u002e%u002e/",
  "/..;/package.json",
  "/;/../package.json",
  "/index.html;x=1",
  "//",
  "//evil.example",
  "//evil.example/..",
  "///etc/passwd",
  "//127.0.0.1/",
  "/http://evil.example/",
  "/%00",
  "/index.html%00",
  "/index.html%00.js",
  "/%",
  "/%zz",
  "/%2",
  "/index.html%20",
  "/index.html.",
  "/index.html/",
  "/?",
  "/?x",
  "/?launch=x",
  "/index.html?x",
  "/?/../package.json",
  "/.",
  "/./",
  "/..",
  "/~root/",
  "/.git/config",
  "/etc/passwd",
  "/proc/self/environ",
  "/latchkey.db",
  "/data/latchkey.db",
  "/out/main/latchkey.js",
  "/C:\\Windows\\win.ini",
  "/session/",
  "/session?x",
  "/SESSION",
  "/%73ession",
  "//session",
  "/session;x",
  "/session/../",
  "/session%00",
  "/__proto__",
  "/constructor",
  "/toString",
  "/hasOwnProperty",
  "/assets/",
  "/assets/..",
  "/assets/%2e%2e/index.html",
];

const makePaths = (loot: Loot): Attack[] => [
  ...PATHS.map((path) => ({
    name: `a read of ${path}`,
    send: { ...soundRead(loot), line: `GET ${path} HTTP/1.1` },
  })),
  ...[256, 4_096, 15_000, 17_000, 70_000].map((length) => ({
    name: `a read of a path of ${length} letters`,
    send: { ...soundRead(loot), line: `GET /${"a".repeat(length)} HTTP/1.1` },
    statuses: length < 16_000 ? [404] : [431],
  })),
  ...PATHS.filter((path) => path.includes("session")).map((path) => ({
    name: `an exchange at ${path}`,
    send: { ...soundExchange(loot), line: `POST ${path} HTTP/1.1` },
  })),
];

const METHODS = [
  "HEAD",
  "PUT",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "PATCH",
  "PROPFIND",
  "MKCOL",
  "MOVE",
  "COPY",
  "LOCK",
  "SEARCH",
  "PURGE",
  "M-SEARCH",
  "SUBSCRIBE",
  "NOTIFY",
  "REPORT",
  "LINK",
  "SOURCE",
  "QUERY",
  "TRACK",
  "DEBUG",
  "get",
  "Get",
];

const VERSIONS = [
  "HTTP/0.9",
  "HTTP/1.0",
  "HTTP/1.2",
  "HTTP/2.0",
  "HTTP/3.0",
  "HTTP/11.1",
  "http/1.1",
  "HTTPS/1.1",
  "RTSP/1.0",
];

function makeLines(loot: Loot): Attack[] {
  const ours = authorityOf(loot);
  const lines = [
    ...METHODS.flatMap((method) => [`${method} / HTTP/1.1`, `${method} ${WEB_SESSION_PATH} HTTP/1.1`]),
    ...VERSIONS.map((version) => `GET / ${version}`),
    `http://${ours}/`,
    `https://${ours}/`,
    `HTTP://${ours}/`,
    "http://evil.example/",
    `//${ours}/x`,
    `ws://${ours}/`,
    "*",
    ours,
    "evil.example:443",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "session",
    "?",
    "#",
    "",
    "/ /",
    "/ HTTP/1.1 HTTP/1.1",
    "\t/",
    "/\t",
    "/\u0000",
    "/\u00e9",
    "/\u202e",
    "/x\u000b",
  ].map((line) => (/ \S+\/[\d.]+$/.test(line) && /^[A-Za-z-]+ /.test(line) ? line : `GET ${line} HTTP/1.1`));
  return lines.map((line) => ({
    name: `the line ${JSON.stringify(line)}`,
    send: { ...soundRead(loot), line },
  }));
}

/** What a proxy would add about the route; no proxy is in front of us, so it must not count. */
function makeForwarded(loot: Loot): Attack[] {
  const ours = authorityOf(loot);
  const stranger = put(soundExchange(loot), "Host", "evil.example");
  const elsewhere: Request = { ...soundRead(loot), line: "GET /elsewhere HTTP/1.1" };
  const forwarded = [
    "X-Forwarded-Host",
    "X-Forwarded-Server",
    "X-Host",
    "X-Original-Host",
    "X-HTTP-Host-Override",
  ];
  const rewritten = ["X-Original-URL", "X-Rewrite-URL", "X-Original-URI", "X-Forwarded-Path"];
  const overridden = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"];
  return [
    ...forwarded.map((name) => ({
      name: `${name} for our own`,
      send: add(stranger, [name, ours]),
      statuses: [421],
    })),
    { name: "Forwarded for our own", send: add(stranger, ["Forwarded", `host="${ours}"`]), statuses: [421] },
    ...rewritten.map((name) => ({ name, send: add(elsewhere, [name, "/"]), statuses: [404] })),
    ...overridden.map((name) => ({
      name: `GET that is said to be POST by ${name}`,
      send: add({ ...soundExchange(loot), line: `GET ${WEB_SESSION_PATH} HTTP/1.1` }, [name, "POST"]),
      statuses: [405],
    })),
    ...["Referer", "X-Forwarded-Origin", "X-Requested-With", "X-Origin"].map((name) => ({
      name: `${name} in place of an Origin`,
      send: add(put(soundExchange(loot), "Origin", null), [name, `http://${ours}`]),
      statuses: [403],
    })),
  ];
}
