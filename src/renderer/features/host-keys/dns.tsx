import { Button } from "@mantine/core";
import { IconAlertOctagon, IconCircleCheck, IconQuestionMark, IconWorldSearch } from "@tabler/icons-react";
import { Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { HostKeyRow } from "#shared/model/host-key.ts";
import type { SshfpComparison, SshfpResult } from "#shared/model/sshfp.ts";
import { formatSshfp } from "#shared/text/sshfp.ts";
import classes from "./host-keys.module.css";
import { useCompareSshfp } from "./queries.ts";

/** DNS is asked when the button is pressed, and never before: who answers there learns the name. */
export function Dns({ row: { id } }: { row: HostKeyRow }) {
  const { data, error, isFetching, refetch } = useCompareSshfp(id);
  const compared = data?.names[0];
  return (
    <Section title="DNS">
      <p>
        A host's keys may be published there (SSHFP). This asks the resolver of this computer for the name,
        and nothing else.
      </p>
      {error && <ErrorState doing="ask DNS" error={error} />}
      {compared && <Answer compared={compared} result={compared.keys[0]?.result ?? null} />}
      <div className={classes.notice}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconWorldSearch size={15} />}
          loading={isFetching}
          onClick={() => void refetch()}
        >
          Compare with DNS
        </Button>
      </div>
    </Section>
  );
}

type AnswerProps = { compared: SshfpComparison; result: SshfpResult | null };

function Answer({ compared: { answer, why, isValidated }, result }: AnswerProps) {
  const { tone, Icon } = LOOKS[result === "match" && !isValidated ? "hint" : (result ?? "hint")];
  return (
    <div role="status" className={classes.notice}>
      <Tag tone={tone} Icon={Icon}>
        {result === null ? WORDS[answer] : formatSshfp(result)}
      </Tag>
      <p>
        <Untrusted text={why} />
      </p>
    </div>
  );
}

const UNDECIDED = { tone: "gray", Icon: IconQuestionMark } as const;

const LOOKS = {
  match: { tone: "green", Icon: IconCircleCheck },
  mismatch: { tone: "red", Icon: IconAlertOctagon },
  hint: UNDECIDED,
  "not-published": UNDECIDED,
  "no-number": UNDECIDED,
  "not-comparable": UNDECIDED,
} as const;

const WORDS = {
  records: "DNS says nothing of this key",
  none: "DNS publishes no host key of this name",
  "no-such-name": "DNS does not know this name",
  failed: "DNS did not answer",
  "not-asked": "DNS was not asked",
} as const;
