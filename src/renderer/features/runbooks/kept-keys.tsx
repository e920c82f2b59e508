import { Button } from "@mantine/core";
import { IconAlertTriangle, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Notice } from "#renderer/ui/notice.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { RunDetail } from "#shared/model/run.ts";
import { formatKeptKey } from "#shared/text/kept-key.ts";
import { useLogins } from "./logins.tsx";
import { useResume } from "./queries.ts";
import classes from "./runbooks.module.css";

/** Old private keys that the run has left beside the new ones, and their removal. */
export function KeptKeys({ run }: { run: RunDetail }) {
  const [isAsking, setIsAsking] = useState(false);
  if (run.kept.length === 0 || run.state === "running") return null;
  return (
    <div className={classes.byHand}>
      <Notice tone="amber" Icon={IconAlertTriangle} title="Old private keys kept">
        <p>The old key still counts somewhere, so its private keys are beside the new ones.</p>
        <Paths run={run} />
        <Button
          variant="default"
          size="xs"
          leftSection={<IconTrash size={15} />}
          onClick={() => setIsAsking(true)}
        >
          Remove old keys
        </Button>
      </Notice>
      {isAsking && <RemoveDialog run={run} onClose={() => setIsAsking(false)} />}
    </div>
  );
}

const Paths = ({ run }: { run: RunDetail }) => (
  <ul aria-label="Old private keys">
    {run.kept.map((key) => (
      <li key={`${key.host} ${key.port} ${key.kept}`}>
        <Untrusted text={formatKeptKey(key)} isMono limit={500} />
      </li>
    ))}
  </ul>
);

function RemoveDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const { identityFiles } = useLogins();
  const { mutate, isPending, error } = useResume();
  const remove = () =>
    mutate({ runId: run.id, removesOld: true, mayAsk: true, identityFiles }, { onSuccess: onClose });
  return (
    <Dialog title="Remove the old private keys?" isOpen onClose={onClose} width={480}>
      <form action={remove} className={classes.form}>
        <p>
          Whoever still logs in by the old key has it only here. A file that is not the old key any more
          stays, and that is said.
        </p>
        <Paths run={run} />
        {error && (
          <p role="alert" className={classes.refusal}>
            <Untrusted text={error.message} />
          </p>
        )}
        <div className={classes.formActions}>
          <Button variant="default" size="xs" onClick={onClose}>
            Leave them
          </Button>
          <Button type="submit" color="red" size="xs" loading={isPending} data-autofocus>
            Remove
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
