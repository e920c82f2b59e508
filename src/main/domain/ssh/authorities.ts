import type { Account, Collection, SshdFile } from "#domain/collection/collection.ts";
import { spend } from "#domain/work-budget.ts";
import type { Effective } from "#shared/model/verdict.ts";
import { type BareKeys, readBareKeys } from "./bare-keys.ts";
import { addUp, type Contribution, type Opinion, refuse } from "./contribution.ts";
import { decideAuthorityAlgorithms } from "./deciders/algorithms.ts";
import { decideTrustedPrincipals } from "./deciders/principals.ts";
import { decideRevoked, formatRevokedCertificates } from "./deciders/revocation.ts";
import { openCase } from "./judge-case.ts";
import { type PublicKey, typeInCertificate } from "./key-blob.ts";
import { mergeCases } from "./merge-cases.ts";
import { mergeDaemons } from "./merge-daemons.ts";
import { formatEffective } from "./say-effective.ts";
import { type Daemon, readDaemons } from "./sshd-config.ts";
import { formatSetting, isNone, type Settings, settingsOf } from "./sshd-settings.ts";

/** An authority that TrustedUserCAKeys names: whoever has a certificate of it with a fitting principal gets in. */
export type Authority = {
  /** The file that TrustedUserCAKeys names, and the line, from 1. */
  file: string;
  line: number;
  key: PublicKey;
  comment: string;
  /** For each account of the host, in the order of the accounts. */
  accounts: AuthorityForAccount[];
};
export type AuthorityForAccount = {
  account: string;
  /** Of which a certificate must have one, where no command tells them. */
  principals: string[];
  effective: Effective;
};

/** What sshd makes of certificates of every authority that it trusts, for each account of the host. */
export function evaluateAuthorities(collection: Collection): Authority[] {
  const daemons = readDaemons(collection);
  const files = namesOf(daemons).flatMap((name) => collection.sshdFiles.get(name) ?? []);
  return files.flatMap((file) => {
    const keys = file.bytes ? readBareKeys(file.bytes) : null;
    return (keys?.lines ?? []).flatMap(({ key, line, comment }): Authority[] => {
      // A certificate in the file signs nothing.
      if (!key || typeInCertificate(key.keyType)) return [];
      const accounts = collection.accounts.map((account) =>
        judge(account, { key, file, collection, daemons }),
      );
      return [{ file: file.path, line, key, comment, accounts }];
    });
  });
}

/** Whether all was read by which sshd trusts authorities: its settings, and the files that they name. */
export function areAuthoritiesTold(collection: Collection): boolean {
  const daemons = readDaemons(collection);
  const isFileTold = (path: string) => {
    const file = collection.sshdFiles.get(path);
    return file !== undefined && (file.isAbsent || file.bytes !== null);
  };
  return daemons.every(({ config }) => config.unread.length === 0) && namesOf(daemons).every(isFileTold);
}

/** The files in which sshd looks for authorities, whoever logs in. */
function namesOf(daemons: readonly Daemon[]): string[] {
  const written = daemons.flatMap(({ config }) =>
    config.lines.flatMap(({ keyword, values }) => (keyword === KEYWORD ? values.slice(0, 1) : [])),
  );
  const answered = daemons.flatMap(({ sshd }) =>
    [...new Set(sshd.effective?.values())].flatMap((answer) => answer.get(KEYWORD) ?? []),
  );
  return [...new Set([...written, ...answered])].filter((name) => !isNone(name));
}
const KEYWORD = "trustedusercakeys";

type Asked = { key: PublicKey; file: SshdFile; collection: Collection; daemons: readonly Daemon[] };

/** One authority for one account: each is kept with its reasons, and written. */
const STEPS_OF_PAIR = 200;

function judge(account: Account, { key, file, collection, daemons }: Asked): AuthorityForAccount {
  spend(STEPS_OF_PAIR);
  const principals = new Set<string>();
  const opinions = daemons.map(({ sshd, config }) => {
    const own = { ...collection, sshd };
    const { plain, when } = settingsOf(account, own, config);
    const decide = (settings: Settings): Opinion => {
      const trusted = decideTrustedPrincipals(account, settings, own);
      for (const name of trusted.principals) principals.add(name);
      return decideAuthority({ key, file }, settings, {
        account,
        collection: own,
        ofPrincipals: trusted.opinion,
      });
    };
    const cases = when.map(({ settings, ...rest }) => ({ ...rest, opinion: decide(settings) }));
    return { name: sshd.daemon, opinion: mergeCases(decide(plain), cases) };
  });
  return {
    account: account.name,
    principals: [...principals],
    effective: formatEffective(mergeDaemons(opinions)),
  };
}

type Around = { account: Account; collection: Collection; ofPrincipals: Contribution };

function decideAuthority(
  { key, file }: Pick<Asked, "key" | "file">,
  settings: Settings,
  { account, collection, ofPrincipals }: Around,
): Opinion {
  const { ofAccount, underSettings } = openCase(account, settings, collection);
  const setting = settings.get("TrustedUserCAKeys");
  const isNamed = setting.values.join(" ") === file.path;
  return addUp([
    ofAccount,
    underSettings([
      isNamed
        ? { read: [file.path] }
        : refuse(`sshd does not trust this file: ${formatSetting(setting)}`, formatSetting(setting)),
      decideRevoked(key, settings, collection),
      ...decideAuthorityAlgorithms(key, settings),
      ofPrincipals,
      formatRevokedCertificates(key, settings, collection),
    ]),
    { notRead: ["which certificates the authority has signed"] },
  ]);
}

/** Where sshd stops reading a file of authorities; null where it reads all of it. */
export const findBroken = (file: SshdFile): BareKeys["broken"] =>
  file.bytes ? readBareKeys(file.bytes).broken : null;
