import { execFile } from "node:child_process";
import { chown, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { findUser, type ServerRequest, type StartedServer, startServer } from "./server.ts";

const run = promisify(execFile);

const VERSIONS = "/usr/lib/postgresql";

/** PostgreSQL on 5432, with a cluster of its own. */
export async function startPostgres(wish: ServerRequest): Promise<StartedServer> {
  const owner = findUser("postgres");
  return startServer(
    wish,
    { name: "postgres", owner },
    async ({ folder, address, certificatePath, keyPath, ifTls }) => {
      const versions = (await readdir(VERSIONS)).sort((one, other) => Number(other) - Number(one));
      const programs = join(VERSIONS, versions[0] ?? "", "bin");
      const data = join(folder, "data");
      await mkdir(data, { mode: 0o700 });
      await chown(data, owner.uid, owner.gid);
      const as = ["--reuid", String(owner.uid), "--regid", String(owner.gid), "--clear-groups"];
      const initdb = ["--no-sync", "--no-instructions", "--auth=reject", "--locale=C", "-D", data];
      await run("setpriv", [...as, join(programs, "initdb"), ...initdb], { cwd: "/" });
      const configPath = join(data, "postgresql.conf");
      await writeFile(
        configPath,
        `listen_addresses = '${address}'
port = 5432
unix_socket_directories = ''
fsync = off
shared_buffers = 1MB
max_connections = 20
${ifTls(`ssl = on
ssl_cert_file = '${certificatePath}'
ssl_key_file = '${keyPath}'
`)}`,
      );
      return {
        configPath,
        command: ["setpriv", ...as, join(programs, "postgres"), "-D", data],
        endpoints: [{ protocol: "postgres", port: 5432 }],
      };
    },
  );
}

/** MariaDB on 3306, without any tables: nobody can log in. */
export async function startMariadb(wish: ServerRequest): Promise<StartedServer> {
  const owner = findUser("mysql");
  return startServer(
    wish,
    { name: "mariadb", owner },
    async ({ folder, address, certificatePath, keyPath, ifTls }) => {
      const data = join(folder, "data");
      await mkdir(data);
      await chown(data, owner.uid, owner.gid);
      const configPath = join(folder, "my.cnf");
      await writeFile(
        configPath,
        `[mariadbd]
user = mysql
datadir = ${data}
socket = ${folder}/mariadb.sock
pid-file = ${folder}/mariadb.pid
bind-address = ${address}
port = 3306
skip-grant-tables
skip-networking = 0
skip-innodb
default-storage-engine = Aria
${
  ifTls(`ssl-cert = ${certificatePath}
ssl-key = ${keyPath}`) || "skip-ssl"
}
`,
      );
      return {
        configPath,
        command: ["mariadbd", `--defaults-file=${configPath}`],
        endpoints: [{ protocol: "mysql", port: 3306 }],
      };
    },
  );
}

/** slapd on 389 and 636, with no entries in it. */
export const startSlapd = (wish: ServerRequest): Promise<StartedServer> =>
  startServer(wish, { name: "slapd" }, async ({ folder, address, certificatePath, keyPath, ifTls }) => {
    await mkdir(join(folder, "run"));
    const configPath = join(folder, "slapd.conf");
    await writeFile(
      configPath,
      `pidfile ${folder}/run/slapd.pid
argsfile ${folder}/run/slapd.args
${ifTls(`TLSCertificateFile ${certificatePath}
TLSCertificateKeyFile ${keyPath}
`)}`,
    );
    return {
      configPath,
      command: [
        "slapd",
        "-d",
        "0",
        "-f",
        configPath,
        "-h",
        `ldap://${address}:389${ifTls(` ldaps://${address}:636`)}`,
      ],
      endpoints: [
        { protocol: "ldap", port: 389 },
        ...(ifTls("yes") ? [{ protocol: "tls", port: 636 } as const] : []),
      ],
    };
  });
