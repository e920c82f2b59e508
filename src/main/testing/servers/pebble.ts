import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { makeWithOpenssl } from "#testing/tls/make-with-openssl.ts";
import { startServer } from "./server.ts";

type PebbleOptions = {
  /** For these servers alone: an absolute path of an existing folder. */
  folder: string;
  /** Key identifier -> MAC key in base64url. With these, an account needs one of them. */
  bindings?: Record<string, string>;
  /** Where it verifies challenges, at the address of each name. By default where the challenge server listens. */
  httpPort?: number;
  tlsPort?: number;
  /** The DNS server that it queries, as address:port; by default the challenge server. */
  dnsServer?: string;
  /** Names for which it issues nothing. */
  blocked?: readonly string[];
  /** Seconds in its Retry-After headers; by default pebble's own (3 and 5). */
  retryAfter?: { authz?: number; order?: number };
  /**
   * PEBBLE_WFE_NONCEREJECT, PEBBLE_VA_SLEEPTIME, PEBBLE_ALTERNATE_ROOTS and the like; pebble's documentation lists
   * them.
   */
  env?: Record<string, string>;
};

export type Pebble = AsyncDisposable & {
  /** Address of its ACME directory. */
  directory: string;
  /** The file of roots that its own TLS is trusted by. The root of its certificates is another one: `issuingRoot`. */
  rootsPath: string;
  roots: string;
  /** The address where the challenge server listens, and that it returns for names without an entry. */
  challengeAddress: string;
  /** A command of the challenge server (`add-http01`, `set-txt`, `add-tlsalpn01`, `add-a`, ...). */
  tell(command: string, body: object): Promise<void>;
  issuingRoot(): Promise<string>;
  /** `Valid` or `Revoked`, by the serial number in hexadecimal. */
  statusOf(serial: string): Promise<string>;
  /** How many orders named a certificate that they replace, and were accepted as replacements. */
  countReplaced(): number;
};

const CHALLENGE_PORTS = { management: 8055, dns: 8053, http: 5002, tls: 5001 };
const ACME_PORT = 14_000;
const MANAGEMENT_PORT = 15_000;

/**
 * Pebble, Let's Encrypt's own ACME server for tests, and the server that responds to its challenges and DNS queries,
 * each at its own loopback address. Unless `env` says otherwise it validates at once, accepts every nonce, and
 * validates every name anew. Only processes with this loopback reach it: a lab host has its own, unless it shares the
 * network.
 */
export async function startPebble(wish: PebbleOptions): Promise<Pebble> {
  await using started = new AsyncDisposableStack();
  const files = await makeWithOpenssl(wish.folder, "pebble-roots", { subject: "/CN=pebble roots" });
  const challenges = started.use(await startChallengeServer(wish.folder, files));
  const dnsServer = wish.dnsServer ?? `${challenges.address}:${CHALLENGE_PORTS.dns}`;
  const server = started.use(await startAcmeServer({ ...wish, dnsServer }, files));
  const management = (path: string) => fetchText(server.address, MANAGEMENT_PORT, path);
  const running = started.move();
  return {
    directory: `https://${server.address}:${ACME_PORT}/dir`,
    rootsPath: files.certificatePath,
    roots: files.pem,
    challengeAddress: challenges.address,
    tell: async (command, body) => {
      const url = `http://${challenges.address}:${CHALLENGE_PORTS.management}/${command}`;
      const { ok, status } = await fetch(url, { method: "POST", body: JSON.stringify(body) });
      if (!ok) throw new Error(`the challenge server answers ${status} to ${command}`);
    },
    issuingRoot: () => management("/roots/0"),
    statusOf: async (serial) => JSON.parse(await management(`/cert-status-by-serial/${serial}`)).Status,
    countReplaced: () => server.said().split("has been marked as replaced").length - 1,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

type Files = { certificatePath: string; keyPath: string };

const startChallengeServer = (folder: string, files: Files) =>
  startServer({ folder, ...files }, { name: "pebble-challtestsrv" }, async (own) => ({
    configPath: own.folder,
    command: [
      "pebble-challtestsrv",
      "-defaultIPv4",
      own.address,
      "-defaultIPv6",
      "",
      "-doh",
      "",
      "-https01",
      "",
      "-management",
      `${own.address}:${CHALLENGE_PORTS.management}`,
      "-dns01",
      `${own.address}:${CHALLENGE_PORTS.dns}`,
      "-http01",
      `${own.address}:${CHALLENGE_PORTS.http}`,
      "-tlsalpn01",
      `${own.address}:${CHALLENGE_PORTS.tls}`,
    ],
    endpoints: [
      { protocol: "tls", port: CHALLENGE_PORTS.management },
      { protocol: "tls", port: CHALLENGE_PORTS.dns },
      { protocol: "tls", port: CHALLENGE_PORTS.http },
      { protocol: "tls", port: CHALLENGE_PORTS.tls },
    ],
  }));

const startAcmeServer = (wish: PebbleOptions & { dnsServer: string }, roots: Files & { pem: string }) =>
  startServer({ folder: wish.folder, ...roots }, { name: "pebble" }, async (own) => {
    const issuer = { ...roots, keyPem: await readFile(roots.keyPath, "utf8"), der: Buffer.alloc(0) };
    const extensions = [`subjectAltName=IP:${own.address}`, "basicConstraints=critical,CA:FALSE"];
    const files = await makeWithOpenssl(own.folder, "listens", { extensions, issuer });
    const configPath = join(own.folder, "pebble.json");
    const pebble = {
      listenAddress: `${own.address}:${ACME_PORT}`,
      managementListenAddress: `${own.address}:${MANAGEMENT_PORT}`,
      certificate: files.certificatePath,
      privateKey: files.keyPath,
      httpPort: wish.httpPort ?? CHALLENGE_PORTS.http,
      tlsPort: wish.tlsPort ?? CHALLENGE_PORTS.tls,
      externalAccountBindingRequired: wish.bindings !== undefined,
      externalAccountMACKeys: wish.bindings ?? {},
      domainBlocklist: wish.blocked ?? [],
      retryAfter: wish.retryAfter ?? {},
    };
    await writeFile(configPath, JSON.stringify({ pebble }));
    return {
      configPath,
      command: ["pebble", "-config", configPath, "-dnsserver", wish.dnsServer],
      env: { ...process.env, ...PATIENT, ...wish.env },
      endpoints: [
        { protocol: "tls", port: ACME_PORT },
        { protocol: "tls", port: MANAGEMENT_PORT },
      ],
    };
  });

const PATIENT = { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0", PEBBLE_AUTHZREUSE: "0" };

function fetchText(host: string, port: number, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({ host, port, path, rejectUnauthorized: false }, async (response) => {
    resolve(Buffer.concat(await response.toArray()).toString());
  })
    .on("error", reject)
    .end();
  return promise;
}
