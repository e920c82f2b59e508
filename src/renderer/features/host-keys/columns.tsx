import {
  IconAlertOctagon,
  IconCertificate,
  IconCircleCheck,
  IconCircleDashed,
  IconEyeOff,
  IconForbid2,
  IconHash,
  IconQuestionMark,
} from "@tabler/icons-react";
import { Dim, TextCell } from "#renderer/ui/cells.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Tag } from "#renderer/ui/tag.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { HostKeyRow } from "#shared/model/host-key.ts";

export const STATE = {
  changed: { tone: "red", Icon: IconAlertOctagon, word: "Changed" },
  revoked: { tone: "red", Icon: IconForbid2, word: "Revoked" },
  new: { tone: "amber", Icon: IconQuestionMark, word: "New" },
  matched: { tone: "green", Icon: IconCircleCheck, word: "Matched" },
  held: { tone: "gray", Icon: IconCircleDashed, word: "Found on host" },
  unused: { tone: "gray", Icon: IconEyeOff, word: "Unused" },
  hashed: { tone: "gray", Icon: IconHash, word: "Hashed" },
  authority: { tone: "blue", Icon: IconCertificate, word: "Authority" },
} as const;

export function StateTag({ state }: Pick<HostKeyRow, "state">) {
  const { tone, Icon, word } = STATE[state];
  return (
    <Tag tone={tone} Icon={Icon}>
      {word}
    </Tag>
  );
}

/** A hashed name says nothing to anybody. */
export const nameOf = ({ name }: HostKeyRow): string => (name.startsWith("|") ? "hashed name" : name);

export const formatType = ({ keyType, keyBits }: HostKeyRow): string =>
  keyType === "ssh-rsa" && keyBits !== null ? `${keyType} ${keyBits}` : keyType;

export const COLUMNS: readonly Column<HostKeyRow>[] = [
  {
    id: "name",
    title: "Name",
    minWidth: 160,
    grow: 2,
    sortBy: "name",
    cell: (row) => <TextCell text={nameOf(row)} />,
    text: ({ name }) => name,
  },
  {
    id: "state",
    title: "State",
    minWidth: 128,
    sortBy: "state",
    cell: StateTag,
    text: ({ state }) => state,
  },
  {
    id: "keyType",
    title: "Type",
    minWidth: 120,
    sortBy: "keyType",
    cell: (row) =>
      row.weakness === null ? (
        <TextCell text={formatType(row)} isMono />
      ) : (
        <Tag tone="red" Icon={IconAlertOctagon} isPlain>
          <TextCell text={formatType(row)} isMono />
        </Tag>
      ),
    text: formatType,
  },
  {
    id: "fingerprint",
    title: "Fingerprint",
    minWidth: 180,
    sortBy: "fingerprint",
    cell: ({ fingerprint }) => <Fingerprint value={fingerprint} />,
    text: ({ fingerprint }) => fingerprint,
  },
  {
    id: "presentedAt",
    title: "Presented",
    minWidth: 100,
    cell: ({ presentedAt }) => (presentedAt === null ? <Dim>never</Dim> : <When instant={presentedAt} />),
    text: ({ presentedAt }) => presentedAt ?? "",
  },
  {
    id: "shared",
    title: "Also on",
    minWidth: 110,
    grow: 1,
    cell: (row) => <TextCell text={formatSharing(row)} />,
    text: formatSharing,
  },
  {
    id: "why",
    title: "Why",
    minWidth: 200,
    grow: 3,
    cell: ({ why }) => <TextCell text={why} isDim />,
    text: ({ why }) => why,
  },
];

function formatSharing({ sharedWith: { count, first } }: HostKeyRow): string {
  const [one] = first;
  if (!one) return "";
  return count > 1 ? `${one.host} and ${count - 1} more` : one.host;
}
