import { IconLock, IconLockOpen } from "@tabler/icons-react";
import { Line } from "#renderer/ui/drawer/drawer.tsx";
import { WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { Inspection } from "#shared/contract/inspect.ts";
import { sayKey } from "#shared/text/key-size.ts";
import classes from "./inspect.module.css";

type Key = Exclude<Inspection["items"][number], { what: "certificate" }>;

export function KeyLine({ item }: { item: Key }) {
  const { fingerprint, spkiSha256, comment, options, line, place } = item;
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
          {place && <Untrusted text={place} />}
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
      <Untrusted text={sayKey(item)} /> <Untrusted text={comment} />
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
