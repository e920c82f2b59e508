import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";

/** As Debian, Fedora and others lay them. */
const MODULES = "/usr/lib/apache2/modules";

/** Apache on 443. */
export async function startApache(wish: ServerRequest): Promise<StartedServer> {
  const server = await startServer(wish, { name: "apache" }, PREPARE);
  // It opens its sockets twice, and what connects to the first ones is turned away.
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
