import type {
  AccountFacts,
  FileFacts,
  FileStand,
  HostFacts,
  KnownGrant,
  PlanFacts,
  PrivateKeyFacts,
} from "#domain/runs/access/plan-facts.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import type { PlanRequest } from "#shared/contract/runs.ts";
import { KeyOptions } from "#shared/model/runs/plan-options.ts";
import { NEW_KEY, OLD_FINGERPRINT } from "./make-keys-file.ts";

/** Correct facts, of which each test changes one. */

export const makeStand = (
  text: string,
  more: Partial<Extract<FileStand, { kind: "file" }>> = {},
): FileStand => ({
  kind: "file",
  bytes: new Uint8Array(Buffer.from(text)),
  uid: 1_000,
  gid: 1_000,
  owner: "ann",
  mode: "0600",
  lockedBy: null,
  workFolder: null,
  ...more,
});

export const makeFileFacts = (account: string, text: string, more: Partial<FileFacts> = {}): FileFacts => {
  const path = account === "root" ? "/root/.ssh/authorized_keys" : `/home/${account}/.ssh/authorized_keys`;
  return {
    path,
    otherPaths: [],
    accounts: [account],
    realPath: path,
    stand: makeStand(text, { owner: account }),
    ...more,
  };
};

/** The grants of a file as the inventory knows them: each can log in. Their ids are 10, 11, ... */
export const grantsOf = ({ path, stand }: FileFacts): KnownGrant[] =>
  readAuthorizedKeys((stand.kind === "absent" ? null : stand.bytes) ?? new Uint8Array()).map(
    (line, index) => ({
      id: 10 + index,
      file: path,
      text: line.text,
      fingerprint: line.key?.fingerprint ?? null,
      isAuthority: false,
      effective: "yes",
      isDormant: false,
      onlyFrom: [],
      owner: "known",
    }),
  );

export const makeAccountFacts = (
  name: string,
  files: readonly FileFacts[],
  more: Partial<AccountFacts> = {},
): AccountFacts => ({
  name,
  uid: name === "root" ? 0 : 1_000,
  gid: 1_000,
  runsCommands: true,
  consulted: files.map(({ path }) => path),
  consultedByOthers: [],
  isSshdKnown: true,
  keysCommand: null,
  authenticationMethods: "any",
  forceCommand: null,
  grants: files.flatMap(grantsOf),
  ...more,
});

/** A host with the file of one account, as which Latchkey logs in. */
export function makeHostFacts(host: string, text: string, more: Partial<HostFacts> = {}): HostFacts {
  const file = makeFileFacts("ann", text);
  return {
    host,
    port: 22,
    user: "ann",
    useSudo: false,
    hostKey: "SHA256:pinned",
    labels: [],
    jumpFor: 0,
    unreadable: null,
    asOf: null,
    bundleStanding: null,
    os: "Debian GNU/Linux 13 (trixie)",
    clockOffset: 0,
    logs: "journal",
    addresses: [],
    logins: [],
    rollbackTimers: ["at", "sleep"],
    login: { account: "ann", isRoot: false, key: "SHA256:another", certificate: null, from: "192.0.2.7" },
    accounts: [makeAccountFacts("ann", [file])],
    files: [file],
    privateKeyLocations: [],
    unreadableKeys: [],
    daemon: null,
    disabling: null,
    ...more,
  };
}

export const makeHolderFacts = (more: Partial<PrivateKeyFacts> = {}): PrivateKeyFacts => ({
  kind: "file",
  path: "/home/me/.ssh/id_rsa",
  uid: 1_000,
  gid: 1_000,
  owner: "me",
  mode: "0600",
  isEncrypted: false,
  before: "0".repeat(64),
  hasPublicFile: true,
  possession: { kind: "verified" },
  stuck: null,
  ...more,
});

export const ROTATE: Extract<PlanRequest, { kind: "rotate-key" }> = {
  kind: "rotate-key",
  fingerprint: OLD_FINGERPRINT,
  keyType: "ed25519",
  newKey: null,
  keyFile: null,
};

export const makeFacts = (hosts: readonly HostFacts[], more: Partial<PlanFacts> = {}): PlanFacts => ({
  now: "2026-11-26T00:00:00Z",
  request: ROTATE,
  options: KeyOptions.parse({}),
  key: { fingerprint: OLD_FINGERPRINT, keyType: "ssh-ed25519", comment: "ann@laptop", people: [] },
  provided: null,
  hosts,
  here: [makeHolderFacts()],
  keptKeys: [],
  freeKeyFile: "/home/me/.ssh/id_ed25519",
  ...more,
});

export const GIVEN = {
  line: NEW_KEY,
  fingerprint: "SHA256:WkvqjnyPAeC0cbPErYiGP9vqHdgL1MqqvPdIe3lvHgI",
  comment: "new",
  path: null,
  isInAgent: false,
};
