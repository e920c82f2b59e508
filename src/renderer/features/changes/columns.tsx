import { IconMinus, IconPlus, IconTilde } from "@tabler/icons-react";
import { Dim, NameCell, Pair, TextCell } from "#renderer/ui/cells.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Tag } from "#renderer/ui/tag.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { ChangeRow } from "#shared/model/change.ts";
import { CHANGE_MARK, CHANGE_WORD, KIND_WORD } from "#shared/text/change.ts";

const LOOK = {
  appeared: { tone: "blue", Icon: IconPlus },
  changed: { tone: "amber", Icon: IconTilde },
  gone: { tone: "gray", Icon: IconMinus },
} as const;

/** What became of a thing: its sign and its word. */
export function WhatTag({ what }: { what: ChangeRow["what"] }) {
  return <Tag {...LOOK[what]}>{CHANGE_WORD[what]}</Tag>;
}

export const COLUMNS: readonly Column<ChangeRow>[] = [
  {
    id: "what",
    title: "Change",
    minWidth: 106,
    cell: ({ what }) => <WhatTag what={what} />,
    text: ({ what }) => `${CHANGE_MARK[what]} ${what}`.replace(/^[+-] /, ""),
  },
  {
    id: "host",
    title: "Host",
    minWidth: 116,
    grow: 1,
    cell: ({ host }) => <NameCell name={host} />,
    text: ({ host }) => host,
  },
  {
    id: "kind",
    title: "Kind",
    minWidth: 92,
    cell: ({ kind }) => KIND_WORD[kind],
    text: ({ kind }) => kind,
  },
  {
    id: "thing",
    title: "Thing",
    minWidth: 190,
    grow: 2,
    cell: ({ title }) => <NameCell name={title} />,
    text: ({ title }) => title,
  },
  {
    id: "details",
    title: "Details",
    minWidth: 210,
    grow: 4,
    cell: ({ details, isFirstLook }) => (
      <Pair>
        {isFirstLook && <Dim>first look</Dim>}
        <TextCell text={details.join("; ")} isDim />
      </Pair>
    ),
    text: ({ details, isFirstLook }) => [...(isFirstLook ? ["first look"] : []), ...details].join("; "),
  },
  {
    id: "place",
    title: "Place",
    minWidth: 170,
    grow: 2,
    cell: ({ place, title }) => <TextCell text={place === title ? "" : place} isMono />,
    text: ({ place }) => place,
  },
  {
    id: "at",
    title: "Found",
    minWidth: 112,
    cell: ({ at }) => <When instant={at} />,
    text: ({ at }) => at,
  },
];
