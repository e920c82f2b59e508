import type { Command } from "commander";
import type { Claim } from "#shared/model/claim.ts";
import { formatSignature, sayClaimReason } from "#shared/text/bundle.ts";
import { formatCount } from "#shared/text/count.ts";
import { printable } from "#shared/text/printable.ts";
import { formatPlace } from "#shared/text/target.ts";
import { type CommonOptions, openApp, printJson, wholeNumber } from "./options.ts";
import { LOOK, type Session } from "./session.ts";
import type { World } from "./world.ts";

type Options = CommonOptions & { drop?: number };

export function addClaims(program: Command, { world }: Session): void {
  program
    .command("claims")
    .helpGroup(LOOK)
    .description("what unverified bundles claim about hosts that are already known")
    .option("--drop <number>", "delete the claim with this number", wholeNumber(1, 999_999_999))
    .addHelpText("after", HELP)
    .action((_: object, command: Command) => claims(command.optsWithGlobals<Options>(), world));
}

const HELP = `
A claim is a bundle of a pinned or scanned host that the host's key has not signed. It is kept beside what is known,
and changes none of it. "+" is only in the bundle, "-" is known and not in the bundle.

With --json: { claims: [{ id, host, port, collectedAt, importedAt, why, differences, ... }] }`;

async function claims({ drop, ...options }: Options, world: World): Promise<void> {
  await using app = openApp(options, world, drop === undefined ? "read" : "write");
  const { bundles } = app.client;
  if (drop !== undefined) {
    await bundles.dropClaim({ id: drop });
    return options.json ? printJson({ dropped: drop }, world) : world.out(`claim ${drop} is deleted`);
  }
  const all = await bundles.claims();
  if (options.json) return printJson({ claims: all }, world);
  if (all.length === 0) return world.out("no unverified bundle claims anything about a known host");
  for (const claim of all) for (const line of sayClaim(claim)) world.out(printable(line));
}

function sayClaim(claim: Claim): string[] {
  const { id, collectedAt, importedAt, readAs, accountCount, why, signature, differences } = claim;
  return [
    `${id}  ${formatPlace(claim)}: read as ${readAs}, ${formatCount(accountCount, "account")}, collected ${collectedAt}, imported ${importedAt}`,
    `    ${sayClaimReason(why)}; ${formatSignature(signature)}`,
    ...(differences.length === 0 ? ["    it claims nothing that differs from what is known"] : []),
    ...differences.flatMap(({ what, claimedCount, claimed, knownCount, known }) => [
      ...formatNamed(`+ ${what}`, claimed, claimedCount),
      ...formatNamed(`- ${what}`, known, knownCount),
    ]),
  ];
}

const formatNamed = (head: string, named: readonly string[], count: number): string[] => [
  ...named.map((one) => `    ${head} ${one}`),
  ...(count > named.length ? [`    ${head}: ${count - named.length} more`] : []),
];
