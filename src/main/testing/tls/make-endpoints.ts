import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { type Algorithm, type Made, makeWithOpenssl, writeChain } from "./make-with-openssl.ts";

type NamedEndpoint = { host: string; port: number; serverName: string };
type Served = NamedEndpoint & { chainPath: string; keyPath: string };

/** Four listening ports; every endpoint is a server name on one of them. */
const PORTS = 4;

/** What the fleet of a grown company serves: keys of every kind, names that need escaping. */
const KINDS: { algorithm: Algorithm; subject: (name: string) => string; names?: string }[] = [
  { algorithm: "rsa", subject: (name) => `/CN=${name}` },
  { algorithm: "p-256", subject: (name) => `/O=Shop, Ltd./CN=${name}` },
  { algorithm: "p-384", subject: (name) => `/C=CH/O=Käse + Brot/CN=${name}` },
  {
    algorithm: "ed25519",
    subject: (name) => `/OU=a=b;c<d>/CN=${name}`,
    names: ",IP:192.0.2.7,IP:2001:db8::7",
  },
  {
    algorithm: "rsa-1024",
    subject: (name) => `/CN=${name}/emailAddress=ops@corp.example`,
    names: ",email:ops@corp.example,URI:https://corp.example/x",
  },
];

/** `count` endpoints served by one nginx, each with a certificate of its own, signed by an intermediate. */
export async function makeEndpoints(folder: string, count: number) {
  await mkdir(folder, { recursive: true });
  const root = await makeWithOpenssl(folder, "root", { subject: "/CN=Corp Root" });
  const issuing = await makeWithOpenssl(folder, "issuing", {
    subject: "/CN=Corp Issuing CA 1",
    issuer: root,
  });
  const ports = await findFreePorts(PORTS);
  const list: Served[] = [];
  for (let index = 0; index < count; index++) {
    list.push(await makeEndpoint(folder, index, { port: ports[index % PORTS] ?? 0, issuing }));
  }
  const config = join(folder, "nginx.conf");
  await writeFile(config, writeConfig(folder, list));
  const nginx = spawn("setpriv", ["--pdeathsig", "KILL", "nginx", "-p", folder, "-c", config], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  await Promise.all(ports.map(untilListening));
  return {
    list: list.map(({ host, port, serverName }): NamedEndpoint => ({ host, port, serverName })),
    async [Symbol.asyncDispose]() {
      const exit = once(nginx, "exit");
      nginx.kill("SIGTERM");
      await exit;
    },
  };
}

async function makeEndpoint(
  folder: string,
  index: number,
  { port, issuing }: { port: number; issuing: Made },
): Promise<Served> {
  const serverName = `s${index}.corp.example`;
  const {
    algorithm,
    subject,
    names = "",
  } = KINDS[index % KINDS.length] ?? { algorithm: "rsa", subject: String };
  const leaf = await makeWithOpenssl(folder, serverName, {
    algorithm,
    subject: subject(serverName),
    extensions: [`subjectAltName=DNS:${serverName},DNS:*.${serverName}${names}`],
    issuer: issuing,
  });
  const chainPath = await writeChain(folder, serverName, [leaf, issuing]);
  return { host: "127.0.0.1", port, serverName, chainPath, keyPath: leaf.keyPath };
}

/** RSA-1024 is among the keys, which OpenSSL serves at security level 0 only. */
const writeConfig = (folder: string, endpoints: readonly Served[]): string => `
daemon off;
user root;
pid ${folder}/nginx.pid;
error_log stderr crit;
events {}
http {
  access_log off;
  ssl_ciphers DEFAULT:@SECLEVEL=0;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
${endpoints
  .map(
    ({ host, port, serverName, chainPath, keyPath }) => `  server {
    listen ${host}:${port} ssl;
    server_name ${serverName};
    ssl_certificate ${chainPath};
    ssl_certificate_key ${keyPath};
  }`,
  )
  .join("\n")}
}
`;

/** Ports that were free a moment ago, all different. */
async function findFreePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
