import { TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type Zippable, zipSync } from "fflate";
import { useState } from "react";
import { useConnection } from "#renderer/api/connection.ts";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { download } from "#renderer/ui/table/column.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { ReviewDetail } from "#shared/model/access/review.ts";
import { toInstant } from "#shared/model/instant.ts";
import { PACK_STYLE } from "#shared/text/access/evidence-pack.ts";
import { type PackFiles, writeEvidence } from "#shared/text/access/write-evidence.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import classes from "./reviews.module.css";

/** A page holds all of it until it is saved; a command writes it as it is read. */
const MOST_IN_ZIP = 20_000;

type Props = { review: ReviewDetail; onClose: () => void };

/** What was reviewed, decided and done, as one file for an auditor. */
export function EvidenceDialog({ review, onClose }: Props) {
  const { name, items } = review;
  const [key, setKey] = useState("");
  const { mutate, error, isPending, data } = useEvidence();
  const problems = data?.problems ?? [];
  const isTooLarge = items > MOST_IN_ZIP;
  const save = () =>
    mutate(
      { review: name, key: key.trim() || null },
      {
        onSuccess: ({ zip, names, problems: found }) => {
          download(`${name}-evidence.zip`, "application/zip", zip);
          toast(`Saved ${formatCount(names.length, "file")} in ${name}-evidence.zip`);
          if (found.length === 0) onClose();
        },
      },
    );
  return (
    <Dialog title={`Evidence of review ${name}`} isOpen onClose={onClose} width={520}>
      <form action={save} className={classes.form}>
        <p>
          One zip file with what was reviewed, what was decided by whom, the runs that did it and what has
          shown that it is done: as a page, as tables and as JSON. Its README.txt has the commands that check
          it; ssh-keygen and sha256sum are enough for them.
        </p>
        {isTooLarge ? (
          <TooLarge name={name} items={items} />
        ) : (
          <TextInput
            size="xs"
            label="Sign it with"
            description="A private key file on this computer, or the .pub file of a key that the agent has"
            placeholder="~/.ssh/id_ed25519"
            value={key}
            onChange={({ currentTarget }) => setKey(currentTarget.value)}
            data-autofocus
          />
        )}
        {problems.length > 0 && <Problems problems={problems} />}
        <DialogFoot
          error={error}
          submit={key.trim() === "" ? "Save unsigned" : "Sign and save"}
          isPending={isPending}
          isDisabled={isTooLarge}
          cancel={{ label: data ? "Close" : "Cancel", onClick: onClose }}
        />
      </form>
    </Dialog>
  );
}

function TooLarge({ name, items }: { name: string; items: number }) {
  const command = `latchkey reviews evidence ${name} --out ${name}-evidence --sign ~/.ssh/id_ed25519`;
  return (
    <div>
      <p>
        This review has {formatNumber(items)} items, and a page saves at most {formatNumber(MOST_IN_ZIP)}. The
        command line writes them all into a folder:
      </p>
      <p>
        <code>{command}</code> <CopyMark value={command} what="command" />
      </p>
    </div>
  );
}

const Problems = ({ problems }: { problems: readonly string[] }) => (
  <div role="alert">
    <p className={classes.late}>Something was changed outside this program; the file says so, too:</p>
    <ul>
      {problems.map((problem) => (
        <li key={problem}>
          <Untrusted text={problem} limit={600} />
        </li>
      ))}
    </ul>
  </div>
);

/** As one zip file. `key`: null where nobody signs it. */
function useEvidence() {
  const { client } = useConnection();
  return useMutation({
    async mutationFn({ review: name, key }: { review: string; key: string | null }) {
      const now = new Date();
      const { files, zip } = createZipFiles();
      const styleDigest = await digestText(PACK_STYLE);
      const source = { client, name, key, writtenAt: toInstant(now), styleDigest };
      const { problems, names } = await writeEvidence(files, source);
      return { problems, names, zip: await zip(`${name}-evidence`, now) };
    },
  });
}

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/** The files of a pack in memory, until they are one zip file with all of them in a folder. */
function createZipFiles() {
  const begun = new Map<string, Bytes[]>();
  const files: PackFiles = {
    async begin(name) {
      const parts: Bytes[] = [];
      begun.set(name, parts);
      return {
        async write(part) {
          parts.push(typeof part === "string" ? encoder.encode(part) : toBytes(part.base64));
        },
        digest: async () => toHex(await sha256(await join(parts))),
      };
    },
    async remove() {
      begun.clear();
    },
  };
  return {
    files,
    async zip(folder: string, writtenAt: Date): Promise<Bytes> {
      const content: Zippable = {};
      for (const [name, parts] of begun) content[`${folder}/${name}`] = await join(parts);
      return new Uint8Array(zipSync(content, { mtime: writtenAt }));
    },
  };
}

const join = (parts: Bytes[]): Promise<Bytes> => new Blob(parts).bytes();

const sha256 = async (bytes: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

const toBytes = (base64: string): Bytes =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

const toHex = (bytes: Bytes): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** SHA-256 of a text, in base64. */
const digestText = async (text: string): Promise<string> =>
  btoa(String.fromCharCode(...(await sha256(encoder.encode(text)))));
