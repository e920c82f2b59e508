import { Fragment, useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { DialogFoot } from "#renderer/ui/dialog-foot.tsx";
import { Verbatim } from "#renderer/ui/drawer/drawer.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { RunDetail, RunFile } from "#shared/model/run.ts";
import { formatHost } from "#shared/text/plan.ts";
import { formatRepair, repairsOf } from "#shared/text/repair.ts";
import { useLogins } from "./logins.tsx";
import { useRepair } from "./queries.ts";
import classes from "./runbooks.module.css";

/** Shows what would be written to each stuck file. What is approved is what stood here when it was opened. */
export function RepairDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const [{ id: runId, ...shown }] = useState(run);
  const { identityFiles } = useLogins();
  const { mutate, isPending, error } = useRepair();
  const repair = () =>
    mutate({ runId, approved: repairsOf(shown), mayAsk: true, identityFiles }, { onSuccess: onClose });
  return (
    <Dialog title="Repair these files?" isOpen onClose={onClose} width={640}>
      <form action={repair} className={classes.form}>
        <p>
          The run takes its own lines out of each file and puts back the lines that it took. Nothing else in
          them changes. A file that somebody changes in the meantime is left as it is and shown again.
        </p>
        {shown.files
          .filter(({ fate }) => fate === "stuck")
          .map((file) => (
            <Repair key={`${file.host}:${file.port}:${file.path}`} file={file} />
          ))}
        <DialogFoot
          error={error}
          cancel={{ label: "Leave it", onClick: onClose }}
          submit="Repair"
          isPending={isPending}
          hasFocus
        />
      </form>
    </Dialog>
  );
}

function Repair({ file }: { file: RunFile }) {
  return (
    <section>
      <p>
        <Untrusted text={`${formatHost(file)}: ${file.path}`} />
      </p>
      <Verbatim>
        {formatRepair(file).map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one repair never move
          <Fragment key={index}>
            <Untrusted text={line} limit={2_000} />
            {"\n"}
          </Fragment>
        ))}
      </Verbatim>
    </section>
  );
}
