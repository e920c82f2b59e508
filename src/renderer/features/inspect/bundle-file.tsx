import { Button, Checkbox, FileButton, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconDatabaseImport, IconSignature } from "@tabler/icons-react";
import { useState } from "react";
import type { GivenFile } from "#renderer/api/given-files.ts";
import { Fact, Facts } from "#renderer/ui/drawer/drawer.tsx";
import { Notice } from "#renderer/ui/notice.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { BundleView } from "#shared/model/imported-bundle.ts";
import { formatSignature, formatStanding, sayImported } from "#shared/text/bundle.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatPlace } from "#shared/text/target.ts";
import { type Place, useBundle } from "./bundle-queries.ts";
import classes from "./inspect.module.css";

type Props = { name: string; blob: Blob; signature: GivenFile | null };

/** What a collector wrote on another host: it is shown, and imported once somebody says so. */
export function BundleFile({ name, blob, signature }: Props) {
  const { look, take, callHost, signers, setSigners } = useBundle(blob, signature);
  const error = take.error ?? look.error;
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
          <Untrusted text={sayImported(take.data)} limit={600} />
        </Notice>
      ) : (
        <>
          {look.data && <BundleFacts bundle={look.data} />}
          {(look.data?.isNewHost || isAboutHost(look.error)) && <HostName onName={callHost} />}
          {signature && !look.data?.importedAt && <Signers file={signers} onChoose={setSigners} />}
          {look.data && look.data.importedAt === null && <Import bundle={look.data} take={take} />}
        </>
      )}
    </section>
  );
}

type ImportProps = { bundle: BundleView; take: ReturnType<typeof useBundle>["take"] };

/** Of a host that is known better, what nothing shows to be of it is kept beside that, and only where that is approved. */
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
              Keep what it claims of <Untrusted text={formatPlace(bundle)} /> beside what is known of it
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

/** Another name for the host may help. */
const isAboutHost = (error: Error | null): boolean =>
  error !== null && "code" in error && error.code === "conflict";

function BundleFacts({ bundle }: { bundle: BundleView }) {
  const { importedAt, isNewHost, notes } = bundle;
  return (
    <Facts>
      <Fact name="Host">
        <Untrusted text={formatPlace(bundle)} />
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
      {bundle.handedAt !== null && (
        <Fact name="Collector">
          handed out here on <Exactly instant={bundle.handedAt} />
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

/** Whose signatures are good, beside those of the rosters' people: keys of auditors, say, that no roster has. */
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
          <Untrusted text={`signers: the rosters, and ${file.name}`} limit={120} />
        ) : (
          "signers: the rosters. A file of public keys or fingerprints, one a line, names more"
        )}
      </span>
    </div>
  );
}

/** A host that is known by none of its keys can be called otherwise than it calls itself. */
function HostName({ onName }: { onName: (place: Place | null) => void }) {
  const [text, setText] = useState("");
  const place = readPlace(text);
  return (
    <form action={() => onName(place)} className={classes.naming}>
      <TextInput
        size="xs"
        label="Call the host"
        placeholder="vault.corp or vault.corp:2222"
        value={text}
        error={text.trim() !== "" && place === null && "write a name, or a name and a port"}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit" size="xs" variant="default" disabled={place === null}>
        Use this name
      </Button>
    </form>
  );
}

function readPlace(text: string): Place | null {
  const [, bracketed, plain, port = "22"] =
    /^(?:\[([^\]]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/.exec(text.trim()) ?? [];
  const host = (bracketed ?? plain)?.toLowerCase();
  return host && Number(port) > 0 && Number(port) < 65_536 ? { host, port: Number(port) } : null;
}
