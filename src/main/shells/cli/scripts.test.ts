import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCertificate } from "#testing/make-certificate.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { startSocksProxy } from "#testing/proxies/proxies.ts";
import { findClosedEndpoint, startChainServer, startPlainServer, startTlsServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeChain } from "#testing/tls/conforming-chain.ts";
import { startScriptedServer } from "#testing/tls/starttls-scripts.ts";

/*
 * The scripts in e2e/cli are conversations, and a script passes when saying its commands again gives its own text:
 *
 *   # a comment
 *   $ latchkey targets add web1 < list.txt     a command, maybe with a file for its stdin
 *   2 targets added                            what it prints on stdout
 *   ! latchkey: a complaint                    what it prints on stderr
 *   [2]                                        its exit code, unless 0
 *   -- list.txt --                             files, at the end: they are there before the first command
 *
 * {tls}, {plain}, {smtp}, {closed} and {socks}, a proxy, are endpoints on loopback, as are {against} and {refused},
 * whose chains are against RFC 5280: every client takes the first, and Go refuses the other; {folder} is the script's
 * own folder, and jo's home. It is always 1 June 2026. After a change on purpose, `vitest -u` writes the new text; read
 * what it wrote.
 */
const FOLDER = join(import.meta.dirname, "../../../../e2e/cli");
const now = () => new Date("2026-06-01T00:00:00Z");
const EXPIRY = new Date("2026-06-10T00:00:00Z");

const scripts = (await readdir(FOLDER)).filter((name) => name.endsWith(".txt"));

/** The servers of all scripts, for as long as this file runs. */
const servers = new AsyncDisposableStack();
let endpoints: Omit<Places, "folder">;

beforeAll(async () => {
  const certificate = await makeCertificate({ names: ["mail.example"], notAfter: EXPIRY });
  const without = makeChain({ leaf: { extensions: { "2.5.29.35": null } } });
  const negative = makeChain({ leaf: { serialBytes: [0x80] } });
  const socks = servers.use(await startSocksProxy());
  const server = servers.use(await startTlsServer({ names: ["shop.example"], notAfter: EXPIRY }));
  const plain = servers.use(await startPlainServer());
  const mail = servers.use(await startScriptedServer({ protocol: "smtp", certificate }));
  const against = servers.use(await startChainServer(without.leaf, [without.middle]));
  const refused = servers.use(await startChainServer(negative.leaf, [negative.middle]));
  endpoints = {
    socks: say(socks.endpoint),
    tls: say(server.endpoint),
    plain: say(plain.endpoint),
    smtp: say(mail.endpoint),
    against: say(against.endpoint),
    refused: say(refused.endpoint),
    closed: say(await findClosedEndpoint()),
  };
});
afterAll(() => servers.disposeAsync());

test.each(scripts)("%s goes as it is written", async (name) => {
  const path = join(FOLDER, name);
  const text = await readFile(path, "utf8");
  await using folder = await makeTemporaryFolder();
  const places = { ...endpoints, folder: folder.path };

  const [conversation = "", ...files] = text.split(/^(?=-- \S+ --$)/m);
  for (const file of files) await writeSection(folder.path, file);
  const said: string[] = [];
  for (const line of conversation.split("\n")) {
    if (line.startsWith("$ latchkey")) said.push(line, ...(await converse(line, places)));
    if (line.startsWith("#"))
      said.push(...(said.length === 0 || said.at(-1)?.startsWith("#") ? [] : [""]), line);
  }
  const again = [`${said.join("\n")}\n`, ...(files.length > 0 ? ["\n", ...files] : [])].join("");
  await expect(again).toMatchFileSnapshot(path);
});

type Places = Record<
  "socks" | "tls" | "plain" | "smtp" | "against" | "refused" | "closed" | "folder",
  string
>;

async function converse(line: string, places: Places): Promise<string[]> {
  const words = Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? "");
  const filled = words.slice(2).map((word) => fill(word, places));
  const from = filled.indexOf("<");
  const input = from === -1 ? "" : await readFile(join(places.folder, filled[from + 1] ?? ""), "utf8");
  const workstation = { user: "jo", home: places.folder, agentSocket: null };
  const type = openTerminal(join(places.folder, "latchkey.db"), { now, input, workstation });
  const { code, out, err } = await type(...(from === -1 ? filled : filled.slice(0, from)));
  return [
    ...printed(unfill(out, places), ""),
    ...printed(unfill(err, places), "! "),
    ...(code === 0 ? [] : [`[${code}]`]),
  ];
}

const printed = (text: string, mark: string): string[] =>
  text === "" ? [] : text.split("\n").map((line) => `${mark}${line}`);

const fill = (word: string, places: Places): string =>
  Object.entries(places).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), word);

/** Names what differs from run to run; a name as long as an address keeps the columns straight. */
const unfill = (text: string, places: Places): string =>
  Object.entries(places)
    .reduce(
      (said, [name, value]) =>
        said.replaceAll(value, `{${name}}`.padEnd(name === "folder" ? 0 : value.length, "~")),
      text,
    )
    .replace(/(?<=port"?:? )\d{5}\b/g, "{port}")
    .replace(/(?<=serial(": "| {6}))[0-9A-F]+/g, "{serial}")
    .replace(/\b[0-9a-f]{64}\b/g, "{sha256}")
    .replace(/(?<= {2})[0-9a-f]{12}$/gm, "{sha256...}");

async function writeSection(folder: string, section: string): Promise<void> {
  const [, name = "", body = ""] = /^-- (\S+) --\n(.*)$/s.exec(section) ?? [];
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), body, { mode: 0o600 });
}

const say = ({ host, port }: { host: string; port: number }): string => `${host}:${port}`;
