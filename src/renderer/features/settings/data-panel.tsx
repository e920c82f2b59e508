import { Button } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconStethoscope } from "@tabler/icons-react";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { Notice } from "#renderer/ui/notice.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import { formatCount } from "#shared/text/count.ts";
import { formatBytes } from "#shared/text/elapsed.ts";
import { useCheck, useDatabaseState } from "./queries.ts";
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

/** When every page of the database was last found well, and the way to have it looked through now. */
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
                {state.checkedAt === null ? "not looked through yet" : "found whole "}
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
