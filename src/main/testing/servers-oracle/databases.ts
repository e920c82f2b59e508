import { execFile } from "node:child_process";
import { chmod, chown, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { findUser } from "#testing/servers/server.ts";
import type { KeyFamily } from "./certificates.ts";
import type { Chance, Door, Generated, Site } from "./generated.ts";

const run = promisify(execFile);
const VERSIONS = "/usr/lib/postgresql";

/**
 * postgresql.conf with files and folders that it includes, ALTER SYSTEM's own file and the command line, each of which
 * may name another certificate. All use one cluster, one after the other.
 */
export async function generatePostgresql(site: Site): Promise<Generated> {
  const { chance, folder, own, other, kept } = site;
  const owner = findUser("postgres");
  const versions = (await readdir(VERSIONS)).sort((one, another) => Number(another) - Number(one));
  const programs = join(VERSIONS, versions[0] ?? "", "bin");
  const as = [
    "setpriv",
    "--reuid",
    String(owner.uid),
    "--regid",
    String(owner.gid),
    "--clear-groups",
  ] as const;
  const data = await makeCluster(kept, programs, as);
  const addresses = chance.happens(50) ? [own, other] : [own];
  const says: string[][] = [[], [], [], []];
  const [main = [], more = [], automatic = [], command = []] = says;
  main.push(
    "max_connections = 20",
    "shared_buffers = 1MB",
    "fsync = off",
    "unix_socket_directories = ''",
    `data_directory = '${data}'`,
    `listen_addresses = '${addresses.join(chance.pick([",", ", "]))}'`,
    `${chance.pick(["ssl", "SSL"])}${chance.pick([" = ", "=", " "])}${chance.pick(["on", "true", "yes", "1", "'on'"])} # TLS`,
    ...(chance.happens(30) ? ["ssl_cert_file = '/gone.pem'"] : []),
  );
  const pair = await writePostgresqlPair(site);
  if (chance.happens(60)) main.push(...pair.map(([name, path]) => `${name} = '${path}'`));
  else {
    more.push(...pair.map(([name, path]) => `${name.toUpperCase()} '${path}'`));
    main.push(
      chance.pick(["include 'more/own.conf'", "include_dir 'more'", "include_if_exists = 'more/own.conf'"]),
    );
  }
  if (chance.happens(30))
    automatic.push(...(await writePostgresqlPair(site)).map(([name, path]) => `${name} = '${path}'`));
  if (chance.happens(25))
    for (const [name, path] of await writePostgresqlPair(site)) command.push("-c", `${name}=${path}`);
  await writeFile(join(data, "postgresql.auto.conf"), `# by ALTER SYSTEM\n${automatic.join("\n")}\n`);
  await writeFile(join(folder, "pg_hba.conf"), "host all all 127.0.0.0/8 reject\n");
  main.push(`hba_file = '${folder}/pg_hba.conf'`);
  const doors = addresses.map((host): Door => ({ host, port: 5432, protocol: "postgres" }));
  return {
    server: "postgresql",
    files: {
      "postgresql.conf": `${main.join("\n")}\ninclude_if_exists 'gone.conf'\n`,
      "more/own.conf": `${more.join("\n")}\n`,
      "more/.hidden.conf": "port = 1\n",
    },
    command: [
      ...as,
      join(programs, "postgres"),
      "-c",
      `config_file=${folder}/postgresql.conf`,
      "-D",
      data,
      ...command,
    ],
    alsoRead: [data],
    marks: [join(data, "postmaster.pid")],
    port: 5432,
    reload: { signal: "SIGHUP", says: "received SIGHUP" },
    doors,
    names: [],
  };
}

async function makeCluster(kept: string, programs: string, as: readonly string[]): Promise<string> {
  const data = join(kept, "data");
  const { uid, gid } = findUser("postgres");
  if ((await readdir(kept)).length === 0) {
    await chmod(kept, 0o755);
    await mkdir(data, { mode: 0o700 });
    await chown(data, uid, gid);
    const initdb = ["--no-sync", "--no-instructions", "--auth=reject", "--locale=C", "-D", data];
    const [program = "", ...words] = [...as, join(programs, "initdb"), ...initdb];
    await run(program, words, { cwd: "/" });
  }
  // The previous server was killed, and its file is still there.
  await rm(join(data, "postmaster.pid"), { force: true });
  return data;
}

/** PostgreSQL refuses a key that others may read. */
async function writePostgresqlPair({ chance, certify }: Site): Promise<[string, string][]> {
  const { uid, gid } = findUser("postgres");
  const { base } = await certify(["db.test"], chance.pick<KeyFamily>(["RSA", "ECDSA"]));
  await chown(`${base}.key`, uid, gid);
  await chmod(`${base}.key`, 0o600);
  return [
    ["ssl_cert_file", `${base}.${chance.pick(["crt", "pem"])}`],
    ["ssl_key_file", `${base}.key`],
  ];
}

/**
 * my.cnf with groups, files and folders that it includes, and the command line, each of which may name another
 * certificate.
 */
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
  const pair = await writeMysqlPair(site);
  const first = chance.happens(50) ? pair : [];
  if (first.length === 0) {
    const isFolder = chance.happens(50);
    files[isFolder ? "conf.d/b.cnf" : "more.txt"] =
      `[${chance.pick(["mariadbd", "mysqld", "server"])}]\n${pair.join("\n")}\n`;
    if (isFolder && chance.happens(50))
      files["conf.d/a.cnf"] = `[mysqld]\n${(await writeMysqlPair(site)).join("\n")}\n`;
    files["conf.d/README"] = "nothing\n";
    later.push(isFolder ? `!includedir ${folder}/conf.d/` : `!include ${folder}/more.txt`);
  }
  // A group for another version may have any settings; if one is about TLS, its effect is unknown.
  const version = `[mariadb-99.9]\n${chance.happens(10) ? "ssl-cert = /future.pem" : "max_connections = 5"}\n`;
  const wrong = chance.happens(30) ? `[client]\nssl-cert = /client.pem\n${version}` : "";
  files["my.cnf"] = `${wrong}[${group}]\n${[...settings, ...first].join("\n")}\n${later.join("\n")}\n`;
  const command = chance.happens(25)
    ? (await writeMysqlPair(site)).map((line) => `--${line.replace(/ ?= ?/, "=").replaceAll(/["']/g, "")}`)
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

async function writeMysqlPair({ chance, certify }: Site): Promise<string[]> {
  const { uid, gid } = findUser("mysql");
  const { base } = await certify(["db.test"], chance.pick<KeyFamily>(["RSA", "ECDSA"]));
  await chown(`${base}.key`, uid, gid);
  const write = (name: string, path: string) =>
    `${chance.pick([`ssl-${name}`, `ssl_${name}`, `loose-ssl-${name}`])}${chance.pick([" = ", "="])}${quoteMysql(path, chance)}`;
  return chance.shuffle([
    write("cert", `${base}.${chance.pick(["crt", "pem"])}`),
    write("key", `${base}.key`),
  ]);
}

const quoteMysql = (word: string, chance: Chance): string =>
  chance.happens(20) ? `"${word}"` : chance.happens(20) ? `'${word}'` : word;

/**
 * slapd.conf with includes, folded lines and repeated settings, or a cn=config that is made from it; addresses by -h.
 */
export async function generateSlapd(site: Site): Promise<Generated> {
  const {
    chance,
    folder,
    own,
    other,
    ports: [port],
  } = site;
  await mkdir(join(folder, "run"));
  const files: Generated["files"] = {
    "slapd.conf": "",
    ...(chance.happens(60) && { "tls.conf": `# the files\n${await writeSlapdPair(site)}\n` }),
  };
  const earlier = chance.happens(25) ? await writeSlapdPair(site) : "";
  const last = files["tls.conf"] ? `include ${folder}/tls.conf` : await writeSlapdPair(site);
  files["slapd.conf"] =
    `pidfile ${folder}/run/slapd.pid\nargsfile\n  ${folder}/run/slapd.args\n${earlier}\n${last}\n`;
  const doors: Door[] = [
    { host: own, port: 636, protocol: "tls" },
    ...chance.some<Door>(
      [
        { host: own, port: 389, protocol: "ldap" },
        { host: other, port: 636, protocol: "tls" },
        { host: other, port, protocol: "tls" },
      ],
      1,
      3,
    ),
  ];
  const urls = doors.map(
    (door) =>
      `${door.protocol === "tls" ? "ldaps" : "ldap"}://${door.host}${usual(door) && chance.happens(50) ? "" : `:${door.port}`}`,
  );
  const isDatabase = chance.happens(50);
  if (isDatabase) {
    for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
    await mkdir(join(folder, "slapd.d"));
    await run("slaptest", ["-Q", "-f", join(folder, "slapd.conf"), "-F", join(folder, "slapd.d")]);
  }
  return {
    server: "slapd",
    files,
    ...(isDatabase && { root: join(folder, "slapd.d/cn=config.ldif") }),
    command: [
      "slapd",
      "-d",
      "0",
      ...(isDatabase ? ["-F", join(folder, "slapd.d")] : ["-f", "ROOT"]),
      "-h",
      urls.join(" "),
    ],
    port: 636,
    doors,
    names: [],
  };
}

const usual = ({ port, protocol }: Door): boolean => port === (protocol === "tls" ? 636 : 389);

async function writeSlapdPair({ chance, certify }: Site): Promise<string> {
  const family = chance.pick<KeyFamily>(["RSA", "ECDSA"]);
  const { base } = await certify(["ldap.test"], family);
  const [certificate, key] = [
    `${base}.${chance.pick(["pem", "crt"])}`,
    `${base}.${chance.pick(["pem", "key"])}`,
  ];
  return chance
    .shuffle([
      `${pickCase("TLSCertificateFile", chance)}${chance.pick([" ", "\t", "\n  "])}${quoteSlapd(certificate, chance)}`,
      `${pickCase("TLSCertificateKeyFile", chance)} ${quoteSlapd(key, chance)}`,
    ])
    .join("\n");
}

const pickCase = (word: string, chance: Chance): string => (chance.happens(20) ? word.toLowerCase() : word);
const quoteSlapd = (word: string, chance: Chance): string => (chance.happens(30) ? `"${word}"` : word);
