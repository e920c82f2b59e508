import "reflect-metadata";
import { once } from "node:events";
import { type AddressInfo, isIP, type Socket } from "node:net";
import { createServer, type Server } from "node:tls";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { writePem } from "#codec/pem.ts";

type Authorities = Record<"issuing" | "internal" | "legacy", Issued[]>;

type Plan = Validity & {
  name: string;
  port: number;
  by: keyof Authorities | "itself";
  algorithm?: Algorithm;
  /** Names in the certificate, if it has more than the server's. */
  names?: readonly string[];
  /** Presents the certificate of that endpoint instead of one of its own. */
  sharedWith?: string;
};

/** What a scan sees of a company that has grown for fifteen years. */
const PLANS: readonly Plan[] = [
  {
    name: "shop.example",
    port: 8443,
    by: "issuing",
    agoDays: 29,
    aheadDays: 61,
    names: ["shop.example", "www.shop.example"],
  },
  { name: "api.shop.example", port: 8443, by: "issuing", agoDays: 84, aheadDays: 6 },
  { name: "pay.shop.example", port: 8443, by: "issuing", algorithm: "rsa-2048", agoDays: 395, aheadDays: 3 },
  { name: "img.shop.example", port: 8443, by: "issuing", agoDays: 70, aheadDays: 20 },
  { name: "staging.shop.example", port: 8443, by: "issuing", agoDays: 2, aheadDays: 4 },
  { name: "imap.corp.example", port: 8993, by: "issuing", agoDays: 10, aheadDays: 80 },
  { name: "smtp.corp.example", port: 8465, by: "issuing", agoDays: 102, aheadDays: -12 },
  {
    name: "git.corp.example",
    port: 8443,
    by: "internal",
    agoDays: 200,
    aheadDays: 165,
    names: ["*.corp.example"],
  },
  {
    name: "registry.corp.example",
    port: 5443,
    by: "internal",
    agoDays: 200,
    aheadDays: 165,
    sharedWith: "git.corp.example",
  },
  {
    name: "ldap.corp.example",
    port: 8636,
    by: "internal",
    algorithm: "rsa-2048",
    agoDays: 785,
    aheadDays: 40,
  },
  {
    name: "vpn.corp.example",
    port: 8443,
    by: "internal",
    agoDays: 100,
    aheadDays: 265,
    names: ["vpn-old.corp.example"],
  },
  { name: "backup.corp.example", port: 9443, by: "internal", agoDays: 300, aheadDays: 430 },
  { name: "wiki.corp.example", port: 8443, by: "itself", agoDays: 1_200, aheadDays: 2_450 },
  { name: "grafana.corp.example", port: 3443, by: "itself", agoDays: 400, aheadDays: -35 },
  {
    name: "printer-2f.corp.example",
    port: 8443,
    by: "itself",
    algorithm: "rsa-1024-sha1",
    agoDays: 5_800,
    aheadDays: 1_500,
  },
  {
    name: "erp.corp.example",
    port: 8443,
    by: "legacy",
    algorithm: "rsa-2048-sha1",
    agoDays: 3_000,
    aheadDays: 650,
  },
  {
    name: "kube.prod.example",
    port: 6443,
    by: "internal",
    agoDays: 250,
    aheadDays: 115,
    names: ["kube.prod.example", "kubernetes.default.svc", "10.96.0.1"],
  },
  { name: "etcd-1.prod.example", port: 2379, by: "internal", agoDays: 355, aheadDays: 10 },
  { name: "mqtt.plant.example", port: 8883, by: "issuing", agoDays: -14, aheadDays: 76 },
  {
    name: "proxmox.lab.example",
    port: 8006,
    by: "itself",
    agoDays: 500,
    aheadDays: 230,
    names: ["pve.local", "127.0.0.1"],
  },
];

export type Endpoint = AsyncDisposable & {
  name: string;
  /** As a scan takes it: `address:port/name`. */
  target: string;
  /** The chain as it is sent, and its key. */
  chainPem: string;
  keyPem: string;
};

/** Twenty TLS servers on loopback, each at an address of its own if this system has as many. */
export async function startEndpoints(): Promise<Endpoint[]> {
  const authorities = await makeAuthorities();
  const identities = new Map<string, { chainPem: string; keyPem: string }>();
  const endpoints: Endpoint[] = [];
  for (const [index, plan] of PLANS.entries()) {
    const identity = identities.get(plan.sharedWith ?? "") ?? (await makeIdentity(plan, authorities));
    identities.set(plan.name, identity);
    endpoints.push(await startEndpoint(plan, index, identity));
  }
  return endpoints;
}

/** Each as a chain: the authority that issues, then those above it. */
async function makeAuthorities(): Promise<Authorities> {
  const long = { agoDays: 1_800, aheadDays: 5_500, names: null };
  const root = await issue({
    ...long,
    subject: "C=DE,O=Example Trust,CN=Example Trust Root R1",
    algorithm: "p-256",
    issuer: null,
  });
  const issuing = await issue({
    ...long,
    aheadDays: 900,
    subject: "C=DE,O=Example Trust,CN=Example Trust TLS CA 3",
    algorithm: "p-256",
    issuer: root,
  });
  const internal = await issue({
    ...long,
    subject: "O=Example Corp,CN=Corp Internal CA",
    algorithm: "rsa-2048",
    issuer: null,
  });
  const legacy = await issue({
    ...long,
    subject: "O=Example Corp,CN=Corp Legacy CA",
    algorithm: "rsa-2048-sha1",
    issuer: null,
  });
  return { issuing: [issuing], internal: [internal], legacy: [legacy] };
}

async function makeIdentity(plan: Plan, authorities: Authorities) {
  const chain = plan.by === "itself" ? [] : authorities[plan.by];
  const { name, names = [name], algorithm = "p-256" } = plan;
  const subject = `CN=${names[0]}`;
  const leaf = await issue({ ...plan, subject, algorithm, names, issuer: chain[0] ?? null });
  return { chainPem: [leaf, ...chain].map(toPem).join(""), keyPem: await printKey(leaf) };
}

async function startEndpoint(
  { name, port }: Plan,
  index: number,
  identity: { chainPem: string; keyPem: string },
): Promise<Endpoint> {
  // By default OpenSSL does not serve old keys and signatures.
  const options = { cert: identity.chainPem, key: identity.keyPem, ciphers: "DEFAULT:@SECLEVEL=0" };
  const server = createServer(options, (socket) => socket.end("HTTP/1.1 204 No Content\r\n\r\n"));
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket)));
  });
  server.on("tlsClientError", () => undefined);
  const authority = await listen(server, index + 1, port);
  return {
    name,
    target: isIP(name) ? authority : `${authority}/${name}`,
    ...identity,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

const NETWORKS = [20, 21, 22, 23, 24, 25, 26, 27];

/**
 * Listens at the address with this number in the first network that nobody else uses, such as another demo; on a system
 * with only one loopback address, such as a Mac, at any free port of it.
 */
async function listen(server: Server, number: number, port: number): Promise<string> {
  const places = NETWORKS.map((network) => ({ host: `127.0.${network}.${number}`, port }));
  for (const place of [...places, { host: "127.0.0.1", port: 0 }]) {
    if (!(await canListen(server, place))) continue;
    const { address, port: given } = server.address() as AddressInfo;
    return `${address}:${given}`;
  }
  throw new Error("no port of 127.0.0.1 is free for a demo");
}

async function canListen(server: Server, place: { host: string; port: number }): Promise<boolean> {
  try {
    server.listen({ ...place, exclusive: true });
    await once(server, "listening");
    return true;
  } catch {
    return false;
  }
}

const ALGORITHMS = {
  "p-256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "rsa-2048": makeRsa(2_048, "SHA-256"),
  "rsa-2048-sha1": makeRsa(2_048, "SHA-1"),
  "rsa-1024-sha1": makeRsa(1_024, "SHA-1"),
};
type Algorithm = keyof typeof ALGORITHMS;

/** Validity in days before and after now. */
type Validity = { agoDays: number; aheadDays: number };

const makeKeys = (algorithm: Algorithm) =>
  crypto.subtle.generateKey(ALGORITHMS[algorithm], true, ["sign", "verify"]);
type Keys = Awaited<ReturnType<typeof makeKeys>>;

type Issued = { certificate: X509Certificate; keys: Keys; algorithm: Algorithm };

type CertificateOptions = Validity & {
  subject: string;
  algorithm: Algorithm;
  /** Null: it signs itself. */
  issuer: Issued | null;
  /** Names it serves; null: it is an authority. */
  names: readonly string[] | null;
};

/** Makes a certificate as real authorities and real appliances do. */
async function issue({
  subject,
  algorithm,
  issuer,
  names,
  agoDays,
  aheadDays,
}: CertificateOptions): Promise<Issued> {
  const keys = await makeKeys(algorithm);
  const signer = issuer ?? { certificate: null, keys, algorithm };
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: signer.certificate?.subject ?? subject,
    notBefore: inDays(-agoDays),
    notAfter: inDays(aheadDays),
    publicKey: keys.publicKey,
    signingKey: signer.keys.privateKey,
    signingAlgorithm: ALGORITHMS[signer.algorithm],
    extensions: names ? describeServer(names) : describeAuthority(),
  });
  return { certificate, keys, algorithm };
}

const toPem = ({ certificate }: Issued): string => `${certificate.toString("pem")}\n`;

async function printKey({ keys }: Issued): Promise<string> {
  const bytes = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return writePem("PRIVATE KEY", new Uint8Array(bytes));
}

const describeServer = (names: readonly string[]) => [
  new BasicConstraintsExtension(false, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
  new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
  new SubjectAlternativeNameExtension(
    names.map((value) => ({ type: isIP(value) ? ("ip" as const) : ("dns" as const), value })),
  ),
];

const describeAuthority = () => [
  new BasicConstraintsExtension(true, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
];

const DAY_MS = 24 * 60 * 60 * 1_000;

/** An hour further away, so that texts about whole days stay the same while the demo runs. */
const inDays = (days: number): Date =>
  new Date(Math.floor((Date.now() + (days + Math.sign(days) / 24) * DAY_MS) / 1_000) * 1_000);

function makeRsa(modulusLength: number, hash: string) {
  return { name: "RSASSA-PKCS1-v1_5", modulusLength, publicExponent: new Uint8Array([1, 0, 1]), hash };
}
