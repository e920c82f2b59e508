import { IconAlertOctagon, IconFingerprint } from "@tabler/icons-react";
import { HOST_KEY_KEYS } from "#renderer/api/filter-keys.ts";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { Dim, TextCell } from "#renderer/ui/cells.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { OfHostCell } from "#renderer/ui/host-name.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet, FixedFacet, ToggleFacet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import { type HostKeyRow, HostKeyState } from "#shared/model/hosts/host-key.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatType, HostKeyDrawer, nameOf, STATE, StateTag } from "./drawer.tsx";
import classes from "./host-keys.module.css";
import { route, sortOf, useCount, useHostKeys, useSources } from "./queries.ts";

const STATES = HostKeyState.options.map((value) => ({ value, label: STATE[value].word }));

const idOf = ({ id }: HostKeyRow): string => id;

type Search = ReturnType<typeof route.useSearch>;

/** The keys by which hosts are recognised: pins, known_hosts, and what hosts presented. */
export function HostKeysPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll, commands } = useHostKeys(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });

  return (
    <div className={classes.page}>
      <Sources />
      <ListScreen
        name="host keys"
        columns={COLUMNS}
        list={list}
        rowId={idOf}
        sort={sortOf(search)}
        onSort={({ by, descending }) => change({ sort: by as NonNullable<Search["sort"]>, descending })}
        address={search}
        filterKeys={HOST_KEY_KEYS}
        searchHint="Search names, keys, files"
        onFilter={change}
        openId={search.open ?? null}
        onOpen={(id, { isWalk }) => change({ open: id ?? undefined }, isWalk)}
        fetchAll={fetchAll}
        commands={commands}
        filters={<Filters search={search} onChange={change} />}
        empty={<None search={search} onClear={() => void navigate({ to: ".", search: {} })} />}
        drawer={
          search.open !== undefined && (
            <HostKeyDrawer id={search.open} onClose={() => change({ open: undefined })} />
          )
        }
      />
    </div>
  );
}

type FilterProps = { search: Search; onChange: (patch: Partial<Search>) => void };

function Filters({ search, onChange }: FilterProps) {
  return (
    <>
      <Facet title="State" value={search.state} options={STATES} onChange={(state) => onChange({ state })} />
      <ToggleFacet
        title="On several hosts"
        count={useCount({ shared: true })}
        isOn={search.shared ?? false}
        onChange={(isOn) => onChange({ shared: isOn || undefined })}
      />
      <ToggleFacet
        title="Weak"
        count={useCount({ weak: true })}
        isOn={search.weak ?? false}
        onChange={(isOn) => onChange({ weak: isOn || undefined })}
      />
      {search.host && (
        <FixedFacet title="Host" value={search.host} onDrop={() => onChange({ host: undefined })} />
      )}
    </>
  );
}

function None({ search, onClear }: { search: Search; onClear: () => void }) {
  return (
    <Nothing
      Icon={IconFingerprint}
      one="host key"
      search={search}
      onClear={onClear}
      title="No host key is known yet"
      why="A host shows its key when it is scanned. What this computer's known_hosts knows is listed with it."
      action={<ScanButton>Scan hosts</ScanButton>}
    />
  );
}

/** The files that the list was read from, and those that could not be read: their lines are missing from the list. */
function Sources() {
  const { data } = useSources();
  if (!data) return null;
  const { files, unreadable, notes } = data;
  return (
    <section className={classes.sources} aria-label="Where host keys are read">
      {files.length === 0 && (
        <span>This computer has no known_hosts: only pins and scanned keys are listed.</span>
      )}
      {files.map(({ path, lines, hashed, broken }) => (
        <span key={path}>
          <Untrusted text={path} />: {formatCount(lines, "line")}
          {hashed > 0 && `, ${hashed} hashed`}
          {broken.total > 0 && (
            <span className={classes.wrong}>, {formatCount(broken.total, "line")} cannot be read</span>
          )}
        </span>
      ))}
      {unreadable.map(({ path, why }) => (
        <span key={path} className={classes.wrong}>
          <Untrusted text={`${path} is not read: ${why}`} />
        </span>
      ))}
      {notes.map((note) => (
        <span key={note} className={classes.wrong}>
          {note}
        </span>
      ))}
    </section>
  );
}

const COLUMNS: readonly Column<HostKeyRow>[] = [
  {
    id: "name",
    title: "Name",
    minWidth: 160,
    grow: 2,
    sortBy: "name",
    cell: (row) =>
      row.host === null ? <TextCell text={nameOf(row)} /> : <OfHostCell text={nameOf(row)} {...row.host} />,
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
