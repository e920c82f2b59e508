import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { takeAddress } from "#testing/lab/start-host.ts";
import type { TestServer } from "#testing/servers.ts";

const PORT = 3_128;
const MODULES = "/usr/lib/apache2/modules";

/** Apache as an HTTP proxy that allows one port alone. */
export async function startApacheProxy(folder: string, leadsTo: number): Promise<TestServer> {
  const { address, release } = await takeAddress();
  const home = join(folder, "apache-proxy");
  await mkdir(home);
  const config = join(home, "apache2.conf");
  await writeFile(
    config,
    `ServerRoot ${home}
ServerName localhost
DefaultRuntimeDir ${home}
PidFile ${home}/apache2.pid
ErrorLog ${home}/error.log
${["mpm_event", "authz_core", "proxy", "proxy_connect"].map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join("\n")}
User www-data
Group www-data
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
Listen ${address}:${PORT}
ProxyRequests On
AllowCONNECT ${leadsTo}
`,
  );
  const child = start(["apache2", "-D", "FOREGROUND", "-f", config]);
  return proxyOf(child, { host: address, port: PORT }, release);
}

/** OpenSSH as a SOCKS5 proxy, through a host that this key can log in to. */
export async function startSshProxy(host: { address: string; keyPath: string }): Promise<TestServer> {
  const { address, release } = await takeAddress();
  const options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"];
  const child = start([
    "ssh",
    "-F",
    "none",
    "-N",
    "-D",
    `${address}:${PORT}`,
    "-i",
    host.keyPath,
    ...options.flatMap((option) => ["-o", option]),
    `root@${host.address}`,
  ]);
  return proxyOf(child, { host: address, port: PORT }, release);
}

const start = (command: readonly string[]): ChildProcess =>
  spawn("setpriv", ["--pdeathsig", "KILL", ...command], { stdio: "ignore" });

async function proxyOf(
  child: ChildProcess,
  endpoint: TestServer["endpoint"],
  release: () => void,
): Promise<TestServer> {
  const exit = once(child, "exit");
  const ended = exit.then(() => {
    throw new Error(`the proxy at ${endpoint.host} ended before it listened`);
  });
  await Promise.race([untilListening(endpoint), ended]);
  return {
    endpoint,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exit;
      release();
    },
  };
}

async function untilListening({ host, port }: TestServer["endpoint"]): Promise<void> {
  for (;;) {
    const socket = connect(port, host);
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await pause(10);
  }
}
