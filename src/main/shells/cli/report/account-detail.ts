import { ORPCError } from "@orpc/server";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { AccountDetail } from "#shared/model/access/account.ts";
import { Refusal } from "#shared/model/refusal.ts";
import {
  formatEntry,
  formatKindReason,
  formatLoginMethod,
  formatPrincipals,
  formatWorkload,
  isOfEarlier,
  KIND_MEANINGS,
  ROOT_WORDS,
} from "#shared/text/access/account.ts";
import { formatWindow } from "#shared/text/access/grant.ts";
import { formatEscalation, formatMeans } from "#shared/text/access/graph.ts";
import { formatAccountExpiry, formatPassword } from "#shared/text/access/password-age.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatElapsed } from "#shared/text/elapsed.ts";
import { formatSetuid, formatWritable, KEYTABS_UNKNOWN, SETUID_MORE } from "#shared/text/hosts/programs.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { findHost } from "#shells/cli/find-host.ts";
import { paint } from "#shells/cli/print-table.ts";
import type { World } from "#shells/cli/session.ts";

/** The account that one word names as NAME@HOST, of which the last `@` parts the two; null where it names none. */
export async function findNamed(word: string, client: LatchkeyClient): Promise<AccountDetail | null> {
  const at = word.lastIndexOf("@");
  if (at < 1) return null;
  try {
    const host = await findHost(word.slice(at + 1), client);
    return await client.accounts.find({ ...host, name: word.slice(0, at) });
  } catch (error) {
    const isRefused = error instanceof Refusal || error instanceof ORPCError;
    if (isRefused && error.code === "not-found") return null;
    throw error;
  }
}

/** What is known of one account, as `--json` has it. */
export const toDetailJson = ({ id: _, hostId: __, ...account }: AccountDetail) => account;

/** A heading with the lines under it; one without lines is left out. */
type Part = { title: string; lines: readonly string[] };

/** Prints all that is known of one account, with what strangers wrote encoded. */
export function printAccount(account: AccountDetail, world: World): void {
  const { name, host, port, kind, root } = account;
  const standing = ROOT_WORDS[root] && `, ${root === "unknown" ? "root not known" : ROOT_WORDS[root]}`;
  world.out(printable(`${formatAccount({ account: name, host, port })}: ${kind}${standing}`));
  for (const { title, lines } of partsOf(account, world.now())) {
    if (lines.length === 0) continue;
    world.out(`\n${world.isColoured ? paint("bold", title) : title}`);
    for (const line of lines) world.out(`  ${printable(line)}`);
  }
}

function partsOf(account: AccountDetail, now: Date): Part[] {
  const {
    kind,
    reasons,
    becomes,
    becomeIt,
    agents,
    workloads,
    workloadCount,
    setuidPrograms,
    isSetuidWhole,
  } = account;
  const unlisted = workloadCount - workloads.length;
  return [
    { title: "Account", lines: listFacts(account, now) },
    {
      title: "Kind",
      lines: [`${kind}: ${KIND_MEANINGS[kind]}`, ...reasons.map(formatKindReason)],
    },
    { title: "How it is entered", lines: listEntries(account, now) },
    {
      title: "As whom it may act",
      lines: becomes.map((one) => `${formatEscalation(one)}: ${formatMeans(one)}`),
    },
    {
      title: "Who may act as it",
      lines: becomeIt.map((one) => `${one.account}: ${formatEscalation(one)}: ${formatMeans(one)}`),
    },
    {
      title: "What runs as it",
      lines: [
        ...workloads.map((one) => {
          const { what, why } = formatWorkload(one);
          return `${what}: ${why}`;
        }),
        ...(unlisted > 0 ? [`${formatNumber(unlisted)} more were counted, and not kept`] : []),
      ],
    },
    {
      title: "Setuid programs of its own",
      lines: [
        ...setuidPrograms.map((program) => {
          const writable = formatWritable(program);
          return `${program.path}: ${formatSetuid(program)}${writable === null ? "" : `; ${writable}`}`;
        }),
        ...(isSetuidWhole ? [] : [SETUID_MORE]),
      ],
    },
    { title: "Kerberos keys", lines: listKeytabs(account) },
    { title: "Open agents", lines: agents.map(({ kind: from, path }) => `${path}, ${from}`) },
  ];
}

function listFacts(account: AccountDetail, now: Date): string[] {
  const { uid, shell, home, groups, owner, isGone, firstSeen, lastSeen, evaluatedAt } = account;
  return [
    `uid ${uid}, shell ${shell || "none"}, home ${home || "none"}`,
    `groups: ${groups.join(", ") || "none known"}`,
    `owner: ${owner || "nobody"}`,
    `first seen ${formatElapsed(firstSeen, now)}, last seen ${formatElapsed(lastSeen, now)}`,
    ...(isGone ? ["it is no longer there: this is how it was when it was last seen"] : []),
    ...(isOfEarlier(account)
      ? [
          `kind, keys, password and what runs as it are as root read them on ${evaluatedAt.slice(0, 10)}; later readings were not by root`,
        ]
      : []),
  ];
}

function listEntries(account: AccountDetail, now: Date): string[] {
  const { lastLoginAt, authorities, logins, others, logWindows } = account;
  const trusted = new Set(authorities.map(({ fingerprint }) => fingerprint));
  const unlisted = logins.filter(
    ({ isAuthority, fingerprint }) => !(isAuthority && trusted.has(fingerprint)),
  );
  const counted = ({ count, lastAt, lastFrom }: { count: number; lastAt: string; lastFrom: string | null }) =>
    `${formatCount(count, "login")}, the last ${formatElapsed(lastAt, now)}${lastFrom === null ? "" : ` from ${lastFrom}`}`;
  return [
    formatEntry(account, now) || "neither key nor password is known that lets anybody in",
    `password: ${formatPassword(account, now)}`,
    `account expires: ${formatAccountExpiry(account, now)}`,
    `last login: ${lastLoginAt === null ? "none in any log that was read" : formatElapsed(lastLoginAt, now)}`,
    ...authorities.map(
      ({ fingerprint, comment, principals, file, line, state, count, lastAt, lastFrom }) =>
        `certificates of ${fingerprint}${comment && ` (${comment})`}${state === "yes" ? "" : ", perhaps"}${formatPrincipals(principals)}, ${file}:${line}: ${lastAt === null ? "no login in any log that was read" : counted({ count, lastAt, lastFrom })}`,
    ),
    ...unlisted.map(
      ({ fingerprint, isAuthority, ...login }) =>
        `${isAuthority ? "certificates of " : ""}${fingerprint}: ${counted(login)}`,
    ),
    ...others.map(({ method, by, ...login }) => `${formatLoginMethod({ method, by })}: ${counted(login)}`),
    ...(logWindows.length === 0
      ? ["no log of the host is known to have every login by key"]
      : logWindows.map((window) => `every login by key is in ${window.source}: ${formatWindow(window)}`)),
  ];
}

function listKeytabs({ keytabs }: AccountDetail): string[] {
  if (keytabs === null) return [KEYTABS_UNKNOWN];
  return keytabs.map(
    ({ path, principals }) => `${path}: ${principals.join(", ") || "no principal was read"}`,
  );
}
