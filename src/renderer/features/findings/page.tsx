import { Button } from "@mantine/core";
import { IconCircleCheck, IconShieldCheck } from "@tabler/icons-react";
import { useState } from "react";
import { FINDING_KEYS } from "#renderer/api/filter-keys.ts";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { Dim, NameCell, TextCell } from "#renderer/ui/cells.tsx";
import { OfHostCell } from "#renderer/ui/host-name.tsx";
import { SEVERITIES, SeverityTag } from "#renderer/ui/severity.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet, FixedFacet, ToggleFacet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { When } from "#renderer/ui/when.tsx";
import { type Finding, RuleId, Severity } from "#shared/model/finding.ts";
import { formatRule } from "#shared/text/findings/finding.ts";
import { formatItem } from "#shared/text/findings/lens.ts";
import { AcceptFindings, ChangeActions } from "./acceptance.tsx";
import { FindingDrawer } from "./drawer.tsx";
import {
  route,
  sortOf,
  useAcceptedCount,
  useFindings,
  useHasScanned,
  useOptionalRules,
  useTurnRule,
} from "./queries.ts";

const SEVERITY_OPTIONS = Severity.options.map((value) => ({ value, label: SEVERITIES[value].word }));
const RULE_OPTIONS = RuleId.options.map((value) => ({ value, label: formatRule(value) }));

const idOf = ({ id }: Finding): string => id;

type Search = ReturnType<typeof route.useSearch>;

export function FindingsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll, commands } = useFindings(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });

  return (
    <ListScreen
      name="findings"
      columns={COLUMNS}
      list={list}
      rowId={idOf}
      sort={sortOf(search)}
      onSort={({ by, descending }) => change({ sort: by as NonNullable<Search["sort"]>, descending })}
      address={search}
      filterKeys={FINDING_KEYS}
      searchHint="Search findings"
      onFilter={change}
      openId={search.open ?? null}
      onOpen={(id, { isWalk }) => change({ open: id ?? undefined }, isWalk)}
      fetchAll={fetchAll}
      commands={commands}
      actions={(rows, clear) => (
        <>
          <AcceptAction findings={rows} onDone={clear} />
          <ChangeActions findings={rows} buttonProps={{ variant: "subtle", size: "compact-sm" }} />
        </>
      )}
      filters={<Filters search={search} onChange={change} />}
      empty={<None search={search} onClear={() => void navigate({ to: ".", search: {} })} />}
      drawer={search.open && <FindingDrawer id={search.open} onClose={() => change({ open: undefined })} />}
    />
  );
}

function AcceptAction({ findings, onDone }: { findings: readonly Finding[]; onDone: () => void }) {
  const [isAsking, setIsAsking] = useState(false);
  return (
    <>
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconCircleCheck size={15} />}
        onClick={() => setIsAsking(true)}
      >
        Accept
      </Button>
      {isAsking && <AcceptFindings findings={findings} onClose={() => setIsAsking(false)} onDone={onDone} />}
    </>
  );
}

function Filters({ search, onChange }: { search: Search; onChange: (patch: Partial<Search>) => void }) {
  const accepted = useAcceptedCount();
  return (
    <>
      <Facet
        title="Severity"
        value={search.severity}
        options={SEVERITY_OPTIONS}
        onChange={(severity) => onChange({ severity })}
      />
      <Facet
        title="Rule"
        value={search.rule}
        options={RULE_OPTIONS}
        onChange={(rule) => onChange({ rule })}
      />
      {(accepted || search.accepted) && (
        <ToggleFacet
          title="Accepted"
          count={accepted}
          isOn={search.accepted ?? false}
          onChange={(isOn) => onChange({ accepted: isOn || undefined })}
        />
      )}
      <ChangeRule />
      {search.item && (
        <FixedFacet
          title="Standard"
          value={formatItem(search.item)}
          onDrop={() => onChange({ item: undefined })}
        />
      )}
      {search.host && (
        <FixedFacet title="Host" value={search.host} onDrop={() => onChange({ host: undefined })} />
      )}
    </>
  );
}

function None({ search, onClear }: { search: Search; onClear: () => void }) {
  const hasRead = useHasScanned();
  return (
    <Nothing
      Icon={IconShieldCheck}
      one="finding"
      search={search}
      onClear={onClear}
      title={hasRead ? "Nothing found" : "Nothing was read yet"}
      why={`${RuleId.options.length} rules check every certificate, grant, account, key file and host key that a scan reads.`}
      action={<ScanButton>Scan</ScanButton>}
    />
  );
}

/** Turns the rule that reports each replaced certificate on or off. */
function ChangeRule() {
  const rules = useOptionalRules();
  const { mutate } = useTurnRule();
  const rule = rules?.find((one) => one.rule === "certificate-changed");
  if (!rule) return null;
  return (
    <ToggleFacet
      title="Report changed certificates"
      count={undefined}
      isOn={rule.since !== null}
      onChange={(isOn) =>
        mutate(
          { rule: rule.rule, isOn },
          {
            onSuccess: () =>
              toast(
                isOn
                  ? "From now on each certificate that is replaced other than by a run is a finding"
                  : "No longer reported",
              ),
          },
        )
      }
    />
  );
}

const COLUMNS: readonly Column<Finding>[] = [
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
    title: "Profile",
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
    cell: ({ host }) => (host === null ? <Dim>several</Dim> : <OfHostCell text={host} host={host} />),
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
