import { Checkbox, FileInput } from "@mantine/core";
import { useState } from "react";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { ImportedAnswer, ReviewDetail } from "#shared/model/access/review.ts";
import { REFUSED_WORDS, SOURCE_WORDS } from "#shared/text/access/review.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { useEnd, useImport } from "./queries.ts";
import classes from "./reviews.module.css";

/** Takes the answer of a reviewer, and its signature where both files are chosen. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [files, setFiles] = useState<File[]>([]);
  const [acceptsUnsigned, setAcceptsUnsigned] = useState(false);
  const { mutate, error, isPending, data } = useImport();
  const answer = files.find(({ name }) => !name.endsWith(".sig"));
  const take = async () => {
    if (!answer) return;
    const signature = await files.find(({ name }) => name.endsWith(".sig"))?.text();
    mutate(
      { base64: await toBase64(answer), signature: signature ?? null, acceptsUnsigned },
      {
        onSuccess: (imported) => {
          if (imported.refused.length > 0) return;
          toast(formatImported(imported));
          onClose();
        },
      },
    );
  };
  return (
    <Dialog title="Import an answer" isOpen onClose={onClose} width={520}>
      <form action={take} className={classes.form}>
        <p className={classes.dim}>
          The file that the reviewer's page has saved, and the signature of it that ssh-keygen has written
          (.sig).
        </p>
        <FileInput
          size="xs"
          label="Files"
          placeholder="Choose both"
          multiple
          value={files}
          onChange={setFiles}
          data-autofocus
        />
        <Checkbox
          size="xs"
          label="Accept it although its reviewer is not known to have signed it"
          description="Anybody can have written it; it stays marked as not signed"
          checked={acceptsUnsigned}
          onChange={(event) => setAcceptsUnsigned(event.currentTarget.checked)}
        />
        {data && data.refused.length > 0 && (
          <div role="status">
            <p>{formatImported(data)}. These stay as they were:</p>
            <ul>
              {data.refused.map(({ item, why }) => (
                <li key={item}>
                  item {item}: {REFUSED_WORDS[why]}
                </li>
              ))}
            </ul>
          </div>
        )}
        <DialogFoot
          error={error}
          submit="Import"
          isPending={isPending}
          isDisabled={!answer}
          cancel={{ label: data ? "Close" : "Cancel", onClick: onClose }}
        />
      </form>
    </Dialog>
  );
}

const formatImported = ({ accepted, reviewer, source, isLate }: ImportedAnswer): string =>
  `${formatCount(accepted, "decision")} by ${reviewer}, ${SOURCE_WORDS[source]}${isLate ? ", late" : ""}`;

async function toBase64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** An ended review takes no decision any more. */
export function EndDialog({ review, onClose }: { review: ReviewDetail; onClose: () => void }) {
  const { name, items, decided } = review;
  const { mutate, error, isPending } = useEnd();
  const end = () => mutate({ review: name }, { onSuccess: onClose });
  return (
    <Dialog title={`End review ${name}`} isOpen onClose={onClose} width={460}>
      <form action={end} className={classes.form}>
        <p>It takes no more decisions, and that cannot be undone. What was revoked can still be planned.</p>
        {items > decided && (
          <p>
            Nobody has decided on {formatNumber(items - decided)} of {formatCount(items, "item")}: these stay
            as they are, and are reported as not certified.
          </p>
        )}
        <DialogFoot
          error={error}
          submit="End"
          isPending={isPending}
          isDanger
          hasFocus
          cancel={{ label: "Cancel", onClick: onClose }}
        />
      </form>
    </Dialog>
  );
}
