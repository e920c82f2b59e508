import type { LineChange } from "#domain/rotation/bytes/edit-lines.ts";
import type { Check, FilePlan, HolderPlan, NewKey, Proof } from "#shared/model/plan.ts";
import { formatPlace } from "#shared/text/target.ts";
import type { AccountFacts, FileFacts, FileStand, HostFacts } from "./plan-facts.ts";

/** Why no plan can be made, as a sentence. */
export type Unplannable = { refused: string };

/** A file that can be read. */
export type OpenFile = FileFacts & { stand: Exclude<FileStand, { kind: "absent" }>; bytes: Uint8Array };

/** What becomes of the lines of a file, and what was meant and is not done. */
export type FileAim = {
  changes: readonly LineChange[];
  /** New lines at the end. */
  appended: readonly string[];
  notes: readonly string[];
  /** The options of the first line that changes, as it will be: by them it is proved. */
  options: string;
  /** The lines are for certificates that the key has signed. */
  isAuthority: boolean;
};

export const NO_AIM: FileAim = { changes: [], appended: [], notes: [], options: "", isAuthority: false };

/** What a wish comes to, before it is known what each host allows. */
export type Aim = {
  /** With how many lines of these files go or change, where that says it. */
  titleOf(files: readonly Pick<FilePlan, "changes" | "removes">[]): string;
  /** The key that goes. */
  oldKey: string | null;
  newKey: NewKey | null;
  /**
   * What must log in before anything is removed: the new key; a certificate of the new authority, of which only a log
   * tells; the same key as before, with its new options; or nothing.
   */
  proves: "new" | "log" | "old" | "none";
  aimAt(host: HostFacts, file: OpenFile): FileAim;
  /** Accounts of a host that a line was to be added to, and that have no file for it. */
  lacking?(host: HostFacts): string[];
  /** Whether this grant of an account is one that goes or changes, so that it is no other way in. */
  concerns(grant: AccountFacts["grants"][number]): boolean;
};

/** What a host comes to. */
export type Draft = {
  facts: HostFacts;
  files: FilePlan[];
  holders: HolderPlan[];
  proofs: { account: string; proof: Proof }[];
  checks: Check[];
  leftOut: string[];
  isAuthority: boolean;
};

export const openDraft = (facts: HostFacts): Draft => ({
  facts,
  files: [],
  holders: [],
  proofs: [],
  checks: [],
  leftOut: [],
  isAuthority: false,
});

/** Whom a file lets in: one file may be read for several accounts. */
export const accountsOf = ({ facts }: Draft, { account, path }: FilePlan): readonly string[] =>
  facts.files.find((file) => (file.realPath ?? file.path) === path)?.accounts ?? [account];

/** `web1`, `web1:2222`. */
export const placeOf = ({ host, port }: Pick<HostFacts, "host" | "port">): string =>
  port === 22 ? host : formatPlace({ host, port });

export const makeCheck = (
  state: Check["state"],
  id: string,
  { host, account = null }: { host: Pick<HostFacts, "host" | "port"> | null; account?: string | null },
  text: string,
): Check => ({ state, id, host: host && placeOf(host), account, text });
