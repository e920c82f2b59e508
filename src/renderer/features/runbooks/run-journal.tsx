import { Button } from "@mantine/core";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { RunDetail, RunEntry } from "#shared/model/run.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatHost } from "#shared/text/plan.ts";
import { useJournal } from "./queries.ts";
import classes from "./runbooks.module.css";
import { formatPhase } from "./words.ts";

const KIND_WORDS: Record<RunEntry["kind"], string> = {
  intends: "intends",
  acted: "done",
  proved: "proved",
  undone: "taken back",
  failed: "failed",
  note: "note",
};

/** What was written before each act, and after what came of it: the oldest first. */
export function Journal({ run }: { run: RunDetail }) {
  const { rows, total, error, isFetching, fetchMore } = useJournal(run.id);
  if (error) return <ErrorState doing="read the journal" error={error} />;
  if (total === null) return null;
  return (
    <Section title="Journal" count={total}>
      <Lines>
        {rows.map((entry) => (
          <Line
            key={entry.id}
            end={<When instant={entry.at} />}
            below={<Untrusted text={entry.text} limit={600} />}
          >
            <span className={classes.entryKind}>{KIND_WORDS[entry.kind]}</span>{" "}
            <Untrusted text={formatStep(run, entry)} />
          </Line>
        ))}
      </Lines>
      {isMoreThan(total, rows.length) && (
        <Button variant="subtle" size="compact-sm" mt={8} loading={isFetching} onClick={fetchMore}>
          Show more
        </Button>
      )}
    </Section>
  );
}

function formatStep({ stepList, kind }: RunDetail, { ordinal }: RunEntry): string {
  const step = stepList.find((each) => each.ordinal === ordinal);
  if (!step) return "";
  const { phase, host, port } = step;
  const place = host === null ? "this computer" : formatHost({ host, port });
  return `${formatPhase(phase, kind).toLowerCase()}, ${place}`;
}
