import { Button, FileButton, Textarea } from "@mantine/core";
import {
  IconCertificate,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconDownload,
  IconFileText,
  IconFileUpload,
  IconHourglass,
  IconLoader,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { toChosenFiles } from "#renderer/api/desktop.ts";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint, useCopied } from "#renderer/ui/fingerprint.tsx";
import { download } from "#renderer/ui/table/column.ts";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import type { RunDetail, RunOrder } from "#shared/model/runs/run.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { useGiveCertificate } from "./queries.ts";
import renewal from "./renewal.module.css";
import { ContentTag } from "./run-state.tsx";
import classes from "./runs.module.css";

const STATES = {
  waits: { tone: "amber", Icon: IconHourglass, word: "To be signed" },
  refused: { tone: "red", Icon: IconCircleX, word: "Refused" },
  ordered: { tone: "blue", Icon: IconLoader, word: "Ordered" },
  requested: { tone: "blue", Icon: IconFileText, word: "Request made" },
  issued: { tone: "blue", Icon: IconCertificate, word: "Issued" },
  planned: { tone: "gray", Icon: IconCircleDashed, word: "Not started" },
  installed: { tone: "green", Icon: IconCircleCheck, word: "Installed" },
} as const satisfies Record<RunOrder["state"], object>;

const URGENCY = Object.keys(STATES);

const SHOWN = 8;

/** What was ordered, and its result; orders that somebody has to act on come first. */
export function Orders({ run }: { run: RunDetail }) {
  const [most, setMost] = useState(SHOWN);
  const { orders } = run;
  if (orders.length === 0) return null;
  const ordered = orders.toSorted((a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state));
  const more = ordered.length - most;
  return (
    <div className={renewal.orders}>
      <Section title="Certificates" count={orders.length}>
        <ImportCertificate run={run} />
        <Lines>
          {ordered.slice(0, most).map((order) => (
            <OrderLine key={`${order.host}:${order.port} ${order.change}`} order={order} />
          ))}
        </Lines>
        {more > 0 && (
          <Button variant="subtle" size="compact-sm" mt={8} onClick={() => setMost(orders.length)}>
            Show {formatCount(more, "more certificate")}
          </Button>
        )}
      </Section>
    </div>
  );
}

function OrderLine({ order }: { order: RunOrder }) {
  const { names, state, message, csr, sha256 } = order;
  const [first = "no name", ...others] = names;
  return (
    <Line
      end={<ContentTag content={STATES[state]} />}
      below={
        <>
          <Untrusted text={formatHost(order)} />
          {message !== "" && (
            <>
              : <Untrusted text={message} limit={1_000} />
            </>
          )}
          {sha256 !== null && (
            <p className={renewal.order}>
              <span>
                New one <Fingerprint value={sha256} />
              </span>
              {state === "installed" && (
                <TextLink>
                  <Link to="/certificates" search={{ open: sha256 }}>
                    Show it
                  </Link>
                </TextLink>
              )}
            </p>
          )}
          {csr !== null && state === "waits" && <Request name={first} csr={csr} />}
        </>
      }
    >
      <Untrusted text={first} />
      {others.length > 0 && ` and ${formatCount(others.length, "more name")}`}
    </Line>
  );
}

/** The request to be signed, to copy or to save. */
function Request({ name, csr }: { name: string; csr: string }) {
  const { isCopied, copy } = useCopied();
  return (
    <div className={renewal.request}>
      <Button
        variant="default"
        size="compact-xs"
        leftSection={<IconFileText size={13} />}
        onClick={() => copy(csr)}
      >
        {isCopied ? "Copied" : "Copy the request"}
      </Button>
      <Button
        variant="default"
        size="compact-xs"
        leftSection={<IconDownload size={13} />}
        onClick={() => download(`${toFileName(name)}.csr.pem`, "application/pkcs10", csr)}
      >
        Save it
      </Button>
    </div>
  );
}

/** A name of a certificate is a stranger's text. */
const toFileName = (name: string): string =>
  name
    .replaceAll(/[^a-z0-9.-]/gi, "_")
    .replace(/^[.-]+/, "_")
    .slice(0, 100) || "request";

/** Imports what was signed elsewhere, also days later. */
function ImportCertificate({ run: { id: runId, state, orders } }: { run: RunDetail }) {
  const [text, setText] = useState("");
  const { mutate, data, isPending, error } = useGiveCertificate();
  if (state !== "waiting") return null;
  const imported = data && <ImportedCertificate {...data} />;
  if (!orders.some((order) => order.state === "waits")) return imported;
  return (
    <form
      className={renewal.importForm}
      onSubmit={(event) => {
        event.preventDefault();
        mutate({ runId, text }, { onSuccess: () => setText("") });
      }}
    >
      {imported}
      <CertificateField text={text} onChange={setText} refusal={error?.message ?? null}>
        <Button
          type="submit"
          size="xs"
          variant="default"
          leftSection={<IconCertificate size={15} />}
          loading={isPending}
          disabled={text.trim() === ""}
        >
          Check and import
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
  const [unreadable, setUnreadable] = useState<string | null>(null);
  const read = async (files: Iterable<File>) => {
    const [file] = toChosenFiles(files);
    if (!file) return;
    try {
      onChange(toText(await file.read()));
      setUnreadable(null);
    } catch (fault) {
      if (!(fault instanceof Error)) throw fault;
      setUnreadable(fault.message);
    }
  };
  const why = unreadable ?? refusal;
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
      <div className={renewal.importEnd}>
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

type ImportedProps = NonNullable<ReturnType<typeof useGiveCertificate>["data"]>;

function ImportedCertificate({ host, port, sha256, notes }: ImportedProps) {
  return (
    <div role="status">
      <p>
        Imported for <Untrusted text={formatHost({ host, port })} />:{" "}
        <Untrusted text={sha256.slice(0, 12)} isMono />. Go on to install it.
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
