import { execFile } from "node:child_process";
import { chown, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";
import { findUser } from "./user-ids.ts";

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
