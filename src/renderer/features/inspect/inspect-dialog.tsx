import { Button, FileButton } from "@mantine/core";
import { IconFileSearch } from "@tabler/icons-react";
import { type GivenFile, toGivenFiles } from "#renderer/api/given-files.ts";
import { Dialog } from "#renderer/ui/dialog.tsx";
import classes from "./inspect.module.css";
import { InspectedFile } from "./inspected-file.tsx";

type Props = {
  /** Null: the dialog is closed. */
  files: readonly GivenFile[] | null;
  onFiles: (files: readonly GivenFile[]) => void;
  onClose: () => void;
};

/** What the files hold that were dropped, chosen or opened. Nothing of them is remembered. */
export function InspectDialog({ files, onFiles, onClose }: Props) {
  return (
    <Dialog title="Inspect" isOpen={files !== null} onClose={onClose} width={680}>
      <div className={classes.intro}>
        <p>
          Certificates, authorized_keys, known_hosts, public and private keys. Of a private key only the
          public half is read, and nothing is remembered.
        </p>
        <FileButton multiple onChange={(chosen) => onFiles(toGivenFiles(chosen))}>
          {(props) => (
            <Button {...props} variant="default" size="xs" leftSection={<IconFileSearch size={15} />}>
              Choose files
            </Button>
          )}
        </FileButton>
      </div>
      {files?.length === 0 && <p className={classes.hint}>Or drop files anywhere on this window.</p>}
      {files?.map((file, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two files may share a name, and their order never changes
        <InspectedFile key={`${index} ${file.name}`} file={file} />
      ))}
    </Dialog>
  );
}
