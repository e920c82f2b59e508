import { Button } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { EmptyState } from "#renderer/ui/states.tsx";

type Props = {
  Icon: TablerIcon;
  /** One thing of the list, with its article-free name: certificate. */
  one: string;
  search: Record<string, unknown>;
  onClear: () => void;
  /** What to say when there is none at all, whatever the filters. */
  title: string;
  why: string;
  action?: ReactNode;
};

/** An empty list: either nothing fits the filters, which can be dropped, or there is nothing, and how to get it. */
export function Nothing({ Icon, one, search, onClear, title, why, action }: Props) {
  if (!isFiltered(search)) return <EmptyState Icon={Icon} title={title} why={why} action={action} />;
  return (
    <EmptyState
      Icon={Icon}
      title={`No ${one} matches`}
      why="There is none that fits every filter above."
      action={
        <Button variant="default" size="xs" onClick={onClear}>
          Clear the filters
        </Button>
      }
    />
  );
}

const NOT_FILTERS = ["sort", "descending", "open"];

const isFiltered = (search: Record<string, unknown>): boolean =>
  Object.entries(search).some(([name, value]) => value !== undefined && !NOT_FILTERS.includes(name));
