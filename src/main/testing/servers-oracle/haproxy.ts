import type { KeyFamily, MadeCertificate } from "./certificates.ts";
import { type Chance, type Door, type Generated, type Site, UNIVERSE } from "./generated.ts";

type Bind = { where: string; doors: Door[] };

/**
 * `bind` lines, in one file or in a folder as well, with certificates by file, folder, list, bundle and store; lists
 * with names, patterns, exclusions and defaults; `default-crt` and `strict-sni`; the same names with keys of both kinds
 * and from several files.
 */
export async function generateHaproxy(site: Site): Promise<Generated> {
  const { chance, folder } = site;
  const files: Generated["files"] = { "haproxy.cfg": "" };
  const binds = pickBinds(site);
  const names = new Set<string>();
  const context: Context = { site, files, names, stored: [], bases: chance.happens(50), count: 0 };
  const lines: string[] = [];
  for (const bind of binds) lines.push(await writeBind(context, bind));
  const frontends = lines.map((line, index) => `frontend web${index}\n${line}\n`);
  const inline = chance.happens(75) ? lines.length : chance.below(lines.length + 1);
  for (const [index, text] of frontends.slice(inline).entries())
    files[`conf.d/${chance.pick(["a", "b"])}${index}.cfg`] = text;
  files["haproxy.cfg"] = `global
  log stderr local0 emerg
  maxconn 100
${context.bases ? `  crt-base ${folder}/tls\n` : ""}${context.stored.length > 0 ? `crt-store web\n${context.stored.join("\n")}\n` : ""}defaults
  mode tcp
  timeout connect 5s
  timeout client 20s
  timeout server 20s
${frontends.slice(0, inline).join("")}`;
  return {
    server: "haproxy",
    files,
    command: [
      "haproxy",
      "-W",
      "-db",
      "-f",
      "ROOT",
      ...(inline < lines.length ? ["-f", `${folder}/conf.d`] : []),
    ],
    port: 443,
    reload: { signal: "SIGUSR2", ends: /^haproxy$/ },
    doors: binds.flatMap(({ doors }) => doors),
    names: [...names],
  };
}

type Context = {
  site: Site;
  files: Generated["files"];
  /** All names that a certificate or a line of a list has. */
  names: Set<string>;
  stored: string[];
  bases: boolean;
  count: number;
};

function pickBinds({ own, other, ports: [first, second], chance }: Site): Bind[] {
  const bind = (where: string, ...at: [string, number][]): Bind => ({
    where,
    doors: at.map(([host, port]) => ({ host, port, protocol: "tls" })),
  });
  return [
    bind(`${own}:443`, [own, 443]),
    ...chance.some(
      [
        bind(chance.pick([`:${first}`, `*:${first}`, `0.0.0.0:${first}`]), [other, first]),
        bind(`${own}:8443,${other}:443`, [own, 8443], [other, 443]),
        bind(`[::]:${second}`, ["::1", second], [own, second]),
        bind(`[::1]:${first}`, ["::1", first]),
      ],
      0,
      2,
    ),
  ];
}

async function writeBind(context: Context, { where }: Bind): Promise<string> {
  const { chance } = context.site;
  const words: string[] = [];
  for (let count = 1 + chance.below(3); count > 0; count--) words.push(await bringOne(context));
  if (chance.happens(25)) words.push(`default-crt ${await onePath(context)}`);
  if (chance.happens(20)) words.push("strict-sni");
  if (chance.happens(10)) words.push("alpn h2,http/1.1");
  return `  bind ${chance.happens(20) ? `"${where}"` : where} ssl ${chance.shuffle(words).join(" ")}`;
}

async function bringOne(context: Context): Promise<string> {
  const { site, files } = context;
  const { chance, folder } = site;
  const kind = chance.below(100);
  const number = context.count++;
  if (kind < 45) return `crt ${await onePath(context)}`;
  if (kind < 60) {
    const count = 1 + chance.below(4);
    for (let index = 0; index < count; index++)
      await site.copy(await makeOne(context), `some${number}/${chance.pick(["a", "b", "c"])}${index}.pem`);
    return `crt ${folder}/some${number}`;
  }
  if (kind < 70) {
    const names = pickNames(context);
    for (const [family, ending] of [
      ["RSA", "rsa"],
      ["ECDSA", "ecdsa"],
    ] as const)
      await site.copy(await site.certify(names, family), `tls/bundle${number}.pem.${ending}`);
    return `crt ${folder}/tls/bundle${number}.pem`;
  }
  if (kind < 78) {
    const { base } = await makeOne(context);
    context.stored.push(`  load crt ${base}.pem alias "c${number}"`);
    return `crt @web/c${number}`;
  }
  const lines: string[] = ["# names"];
  for (let count = 1 + chance.below(4); count > 0; count--) lines.push(await writeListLine(context));
  files[`list${number}`] = `${lines.join("\n")}\n`;
  return `crt-list ${folder}/list${number}`;
}

async function writeListLine(context: Context): Promise<string> {
  const { chance } = context.site;
  const path = await onePath(context);
  const settings = chance.happens(15) ? " [alpn h2,http/1.1]" : "";
  if (chance.happens(35)) return `${path}${settings}`;
  const filters = pickNames(context);
  if (chance.happens(20)) filters.push("*");
  const under = filters.filter((name) => name.startsWith("*."));
  if (under.length > 0 && chance.happens(40)) {
    const name = `${chance.pick(["y", "www", "a"])}${chance.pick(under).slice(1)}`;
    filters.push(`!${name}`);
    context.names.add(name);
  }
  return `${path}${settings} ${(chance.happens(5) ? ["*"] : filters).join(" ")}`;
}

async function onePath(context: Context): Promise<string> {
  const { base } = await makeOne(context);
  const isShort = context.bases && context.site.chance.happens(60);
  return isShort ? `${base.slice(base.lastIndexOf("/") + 1)}.pem` : `${base}.pem`;
}

const makeOne = (context: Context): Promise<MadeCertificate> =>
  context.site.certify(
    pickNames(context),
    context.site.chance.pick<KeyFamily>(["RSA", "ECDSA"]),
    // A common name that is not among its names, and by which HAProxy chooses all the same.
    context.site.chance.happens(15) ? pickNames(context)[0] : undefined,
  );

/** Few names, so that several certificates share some. */
function pickNames({ site: { chance }, names }: Context): string[] {
  const picked = chance
    .some(UNIVERSE.slice(0, 9), 1, 3)
    .map((name) => (chance.happens(35) ? `*.${name}` : name));
  for (const name of picked) names.add(name.startsWith("*.") ? `${below(chance)}${name.slice(1)}` : name);
  return picked;
}

const below = (chance: Chance): string => chance.pick(["y", "www", "a"]);
