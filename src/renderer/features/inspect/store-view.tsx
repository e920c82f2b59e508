import { Button, PasswordInput } from "@mantine/core";
import { IconAlertTriangle, IconCertificate, IconKey, IconLock, IconLockOpen } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { Fact, Facts, Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import { WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { Notice } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { beginLarge, Untrusted } from "#renderer/ui/text.tsx";
import { ExpiryTag } from "#renderer/ui/when.tsx";
import type { InspectedStore, Inspection } from "#shared/contract/inspect.ts";
import { formatEntryKind, formatIntegrity, formatStoreState } from "#shared/text/certificates/inspected.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatKey } from "#shared/text/hosts/key.ts";
import classes from "./inspect.module.css";

type Item = Inspection["items"][number];
type Props = {
  store: InspectedStore;
  index: number;
  items: readonly Item[];
  /** A prompt for the password stands beside it, so the store does not say that one is needed. */
  isPrompted: boolean;
};

/** A trust store of a system holds hundreds. */
const ENTRIES_SHOWN = 50;

/** A keystore: how it is protected, and what it holds under which name, each key with its chain. */
export function StoreView({ store, index, items, isPrompted }: Props) {
  const { location, format, protection, integrity, why, entries } = store;
  const integrityWords = formatIntegrity(integrity);
  return (
    <div className={classes.store}>
      <Facts>
        {location && (
          <Fact name="Where">
            <Untrusted text={location} />
          </Fact>
        )}
        <Fact name="Store">
          {format} <StateTag store={store} />
        </Fact>
        {protection && (
          <Fact name="Protection">
            <Untrusted text={beginLarge(protection)} />
          </Fact>
        )}
        {integrityWords && <Fact name="Integrity">{beginLarge(integrityWords)}</Fact>}
        {why && !isPrompted && (
          <Fact name="Password">
            <Untrusted text={beginLarge(why)} />
          </Fact>
        )}
      </Facts>
      <DefaultPassword store={store} />
      {entries.length > 0 && (
        <Lines>
          {entries.slice(0, ENTRIES_SHOWN).map((entry, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two entries may have the same name
            <Entry key={at} entry={entry} isWhole={store.state === "open"}>
              {items.map((item, position) =>
                item.what === "certificate" && item.entry?.store === index && item.entry.entry === at ? (
                  // biome-ignore lint/suspicious/noArrayIndexKey: an entry may hold the same certificate twice
                  <CertificateLine key={position} certificate={item} />
                ) : null,
              )}
            </Entry>
          ))}
        </Lines>
      )}
      {entries.length > ENTRIES_SHOWN && (
        <p className={classes.hint}>
          {formatCount(entries.length - ENTRIES_SHOWN, "more entry is", "more entries are")} not shown;
          latchkey inspect prints all.
        </p>
      )}
    </div>
  );
}

function StateTag({ store }: { store: InspectedStore }) {
  const isOpen = store.state === "open";
  return (
    <Tag tone={isOpen ? "green" : "gray"} Icon={isOpen ? IconLockOpen : IconLock}>
      {formatStoreState(store)}
    </Tag>
  );
}

/** A store of certificates alone hides nothing: its password only protects its checksum. */
function DefaultPassword({ store: { defaultPassword, holdsSecrets } }: { store: InspectedStore }) {
  if (defaultPassword === null) return null;
  const words =
    defaultPassword === "" ? (
      "Its password is empty."
    ) : (
      <>
        Its password is <Untrusted text={defaultPassword} isMono />, which everybody knows.
      </>
    );
  if (!holdsSecrets) return <p className={classes.hint}>{words}</p>;
  return (
    <Notice tone="orange" Icon={IconAlertTriangle} title="Default password">
      {words} Whoever has the file can open it: give it another one.
    </Notice>
  );
}

/** `isWhole`: the whole store was read, so what is not shown is not there. */
type EntryProps = { entry: InspectedStore["entries"][number]; isWhole: boolean; children: ReactNode };

function Entry({ entry, isWhole, children }: EntryProps) {
  const { alias, what, isLocked, certificateCount, spkiSha256 } = entry;
  const Icon = what === "key" || what === "secret" ? IconKey : IconCertificate;
  return (
    <Line
      end={
        isLocked && (
          <Tag tone="gray" Icon={IconLock}>
            locked
          </Tag>
        )
      }
      below={
        <>
          {what === "key" && certificateCount > 0 && (
            <div>With {formatCount(certificateCount, "certificate")}</div>
          )}
          {what === "key" && certificateCount === 0 && isWhole && <div>Without a certificate</div>}
          {spkiSha256 && (
            <div className={classes.mono}>
              <WholeFingerprint value={spkiSha256} />
            </div>
          )}
          {certificateCount > 0 && <Lines>{children}</Lines>}
        </>
      }
    >
      <span className={classes.entry}>
        <Icon size={15} aria-hidden />
        {alias ? <Untrusted text={alias} /> : "No name"}
        <span className={classes.kind}>{formatEntryKind(what)}</span>
      </span>
    </Line>
  );
}

type UnlockFormProps = {
  wants: NonNullable<Inspection["wantsPassword"]>;
  isWrong: boolean;
  onPassword: (password: string) => Promise<void>;
};

/** Prompts for the password of what is locked in a file. What is typed lives in this form alone, and goes with it. */
export function UnlockForm({ wants, isWrong, onPassword }: UnlockFormProps) {
  const [password, setPassword] = useState("");
  const [isSending, setIsSending] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const send = async () => {
    setIsSending(true);
    setRefusal(null);
    try {
      await onPassword(password);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      setRefusal(error.message);
    }
    setPassword("");
    setIsSending(false);
  };
  return (
    <form
      className={classes.naming}
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <PasswordInput
        size="xs"
        className={classes.password}
        label={wants === "to-open" ? "Its password" : "Its password, to check that it is unchanged"}
        description="Used once, and not stored"
        error={refusal ? <Untrusted text={refusal} /> : isWrong && "Wrong passphrase"}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="off"
        spellCheck={false}
      />
      <Button
        type="submit"
        size="xs"
        variant="default"
        leftSection={<IconLockOpen size={15} />}
        loading={isSending}
      >
        {wants === "to-open" ? "Open" : "Check"}
      </Button>
    </form>
  );
}

export function CertificateLine({ certificate }: { certificate: Certificate }) {
  const { subject, issuer, isSelfIssued, isCa, names, notAfter, sha256, location, entry } = certificate;
  return (
    <Line
      end={<ExpiryTag notAfter={notAfter} />}
      below={
        <>
          {location && !entry && <Untrusted text={location} />}
          <div>
            {isSelfIssued ? "Issued by itself" : <Issuer issuer={issuer} />},{" "}
            <Untrusted text={formatKey(certificate)} />
            {isCa && ", an authority: it may sign others"}
          </div>
          {names.length > 0 && <Untrusted text={names.join(", ")} />}
          <div className={classes.mono}>
            <WholeFingerprint value={sha256} />
          </div>
        </>
      }
    >
      <Untrusted text={subject || "no subject"} />
    </Line>
  );
}

export type Certificate = Extract<Inspection["items"][number], { what: "certificate" }>;

function Issuer({ issuer }: { issuer: string }) {
  return (
    <>
      Issued by <Untrusted text={issuer || "no name"} />
    </>
  );
}
