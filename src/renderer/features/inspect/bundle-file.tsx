import { Button, Checkbox, FileButton, TextInput } from "@mantine/core";
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconDatabaseImport,
  IconDownload,
  IconPrinter,
  IconSignature,
} from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { useApi } from "#renderer/api/connection.ts";
import type { ChosenFile } from "#renderer/api/desktop.ts";
import { Fact, Facts } from "#renderer/ui/drawer/drawer.tsx";
import { Notice } from "#renderer/ui/panel.tsx";
import { download } from "#renderer/ui/table/column.ts";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { BundleView } from "#shared/model/hosts/imported-bundle.ts";
import { formatCount } from "#shared/text/count.ts";
import { describeImported, formatSignature, formatStanding } from "#shared/text/hosts/bundle.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import classes from "./inspect.module.css";
import { PrintPage } from "./print-page.tsx";
import { type HostAddress, useBundle } from "./queries.ts";

type Props = { name: string; blob: Blob; signature: ChosenFile | null };

/** What a collector wrote on another host: it is shown, and imported once somebody presses the button. */
export function BundleFile({ name, blob, signature }: Props) {
  const { preview, take, callHost, signers, setSigners } = useBundle(blob, signature);
  const error = take.error ?? preview.error;
  return (
    <section className={classes.file} aria-label={formatUntrusted(name)}>
      <h3 className={classes.name}>
        <Untrusted text={name} />
        <span className={classes.kind}>a bundle of Latchkey's collector</span>
      </h3>
      {error && (
        <Notice tone="red" Icon={IconAlertTriangle} title="Refused; nothing of it was kept">
          <Untrusted text={error.message} limit={600} />
        </Notice>
      )}
      {take.data ? (
        <Notice
          tone="green"
          Icon={IconCircleCheck}
          title={
            take.data.wasKnown
              ? "Already imported"
              : take.data.scanId === null
                ? "Kept as a claim, beside what is known"
                : "Imported"
          }
        >
          <Untrusted text={describeImported(take.data)} limit={600} />
        </Notice>
      ) : (
        <>
          {preview.data && <BundleFacts bundle={preview.data} />}
          {(preview.data?.isNewHost || isAboutHost(preview.error)) && <HostName onName={callHost} />}
          {signature && !preview.data?.importedAt && <Signers file={signers} onChoose={setSigners} />}
          {preview.data && preview.data.importedAt === null && <Import bundle={preview.data} take={take} />}
        </>
      )}
    </section>
  );
}

type ImportProps = { bundle: BundleView; take: ReturnType<typeof useBundle>["take"] };

/**
 * Where a host is known better and nothing shows that the bundle is of it, the bundle is kept as a claim, and only once
 * that is approved.
 */
function Import({ bundle, take }: ImportProps) {
  const [isApproved, approve] = useState(false);
  const { standing, host, port } = bundle;
  const isBeside = standing.kind === "claimed" && standing.isBeside;
  return (
    <div className={classes.actions}>
      {isBeside && (
        <Checkbox
          size="xs"
          checked={isApproved}
          onChange={(event) => approve(event.currentTarget.checked)}
          label={
            <>
              Keep what it claims of <Untrusted text={formatHostAddress(bundle)} /> beside what is known of it
            </>
          }
          className={classes.approval}
        />
      )}
      <Button
        size="xs"
        leftSection={<IconDatabaseImport size={15} />}
        loading={take.isPending}
        disabled={isBeside && !isApproved}
        onClick={() => take.mutate(isBeside ? [{ host, port }] : [])}
      >
        {isBeside ? "Keep as a claim" : "Import"}
      </Button>
    </div>
  );
}

/** Whether another name for the host may help. */
const isAboutHost = (error: Error | null): boolean =>
  error !== null && "code" in error && error.code === "conflict";

function BundleFacts({ bundle }: { bundle: BundleView }) {
  const { importedAt, isNewHost, notes } = bundle;
  return (
    <Facts>
      <Fact name="Host">
        <Untrusted text={formatHostAddress(bundle)} />
        {isNewHost && " (new: no host that is known has its keys)"}
      </Fact>
      <Fact name="Collected">
        <Exactly instant={bundle.collectedAt} />
      </Fact>
      <Fact name="Read as">
        <Untrusted text={`${bundle.readAs}, ${formatCount(bundle.accountCount, "account")}`} />
      </Fact>
      <Fact name="Of this host">
        <Untrusted text={formatStanding(bundle)} limit={600} />
      </Fact>
      {bundle.collectorIssuedAt !== null && (
        <Fact name="Collector">
          issued here on <Exactly instant={bundle.collectorIssuedAt} />
        </Fact>
      )}
      <Fact name="Signature">
        <Untrusted text={formatSignature(bundle.signature)} limit={300} />
      </Fact>
      {importedAt !== null && (
        <Fact name="Imported">
          <Exactly instant={importedAt} />; to import it again would change nothing
        </Fact>
      )}
      {notes.map((note) => (
        <Fact key={note} name="Note">
          <Untrusted text={note} limit={300} />
        </Fact>
      ))}
    </Facts>
  );
}

/** Whose signatures count, beside those of the people in the people sources: keys of auditors, say. */
function Signers({ file, onChoose }: { file: File | null; onChoose: (file: File | null) => void }) {
  return (
    <div className={classes.naming}>
      <FileButton accept=".pub,.txt,.signers" onChange={onChoose}>
        {(props) => (
          <Button {...props} size="xs" variant="default" leftSection={<IconSignature size={15} />}>
            Choose signers
          </Button>
        )}
      </FileButton>
      <span className={classes.hint}>
        {file ? (
          <Untrusted text={`signers: the people sources, and ${file.name}`} limit={120} />
        ) : (
          "signers: the people sources. Add more from a file of public keys or fingerprints, one per line"
        )}
      </span>
    </div>
  );
}

/** A host of which no key is known can get another name than the one that it calls itself. */
function HostName({ onName }: { onName: (address: HostAddress | null) => void }) {
  const [text, setText] = useState("");
  const address = readHostAddress(text);
  return (
    <form action={() => onName(address)} className={classes.naming}>
      <TextInput
        size="xs"
        label="Call the host"
        placeholder="vault.corp or vault.corp:2222"
        value={text}
        error={text.trim() !== "" && address === null && "write a name, or a name and a port"}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit" size="xs" variant="default" disabled={address === null}>
        Use this name
      </Button>
    </form>
  );
}

function readHostAddress(text: string): HostAddress | null {
  const [, bracketed, plain, port = "22"] =
    /^(?:\[([^\]]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/.exec(text.trim()) ?? [];
  const host = (bracketed ?? plain)?.toLowerCase();
  return host && Number(port) > 0 && Number(port) < 65_536 ? { host, port: Number(port) } : null;
}

/** How an offline host is read: what to copy there, and what to copy back. */
export function OfflineNote() {
  const { bundles } = useApi();
  const save = useMutation({
    mutationFn: async (what: "script" | "instructions") => {
      const collector = await bundles.collector.call();
      if (what === "instructions") return download("collect.txt", "text/plain", collector.instructions);
      // A read-only database cannot store a number for the script: then it is saved without one.
      const { script } = await bundles.issueCollector.call().catch(() => collector);
      download("collect.sh", "text/plain", script);
    },
  });
  const print = useMutation({ mutationFn: () => bundles.collector.call() });
  const { reset } = print;
  const endPrinting = useCallback(() => reset(), [reset]);
  const error = save.error ?? print.error;
  return (
    <section className={classes.offline} aria-labelledby="offline">
      <h3 id="offline" className={classes.name}>
        An offline host
      </h3>
      <p className={classes.hint}>
        Copy the collector there, run it, and drop here what it wrote. The instructions are a page to print:
        what to type, and what is in a bundle and what is not.
      </p>
      <div className={classes.naming}>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={15} />}
          onClick={() => save.mutate("script")}
        >
          Save the collector
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={15} />}
          onClick={() => save.mutate("instructions")}
        >
          Save the instructions
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPrinter size={15} />}
          onClick={() => print.mutate()}
        >
          Print the instructions
        </Button>
        {print.data && <PrintPage text={print.data.instructions} onDone={endPrinting} />}
      </div>
      {error && (
        <p role="alert" className={classes.hint}>
          <Untrusted text={error.message} />
        </p>
      )}
    </section>
  );
}
