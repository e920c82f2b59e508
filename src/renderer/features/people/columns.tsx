import { IconUserCheck, IconUserOff } from "@tabler/icons-react";
import { NameCell, NumberCell, TextCell } from "#renderer/ui/cells.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Tag } from "#renderer/ui/tag.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { PersonRow } from "#shared/model/person.ts";

export const STANDING = {
  known: { tone: "green", Icon: IconUserCheck, word: "There" },
  gone: { tone: "red", Icon: IconUserOff, word: "Left" },
} as const;

export const COLUMNS: readonly Column<PersonRow>[] = [
  {
    id: "name",
    title: "Name",
    minWidth: 150,
    grow: 2,
    sortBy: "name",
    cell: ({ name, email }) => <NameCell name={name} {...(email === null ? {} : { more: email })} />,
    text: ({ name }) => name,
  },
  {
    id: "logins",
    title: "Logins",
    minWidth: 110,
    grow: 1,
    cell: ({ logins }) => <TextCell text={logins.join(" ")} />,
    text: ({ logins }) => logins.join(" "),
  },
  {
    id: "standing",
    title: "Standing",
    minWidth: 100,
    sortBy: "standing",
    cell: ({ standing }) => {
      const { tone, Icon, word } = STANDING[standing];
      return (
        <Tag tone={tone} Icon={Icon}>
          {word}
        </Tag>
      );
    },
    text: ({ standing }) => standing,
  },
  {
    id: "why",
    title: "Why",
    minWidth: 190,
    grow: 3,
    cell: ({ why }) => <TextCell text={why} isDim />,
    text: ({ why }) => why,
  },
  {
    id: "keys",
    title: "Keys",
    minWidth: 64,
    cell: ({ keyCount }) => <NumberCell value={keyCount} />,
    text: ({ keyCount }) => String(keyCount),
  },
  {
    id: "grants",
    title: "Grants",
    minWidth: 72,
    cell: ({ grantCount }) => <NumberCell value={grantCount} />,
    text: ({ grantCount }) => String(grantCount),
  },
  {
    id: "roster",
    title: "Roster",
    minWidth: 120,
    grow: 1,
    cell: ({ roster }) => <TextCell text={roster} />,
    text: ({ roster }) => roster,
  },
  {
    id: "readAt",
    title: "Read",
    minWidth: 100,
    cell: ({ readAt }) => <When instant={readAt} />,
    text: ({ readAt }) => readAt,
  },
];
