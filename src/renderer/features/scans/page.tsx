import { Button } from "@mantine/core";
import { IconRadar2 } from "@tabler/icons-react";
import { useScanRequest } from "#renderer/api/scan-request.ts";
import { Dim } from "#renderer/ui/cells.tsx";
import { EmptyState } from "#renderer/ui/states.tsx";
import { ListScreen } from "#renderer/ui/table/list-screen.tsx";
import { type Scan, ScanId } from "#shared/model/scan.ts";
import { COLUMNS } from "./columns.tsx";
import { ScanDrawer } from "./drawer.tsx";
import { route, useScans } from "./queries.ts";

const idOf = ({ id }: Scan): string => String(id);

/** The newest first; nothing else can be asked for. */
const SORT = { by: "startedAt", descending: true };

export function ScansPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll } = useScans();
  const requestScan = useScanRequest();
  const open = (id: string | null, replace: boolean) =>
    void navigate({ to: ".", search: { open: id === null ? undefined : Number(id) }, replace });

  return (
    <ListScreen
      name="scans"
      columns={COLUMNS}
      list={list}
      rowId={idOf}
      sort={SORT}
      onSort={() => undefined}
      openId={search.open === undefined ? null : String(search.open)}
      onOpen={(id, { isWalk }) => open(id, isWalk)}
      fetchAll={fetchAll}
      filters={<Dim>The newest first</Dim>}
      empty={
        <EmptyState
          Icon={IconRadar2}
          title="No scan yet"
          why="A scan visits hosts and endpoints once, reads what is there and writes nothing on them."
          action={
            <Button size="xs" leftSection={<IconRadar2 size={15} />} onClick={() => requestScan()}>
              Start a scan
            </Button>
          }
        />
      }
      drawer={
        search.open !== undefined && (
          <ScanDrawer scanId={ScanId.parse(search.open)} onClose={() => open(null, true)} />
        )
      }
    />
  );
}
