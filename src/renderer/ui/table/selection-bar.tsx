import { Button } from "@mantine/core";
import { IconBraces, IconDownload, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useCopy } from "#renderer/ui/clipboard.ts";
import { toast } from "#renderer/ui/toast.tsx";
import classes from "./list-screen.module.css";

type Props = {
  count: number;
  onCopy: () => string;
  onExport: () => void;
  onClear: () => void;
  children?: ReactNode;
};

/** What can be done with the rows that are selected. */
export function SelectionBar({ count, onCopy, onExport, onClear, children }: Props) {
  const write = useCopy();
  if (count === 0) return null;
  const copy = async () => {
    await write(onCopy());
    toast(`Copied ${count} ${count === 1 ? "row" : "rows"} as JSON`);
  };
  return (
    <section className={classes.bar} aria-label="Selection">
      <span className={classes.barCount}>{count} selected</span>
      {children}
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconBraces size={15} />}
        onClick={() => void copy()}
      >
        Copy as JSON
      </Button>
      <Button variant="subtle" size="compact-sm" leftSection={<IconDownload size={15} />} onClick={onExport}>
        Export selection
      </Button>
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        leftSection={<IconX size={15} />}
        onClick={onClear}
      >
        Clear
      </Button>
    </section>
  );
}
