import { Button } from "@mantine/core";
import { IconAlertTriangle, IconKey, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { DialogFoot } from "#renderer/ui/dialog-foot.tsx";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { Notice } from "#renderer/ui/notice.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { RunDetail } from "#shared/model/run.ts";
import { formatKeptKey } from "#shared/text/kept-key.ts";
import { formatRemaining } from "#shared/text/remaining-access.ts";
import { Commands } from "./commands.tsx";
import { useLogins } from "./logins.tsx";
import { useResume } from "./queries.ts";
import classes from "./runbooks.module.css";

/** Where what was to go still lets in, though the run is over. */
export function Remaining({ run: { kind, remaining } }: { run: RunDetail }) {
  if (remaining.length === 0) return null;
  return (
    <div className={classes.byHand}>
      <Notice tone="amber" Icon={IconKey} title="Not changed everywhere">
        <p>
          These accounts were left as they were when the run ended. Once nothing is in the way, plan the rest
          anew.
        </p>
        <ul className={classes.items} aria-label="Not changed">
          {remaining.map((one) => (
            <li key={`${one.host} ${one.port} ${one.account} ${one.fingerprint}`}>
              <Untrusted text={formatRemaining(one, kind)} limit={600} />
            </li>
          ))}
        </ul>
      </Notice>
    </div>
  );
}

/** Old private keys that the run has left beside the new ones, and their removal. */
export function KeptKeys({ run }: { run: RunDetail }) {
  const [isAsking, setIsAsking] = useState(false);
  if (run.kept.length === 0 || run.state === "running") return null;
  return (
    <div className={classes.byHand}>
      <Notice tone="amber" Icon={IconAlertTriangle} title="Old private keys kept">
        <p>
          {run.remaining.length > 0
            ? "The old key still gets in somewhere, so its private keys are beside the new ones."
            : "Something was left as it is by agreement and may need the old key, so its private keys are beside the new ones."}
        </p>
        <Paths run={run} />
        <p>
          <Button
            variant="default"
            size="xs"
            leftSection={<IconTrash size={15} />}
            onClick={() => setIsAsking(true)}
          >
            Remove old keys
          </Button>
        </p>
        {run.removeKept.length > 0 && (
          <p>
            Where no session gets to a host, remove them by hand there. Each command says whether it did.{" "}
            <CopyMark value={run.removeKept.join("\n")} what="commands" />
          </p>
        )}
      </Notice>
      {run.removeKept.length > 0 && <Commands lines={run.removeKept} />}
      {isAsking && <RemoveDialog run={run} onClose={() => setIsAsking(false)} />}
    </div>
  );
}

const Paths = ({ run }: { run: RunDetail }) => (
  <ul className={classes.items} aria-label="Old private keys">
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
          Whoever still logs in by the old key has it in these files alone. One that is not the old key any
          more stays, and that is said.
        </p>
        <Paths run={run} />
        <DialogFoot
          error={error}
          cancel={{ label: "Leave them", onClick: onClose }}
          submit="Remove"
          isPending={isPending}
          isDanger
          hasFocus
        />
      </form>
    </Dialog>
  );
}
