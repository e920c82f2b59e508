import { ErrorState } from "#renderer/ui/states.tsx";
import { formatCount } from "#shared/text/count.ts";
import { PicturePanel } from "./picture-panel.tsx";
import { type Search, usePicture } from "./queries.ts";

type Props = { search: Search; onStart: (name: string) => void };

/** The nearest things around a start. */
export function ReachPicture({ search, onStart }: Props) {
  const { data, error, refetch } = usePicture(search);
  if (error) return <ErrorState doing="draw the picture" error={error} onRetry={() => void refetch()} />;
  return <PicturePanel picture={data} title={data ? formatSize(data, search) : ""} onStart={onStart} />;
}

/** A picture that shows less than the table says so. */
function formatSize(
  { nodes, isCut }: { nodes: readonly unknown[]; isCut: boolean },
  { direction }: Search,
): string {
  const left = direction === "to" ? "" : "; what leads no further is in the table alone";
  return `${formatCount(nodes.length, "thing")}${isCut ? ", the nearest of more" : ""}${left}`;
}
