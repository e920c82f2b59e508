import { Button, Checkbox, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { useState } from "react";
import { toGivenFiles } from "#renderer/api/given-files.ts";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Notice } from "#renderer/ui/notice.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatLeft } from "#shared/text/standing.ts";
import classes from "./people.module.css";
import { useImportPeopleSource } from "./queries.ts";

type Props = { files: readonly File[]; onClose: () => void };

/** Files become one roster, under a name: one of the same name is replaced. */
export function ImportDialog({ files, onClose }: Props) {
  const [name, setName] = useState(files.length === 1 ? (files[0]?.name ?? "") : "team-keys");
  const [isWhole, setIsWhole] = useState(false);
  const [unread, setUnreadable] = useState<string | null>(null);
  const { mutate, data, error, isPending } = useImportPeopleSource();
  const start = async () => {
    try {
      const given = toGivenFiles(files);
      const read = await Promise.all(
        given.map(async (file) => ({ name: file.name, base64: await file.read() })),
      );
      setUnreadable(null);
      mutate({ name, files: read, isWhole });
    } catch (failure) {
      if (!(failure instanceof Error)) throw failure;
      setUnreadable(`${failure.message}; larger rosters are read by: latchkey people import`);
    }
  };
  const refusal = unread ?? error?.message;
  return (
    <Dialog title="Import a roster" isOpen onClose={onClose} width={560}>
      {data ? (
        <Imported result={data} onClose={onClose} />
      ) : (
        <form action={() => void start()} className={classes.form}>
          <p className={classes.dim}>
            {formatCount(files.length, "file")}:{" "}
            <Untrusted text={files.map((file) => file.name).join(", ")} limit={300} />
          </p>
          <TextInput
            label="Name of the roster"
            description="One of the same name is replaced"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
          />
          <Checkbox
            size="xs"
            label="It names everybody"
            description="Who was in it before and is no longer in it has left"
            checked={isWhole}
            onChange={(event) => setIsWhole(event.currentTarget.checked)}
          />
          {refusal !== undefined && (
            <p role="alert" className={classes.refusal}>
              <Untrusted text={refusal} />
            </p>
          )}
          <div className={classes.actions}>
            <Button type="submit" size="xs" loading={isPending} disabled={name.trim() === ""}>
              Import
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

type Result = NonNullable<ReturnType<typeof useImportPeopleSource>["data"]>;

function Imported({
  result: { people, keys, gone, broken, notes },
  onClose,
}: {
  result: Result;
  onClose: () => void;
}) {
  const isWhole = broken.total === 0;
  const left = broken.total - broken.first.length;
  return (
    <div className={classes.form}>
      <Notice
        tone={isWhole ? "green" : "amber"}
        Icon={isWhole ? IconCircleCheck : IconAlertTriangle}
        title={`${formatCount(people, "person", "people")} with ${formatCount(keys, "key")}${gone > 0 ? `; ${formatLeft(gone)}` : ""}`}
      >
        {!isWhole && <p>{formatCount(broken.total, "part")} of it could not be read:</p>}
        <ul className={classes.broken}>
          {broken.first.map(({ where, why }) => (
            <li key={`${where} ${why}`}>
              <Untrusted text={`${where}: ${why}`} />
            </li>
          ))}
          {left > 0 && <li>and {formatNumber(left)} more</li>}
        </ul>
        {notes.map((note) => (
          <p key={note}>
            <Untrusted text={note} />
          </p>
        ))}
      </Notice>
      <div className={classes.actions}>
        <Button size="xs" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  );
}
