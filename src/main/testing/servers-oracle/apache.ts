import type { KeyFamily, MadeCertificate } from "./certificates.ts";
import { type Chance, type Door, type Generated, type Site, UNIVERSE } from "./generated.ts";

/** As Debian installs them. */
const MODULES = "/usr/lib/apache2/modules";

type Host = { where: string[]; lines: string[] };

/** `hasKeys`: the keys of all certificates are named, or of none: an outer list continues where a host's own ends. */
type Context = { site: Site; hasKeys: boolean; names: Set<string>; hasEngine: boolean };

/**
 * Virtual hosts at addresses and at every address; names, aliases and patterns; certificates of their own, of the main
 * server or both; conditions, variables, macros and includes; hosts without TLS among those with it.
 */
export async function generateApache(site: Site): Promise<Generated> {
  const { chance, own, ports } = site;
  const context: Context = {
    site,
    hasKeys: chance.happens(50),
    names: new Set(),
    hasEngine: false,
  };
  const around = chance.happens(60) ? await writePairs(context, ["around.test"]) : [];
  // The main server cannot start with TLS on and no certificate.
  context.hasEngine = around.length > 0 && chance.happens(50);
  const places = [
    `${own}:443`,
    ...chance.some(
      [
        `*:443`,
        "*",
        `${own}:*`,
        `0.0.0.0:${ports[0]}`,
        `*:${ports[0]}`,
        `${own}:${ports[0]}`,
        `[::1]:${ports[0]}`,
      ],
      1,
      3,
    ),
  ];
  const hosts: Host[] = [];
  for (let count = 2 + chance.below(4); count > 0; count--)
    hosts.push(await makeHost(context, places, around.length > 0));
  return {
    server: "apache",
    files: lay(context, hosts, around),
    command: ["apache2", "-D", "FOREGROUND", "-D", "Given", "-f", "ROOT"],
    port: 443,
    readyFile: "apache2.pid",
    reload: { signal: "SIGUSR1", ends: /^apache2$/ },
    doors: findDoors(site),
    names: [...context.names, "localhost"],
  };
}

function lay(
  { site, hasEngine }: Context,
  hosts: readonly Host[],
  around: readonly string[],
): Generated["files"] {
  const { chance, folder, own, ports } = site;
  const files: Generated["files"] = { "apache2.conf": "" };
  const inline = hosts.slice(0, chance.below(hosts.length + 1));
  for (const [index, host] of hosts.slice(inline.length).entries())
    files[`sites/${index}0.conf`] = writeHost(host, chance);
  files["apache2.conf"] = `ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache2.pid
ErrorLog ${folder}/error.log
LogLevel crit
LoadModule mpm_event_module ${MODULES}/mod_mpm_event.so
LoadModule authz_core_module ${MODULES}/mod_authz_core.so
LoadModule macro_module ${MODULES}/mod_macro.so
LoadModule ssl_module ${MODULES}/mod_ssl.so
User www-data
Group www-data
StartServers 1
ServerLimit 2
ThreadsPerChild 8
MaxRequestWorkers 16
MinSpareThreads 1
MaxSpareThreads 16
Define certs ${folder}/tls
Listen ${own}:443 https
Listen ${ports[0]} https
${around.join("\n")}
${hasEngine ? "SSLEngine on" : ""}
${inline.map((host) => writeHost(host, chance)).join("\n")}
IncludeOptional sites/*.conf
`;
  return files;
}

function findDoors({ own, other, ports: [first] }: Site): Door[] {
  const at: [string, number][] = [
    [own, 443],
    [own, first],
    [other, first],
    ["::1", first],
  ];
  return at.map(([host, port]) => ({ host, port, protocol: "tls" }));
}

async function makeHost(context: Context, places: readonly string[], hasAround: boolean): Promise<Host> {
  const { chance } = context.site;
  const [name = "", ...aliases] = chance.shuffle(chance.some(UNIVERSE, 1, 4));
  const patterns = aliases.map((alias) => (chance.happens(40) ? toPattern(alias, chance) : alias));
  for (const one of [name, ...patterns]) context.names.add(exampleOf(one, chance));
  const where = chance.some(places, 1, 2);
  const isOpen = where.every((place) => /^(?:\*|0\.0\.0\.0)/.test(place));
  const isOff = chance.happens(8);
  const engine = isOff ? ["SSLEngine off"] : context.hasEngine ? [] : ["SSLEngine on"];
  const pairs = !hasAround || chance.happens(70) ? await writePairs(context, ["own.test"]) : [];
  const alias = chance.happens(50)
    ? patterns.map((one) => `ServerAlias ${one}`)
    : patterns.length > 0
      ? [`ServerAlias ${patterns.join(" ")}`]
      : [];
  return {
    where,
    lines: chance.shuffle([
      // Without a name of its own, a host at every address uses that of the main server.
      ...(isOpen && chance.happens(25) ? [] : [`ServerName ${name}${chance.happens(15) ? ":443" : ""}`]),
      ...alias,
      ...engine,
      pairs.join("\n  "),
    ]),
  };
}

/** A star or question mark anywhere in a name is a wildcard. */
function toPattern(name: string, chance: Chance): string {
  const kind = chance.below(100);
  if (kind < 60) return `*.${name}`;
  if (kind < 75) return `*${name}`;
  if (kind < 90) return `${name.slice(0, name.indexOf(".") + 1)}*`;
  return `?.${name}`;
}

const exampleOf = (name: string, chance: Chance): string =>
  name.replace("*", chance.pick(["y", "y.z", "www"])).replace("?", "q");

async function writePairs({ site, hasKeys }: Context, names: string[]): Promise<string[]> {
  const { chance, folder, certify } = site;
  const families = chance.pick<KeyFamily[]>([["RSA"], ["ECDSA"], ["RSA", "ECDSA"], ["ECDSA", "RSA"]]);
  const made: MadeCertificate[] = [];
  for (const family of families) made.push(await certify(names, family));
  const pathOf = (base: string) =>
    chance.pick([base, base.slice(folder.length + 1), base.replace(`${folder}/tls`, "${certs}")]);
  return made.flatMap(({ base }) => [
    `SSLCertificateFile ${chance.happens(10) ? "\\\n    " : ""}${quote(`${pathOf(base)}.pem`, chance)}`,
    ...(hasKeys
      ? [`SSLCertificateKeyFile ${quote(`${pathOf(base)}.${chance.pick(["pem", "key"])}`, chance)}`]
      : []),
  ]);
}

const quote = (word: string, chance: Chance): string => (chance.happens(20) ? `"${word}"` : word);

/** As it is, under a condition, or by a macro. */
function writeHost({ where, lines }: Host, chance: Chance): string {
  const text = (at: string) => `<VirtualHost ${at}>\n  ${lines.join("\n  ")}\n</VirtualHost>\n`;
  const kind = chance.below(100);
  if (kind < 70) return text(where.join(" "));
  if (kind < 78) return `<IfDefine Given>\n${text(where.join(" "))}</IfDefine>\n`;
  if (kind < 84) return `<IfModule !no_such_module>\n${text(where.join(" "))}</IfModule>\n`;
  if (kind < 88) return `<IfModule no_such_module>\n${text(where.join(" "))}</IfModule>\n`;
  const name = `Site${chance.below(1_000_000)}`;
  const put = where.length > 1 ? `"${where.join(" ")}"` : where.join("");
  return `<Macro ${name} $where>\n${text("$where")}</Macro>\nUse ${name} ${put}\n`;
}
