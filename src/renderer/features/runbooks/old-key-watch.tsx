import { Checkbox } from "@mantine/core";
import { IconEyeQuestion, IconUserExclamation } from "@tabler/icons-react";
import { Notice } from "#renderer/ui/notice.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { OldKeyUse, OldKeyWatch } from "#shared/model/run.ts";
import { acknowledgementOf } from "#shared/text/consent.ts";
import { checkOfUse, formatUnreadable, formatUse } from "#shared/text/old-key-use.ts";
import classes from "./runbooks.module.css";

/** Who still uses the old key of a run while its days of grace last, and where nobody knows. */
export function OldKeyNotice({ watch }: { watch: OldKeyWatch }) {
  const unread = formatUnreadable(watch);
  return (
    <>
      {watch.uses.length > 0 && (
        <div className={classes.byHand}>
          <Notice tone="red" Icon={IconUserExclamation} title="The old key is still used">
            <ul aria-label="Uses of the old key">
              {watch.uses.map((use) => (
                <li key={acknowledgementOf(checkOfUse(use))}>
                  <Untrusted text={formatUse(use)} limit={600} />
                </li>
              ))}
            </ul>
            <p>Give whoever that is the new key: they are shut out once the old one goes.</p>
          </Notice>
        </div>
      )}
      {unread !== null && (
        <div className={classes.byHand}>
          <Notice tone="amber" Icon={IconEyeQuestion} title="Not known of every host">
            <p>
              <Untrusted text={unread} limit={1_000} />
            </p>
          </Notice>
        </div>
      )}
    </>
  );
}

type Props = {
  uses: readonly OldKeyUse[];
  agreed: ReadonlySet<string>;
  onAgree: (name: string, isGiven: boolean) => void;
};

/** Each of them is agreed to by itself. */
export function UsesToAgree({ uses, agreed, onAgree }: Props) {
  return (
    <ul className={classes.uses} aria-label="Who is shut out">
      {uses.map((use) => {
        const name = acknowledgementOf(checkOfUse(use));
        return (
          <li key={name}>
            <Untrusted text={formatUse(use)} limit={600} />
            <Checkbox
              size="xs"
              label="I accept that"
              checked={agreed.has(name)}
              onChange={(event) => onAgree(name, event.currentTarget.checked)}
            />
          </li>
        );
      })}
    </ul>
  );
}
