import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";

const SCRATCH = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/** nginx on 443. */
export const startNginx = (wish: ServerRequest): Promise<StartedServer> =>
  startServer(wish, { name: "nginx" }, async ({ folder, address, certificatePath, keyPath }) => {
    const configPath = join(folder, "nginx.conf");
    await writeFile(
      configPath,
      `daemon off;
user root;
pid ${folder}/nginx.pid;
error_log stderr crit;
events {}
http {
  access_log off;
  ${SCRATCH.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  server {
    listen ${address}:443 ssl;
    ssl_certificate ${certificatePath};
    ssl_certificate_key ${keyPath};
  }
}
`,
    );
    return {
      configPath,
      command: ["nginx", "-p", folder, "-c", configPath],
      endpoints: [{ protocol: "tls", port: 443 }],
    };
  });

/** As Debian, Fedora and others install them. */
const MODULES = "/usr/lib/apache2/modules";

/** Apache on 443. */
export async function startApache(wish: ServerRequest): Promise<StartedServer> {
  const server = await startServer(wish, { name: "apache" }, PREPARE);
  // It opens its sockets twice, and refuses connections to the first ones.
  while (!(await exists(join(wish.folder, "apache", "apache2.pid")))) await pause(10);
  return server;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const PREPARE: Parameters<typeof startServer>[2] = async ({ folder, address, certificatePath, keyPath }) => {
  const configPath = join(folder, "apache2.conf");
  await writeFile(
    configPath,
    `ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache2.pid
ErrorLog ${folder}/error.log
LogLevel crit
LoadModule mpm_event_module ${MODULES}/mod_mpm_event.so
LoadModule authz_core_module ${MODULES}/mod_authz_core.so
LoadModule ssl_module ${MODULES}/mod_ssl.so
User www-data
Group www-data
StartServers 1
ServerLimit 2
ThreadsPerChild 4
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
Listen ${address}:443 https
<VirtualHost *:443>
  SSLEngine on
  SSLCertificateFile ${certificatePath}
  SSLCertificateKeyFile ${keyPath}
</VirtualHost>
`,
  );
  return {
    configPath,
    command: ["apache2", "-D", "FOREGROUND", "-f", configPath],
    endpoints: [{ protocol: "tls", port: 443 }],
    reload: "SIGUSR1",
  };
};

/** HAProxy on 443: its master, which gets the reload signal, and the worker that serves. */
export async function startHaproxy(wish: ServerRequest): Promise<StartedServer> {
  const server = await startServer(wish, { name: "haproxy" }, async (prepared) => {
    const { folder, address, certificatePath, keyPath } = prepared;
    const configPath = join(folder, "haproxy.cfg");
    await writeFile(
      configPath,
      `global
  log stderr local0 emerg
  maxconn 32
crt-store files
  load crt ${certificatePath} key ${keyPath} alias own
defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend web
  bind ${address}:443 ssl crt @files/own
`,
    );
    return {
      configPath,
      command: ["haproxy", "-W", "-db", "-f", configPath],
      endpoints: [{ protocol: "tls", port: 443 }],
    };
  });
  return { ...server, reload: () => reload(server.pid) };
}

/** Waits until there is another worker: a master that has just started may miss the first signal. */
async function reload(master: number): Promise<void> {
  const workers = async () =>
    (await readFile(`/proc/${master}/task/${master}/children`, "utf8")).trim().split(" ");
  const before = new Set(await workers());
  const isNew = (worker: string) => !before.has(worker);
  for (let waited = 0; !(await workers()).some(isNew); waited += PAUSE_MS) {
    if (waited % AGAIN_MS === 0) process.kill(master, "SIGUSR2");
    await pause(PAUSE_MS);
  }
}

const PAUSE_MS = 20;
/** Longer than a reload takes: a signal during one may begin another. */
const AGAIN_MS = 2000;
