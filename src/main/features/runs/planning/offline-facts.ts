/** The facts of a plan for a host that is known by a bundle alone. */
import type {
  AccountFacts,
  FileFacts,
  FileStand,
  HostFacts,
  PrivateKeyFacts,
} from "#domain/runs/access/plan-facts.ts";
import type { KeyFileFact } from "#store/runs/fact-reader.ts";
import type { OfflineHost, OfflineReading } from "#store/runs/host-readings.ts";
import type { FoundHost, Inventory } from "./find-changes.ts";
import { toGrant } from "./read-host.ts";

type OfflineFacts = Pick<
  HostFacts,
  | "asOf"
  | "bundleStanding"
  | "hostKey"
  | "unreadable"
  | "clockOffset"
  | "rollbackTimers"
  | "login"
  | "accounts"
  | "files"
  | "privateKeyLocations"
>;

/**
 * The facts of a host that is known by a bundle alone: what was there when it was collected. Its key is empty if
 * nothing shows that the bundle is of the host.
 */
export function offlineFacts(
  { known, accounts: accountFiles, keyFiles }: FoundHost,
  { at, standing, reading }: OfflineHost,
  inventory: Inventory,
): OfflineFacts {
  const named = new Set([...accountFiles.values()].flatMap((paths) => [...paths]));
  const isNamed = ({ path, accounts }: OfflineReading["files"][number]): boolean =>
    named.has(path) || accounts.some((name) => accountFiles.get(name)?.size === 0);
  const realPaths = new Set(reading.files.filter(isNamed).map(realPathOf));
  const files = reading.files.filter((file) => realPaths.has(realPathOf(file)));
  const names = new Set([...accountFiles.keys(), ...files.flatMap((file) => file.accounts)]);
  return {
    asOf: at,
    bundleStanding: standing,
    hostKey: known.pinned ?? (standing === "claimed" ? null : reading.signedBy) ?? "",
    unreadable: null,
    clockOffset: null,
    rollbackTimers: [],
    login: { account: known.user ?? "", isRoot: false, key: null, certificate: null, from: null },
    accounts: reading.accounts
      .filter(({ name }) => names.has(name))
      .map((account) =>
        toOfflineAccount(account, reading, inventory.grantsOfAccount(known.id, account.name)),
      ),
    files: files.map(toFile),
    privateKeyLocations: keyFiles.map(toPrivateKey),
  };
}

const realPathOf = ({ realPath, path }: OfflineReading["files"][number]): string => realPath ?? path;

const toOfflineAccount = (
  { shell, ...account }: OfflineReading["accounts"][number],
  { files }: OfflineReading,
  grants: ReturnType<Inventory["grantsOfAccount"]>,
): AccountFacts => ({
  ...account,
  runsCommands: !/\/(nologin|false)$/.test(shell),
  consulted: files.filter(({ accounts }) => accounts.includes(account.name)).map(({ path }) => path),
  consultedByOthers: [],
  grants: grants.map(toGrant),
});

function toFile({
  path,
  accounts,
  realPath,
  base64,
  why,
  ...state
}: OfflineReading["files"][number]): FileFacts {
  const stand: FileStand =
    base64 === null
      ? { kind: "refused", why: why ?? `${path} was not read`, bytes: null }
      : {
          kind: "file",
          bytes: new Uint8Array(Buffer.from(base64, "base64")),
          ...state,
          lockedBy: null,
          workFolder: null,
        };
  return { path, otherPaths: [], accounts, realPath, stand };
}

/** A bundle has neither a private key nor its hash. */
const toPrivateKey = ({ path, isEncrypted }: KeyFileFact): PrivateKeyFacts => ({
  kind: "file",
  path,
  uid: null,
  gid: null,
  owner: "",
  mode: "",
  isEncrypted,
  before: null,
  hasPublicFile: false,
  possession: { kind: "claimed", why: "not-tested" },
  stuck: "the host is known by a bundle alone: put the new private key there by hand",
});
