import type {
  AccountFacts,
  FileFacts,
  FileStand,
  HolderFacts,
  HostFacts,
} from "#domain/rotation/plan/plan-facts.ts";
import type { CarriedHost, CarriedLook } from "#store/runbooks/carried-look.ts";
import type { KeyFileFact } from "#store/runbooks/fact-reader.ts";
import { toGrant } from "./look-at-place.ts";
import type { Inventory, SoughtHost } from "./seek.ts";

type Seen = Pick<
  HostFacts,
  | "asOf"
  | "carried"
  | "hostKey"
  | "unread"
  | "clockOffset"
  | "deadMen"
  | "login"
  | "accounts"
  | "files"
  | "holders"
>;

/**
 * The facts of a host that is known by a bundle alone: what stood there when it was collected. Its key is empty where nothing
 * shows that the bundle is of the host.
 */
export function carriedFacts(
  { known, accounts: sought, keyFiles }: SoughtHost,
  { at, standing, look }: CarriedHost,
  inventory: Inventory,
): Seen {
  const wanted = new Set([...sought.values()].flatMap((paths) => [...paths]));
  const isSought = ({ path, accounts }: CarriedLook["files"][number]): boolean =>
    wanted.has(path) || accounts.some((name) => sought.get(name)?.size === 0);
  const places = new Set(look.files.filter(isSought).map(placeOf));
  const files = look.files.filter((file) => places.has(placeOf(file)));
  const names = new Set([...sought.keys(), ...files.flatMap((file) => file.accounts)]);
  return {
    asOf: at,
    carried: standing,
    hostKey: known.pinned ?? (standing === "claimed" ? null : look.signedBy) ?? "",
    unread: null,
    clockOffset: null,
    deadMen: [],
    login: { account: known.user ?? "", isRoot: false, key: null, certificate: null, from: null },
    accounts: look.accounts
      .filter(({ name }) => names.has(name))
      .map((account) => toOfflineAccount(account, look, inventory.grantsOfAccount(known.id, account.name))),
    files: files.map(toFile),
    holders: keyFiles.map(toHolder),
  };
}

const placeOf = ({ realPath, path }: CarriedLook["files"][number]): string => realPath ?? path;

const toOfflineAccount = (
  { shell, ...account }: CarriedLook["accounts"][number],
  { files }: CarriedLook,
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
}: CarriedLook["files"][number]): FileFacts {
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

/** A bundle has no private half, nor its hash. */
const toHolder = ({ path, isEncrypted }: KeyFileFact): HolderFacts => ({
  kind: "file",
  path,
  uid: null,
  gid: null,
  owner: "",
  mode: "",
  isEncrypted,
  before: null,
  hasPublicFile: false,
  possession: { kind: "claimed", why: "not-asked" },
  stuck: "the host is known by a bundle alone: put the new private half there by hand",
});
