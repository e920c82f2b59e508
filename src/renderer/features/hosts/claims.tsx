import { Button } from "@mantine/core";
import { IconHelpCircle } from "@tabler/icons-react";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { Claim } from "#shared/model/claim.ts";
import type { HostDetail } from "#shared/model/host.ts";
import { formatDifferences, formatSignature, sayClaimReason } from "#shared/text/bundle.ts";
import classes from "./hosts.module.css";
import { useClaims, useDropClaim } from "./queries.ts";

/** What unverified bundles claim of the host: beside what is known, and never in its place. */
export function ClaimsOf({ host }: { host: HostDetail }) {
  const claims = useClaims(host);
  if (claims.length === 0) return null;
  return (
    <Section title="Claimed by unverified bundles" count={claims.length}>
      <p className={classes.claimNote}>
        Nothing shows that these are of this host, and nothing that is known of it comes from them.
      </p>
      <Lines>
        {claims.map((claim) => (
          <OneClaim key={claim.id} claim={claim} />
        ))}
      </Lines>
    </Section>
  );
}

function OneClaim({ claim }: { claim: Claim }) {
  const { mutate, isPending } = useDropClaim();
  const { id, collectedAt, importedAt, why, signature, differences } = claim;
  return (
    <Line
      end={
        <Button
          variant="subtle"
          color="red"
          size="compact-xs"
          loading={isPending}
          onClick={() => mutate({ id })}
        >
          Forget this claim
        </Button>
      }
      below={
        <>
          <div>
            imported <Exactly instant={importedAt} />:{" "}
            <Untrusted text={`${sayClaimReason(why)}; ${formatSignature(signature)}`} limit={300} />
          </div>
          <div>{formatDifferences(differences)}</div>
          {differences.map(({ what, claimed, known }) => (
            <ul key={what} className={classes.claimed}>
              {claimed.map((text) => (
                <li key={`+${text}`}>
                  + {what} <Untrusted text={text} limit={160} isMono />
                </li>
              ))}
              {known.map((text) => (
                <li key={`-${text}`}>
                  - {what} <Untrusted text={text} limit={160} isMono />
                </li>
              ))}
            </ul>
          ))}
        </>
      }
    >
      <span className={classes.unread}>
        <IconHelpCircle size={15} aria-label="claimed" />
        <span>
          collected <Exactly instant={collectedAt} />
        </span>
      </span>
    </Line>
  );
}
