import { execFile } from "node:child_process";
import { chmod, chown, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { findUser } from "#testing/servers/user-ids.ts";
import type { KeyFamily } from "./certificates.ts";
import type { Door, Generated, Site } from "./generated.ts";

const run = promisify(execFile);
const VERSIONS = "/usr/lib/postgresql";

/**
 * postgresql.conf with files and folders that it includes, ALTER SYSTEM's own file and the command line, each of which may say
 * another certificate. All run on one cluster, one after the other.
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
  const pair = await writePair(site);
  if (chance.happens(60)) main.push(...pair.map(([name, path]) => `${name} = '${path}'`));
  else {
    more.push(...pair.map(([name, path]) => `${name.toUpperCase()} '${path}'`));
    main.push(
      chance.pick(["include 'more/own.conf'", "include_dir 'more'", "include_if_exists = 'more/own.conf'"]),
    );
  }
  if (chance.happens(30))
    automatic.push(...(await writePair(site)).map(([name, path]) => `${name} = '${path}'`));
  if (chance.happens(25))
    for (const [name, path] of await writePair(site)) command.push("-c", `${name}=${path}`);
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
  // Whoever had it before was killed.
  await rm(join(data, "postmaster.pid"), { force: true });
  return data;
}

/** A key that others may read is refused. */
async function writePair({ chance, certify }: Site): Promise<[string, string][]> {
  const { uid, gid } = findUser("postgres");
  const { base } = await certify(["db.test"], chance.pick<KeyFamily>(["RSA", "ECDSA"]));
  await chown(`${base}.key`, uid, gid);
  await chmod(`${base}.key`, 0o600);
  return [
    ["ssl_cert_file", `${base}.${chance.pick(["crt", "pem"])}`],
    ["ssl_key_file", `${base}.key`],
  ];
}
