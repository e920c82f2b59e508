import { ActionIcon, Button, FileButton } from "@mantine/core";
import { IconFileImport, IconTrash } from "@tabler/icons-react";
import { type DragEvent, useState } from "react";
import { Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { Roster } from "#shared/model/person.ts";
import { formatCount } from "#shared/text/count.ts";
import { ImportDialog } from "./import-dialog.tsx";
import classes from "./people.module.css";
import { usePeopleSources, useRemovePeopleSource } from "./queries.ts";

/** The rosters, and where files of another are dropped or chosen. */
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
        title="Rosters"
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
          {data.map((roster) => (
            <PeopleSourceLine key={roster.name} roster={roster} />
          ))}
        </Lines>
      </Panel>
      {files && <ImportDialog files={files} onClose={() => setFiles(null)} />}
    </div>
  );
}

function PeopleSourceLine({ roster: { name, people, keys, isWhole, readAt } }: { roster: Roster }) {
  const remove = useRemovePeopleSource();
  const forget = () =>
    remove.mutate({ name }, { onSuccess: () => toast("The roster is forgotten, and what only it has said") });
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
            title="Forget this roster"
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
