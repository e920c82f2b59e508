import { Button } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconCopyPlus, IconStethoscope } from "@tabler/icons-react";
import { Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { Notice, Panel } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { Backup, BackupReason } from "#shared/model/backup.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatBytes } from "#shared/text/elapsed.ts";
import { formatRestoreCommand } from "#shared/text/restore-command.ts";
import { useBackUp, useBackups, useCheck, useDatabaseState } from "./queries.ts";
import classes from "./settings.module.css";

type Props = { settings: { databasePath: string; sizeBytes: number; schema: number; isReadOnly: boolean } };

export function DataPanel({ settings: { databasePath, sizeBytes, schema, isReadOnly } }: Props) {
  return (
    <Panel title="Data" note="Everything is in one file on this computer">
      <div className={classes.row}>
        <span className={classes.name}>Database</span>
        <span className={classes.value}>
          <Untrusted text={databasePath} isMono /> <CopyMark value={databasePath} what="path" />
        </span>
      </div>
      <div className={classes.row}>
        <span className={classes.name}>Size</span>
        <span className={classes.value}>
          {formatBytes(sizeBytes)}, schema {schema}
          {isReadOnly && ", opened for reading only"}
        </span>
      </div>
      <CheckRow />
      <div className={classes.row}>
        <span className={classes.name}>To delete it</span>
        <span className={classes.value}>
          Stop Latchkey, then delete that file and those beside it whose names begin the same: the backups,
          and the vault with the keys of your issuers. Nothing else is kept, but for an entry in this system's
          keyring where that opens the vault. Private keys and passphrases are in the vault alone, sealed, and
          never in the database.
        </span>
      </div>
    </Panel>
  );
}

/** When every page of the database was last found well, and a button to check it now. */
function CheckRow() {
  const { data: state } = useDatabaseState();
  const { data: check, error, isFetching, refetch } = useCheck();
  return (
    <div className={`${classes.row} ${classes.tall}`}>
      <span className={classes.name}>Check</span>
      <div className={classes.value}>
        <div className={classes.act}>
          <Button
            variant="default"
            size="xs"
            leftSection={<IconStethoscope size={15} />}
            loading={isFetching}
            onClick={() => void refetch()}
          >
            Check now
          </Button>
          <span role="status">
            {error && <Untrusted text={error.message} />}
            {check?.problems.length === 0 && (
              <Tag tone="green" Icon={IconCircleCheck}>
                whole: every page and {formatCount(check.eventCount, "event")} were read
              </Tag>
            )}
            {!check && state && (
              <span className={classes.more}>
                {state.checkedAt === null ? "not checked yet" : "intact "}
                {state.checkedAt !== null && <When instant={state.checkedAt} />}
              </span>
            )}
          </span>
        </div>
        {check && check.problems.length > 0 && (
          <Notice tone="red" Icon={IconCircleX} title="The database is not whole">
            {check.problems.map((problem) => (
              <p key={problem}>
                <Untrusted text={problem} />
              </p>
            ))}
          </Notice>
        )}
      </div>
    </div>
  );
}

const WHY: Record<BackupReason, string> = {
  "on-demand": "on demand",
  daily: "daily",
  "before-migration": "before a migration",
};

type BackupsPanelProps = { settings: { databasePath: string; isReadOnly: boolean } };

export function BackupsPanel({ settings: { databasePath, isReadOnly } }: BackupsPanelProps) {
  const { data = [] } = useBackups();
  const backUp = useBackUp();
  const start = () =>
    backUp.mutate(undefined, {
      onSuccess: ({ sizeBytes }) =>
        toast(`The database is backed up: ${formatBytes(sizeBytes)}, and the backup was checked`),
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

/** The page cannot restore: whoever has the database open would go on writing to the one that is put away. */
function HowToRestore({ database, backup }: { database: string; backup: Backup }) {
  const command = formatRestoreCommand(database, backup.name);
  return (
    <p className={`${classes.more} ${classes.below}`}>
      To put one back, close Latchkey and run <Untrusted text={command} isMono />{" "}
      <CopyMark value={command} what="command" />. The database that it replaces is kept beside it.
    </p>
  );
}
