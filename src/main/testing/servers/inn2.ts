import { chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";
import { findUser } from "./user-ids.ts";

/** INN's server for readers, nnrpd, on 119, with no news. */
export async function startInn2(wish: ServerRequest): Promise<StartedServer> {
  const owner = findUser("news");
  return startServer(
    wish,
    { name: "inn2", owner },
    async ({ folder, address, certificatePath, keyPath, ifTls }) => {
      const configPath = join(folder, "inn.conf");
      for (const name of ["db", "run", "log", "tmp", "spool", "overview", "articles"]) {
        await mkdir(join(folder, name));
        await chown(join(folder, name), owner.uid, owner.gid);
      }
      // What an installation makes on its first day; both may be empty.
      for (const path of [join(folder, "spool", "tradspool.map"), join(folder, "overview", "group.index")]) {
        await writeFile(path, "");
        await chown(path, owner.uid, owner.gid);
      }
      await writeFile(join(folder, "db", "active"), "junk 0000000000 0000000001 n\n");
      await writeFile(
        join(folder, "readers.conf"),
        'auth "all" {\n  hosts: "*"\n  default: "<all>"\n}\naccess "all" {\n  users: "<all>"\n  newsgroups: "*"\n  access: R\n}\n',
      );
      await writeFile(join(folder, "storage.conf"), "method tradspool {\n  newsgroups: *\n  class: 0\n}\n");
      await writeFile(
        configPath,
        `pathhost: news.example
domain: example
mta: "/bin/false %s"
pathnews: /usr/lib/news
pathetc: ${folder}
pathdb: ${folder}/db
pathrun: ${folder}/run
pathlog: ${folder}/log
pathtmp: ${folder}/tmp
pathspool: ${folder}/spool
pathoverview: ${folder}/overview
patharticles: ${folder}/articles
ovmethod: tradindexed
hismethod: hisv6
nnrpdloadlimit: 0
readerswhenstopped: true
${ifTls(`tlscertfile: ${certificatePath}
tlskeyfile: ${keyPath}
`)}`,
      );
      return {
        configPath,
        command: ["/usr/lib/news/bin/nnrpd", "-D", "-f", "-4", address, "-p", "119"],
        env: { ...process.env, INNCONF: configPath },
        endpoints: [{ protocol: "nntp", port: 119 }],
      };
    },
  );
}
