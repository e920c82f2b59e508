import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { KeyFamily } from "./certificates.ts";
import type { Chance } from "./chance.ts";
import { type Door, type Generated, type Site, UNIVERSE } from "./generated.ts";

/**
 * Listeners with TLS at once and by STARTTLS, at addresses and at every one; certificates of all, of protocols, of names and
 * patterns, of addresses and networks, and of blocks within blocks; second ones of another kind; includes.
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
  const usual = await writePairs(site);
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

async function writePairs({ chance, certify }: Site): Promise<string[]> {
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
  const inner = (await writePairs(site)).map((line) => `  ${line}`).join("\n");
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
