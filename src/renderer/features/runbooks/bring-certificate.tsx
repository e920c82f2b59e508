import { Button, FileButton, Textarea } from "@mantine/core";
import { IconCertificate, IconFileUpload } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { toGivenFiles } from "#renderer/api/given-files.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { RunDetail } from "#shared/model/run.ts";
import { formatHost } from "#shared/text/plan.ts";
import { useGiveCertificate } from "./queries.ts";
import renewal from "./renewal.module.css";
import classes from "./runbooks.module.css";

/** Takes what was signed elsewhere, also days later. */
export function BringCertificate({ run: { id: runId, state, orders } }: { run: RunDetail }) {
  const [text, setText] = useState("");
  const { mutate, data, isPending, error } = useGiveCertificate();
  if (state !== "waiting") return null;
  const taken = data && <Taken {...data} />;
  if (!orders.some((order) => order.state === "waits")) return taken;
  return (
    <form
      className={renewal.bring}
      onSubmit={(event) => {
        event.preventDefault();
        mutate({ runId, text }, { onSuccess: () => setText("") });
      }}
    >
      {taken}
      <CertificateField text={text} onChange={setText} refusal={error?.message ?? null}>
        <Button
          type="submit"
          size="xs"
          variant="default"
          leftSection={<IconCertificate size={15} />}
          loading={isPending}
          disabled={text.trim() === ""}
        >
          Check and take it
        </Button>
      </CertificateField>
    </form>
  );
}

type FieldProps = {
  text: string;
  onChange: (text: string) => void;
  refusal: string | null;
  children: ReactNode;
};

/** A certificate that is pasted, chosen, or dropped here. */
function CertificateField({ text, onChange, refusal, children }: FieldProps) {
  const [unread, setUnreadable] = useState<string | null>(null);
  const read = async (files: Iterable<File>) => {
    const [file] = toGivenFiles(files);
    if (!file) return;
    try {
      onChange(toText(await file.read()));
      setUnreadable(null);
    } catch (fault) {
      if (!(fault instanceof Error)) throw fault;
      setUnreadable(fault.message);
    }
  };
  const why = unread ?? refusal;
  return (
    <>
      <Textarea
        size="xs"
        label="The certificate that was signed"
        description="PEM as it came, with what leads to its root; pasted here, or dropped as a file. It is checked against the request"
        placeholder="-----BEGIN CERTIFICATE-----"
        autosize
        minRows={3}
        maxRows={8}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void read(event.dataTransfer.files);
        }}
        data-takes-files
        spellCheck={false}
        classNames={{ input: classes.mono ?? "" }}
      />
      {why !== null && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={why} limit={1_000} />
        </p>
      )}
      <div className={renewal.bringEnd}>
        <FileButton onChange={(file) => file && void read([file])}>
          {(props) => (
            <Button {...props} variant="subtle" size="xs" leftSection={<IconFileUpload size={15} />}>
              Choose a file
            </Button>
          )}
        </FileButton>
        {children}
      </div>
    </>
  );
}

type TakenProps = NonNullable<ReturnType<typeof useGiveCertificate>["data"]>;

function Taken({ host, port, sha256, notes }: TakenProps) {
  return (
    <div role="status">
      <p>
        Taken for <Untrusted text={formatHost({ host, port })} />:{" "}
        <Untrusted text={sha256.slice(0, 12)} isMono />. Go on to put it in place.
      </p>
      {notes.length > 0 && (
        <ul className={renewal.notes}>
          {notes.map((note) => (
            <li key={note}>
              <Untrusted text={note} limit={600} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** PEM as the text that it is; anything else as base64. */
function toText(base64: string): string {
  const bytes = atob(base64);
  return bytes.includes("-----BEGIN") ? bytes : base64;
}
