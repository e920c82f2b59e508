import { NameCell, Pair, TextCell } from "#renderer/ui/cells.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { FindingCount } from "#renderer/ui/severity.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { EffectiveTag, OrphanMark, OwnerTag, UseTag } from "#renderer/ui/verdict.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { GrantRow, OrphanState } from "#shared/model/grant.ts";
import { formatKey } from "#shared/text/key-size.ts";

export const COLUMNS: readonly Column<GrantRow>[] = [
  {
    id: "host",
    title: "Host",
    minWidth: 116,
    grow: 2,
    sortBy: "host",
    cell: ({ host, port }) => <NameCell name={host} {...(port === 22 ? {} : { more: `:${port}` })} />,
    text: ({ host }) => host,
  },
  {
    id: "account",
    title: "Account",
    minWidth: 96,
    grow: 1,
    sortBy: "account",
    cell: ({ account }) => <TextCell text={account} />,
    text: ({ account }) => account,
  },
  {
    id: "effective",
    title: "Verdict",
    minWidth: 108,
    sortBy: "effective",
    cell: ({ verdict }) => <EffectiveTag state={verdict.effective.state} />,
    text: ({ verdict }) => verdict.effective.state,
  },
  {
    id: "why",
    title: "Why",
    minWidth: 240,
    grow: 4,
    cell: ({ why: [first], orphaned }) => (
      <Pair>
        {orphaned && <OrphanMark />}
        <TextCell text={first ?? ""} isDim />
      </Pair>
    ),
    text: ({ why, orphan }) => [...(orphan === null ? [] : [TEXT_OF_ORPHAN[orphan]]), ...why].join("; "),
  },
  {
    id: "key",
    title: "Key",
    minWidth: 112,
    grow: 1,
    sortBy: "keyType",
    cell: (row) => <TextCell text={formatKey(row)} />,
    text: formatKey,
  },
  {
    id: "comment",
    title: "Comment",
    minWidth: 118,
    grow: 2,
    sortBy: "comment",
    cell: ({ comment }) => <TextCell text={comment} />,
    text: ({ comment }) => comment,
  },
  {
    id: "findings",
    title: "Findings",
    minWidth: 106,
    cell: ({ findings }) => <FindingCount findings={findings} />,
    text: ({ findings }) => findings.map(({ rule }) => rule).join(" "),
  },
  {
    id: "owner",
    title: "Owner",
    minWidth: 130,
    cell: ({ verdict }) => <OwnerTag state={verdict.owner.state} />,
    text: ({ verdict }) => verdict.owner.state,
  },
  {
    id: "use",
    title: "Use",
    minWidth: 116,
    cell: ({ verdict: { use } }) => <UseTag state={use.state} evidence={use.evidence} />,
    text: ({ verdict }) => verdict.use.state,
  },
  {
    id: "fingerprint",
    title: "Fingerprint",
    minWidth: 196,
    sortBy: "fingerprint",
    cell: ({ fingerprint }) => (fingerprint === null ? "" : <Fingerprint value={fingerprint} />),
    text: ({ fingerprint }) => fingerprint ?? "",
  },
  {
    id: "options",
    title: "Options",
    minWidth: 140,
    grow: 1,
    cell: ({ options }) => <TextCell text={options} isMono />,
    text: ({ options }) => options,
  },
  {
    id: "place",
    title: "File and line",
    minWidth: 230,
    grow: 1,
    cell: ({ file, line }) => <NameCell name={file} more={`line ${line}`} />,
    text: ({ file, line }) => `${file}:${line}`,
  },
  {
    id: "firstSeen",
    title: "First seen",
    minWidth: 112,
    cell: ({ firstSeen }) => <When instant={firstSeen} />,
    text: ({ firstSeen }) => firstSeen,
  },
];

const TEXT_OF_ORPHAN: Record<OrphanState, string> = {
  gone: "orphaned (gone)",
  unused: "orphaned (unused)",
  unmatched: "orphaned (unmatched)",
  unknown: "orphan: unknown",
};
