import { Button } from "@mantine/core";
import { IconDownload, IconPrinter } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useCallback } from "react";
import { useApi } from "#renderer/api/api.ts";
import { download } from "#renderer/ui/table/csv.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import classes from "./inspect.module.css";
import { PrintPage } from "./print-page.tsx";

/** How a host is read that no network leads to: what to carry there, and what to bring back. */
export function CarryNote() {
  const { bundles } = useApi();
  const save = useMutation({
    mutationFn: async (what: "script" | "instructions") => {
      const collector = await bundles.collector.call();
      if (what === "instructions") return download("collect.txt", "text/plain", collector.instructions);
      // A database that takes nothing numbers none.
      const { script } = await bundles.handOut.call().catch(() => collector);
      download("collect.sh", "text/plain", script);
    },
  });
  const print = useMutation({ mutationFn: () => bundles.collector.call() });
  const { reset } = print;
  const endPrinting = useCallback(() => reset(), [reset]);
  const error = save.error ?? print.error;
  return (
    <section className={classes.carry} aria-labelledby="carry">
      <h3 id="carry" className={classes.name}>
        A host that no network leads to
      </h3>
      <p className={classes.hint}>
        Carry the collector there, run it, and drop here what it wrote. The instructions are a page to print:
        what to type, and what is in a bundle and what is not.
      </p>
      <div className={classes.naming}>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={15} />}
          onClick={() => save.mutate("script")}
        >
          Save the collector
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={15} />}
          onClick={() => save.mutate("instructions")}
        >
          Save the instructions
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPrinter size={15} />}
          onClick={() => print.mutate()}
        >
          Print the instructions
        </Button>
        {print.data && <PrintPage text={print.data.instructions} onDone={endPrinting} />}
      </div>
      {error && (
        <p role="alert" className={classes.hint}>
          <Untrusted text={error.message} />
        </p>
      )}
    </section>
  );
}
