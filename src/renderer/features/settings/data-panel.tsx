import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { sayBytes } from "#shared/text/elapsed.ts";
import { CheckRow } from "./check-row.tsx";
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
          {sayBytes(sizeBytes)}, schema {schema}
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
