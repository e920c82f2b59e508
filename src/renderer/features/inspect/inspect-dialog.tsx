import { Button, FileButton } from "@mantine/core";
import { IconFileSearch } from "@tabler/icons-react";
import { type ChosenFile, toChosenFiles } from "#renderer/api/desktop.ts";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { OfflineNote } from "./bundle-file.tsx";
import classes from "./inspect.module.css";
import { ChosenFileView } from "./inspected-file.tsx";

type Props = {
  /** Null: the dialog is closed. */
  files: readonly ChosenFile[] | null;
  onFiles: (files: readonly ChosenFile[]) => void;
  onClose: () => void;
};

/** The content of files that were dropped, chosen or opened. Nothing of them is stored. */
export function InspectDialog({ files, onFiles, onClose }: Props) {
  return (
    <Dialog title="Inspect" isOpen={files !== null} onClose={onClose} width={680}>
      <div className={classes.intro}>
        <p>
          Certificates, keystores, kubeconfigs and Secrets, authorized_keys, known_hosts, public and private
          keys. Of a private key, only its public key is read, and nothing is stored. A bundle that the
          collector wrote on another host is imported once you confirm it.
        </p>
        <FileButton multiple onChange={(chosen) => onFiles(toChosenFiles(chosen))}>
          {(props) => (
            <Button {...props} variant="default" size="xs" leftSection={<IconFileSearch size={15} />}>
              Choose files
            </Button>
          )}
        </FileButton>
      </div>
      {files?.length === 0 && (
        <>
          <p className={classes.hint}>Or drop files anywhere on this window.</p>
          <OfflineNote />
        </>
      )}
      {files?.map((file, index) =>
        isSignatureOf(file, files) ? null : (
          // biome-ignore lint/suspicious/noArrayIndexKey: two files may share a name, and their order never changes
          <ChosenFileView key={`${index} ${file.name}`} file={file} signature={findSignature(file, files)} />
        ),
      )}
    </Dialog>
  );
}

const findSignature = ({ name }: ChosenFile, files: readonly ChosenFile[]): ChosenFile | null =>
  files.find((file) => file.name === `${name}.sig`) ?? null;

/** A signature is shown with the file that it signs. */
const isSignatureOf = ({ name }: ChosenFile, files: readonly ChosenFile[]): boolean =>
  name.endsWith(".sig") && files.some((file) => `${file.name}.sig` === name);
