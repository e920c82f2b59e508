import { IconAlertTriangle, IconLock, IconLockOpen } from "@tabler/icons-react";
import type { ChosenFile } from "#renderer/api/desktop.ts";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { Notice } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import type { Inspection } from "#shared/contract/inspect.ts";
import { formatInspected } from "#shared/text/certificates/inspected.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatKey } from "#shared/text/hosts/key.ts";
import { BundleFile } from "./bundle-file.tsx";
import classes from "./inspect.module.css";
import { useInspection, useIsBundle } from "./queries.ts";
import { CertificateLine, StoreView, UnlockForm } from "./store-view.tsx";

/** More items than this are counted, not shown: a bundle of roots holds hundreds. */
const ITEMS_SHOWN = 50;

type Props = {
  file: ChosenFile;
  /** The file with its signature, where that was chosen, too. */
  signature: ChosenFile | null;
};

/** A bundle is recognized by how it begins before it is read: it may be larger than what is inspected here. */
export function ChosenFileView({ file, signature }: Props) {
  const isBundle = useIsBundle(file);
  if (isBundle === null) return null;
  if (isBundle && file.blob) return <BundleFile name={file.name} blob={file.blob} signature={signature} />;
  return <InspectedFile file={file} />;
}

function InspectedFile({ file }: { file: ChosenFile }) {
  const { data, error, unlock } = useInspection(file);
  return (
    <section className={classes.file} aria-label={formatUntrusted(file.name)}>
      <h3 className={classes.name}>
        <Untrusted text={file.name} />
        {data && <span className={classes.kind}>{formatInspected(data.kind, countShown(data.items))}</span>}
      </h3>
      {error && (
        <Notice tone="red" Icon={IconAlertTriangle} title="Could not be read">
          <Untrusted text={error.message} />
        </Notice>
      )}
      {data?.wantsPassword && (
        <UnlockForm wants={data.wantsPassword} isWrong={data.isWrongPassword} onPassword={unlock} />
      )}
      {data?.stores.map((store, index) => {
        const isPrompted = data.wantsPassword !== null;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the stores of a file never move
          <StoreView key={index} store={store} index={index} isPrompted={isPrompted} items={data.items} />
        );
      })}
      {data && <Items items={data.items.filter(standsAlone)} />}
      {data && data.malformed.length > 0 && <Malformed malformed={data.malformed} />}
    </section>
  );
}

/** In a file of certificates and their key, only the certificates are counted. */
const countShown = (items: Inspection["items"]): number =>
  items.filter(({ what }) => what === "certificate").length || items.length;

/** Items in an entry of a store are shown there. */
const standsAlone = (item: Inspection["items"][number]): boolean =>
  item.what !== "certificate" || !item.entry;

function Items({ items }: { items: Inspection["items"] }) {
  if (items.length === 0) return null;
  return (
    <>
      <Lines>
        {items.slice(0, ITEMS_SHOWN).map((item, index) =>
          item.what === "certificate" ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: a file may hold the same certificate twice
            <CertificateLine key={index} certificate={item} />
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: a file may hold the same key twice
            <KeyLine key={index} item={item} />
          ),
        )}
      </Lines>
      {items.length > ITEMS_SHOWN && (
        <p className={classes.hint}>
          {formatCount(items.length - ITEMS_SHOWN, "more is", "more are")} not shown; latchkey inspect prints
          all.
        </p>
      )}
    </>
  );
}

function Malformed({ malformed }: { malformed: readonly string[] }) {
  return (
    <Section title="Could not be read" count={malformed.length}>
      <Lines>
        {malformed.slice(0, ITEMS_SHOWN).map((sentence, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same may be wrong twice
          <Line key={index}>
            <Untrusted text={sentence} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

type Key = Exclude<Inspection["items"][number], { what: "certificate" }>;

function KeyLine({ item }: { item: Key }) {
  const { fingerprint, spkiSha256, comment, options, line, location } = item;
  return (
    <Line
      end={
        <>
          {item.what === "private-key" && <Protection isEncrypted={item.isEncrypted} />}
          {line !== null && `line ${line}`}
        </>
      }
      below={
        <>
          {location && <Untrusted text={location} />}
          {options && (
            <div>
              <Untrusted text={options} isMono />
            </div>
          )}
          {fingerprint && (
            <div className={classes.mono}>
              <WholeFingerprint value={fingerprint} />
            </div>
          )}
          {item.what === "private-key" && spkiSha256 && (
            <div className={classes.mono}>
              In certificates: <WholeFingerprint value={spkiSha256} />
            </div>
          )}
        </>
      }
    >
      <Untrusted text={formatKey(item)} /> <Untrusted text={comment} />
    </Line>
  );
}

function Protection({ isEncrypted }: { isEncrypted: boolean | null }) {
  if (isEncrypted === null) return "protection unknown";
  return isEncrypted ? (
    <Tag tone="green" Icon={IconLock}>
      passphrase
    </Tag>
  ) : (
    <Tag tone="orange" Icon={IconLockOpen}>
      no passphrase
    </Tag>
  );
}
