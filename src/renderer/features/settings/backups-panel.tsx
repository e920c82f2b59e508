import { Button } from "@mantine/core";
import { IconCircleX, IconCopyPlus } from "@tabler/icons-react";
import { Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { Backup, BackupReason } from "#shared/model/backup.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatBytes } from "#shared/text/elapsed.ts";
import { formatRestoreCommand } from "#shared/text/restore-command.ts";
import { useBackUp, useBackups } from "./queries.ts";
import classes from "./settings.module.css";

const WHY: Record<BackupReason, string> = {
  "on-demand": "on demand",
  daily: "daily",
  "before-migration": "before a migration",
};

type Props = { settings: { databasePath: string; isReadOnly: boolean } };

export function BackupsPanel({ settings: { databasePath, isReadOnly } }: Props) {
  const { data = [] } = useBackups();
  const backUp = useBackUp();
  const start = () =>
    backUp.mutate(undefined, {
      onSuccess: ({ sizeBytes }) =>
        toast(`The database is backed up: ${formatBytes(sizeBytes)}, looked through`),
    });
  return (
    <Panel
      title="Backups"
      note={
        data.length === 0 ? "One a day is made while Latchkey is open" : formatCount(data.length, "backup")
      }
      action={
        <Button
          variant="default"
          size="xs"
          leftSection={<IconCopyPlus size={15} />}
          loading={backUp.isPending}
          disabled={isReadOnly}
          onClick={start}
        >
          Back up now
        </Button>
      }
    >
      {backUp.error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={backUp.error.message} />
        </p>
      )}
      {data.length === 0 && <p className={classes.more}>None yet</p>}
      {data.length > 0 && (
        <Lines>
          {data.map((backup) => (
            <BackupLine key={backup.name} backup={backup} />
          ))}
        </Lines>
      )}
      {data[0] && (
        <HowToRestore
          database={databasePath}
          backup={data.find(({ problem }) => problem === null) ?? data[0]}
        />
      )}
    </Panel>
  );
}

function BackupLine({ backup: { name, at, reason, sizeBytes, problem } }: { backup: Backup }) {
  return (
    <Line
      end={
        <>
          {WHY[reason]}, {formatBytes(sizeBytes)}
        </>
      }
      below={
        problem !== null && (
          <Tag tone="red" Icon={IconCircleX}>
            <Untrusted text={problem} />
          </Tag>
        )
      }
    >
      <When instant={at} /> <Untrusted text={name} isMono />{" "}
      <CopyMark value={name} what="name of the backup" />
    </Line>
  );
}

/** Not done from here: whoever has the database open would go on writing to the one that is put away. */
function HowToRestore({ database, backup }: { database: string; backup: Backup }) {
  const command = formatRestoreCommand(database, backup.name);
  return (
    <p className={`${classes.more} ${classes.below}`}>
      To put one back, close Latchkey and run <Untrusted text={command} isMono />{" "}
      <CopyMark value={command} what="command" />. The database that it replaces is kept beside it.
    </p>
  );
}
