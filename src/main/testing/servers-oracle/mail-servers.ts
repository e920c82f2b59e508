import { execFile } from "node:child_process";
import { chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { findUser } from "#testing/servers/server.ts";
import type { KeyFamily } from "./certificates.ts";
import { type Chance, type Door, type Generated, type Site, UNIVERSE } from "./generated.ts";

const run = promisify(execFile);

/**
 * Services at ports and addresses, with TLS at once or by STARTTLS; certificate files by kind, by chain files and by
 * parameters of other names; overrides in master.cf; names by maps of four kinds.
 */
export async function generatePostfix(site: Site): Promise<Generated> {
  const { chance, folder, own } = site;
  await makeFolders(folder);
  const names = new Set<string>();
  const main = [
    "compatibility_level = 3.6",
    `queue_directory = ${folder}/queue`,
    `data_directory = ${folder}/data`,
    "mail_owner = postfix",
    "myhostname = mail.example",
    "mydestination =",
    "inet_interfaces = loopback-only",
    "inet_protocols = ipv4",
    `maillog_file = ${folder}/maillog`,
    `maillog_file_prefixes = ${folder}`,
    `tls_folder = ${folder}/tls`,
    "smtpd_tls_security_level = may",
    ...(await writePairs(site)),
  ];
  const maps = chance.happens(75) ? await writeMaps(site, names) : null;
  if (maps !== null) main.push(`tls_server_sni_maps = ${maps}`);
  const [services, doors] = await writeServices(site);
  return {
    server: "postfix",
    files: {
      "etc/main.cf": `${main.join("\n")}\n`,
      "etc/master.cf": `${services.join("\n")}
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
`,
    },
    command: ["/usr/lib/postfix/sbin/master", "-c", `${folder}/etc`, "-d"],
    port: 25,
    reload: { signal: "SIGHUP", ends: /^smtpd$/ },
    doors: [{ host: own, port: 25, protocol: "smtp" }, ...doors],
    names: [...names],
  };
}

async function makeFolders(folder: string): Promise<void> {
  const { uid, gid } = findUser("postfix");
  for (const name of ["pid", "private", "public", "incoming", "active", "deferred", "maildrop"])
    await mkdir(join(folder, "queue", name), { recursive: true });
  for (const name of ["etc", "data"]) await mkdir(join(folder, name), { recursive: true });
  for (const name of ["data", "queue/private", "queue/public"]) await chown(join(folder, name), uid, gid);
}

/**
 * By kind, or by chain files, which take precedence. A key that is set for all services must match what a service
 * overrides.
 */
async function writePairs(
  { chance, folder, certify }: Site,
  keys: "some" | "all" = "some",
): Promise<string[]> {
  const families = chance.pick<KeyFamily[]>([["RSA"], ["ECDSA"], ["RSA", "ECDSA"], ["ECDSA", "RSA"]]);
  const made = await Promise.all(
    families.map((family) => certify([`${family.toLowerCase()}.own.test`], family)),
  );
  const pathOf = (base: string) =>
    chance.pick([
      base,
      base.replace(`${folder}/tls`, "$tls_folder"),
      base.replace(`${folder}/tls`, "${tls_folder}"),
    ]);
  if (chance.happens(40))
    return [
      `smtpd_tls_chain_files = ${made.map(({ base }) => `${pathOf(base)}.pem`).join(chance.pick([", ", " "]))}`,
    ];
  return made.flatMap(({ base, family }) => {
    const kind = family === "ECDSA" && chance.happens(70) ? "ec" : "";
    // Each kind of file is named once.
    const isTaken = kind === "" && family === "ECDSA" && made.length > 1;
    const word = isTaken ? "ec" : kind;
    const key =
      keys === "all" || chance.happens(50) ? [`smtpd_tls_${word}key_file = ${pathOf(base)}.key`] : [];
    return [`smtpd_tls_${word}cert_file = ${pathOf(base)}.pem`, ...key];
  });
}

async function writeMaps(site: Site, names: Set<string>): Promise<string> {
  const { chance, folder } = site;
  const kinds = chance.some(["hash", "texthash", "inline", "texthash"], 1, 2);
  const maps: string[] = [];
  for (const [index, kind] of kinds.entries()) {
    const path = `${folder}/etc/sni${index}`;
    const entries = await writeEntries(site, names);
    if (kind === "inline") {
      maps.push(
        `inline:{ ${entries.map(([name, files]) => `{ ${name} = ${files.join(", ")} }`).join(", ")} }`,
      );
      continue;
    }
    const lines = entries.map(
      ([name, files]) => `${name}${chance.pick([" ", "\t", "\n  "])}${files.join(" ")}`,
    );
    await writeFile(path, `# names\n${lines.join("\n")}\n`);
    if (kind === "hash") await run("postmap", ["-F", `hash:${path}`]);
    maps.push(`${kind}:${path}`);
  }
  return maps.join(chance.pick([" ", ", "]));
}

async function writeEntries({ chance, certify }: Site, names: Set<string>): Promise<[string, string[]][]> {
  const entries: [string, string[]][] = [];
  for (const name of chance.some(UNIVERSE, 1, 4)) {
    const families = chance.pick<KeyFamily[]>([["RSA"], ["ECDSA"], ["RSA", "ECDSA"]]);
    const files: string[] = [];
    for (const family of families) files.push(`${(await certify([name], family)).base}.pem`);
    const isPattern = chance.happens(40);
    names.add(isPattern ? `${chance.pick(["y", "y.z"])}.${name}` : name);
    if (isPattern) names.add(name);
    entries.push([isPattern ? `.${name}` : name, files]);
  }
  return entries;
}

async function writeServices(site: Site): Promise<[string[], Door[]]> {
  const {
    chance,
    own,
    other,
    ports: [port],
  } = site;
  const services = [`${own}:25 inet n - n - - smtpd`];
  const doors: Door[] = [];
  const places = chance.some<[string, string, number]>(
    [
      [own, "submission", 587],
      [own, "submissions", 465],
      [other, "smtp", 25],
      [other, `${port}`, port],
    ],
    1,
    3,
  );
  for (const [host, word, number] of places) {
    const options: string[] = [];
    const isWrapped = number === 465 || chance.happens(20);
    if (isWrapped) options.push("-o smtpd_tls_wrappermode=yes");
    const kind = chance.below(100);
    if (kind < 10 && !isWrapped) options.push("-o smtpd_tls_security_level=none");
    else if (kind < 45)
      for (const line of await writePairs(site, "all")) {
        const [name = "", value = ""] = line.split(" = ");
        options.push(value.includes(" ") ? `-o { ${name} = ${value} }` : `-o ${name}=${value}`);
      }
    services.push(
      `${host}:${word} inet n - n - - smtpd ${chance.happens(30) ? "\n  " : ""}${options.join(" ")}`,
    );
    doors.push({ host, port: number, protocol: isWrapped ? "tls" : "smtp" });
  }
  return [services, doors];
}

/**
 * Listeners with TLS at once and by STARTTLS, at addresses and at every one; certificates for everything, for
 * protocols, for names and patterns, for addresses and networks, and for nested blocks; second ones of another kind;
 * includes.
 */
export async function generateDovecot(site: Site): Promise<Generated> {
  const {
    chance,
    folder,
    own,
    other,
    ports: [port],
  } = site;
  for (const name of ["run", "state", "mail"]) await mkdir(join(folder, name), { recursive: true });
  const names = new Set<string>();
  const usual = await writeDovecotPairs(site);
  const blocks: string[] = [];
  for (let count = 1 + chance.below(5); count > 0; count--) blocks.push(await writeBlock(site, names));
  const included = blocks.filter(() => chance.happens(25));
  const inline = blocks.filter((block) => !included.includes(block));
  const parts = chance.shuffle([
    usual.join("\n"),
    ...inline,
    ...(included.length > 0 ? ["!include blocks/*.conf"] : []),
  ]);
  const files: Generated["files"] = { "dovecot.conf": "" };
  for (const [index, block] of included.entries()) files[`blocks/${index}.conf`] = `# ${index}\n${block}\n`;
  const isEverywhere = chance.happens(50);
  files["dovecot.conf"] = `dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
protocols = imap pop3
listen = ${own}
mail_driver = maildir
mail_path = ${folder}/mail
ssl = yes
passdb static {
  password = nobody-knows-this
}
service imap-login {
  restart_request_count = 1000
  inet_listener imap {
    port = 143
  }
  inet_listener imaps {
    port = 993
    ssl = yes
  }
  inet_listener more {
    port = ${port}
    ssl = yes
    listen = ${isEverywhere ? "*, ::1" : other}
  }
}
service pop3-login {
  restart_request_count = 1000
  inet_listener pop3 {
    port = ${chance.happens(50) ? 110 : 0}
  }
  inet_listener pop3s {
    port = 995
    ssl = yes
  }
}
${parts.join("\n")}
`;
  const doors: Door[] = [
    { host: own, port: 993, protocol: "tls" },
    { host: own, port: 995, protocol: "tls" },
    { host: own, port: 143, protocol: "imap" },
    { host: other, port, protocol: "tls" },
    ...(isEverywhere
      ? [
          { host: "::1", port, protocol: "tls" } as const,
          { host: "127.0.0.1", port, protocol: "tls" } as const,
        ]
      : []),
  ];
  return {
    server: "dovecot",
    files,
    command: ["dovecot", "-F", "-c", "ROOT"],
    marks: [join(folder, "run/master.pid")],
    reload: { signal: "SIGHUP", ends: /-login$/ },
    port: 993,
    doors: [...doors.slice(0, 1), ...chance.some(doors.slice(1), 1, 2)],
    names: [...names],
  };
}

async function writeDovecotPairs({ chance, certify }: Site): Promise<string[]> {
  const families = chance.pick<KeyFamily[]>([["RSA"], ["ECDSA"], ["RSA", "ECDSA"], ["ECDSA", "RSA"]]);
  const [first, second] = await Promise.all(
    families.map((family) => certify([`${family.toLowerCase()}.own.test`], family)),
  );
  if (!first) return [];
  const isBraced = chance.happens(25);
  const words = [
    ["cert_file", `${first.base}.pem`],
    ["key_file", `${first.base}.key`],
  ];
  if (second) words.push(["alt_cert_file", `${second.base}.pem`], ["alt_key_file", `${second.base}.key`]);
  if (isBraced) return ["ssl_server {", ...words.map(([name, path]) => `  ${name} = ${path}`), "}"];
  return words.map(([name, path]) => `ssl_server_${name} = ${quote(path ?? "", chance)}`);
}

const quote = (word: string, chance: Chance): string => (chance.happens(20) ? `"${word}"` : word);

async function writeBlock(site: Site, names: Set<string>): Promise<string> {
  const { chance, own, other } = site;
  const kind = chance.below(100);
  const inner = (await writeDovecotPairs(site)).map((line) => `  ${line}`).join("\n");
  if (kind < 60) {
    const name = chance.pick(UNIVERSE);
    const isPattern = chance.happens(35);
    names.add(isPattern ? `${chance.pick(["y", "www"])}.${name}` : name);
    const written = `local_name ${isPattern ? "*." : ""}${name}`;
    if (chance.happens(15))
      return `${written} {\n  protocol ${chance.pick(["imap", "pop3"])} {\n${inner}\n  }\n}`;
    return `${written} {\n${inner}\n}`;
  }
  if (kind < 75) return `protocol ${chance.pick(["imap", "pop3", "!pop3"])} {\n${inner}\n}`;
  const block = chance.pick([own, other, `${other}/32`, "127.0.0.0/8", "127.0.0.1", "::1", "192.0.2.0/24"]);
  return `local ${block} {\n${inner}\n}`;
}
