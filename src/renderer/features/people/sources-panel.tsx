import { ActionIcon, Button, Checkbox, FileButton, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconFileImport, IconTrash } from "@tabler/icons-react";
import { type DragEvent, useState } from "react";
import { toChosenFiles } from "#renderer/api/desktop.ts";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import { Notice, Panel } from "#renderer/ui/panel.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { ImportedPeopleSource } from "#shared/model/access/person.ts";
import { formatLeft } from "#shared/text/access/owner.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import classes from "./people.module.css";
import { useImportPeopleSource, usePeopleSources, useRemovePeopleSource } from "./queries.ts";

/** The people sources, and where files of another are dropped or chosen. */
export function PeopleSourcesPanel() {
  const { data = [] } = usePeopleSources();
  const [files, setFiles] = useState<readonly File[] | null>(null);
  const [isOver, setIsOver] = useState(false);
  const drop = (event: DragEvent) => {
    setIsOver(false);
    if (event.dataTransfer.files.length > 0) setFiles([...event.dataTransfer.files]);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files are dropped here; by keyboard they are chosen by the button
    <div
      data-takes-files
      className={isOver ? classes.over : undefined}
      onDragOver={() => setIsOver(true)}
      onDragLeave={() => setIsOver(false)}
      onDrop={drop}
    >
      <Panel
        title="People sources"
        note="People and their keys; drop files here"
        action={
          <FileButton multiple accept=".csv,.tsv,.ldif,.keys,.pub" onChange={setFiles}>
            {(props) => (
              <Button {...props} variant="default" size="xs" leftSection={<IconFileImport size={15} />}>
                Import
              </Button>
            )}
          </FileButton>
        }
      >
        {data.length === 0 && (
          <p className={classes.dim}>
            A table (CSV) with name, email or login, and key or state; NAME.keys files as GitHub serves them;
            or a directory's export (LDIF)
          </p>
        )}
        <Lines>
          {data.map((source) => (
            <PeopleSourceLine key={source.name} source={source} />
          ))}
        </Lines>
      </Panel>
      {files && <ImportDialog files={files} onClose={() => setFiles(null)} />}
    </div>
  );
}

function PeopleSourceLine({
  source: { name, people, keys, isWhole, readAt },
}: {
  source: ImportedPeopleSource;
}) {
  const remove = useRemovePeopleSource();
  const forget = () =>
    remove.mutate({ name }, { onSuccess: () => toast("The source is deleted, with what only it knows") });
  return (
    <Line
      end={
        <>
          read <When instant={readAt} />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            aria-label={`Forget ${formatUntrusted(name)}`}
            title="Delete this people source"
            onClick={forget}
          >
            <IconTrash size={15} />
          </ActionIcon>
        </>
      }
    >
      <Untrusted text={name} />: {formatCount(people, "person", "people")} with {formatCount(keys, "key")}
      {isWhole && ", names everybody"}
    </Line>
  );
}

type Props = { files: readonly File[]; onClose: () => void };

/** Files become one people source, under a name: one of the same name is replaced. */
function ImportDialog({ files, onClose }: Props) {
  const [name, setName] = useState(files.length === 1 ? (files[0]?.name ?? "") : "team-keys");
  const [isWhole, setIsWhole] = useState(false);
  const [unreadable, setUnreadable] = useState<string | null>(null);
  const { mutate, data, error, isPending } = useImportPeopleSource();
  const start = async () => {
    try {
      const chosen = toChosenFiles(files);
      const read = await Promise.all(
        chosen.map(async (file) => ({ name: file.name, base64: await file.read() })),
      );
      setUnreadable(null);
      mutate({ name, files: read, isWhole });
    } catch (failure) {
      if (!(failure instanceof Error)) throw failure;
      setUnreadable(`${failure.message}; import larger sources with: latchkey people import`);
    }
  };
  const refusal = unreadable ?? error?.message;
  return (
    <Dialog title="Import a people source" isOpen onClose={onClose} width={560}>
      {data ? (
        <Imported result={data} onClose={onClose} />
      ) : (
        <form action={() => void start()} className={classes.form}>
          <p className={classes.dim}>
            {formatCount(files.length, "file")}:{" "}
            <Untrusted text={files.map((file) => file.name).join(", ")} limit={300} />
          </p>
          <TextInput
            label="Name of the source"
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
