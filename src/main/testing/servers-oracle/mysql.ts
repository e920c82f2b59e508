import { chmod, chown, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { findUser } from "#testing/servers/user-ids.ts";
import type { KeyFamily } from "./certificates.ts";
import type { Chance } from "./chance.ts";
import type { Door, Generated, Site } from "./generated.ts";

/** my.cnf with groups, files and folders that it includes, and the command line, each of which may say another certificate. */
export async function generateMysql(site: Site): Promise<Generated> {
  const { chance, folder, own, other, kept } = site;
  const { uid, gid } = findUser("mysql");
  const data = join(kept, "data");
  if ((await readdir(kept)).length === 0) {
    await chmod(kept, 0o755);
    await mkdir(data);
    await chown(data, uid, gid);
  }
  const addresses = chance.happens(50) ? [own, other] : [own];
  const group = chance.pick(["mariadbd", "mysqld", "server", "mariadb"]);
  const settings = [
    "user = mysql",
    `datadir = ${data}`,
    `socket = ${data}/mariadb.sock`,
    `pid-file = ${data}/mariadb.pid`,
    `bind-address = ${addresses.join(",")}`,
    "skip-grant-tables",
    "skip-networking = 0",
    "skip-innodb",
    "default-storage-engine = Aria",
    "port = 3306",
  ];
  const files: Generated["files"] = { "my.cnf": "" };
  const later: string[] = [];
  const pair = await writePair(site);
  const first = chance.happens(50) ? pair : [];
  if (first.length === 0) {
    const isFolder = chance.happens(50);
    files[isFolder ? "conf.d/b.cnf" : "more.txt"] =
      `[${chance.pick(["mariadbd", "mysqld", "server"])}]\n${pair.join("\n")}\n`;
    if (isFolder && chance.happens(50))
      files["conf.d/a.cnf"] = `[mysqld]\n${(await writePair(site)).join("\n")}\n`;
    files["conf.d/README"] = "nothing\n";
    later.push(isFolder ? `!includedir ${folder}/conf.d/` : `!include ${folder}/more.txt`);
  }
  // A group of another version may say anything, of which nothing can be told where it is about TLS.
  const version = `[mariadb-99.9]\n${chance.happens(10) ? "ssl-cert = /future.pem" : "max_connections = 5"}\n`;
  const wrong = chance.happens(30) ? `[client]\nssl-cert = /client.pem\n${version}` : "";
  files["my.cnf"] = `${wrong}[${group}]\n${[...settings, ...first].join("\n")}\n${later.join("\n")}\n`;
  const command = chance.happens(25)
    ? (await writePair(site)).map((line) => `--${line.replace(/ ?= ?/, "=").replaceAll(/["']/g, "")}`)
    : [];
  return {
    server: "mysql",
    files,
    command: ["mariadbd", "--defaults-file=ROOT", ...command],
    port: 3306,
    reload: { command: ["mariadb", "--no-defaults", `--socket=${data}/mariadb.sock`, "-e", "FLUSH SSL"] },
    doors: addresses.map((host): Door => ({ host, port: 3306, protocol: "mysql" })),
    names: [],
  };
}

async function writePair({ chance, certify }: Site): Promise<string[]> {
  const { uid, gid } = findUser("mysql");
  const { base } = await certify(["db.test"], chance.pick<KeyFamily>(["RSA", "ECDSA"]));
  await chown(`${base}.key`, uid, gid);
  const write = (name: string, path: string) =>
    `${chance.pick([`ssl-${name}`, `ssl_${name}`, `loose-ssl-${name}`])}${chance.pick([" = ", "="])}${quote(path, chance)}`;
  return chance.shuffle([
    write("cert", `${base}.${chance.pick(["crt", "pem"])}`),
    write("key", `${base}.key`),
  ]);
}

const quote = (word: string, chance: Chance): string =>
  chance.happens(20) ? `"${word}"` : chance.happens(20) ? `'${word}'` : word;
