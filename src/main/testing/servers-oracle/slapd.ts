import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { KeyFamily } from "./certificates.ts";
import type { Chance } from "./chance.ts";
import type { Door, Generated, Site } from "./generated.ts";

const run = promisify(execFile);

/** slapd.conf with includes, folded lines and settings that are made twice, or cn=config that is made of it; addresses by -h. */
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
    ...(chance.happens(60) && { "tls.conf": `# the files\n${await writePair(site)}\n` }),
  };
  const earlier = chance.happens(25) ? await writePair(site) : "";
  const last = files["tls.conf"] ? `include ${folder}/tls.conf` : await writePair(site);
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

async function writePair({ chance, certify }: Site): Promise<string> {
  const family = chance.pick<KeyFamily>(["RSA", "ECDSA"]);
  const { base } = await certify(["ldap.test"], family);
  const [certificate, key] = [
    `${base}.${chance.pick(["pem", "crt"])}`,
    `${base}.${chance.pick(["pem", "key"])}`,
  ];
  return chance
    .shuffle([
      `${pickCase("TLSCertificateFile", chance)}${chance.pick([" ", "\t", "\n  "])}${quote(certificate, chance)}`,
      `${pickCase("TLSCertificateKeyFile", chance)} ${quote(key, chance)}`,
    ])
    .join("\n");
}

const pickCase = (word: string, chance: Chance): string => (chance.happens(20) ? word.toLowerCase() : word);
const quote = (word: string, chance: Chance): string => (chance.happens(30) ? `"${word}"` : word);
