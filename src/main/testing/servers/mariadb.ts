import { chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";
import { findUser } from "./user-ids.ts";

/** MariaDB on 3306, without a table in it: nobody can log in. */
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
