import { execFile } from "node:child_process";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTlsProber } from "#net/tls/probe-endpoint.ts";
import { type Protocol, protocolOfPort, StartTls, type TlsTarget } from "#shared/model/hosts/target.ts";
import { formatEndpoint } from "#shared/text/hosts/target.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { openTerminal, type Said } from "#testing/open-terminal.ts";
import { recordProtocol } from "#testing/protocols/protocol-table.ts";
import type { ServerRequest } from "#testing/servers/server.ts";
import { type AllServers, domainOf, SERVER_OF, startAllServers } from "#testing/servers/start-all.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeWithOpenssl, writeChain } from "#testing/tls/make-with-openssl.ts";

const run = promisify(execFile);
const lab = test.skipIf(!canStartHosts());

/** The protocols for which there is a real server. */
const SPOKEN = StartTls.options.filter((protocol) => protocol !== "mssql");

const world = new AsyncDisposableStack();
let wish: ServerRequest;
let servers: AllServers;
let targets: TlsTarget[];
let chain: Buffer[];
let type: (...words: string[]) => Promise<Said>;

beforeAll(async () => {
  if (!canStartHosts()) return;
  const { path } = world.use(await makeTemporaryFolder());
  await chmod(path, 0o755);
  const issuing = await makeWithOpenssl(path, "issuing");
  // telnetd-ssl takes RSA alone.
  const leaf = await makeWithOpenssl(path, "leaf", { algorithm: "rsa", issuer: issuing });
  const certificatePath = await writeChain(path, "leaf", [leaf, issuing]);
  wish = { folder: path, certificatePath, keyPath: leaf.keyPath };
  servers = world.use(await startAllServers(wish));
  targets = SPOKEN.map((protocol) => targetOf(protocol));
  chain = [leaf.der, issuing.der];
  type = openTerminal(join(path, "latchkey.db"));
}, 60_000);

afterAll(() => world.disposeAsync());

lab(
  "a scan of fifteen protocols, each told by its port, reads every chain and remembers what was spoken",
  async () => {
    const words = targets.map(
      ({ host, port, serverName }) => `${host}:${port}${serverName ? `/${serverName}` : ""}`,
    );
    const scan = JSON.parse((await type("scan", ...words, "--json")).out);
    expect(scan).toMatchObject({ state: "finished", probes: { ok: SPOKEN.length, failed: 0 }, failures: [] });
    const { certificates } = JSON.parse((await type("certificates", "--json")).out);
    expect(certificates).toHaveLength(2);
    for (const { locations } of certificates)
      expect(locations.map(({ protocol }: { protocol: string }) => protocol).sort()).toEqual(
        [...SPOKEN].sort(),
      );
    const { targets: remembered } = JSON.parse((await type("targets", "list", "--json")).out);
    expect(remembered.map(({ text }: { text: string }) => text).sort()).toEqual(words.sort());
  },
);

test.skipIf(!canStartHosts()).for(SPOKEN)(
  "%s: a real server shows what it was given, as openssl sees it",
  async (protocol, { task }) => {
    const target = targetOf(protocol);
    const reading = await createTlsProber().probeEndpoint(target, AbortSignal.timeout(30_000));
    expect(reading).toMatchObject({ outcome: "presented", message: "" });
    expect(reading.chain.map(toHex)).toEqual(chain.map(toHex));
    const asked = OPENSSL_KNOWS.has(protocol) ? await askOpenssl(target) : null;
    if (asked) expect(reading.chain.map(toHex)).toEqual(asked.map(toHex));
    recordProtocol(task, {
      protocol,
      server: SERVER_OF[protocol],
      isScripted: false,
      seen: `presented ${reading.chain.length} of ${chain.length} certificates${asked ? ", as openssl s_client sees them" : ""}`,
    });
  },
);

lab(
  "a server without TLS is told as one, in each protocol, and nothing else is said to it in plain text",
  async () => {
    await using plain = await startAllServers({ ...wish, folder: await makeFolder("plain"), isPlain: true });
    const { probeEndpoint } = createTlsProber();
    const said = await Promise.all(
      SPOKEN.map(async (protocol) => {
        const target = targetOf(protocol, plain);
        const { outcome, message } = await probeEndpoint(target, AbortSignal.timeout(30_000));
        return `${protocol}: ${outcome}: ${message}`;
      }),
    );
    expect(said.join("\n")).toMatchInlineSnapshot(`
      "smtp: no-starttls: the server offers no TLS within SMTP (STARTTLS); switch it on there, or name the port where it speaks TLS at once
      lmtp: no-starttls: the server offers no TLS within LMTP (STARTTLS); switch it on there, or name the port where it speaks TLS at once
      imap: no-starttls: the server offers no TLS within IMAP (STARTTLS); switch it on there, or name the port where it speaks TLS at once
      pop3: no-starttls: the server offers no TLS within POP3 (STLS); switch it on there, or name the port where it speaks TLS at once
      ftp: no-starttls: the server offers no TLS within FTP (AUTH TLS): it said "500 AUTH not understood"; switch it on there, or name the port where it speaks TLS at once
      ldap: no-starttls: the server offers no TLS within LDAP (StartTLS): it said "result 2 unsupported extended operation"; switch it on there, or name the port where it speaks TLS at once
      xmpp: no-starttls: the server offers no TLS within XMPP (STARTTLS): it said "undefined-condition: No stream features to proceed with"; switch it on there, or name the port where it speaks TLS at once
      xmpp-server: no-starttls: the server offers no TLS within XMPP (server) (STARTTLS): it said "undefined-condition: No stream features to offer"; switch it on there, or name the port where it speaks TLS at once
      nntp: starttls-refused: the server refused STARTTLS: it said "580 Error initializing TLS"; its own log says why, often a certificate that it could not load
      sieve: no-starttls: the server offers no TLS within ManageSieve (STARTTLS); switch it on there, or name the port where it speaks TLS at once
      irc: no-starttls: the server offers no TLS within IRC (STARTTLS): it said ":irc.example CAP * LS :inspircd.org/poison inspircd.org/stats-tags "; switch it on there, or name the port where it speaks TLS at once
      telnet: no-starttls: the server offers no TLS within Telnet (START_TLS); switch it on there, or name the port where it speaks TLS at once
      postgres: no-starttls: the server offers no TLS within PostgreSQL (SSLRequest); switch it on there, or name the port where it speaks TLS at once
      mysql: no-starttls: the server offers no TLS within MySQL (SSL); switch it on there, or name the port where it speaks TLS at once
      rdp: no-starttls: the server offers no TLS within RDP (TLS security); switch it on there, or name the port where it speaks TLS at once"
    `);
  },
  60_000,
);

lab("a server that speaks another protocol than was said is named by what it speaks", async () => {
  const { probeEndpoint } = createTlsProber();
  const wrong: [(typeof SPOKEN)[number], Protocol][] = [
    ["smtp", "imap"],
    ["imap", "smtp"],
    ["pop3", "smtp"],
    ["mysql", "smtp"],
    ["sieve", "pop3"],
    ["imap", "tls"],
  ];
  const said: string[] = [];
  for (const [spoken, asked] of wrong) {
    const target = { ...targetOf(spoken), protocol: asked };
    const { outcome, message } = await probeEndpoint(target, AbortSignal.timeout(30_000));
    said.push(
      `${spoken} asked for ${asked}: ${outcome}: ${message.replaceAll(target.host, "HOST").replace(/"[^"]*"/, '"..."')}`,
    );
  }
  expect(said.join("\n")).toMatchInlineSnapshot(`
    "smtp asked for imap: other-protocol: what listens there does not speak IMAP but SMTP or FTP: it said "..."; write HOST:25
    imap asked for smtp: other-protocol: what listens there does not speak SMTP but IMAP: it said "..."; write HOST:143
    pop3 asked for smtp: other-protocol: what listens there does not speak SMTP but POP3: it said "..."; write HOST:110
    mysql asked for smtp: other-protocol: what listens there does not speak SMTP but MySQL: it said "..."; write HOST:3306
    sieve asked for pop3: other-protocol: what listens there does not speak POP3 but ManageSieve: it said "..."IMPLEMENTATION" "Dovecot Pigeonhole""; write HOST:4190
    imap asked for tls: not-tls: what listens there does not speak TLS but IMAP: it said "..."; it may turn to TLS: write HOST:143"
  `);
});

const toHex = (der: Uint8Array): string => Buffer.from(der).toString("hex");

async function makeFolder(name: string): Promise<string> {
  const path = join(wish.folder, name);
  await mkdir(path);
  return path;
}

function targetOf(protocol: (typeof SPOKEN)[number], of: AllServers = servers): TlsTarget {
  const { address, endpoints } = of[SERVER_OF[protocol]];
  const port = endpoints.find((endpoint) => endpoint.protocol === protocol)?.port ?? 0;
  expect(protocolOfPort(port)).toBe(protocol);
  return { kind: "tls", host: address, port, serverName: domainOf(protocol), protocol };
}

const OPENSSL_KNOWS = new Set<Protocol>([
  "smtp",
  "lmtp",
  "imap",
  "pop3",
  "ftp",
  "ldap",
  "xmpp",
  "xmpp-server",
  "nntp",
  "sieve",
  "irc",
  "postgres",
  "mysql",
]);

/** The chain as `openssl s_client` receives it. */
async function askOpenssl({ host, port, serverName, protocol }: TlsTarget): Promise<Buffer[]> {
  const name = serverName === null ? [] : ["-name", serverName, "-servername", serverName];
  const ask = ["s_client", "-connect", `${host}:${port}`, "-starttls", protocol, "-showcerts", ...name];
  const child = run("openssl", ask, { timeout: 20_000 });
  child.child.stdin?.end();
  const { stdout } = await child.catch((error: { stdout: string }) => error);
  const found = stdout.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const list = found.map((pem) => Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64"));
  expect(list, `${formatEndpoint({ host, port, serverName, protocol })} as openssl sees it`).not.toEqual([]);
  return list;
}
