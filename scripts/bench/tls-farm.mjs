/** Many endpoints on this machine: one nginx, one port, an address of loopback each. Needs a descriptor for each, twice. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { makeWithOpenssl, writeChain } from "../../src/main/testing/tls/make-with-openssl.ts";

/** Half of them with an RSA key, half with one on P-256, all signed by one intermediate. */
const LEAVES = 16;
const PER_NETWORK = 250;

/** Answers with the targets when nginx takes connections; it ends with the returned value, or with this process. */
export async function startTlsFarm(folder, count) {
  const root = await makeWithOpenssl(folder, "root", { subject: "/CN=Corp Root" });
  const issuing = await makeWithOpenssl(folder, "issuing", { subject: "/CN=Corp Issuing", issuer: root });
  const addresses = Array.from(
    { length: count },
    (_, index) => `127.0.${90 + Math.floor(index / PER_NETWORK)}.${2 + (index % PER_NETWORK)}`,
  );
  const port = await findFreePort(addresses[0]);
  const servers = [];
  for (let index = 0; index < LEAVES; index++) {
    const name = `s${index}.corp.example`;
    const leaf = await makeWithOpenssl(folder, name, {
      algorithm: index % 2 ? "p-256" : "rsa",
      extensions: [`subjectAltName=DNS:${name}`],
      issuer: issuing,
    });
    const chain = await writeChain(folder, name, [leaf, issuing]);
    const own = addresses.filter((_, at) => at % LEAVES === index);
    servers.push({ addresses: own, chain, key: leaf.keyPath });
  }
  const config = join(folder, "nginx.conf");
  await writeFile(config, writeConfig(folder, port, servers));
  const nginx = spawn("setpriv", ["--pdeathsig", "KILL", "nginx", "-p", folder, "-c", config], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const exit = once(nginx, "exit");
  await Promise.race([
    Promise.all(addresses.map((address) => untilListening(address, port))),
    exit.then(() => Promise.reject(new Error("nginx did not start"))),
  ]);
  return {
    targets: addresses.map((host) => ({ kind: "tls", host, port, serverName: null, protocol: "tls" })),
    async [Symbol.asyncDispose]() {
      nginx.kill("SIGTERM");
      await exit;
    },
  };
}

const writeConfig = (folder, port, servers) => `
daemon off;
user root;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 16384; }
http {
  access_log off;
  ssl_session_cache off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
${servers
  .filter(({ addresses }) => addresses.length > 0)
  .map(
    ({ addresses, chain, key }) => `  server {
    ${addresses.map((address) => `listen ${address}:${port} ssl;`).join(" ")}
    ssl_certificate ${chain};
    ssl_certificate_key ${key};
  }`,
  )
  .join("\n")}
}
`;

async function findFreePort(address) {
  const server = createServer().listen(0, address);
  await once(server, "listening");
  const { port } = server.address();
  await once(server.close(), "close");
  return port;
}

async function untilListening(host, port) {
  for (;;) {
    const socket = connect({ host, port });
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await wait(10);
  }
}
