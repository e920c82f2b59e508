import { type Command, Option } from "commander";
import type { CertificateFilter } from "#shared/contract/certificates.ts";
import {
  type Certificate,
  type CertificateLocation,
  type CertificateRow,
  KEY_TYPES,
} from "#shared/model/certificates/certificate.ts";
import { isMoreThan, withoutSome } from "#shared/model/total.ts";
import { formatAmount, formatCount, formatNumber, formatTotal } from "#shared/text/count.ts";
import { formatExpiry } from "#shared/text/elapsed.ts";
import { formatKey } from "#shared/text/hosts/key.ts";
import { formatEndpoint } from "#shared/text/hosts/target.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, listRows, printTable, withOwnNames } from "#shells/cli/print-table.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";

type Options = CommonOptions & {
  expiring?: number;
  role?: "leaf" | "authority";
  location?: "endpoint" | "file";
  host?: string;
  /** False: by `--no-owner`. */
  owner?: string | false;
  owned?: boolean;
  tag?: string;
  type?: string;
  issuer?: string;
  limit?: number;
};

const SOON_DAYS = 30;

export function addCertificates(program: Command, { world }: Session): void {
  program
    .command("certificates [filter...]")
    .helpGroup(REPORT)
    .description("certificates and where they are served, the next to expire first")
    .option(
      "--expiring <days>",
      "only those that have expired, or expire within this many days",
      wholeNumber(0, 36_500),
    )
    .addOption(
      new Option("--role <role>", "only end-entity certificates (leaf), or those of authorities").choices([
        "leaf",
        "authority",
      ]),
    )
    .addOption(
      new Option("--location <kind>", "only those that an endpoint serves, or that are in a file").choices([
        "endpoint",
        "file",
      ]),
    )
    .option("--host <name>", "only those found on this host")
    .option("--owner <name>", "only those of this owner")
    .option("--no-owner", "only those without an owner")
    .option("--owned", "only those that have an owner")
    .option("--tag <name>", "only those with this tag")
    .option("--type <kind>", "only those with this kind of key, such as rsa or ec", asKeyType)
    .option("--issuer <text>", "only those whose issuer's name contains this")
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .addHelpText("after", HELP)
    .action((words: string[], _: object, command: Command) =>
      listCertificates(words, command.optsWithGlobals<Options>(), world),
    );
}

const HELP = `
A row is listed when it contains every word of FILTER: in its subject, issuer, names or locations.

Examples:
  latchkey certificates --expiring 30          what to renew this month
  latchkey certificates shop.example           certificates for one name
  latchkey certificates --json | jq '.certificates[].sha256'

With --json: { certificates: [{ sha256, subject, issuer, serial, notBefore, notAfter, names, keyType,
keyBits, signature, isCa, locations, findings }], total }`;

async function listCertificates(words: readonly string[], options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const { list } = app.client.certificates;
  const filter = {
    search: words.join(" "),
    expiringWithinDays: options.expiring ?? null,
    role: options.role ?? null,
    location: options.location ?? null,
    host: options.host ?? null,
    owner: options.owner === false ? "" : (options.owner ?? null),
    owned: options.owned ?? false,
    tag: options.tag ?? null,
    keyType: options.type ?? null,
    issuer: options.issuer || null,
  };
  const locationLimit = options.json ? 100_000 : 1;
  const { rows, total } = await listRows(options.limit, (page) =>
    list({ ...filter, locationLimit, ...page }),
  );
  if (options.json) return printJson({ certificates: rows.map(toCertificateJson), total }, world);
  if (total === 0) return world.out(formatNone(filter));
  world.out(`${printTable(await withOwnNames(columnsAt(world.now()), app.client), rows, world)}\n`);

  const countWithin = async (days: number) => {
    const expiringWithinDays = Math.min(days, options.expiring ?? days);
    return (await list({ ...filter, expiringWithinDays, limit: 1 })).total;
  };
  const expired = await countWithin(0);
  const soonDays = Math.min(SOON_DAYS, options.expiring ?? SOON_DAYS);
  const due = await countWithin(soonDays);
  const soon = typeof expired === "number" ? withoutSome(due, expired) : null;
  const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
  const within = `${soon === 1 ? "expires" : "expire"} within ${formatCount(soonDays, "day")}`;
  const expiring = soon === null || soonDays === 0 ? "" : `, ${formatAmount(soon)} ${within}`;
  world.out(`${formatTotal(total, "certificate")}${shown}, ${formatAmount(expired)} expired${expiring}`);
}

/** Whatever its case is; another kind is named as OpenSSL names it. */
const asKeyType = (text: string): string =>
  KEY_TYPES.find((type) => type.toLowerCase() === text.toLowerCase()) ?? text;

const formatNone = ({ search, ...filter }: Partial<CertificateFilter>): string =>
  search || Object.values(filter).some((value) => value !== null && value !== false)
    ? "no certificate matches"
    : "no certificate is known yet; scan an endpoint: latchkey scan shop.example";

const columnsAt = (now: Date): Column<CertificateRow>[] => [
  {
    head: "EXPIRY",
    cell: ({ notAfter }) => (notAfter === null ? "no date" : formatExpiry(notAfter, now)),
    style: ({ notAfter }) => styleOfExpiry(notAfter, now),
  },
  {
    head: "CERTIFICATE",
    cell: ({ commonName, names, subject }) => commonName ?? names[0] ?? subject,
    cut: "middle",
  },
  {
    head: "SEEN AT",
    cell: formatLocations,
    hostOf: ({ locations: [first, ...others] }) =>
      first && others.length === 0 ? { host: first.host } : null,
    cut: "middle",
  },
  { head: "KEY", cell: formatKey },
  { head: "ISSUER", cell: ({ issuer }) => issuer, cut: "middle", leaves: 2 },
  { head: "SHA-256", cell: ({ sha256 }) => sha256.slice(0, 12), style: () => "dim", leaves: 1 },
];

function styleOfExpiry(notAfter: string | null, now: Date): "red" | "yellow" | null {
  if (notAfter === null) return "yellow";
  const days = (Date.parse(notAfter) - now.getTime()) / 86_400_000;
  if (days < 0) return "red";
  return days <= SOON_DAYS ? "yellow" : null;
}

function formatLocations({ locations, locationCount }: CertificateRow): string {
  const [first] = locations;
  if (!first) return "";
  return locationCount > 1 ? `${formatWhere(first)} and ${locationCount - 1} more` : formatWhere(first);
}

const formatWhere = (location: CertificateLocation): string =>
  location.kind === "endpoint"
    ? formatEndpoint({ ...location, serverName: null })
    : `${location.host}:${location.path}`;

/** The fields of a certificate that `--json` promises, and no others. */
export const toCertificateFacts = (certificate: Omit<Certificate, "extensions">) => ({
  sha256: certificate.sha256,
  subject: certificate.subject,
  issuer: certificate.issuer,
  serial: certificate.serial,
  notBefore: certificate.notBefore,
  notAfter: certificate.notAfter,
  names: certificate.names,
  keyType: certificate.keyType,
  keyBits: certificate.keyBits,
  signature: certificate.signature,
  isCa: certificate.isCa,
});

const toCertificateJson = (row: CertificateRow) => ({
  ...toCertificateFacts(row),
  locations: row.locations.map(toLocationJson),
  findings: row.findings,
});

function toLocationJson(location: CertificateLocation) {
  const { kind, host, firstSeen, lastSeen } = location;
  if (location.kind === "file") return { kind, host, path: location.path, firstSeen, lastSeen };
  const { port, serverName, protocol } = location;
  const handshake = { ...(serverName !== null && { serverName }), ...(protocol !== "tls" && { protocol }) };
  return { kind, host, port, ...handshake, firstSeen, lastSeen };
}
