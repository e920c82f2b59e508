import type { AcmeDirectory } from "#domain/acme/directory.ts";
import { type AcmeFault, formatFault, isFault } from "#domain/acme/fault.ts";
import type { TestedIssuer } from "#shared/contract/issuers.ts";
import type { HeldAccount } from "./held-account.ts";

/** Whether a directory would take orders of us: that it answers, has what we want, and has our account. */
export async function testDirectory(
  held: HeldAccount,
  now: Date,
  signal: AbortSignal,
): Promise<TestedIssuer> {
  const { client, host, settings } = held;
  const fail = (fault: AcmeFault, ...lines: string[]): TestedIssuer => ({
    isSound: false,
    lines: [...lines, formatFault(host, fault, now)],
  });
  const directory = await client.look(signal);
  if (isFault(directory)) return fail(directory);
  const found = formatDirectory(host, directory);
  if (settings.profile !== null && !directory.profiles.has(settings.profile))
    return { isSound: false, lines: [...found, `it has no profile ${settings.profile}`] };
  const account = await held.seek(signal);
  if (isFault(account)) return fail(account, ...found);
  const isNew = account.url !== settings.account;
  return {
    isSound: true,
    lines: [...found, `${isNew ? "an account was made" : "the account is there"}: ${account.url}`],
  };
}

function formatDirectory(host: string, { profiles, renewalInfo }: AcmeDirectory): string[] {
  const names = [...profiles.keys()];
  return [
    `${host} has an ACME directory`,
    ...(names.length > 0 ? [`its profiles: ${names.join(", ")}`] : []),
    ...(renewalInfo ? ["it says when certificates are to be renewed"] : []),
  ];
}
