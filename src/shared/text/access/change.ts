import type { ChangeKind, ChangeWhat, GrantEvent } from "../../model/access/change.ts";

/** What became of a thing, as one sign. */
export const CHANGE_MARK: Record<ChangeWhat, string> = { appeared: "+", changed: "~", gone: "-" };

/** What became of a thing, as a word: what appeared is new to us. */
export const CHANGE_WORD: Record<ChangeWhat, string> = { appeared: "New", changed: "Changed", gone: "Gone" };

export const KIND_WORD: Record<ChangeKind, string> = {
  grant: "grant",
  "key-file": "key file",
  "host-key": "host key",
  account: "account",
  certificate: "certificate",
};

export const EVENT_WORD: Record<GrantEvent["what"], string> = {
  "first-seen": "First seen",
  moved: "Moved",
  changed: "Changed",
  gone: "Gone",
  back: "Back",
  approved: "Approved",
  withdrawn: "Approval withdrawn",
};
