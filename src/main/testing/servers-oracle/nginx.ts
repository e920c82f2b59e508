import type { KeyFamily, MadeCertificate } from "./certificates.ts";
import { type Chance, type Door, type Generated, type Site, UNIVERSE } from "./generated.ts";

/** An address and port, in the forms in which it may be written, and where clients connect. */
type Spot = { written: string[]; isTls: boolean; doors: Door[] };

type Server = { spots: Map<Spot, string>; names: string[]; certificates: MadeCertificate[]; more: string[] };

/**
 * Servers at addresses, at every address and at both; names, patterns and defaults; certificates of their own, of the
 * block around them, or none; each kind of key, or both; includes around servers and within them.
 */
export async function generateNginx(site: Site): Promise<Generated> {
  const { chance, folder } = site;
  const spots = pickSpots(site);
  const servers: Server[] = [];
  for (let count = 2 + chance.below(4); count > 0; count--)
    servers.push(await makeServer(site, spots, servers));
  const around = chance.happens(50) ? await makePairs(site, ["around.test"]) : [];
  await giveDefaults(site, { spots, servers, hasAround: around.length > 0 });
  for (const spot of spots.filter((one) => one.written[0]?.includes("]:") && one.doors.length > 1)) {
    const first = servers.find((server) => server.spots.has(spot));
    first?.spots.set(spot, `${first.spots.get(spot)} ipv6only=off`);
  }
  return {
    server: "nginx",
    files: lay(site, servers, around),
    command: ["nginx", "-p", folder, "-c", "ROOT"],
    port: 443,
    reload: { signal: "SIGHUP", ends: /^nginx$/ },
    doors: spots
      .filter((spot) => servers.some((server) => server.spots.has(spot)))
      .flatMap(({ doors }) => doors),
    names: [...new Set(servers.flatMap(({ names }) => names.flatMap((name) => exampleOf(name, chance))))],
  };
}

function pickSpots({ own, other, ports: [first, second], chance }: Site): Spot[] {
  const door = (host: string, port: number): Door => ({ host, port, protocol: "tls" });
  const spot = (written: string[], ...doors: Door[]): Spot => ({ written, isTls: chance.happens(90), doors });
  const every = spot(
    [`${first}`, `*:${first}`, `0.0.0.0:${first}`],
    door(other, first),
    door("127.0.0.1", first),
  );
  return [
    { ...spot([`${own}:443`], door(own, 443)), isTls: true },
    ...chance.some(
      [
        spot([`${own}:8443`], door(own, 8443)),
        spot([`${other}:443`], door(other, 443)),
        every,
        spot([`${own}:${first}`], door(own, first)),
        spot([`[::]:${first}`, `[::]:${first} ipv6only=on`].slice(0, 1), door("::1", first)),
        spot([`[::]:${second}`], door("::1", second), door(own, second)),
      ],
      1,
      3,
    ),
  ];
}

async function makeServer(site: Site, spots: readonly Spot[], before: readonly Server[]): Promise<Server> {
  const { chance } = site;
  const own = before.length === 0 ? spots.slice(0, 1) : chance.some(spots, 1, 2);
  const names = chance.some(UNIVERSE, 0, 4).map((name) => toPattern(name, chance));
  // If two servers have the same name, nginx decides with a warning which of them gets it.
  const stolen = before.flatMap((one) => one.names).filter(() => chance.happens(10));
  names.push(
    ...stolen.map((name) =>
      chance.happens(30) && !/[*~_]/.test(name) ? `.${name.replace(/^\./, "")}` : name,
    ),
  );
  const tls = (spot: Spot) => (spot.isTls && chance.happens(80) ? " ssl" : "");
  return {
    spots: new Map(own.map((spot) => [spot, `${chance.pick(spot.written)}${tls(spot)}`])),
    names,
    certificates: chance.happens(75) ? await makePairs(site, ["own.test"]) : [],
    more: [
      ...(chance.happens(3) ? ["ssl_reject_handshake on"] : []),
      ...(chance.happens(10) ? ["ssl_session_cache shared:S:1m"] : []),
    ],
  };
}

function toPattern(name: string, chance: Chance): string {
  const kind = chance.below(100);
  if (kind < 60) return chance.happens(10) ? name.toUpperCase() : name;
  if (kind < 75) return `*.${name}`;
  if (kind < 85) return `.${name}`;
  if (kind < 95) return `${name.slice(0, name.lastIndexOf(".") + 1) || `${name}.`}*`;
  return chance.happens(30) ? `~^${name.replaceAll(".", "\\.")}$` : "_";
}

/** Names that match a pattern, and the pattern itself. */
function exampleOf(name: string, chance: Chance): string[] {
  if (name === "_") return [];
  if (name.startsWith("~")) return [name.slice(2, -1).replaceAll("\\", "")];
  const below = `${chance.pick(["y", "y.z"])}.`;
  if (name.startsWith("*.")) return [`${below}${name.slice(2)}`];
  if (name.startsWith(".")) return [name.slice(1), `${below}${name.slice(1)}`];
  return name.endsWith(".*") ? [`${name.slice(0, -1)}${chance.pick(["test", "example", "co.uk"])}`] : [name];
}

async function makePairs({ chance, certify }: Site, names: string[]): Promise<MadeCertificate[]> {
  const families = chance.pick<KeyFamily[]>([["RSA"], ["ECDSA"], ["RSA", "ECDSA"], ["ECDSA", "RSA"]]);
  const twice = chance.happens(5) ? families.slice(0, 1) : [];
  return Promise.all([...families, ...twice].map((family) => certify(names, family)));
}

/** The default server of a TLS address needs a certificate, its own or that of the block around it. */
async function giveDefaults(
  site: Site,
  { spots, servers, hasAround }: { spots: readonly Spot[]; servers: readonly Server[]; hasAround: boolean },
): Promise<void> {
  const { chance } = site;
  for (const spot of spots) {
    const here = servers.filter((server) => server.spots.has(spot));
    const named = chance.happens(40) && here.length > 0 ? chance.pick(here) : undefined;
    named?.spots.set(
      spot,
      `${named.spots.get(spot)} ${chance.pick(["default_server", "default_server", "default"])}`,
    );
    const usual = named ?? here[0];
    if (usual && !hasAround && usual.certificates.length === 0)
      usual.certificates = await makePairs(site, ["own.test"]);
  }
}

const SCRATCH = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/** In one file, in the files of a folder, or with a part of a server in a file of its own. */
function lay({ chance, folder }: Site, servers: readonly Server[], around: readonly MadeCertificate[]) {
  const files: { [path: string]: string } = { "nginx.conf": "" };
  const [inline, included]: [string[], string[]] = [[], []];
  const firstIncluded = chance.happens(50) ? chance.below(servers.length) : servers.length;
  for (const [index, server] of servers.entries()) {
    const listens = [...server.spots.values()].map((words) => `listen ${words};`);
    const names = server.names.map((name) => quote(name, chance));
    const named =
      names.length === 0
        ? []
        : chance.happens(30)
          ? names.map((name) => `server_name ${name};`)
          : [`server_name ${names.join(" ")};`];
    const tls = [
      ...formatPairs(server.certificates, { chance, folder }),
      ...server.more.map((line) => `${line};`),
    ];
    const isApart = tls.length > 0 && chance.happens(20);
    if (isApart) files[`snippets/tls-${index}.conf`] = `# ${index}\n${tls.join("\n")}\n`;
    const lines = [...listens, ...named, ...(isApart ? [`include snippets/tls-${index}.conf;`] : tls)];
    const text = `server {\n    ${chance.shuffle(lines).join("\n    ")}\n  }`;
    (index < firstIncluded ? inline : included).push(text);
  }
  for (const [index, text] of included.entries()) files[`sites/${index}0.conf`] = `${text} # ${index}\n`;
  const blocks = [
    `access_log off;\n  ${SCRATCH.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}`,
    ...inline,
    ...(included.length > 0 ? ["include sites/*.conf;"] : []),
  ];
  const pairs = formatPairs(around, { chance, folder }).join("\n  ");
  if (chance.happens(50)) blocks.unshift(pairs);
  else blocks.push(pairs);
  files["nginx.conf"] =
    `daemon off; user root; pid ${folder}/nginx.pid; error_log stderr crit; worker_processes 1;
events {}
http {
  ${blocks.join("\n  ")}
}
`;
  return files;
}

function formatPairs(
  made: readonly MadeCertificate[],
  { chance, folder }: Pick<Site, "chance" | "folder">,
): string[] {
  const lines = made.map(({ base }) => {
    const path = chance.happens(50) ? base : base.slice(folder.length + 1);
    return [
      `ssl_certificate ${quote(`${path}.${chance.pick(["pem", "crt"])}`, chance)};`,
      `ssl_certificate_key ${quote(`${path}.${chance.pick(["pem", "key"])}`, chance)};`,
    ].join(" ");
  });
  return lines.length > 0 ? [lines.join("\n    ")] : [];
}

const quote = (word: string, chance: Chance): string =>
  chance.happens(15)
    ? `"${word.replaceAll("\\", "\\\\")}"`
    : chance.happens(5)
      ? `'${word.replaceAll("\\", "\\\\")}'`
      : word;
