import { Dim, NameCell, TextCell } from "#renderer/ui/cells.tsx";
import { SeverityTag } from "#renderer/ui/severity.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { When } from "#renderer/ui/when.tsx";
import type { Finding } from "#shared/model/finding.ts";
import { formatRule } from "#shared/text/rule.ts";

export const COLUMNS: readonly Column<Finding>[] = [
  {
    id: "severity",
    title: "Severity",
    minWidth: 104,
    sortBy: "severity",
    cell: ({ severity }) => <SeverityTag severity={severity} />,
    text: ({ severity }) => severity,
  },
  {
    id: "rule",
    title: "Rule",
    minWidth: 196,
    sortBy: "rule",
    cell: ({ rule }) => <NameCell name={formatRule(rule)} />,
    text: ({ rule }) => rule,
  },
  {
    id: "label",
    title: "What",
    minWidth: 176,
    grow: 2,
    sortBy: "label",
    cell: ({ label }) => <TextCell text={label} />,
    text: ({ label }) => label,
  },
  {
    id: "sentence",
    title: "Finding",
    minWidth: 212,
    grow: 4,
    cell: ({ sentence }) => <TextCell text={sentence} isDim />,
    text: ({ sentence }) => sentence,
  },
  {
    id: "profile",
    title: "Judged by",
    minWidth: 88,
    cell: ({ profile }) => (profile === null ? null : <Dim>{profile}</Dim>),
    text: ({ profile, brokenRules }) =>
      [profile ?? "", ...brokenRules.map(({ rule }) => rule?.section ?? "RFC 5280, 6.1")].join("; "),
  },
  {
    id: "host",
    title: "Host",
    minWidth: 130,
    grow: 1,
    sortBy: "host",
    cell: ({ host }) => (host === null ? <Dim>several</Dim> : <TextCell text={host} />),
    text: ({ host }) => host ?? "",
  },
  {
    id: "firstSeen",
    title: "Since",
    minWidth: 112,
    sortBy: "firstSeen",
    cell: ({ firstSeen }) => <When instant={firstSeen} />,
    text: ({ firstSeen }) => firstSeen,
  },
];
