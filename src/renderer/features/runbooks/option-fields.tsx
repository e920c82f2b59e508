import { Checkbox, TextInput } from "@mantine/core";
import { PlanOptions } from "#shared/model/plan.ts";
import { sayCount } from "#shared/text/count.ts";
import classes from "./decision.module.css";

export const NO_OPTIONS: PlanOptions = PlanOptions.parse({});

type Props = {
  options: PlanOptions;
  /** There is an old key to watch for. */
  withGrace: boolean;
  onChange: (patch: Partial<PlanOptions>) => void;
};

type NumberName = Exclude<keyof PlanOptions, "canary">;

const FIELDS: readonly { name: NumberName; label: string; description: string; min: number; max: number }[] =
  [
    { name: "batchSize", label: "Hosts at a time", description: "Side by side", min: 1, max: 64 },
    {
      ...{ name: "maxFailures", label: "Stop after failed hosts", min: 1, max: 10_000 },
      description: "None is begun after that many",
    },
    {
      ...{ name: "graceDays", label: "Days that both keys stand", min: 0, max: 365 },
      description: "Logs are watched; 0: the old goes at once",
    },
    {
      ...{ name: "deadManSeconds", label: "Seconds until a host takes back", min: 30, max: 3_600 },
      description: "By itself, what was not proved by then",
    },
  ];

/** The options in a line. */
export const sayOptions = ({ canary, batchSize, maxFailures, graceDays }: PlanOptions): string =>
  [
    ...(canary ? ["one host first"] : []),
    `${batchSize} at a time`,
    `stop after ${maxFailures} failed`,
    ...(graceDays > 0 ? [`watch for ${sayCount(graceDays, "day")}`] : []),
  ].join(", ");

/** How a run goes about it. */
export function OptionFields({ options, withGrace, onChange }: Props) {
  return (
    <>
      <Checkbox
        size="xs"
        label="One host alone first"
        description="The others begin once it is proved"
        checked={options.canary}
        onChange={(event) => onChange({ canary: event.currentTarget.checked })}
      />
      <div className={classes.numbers}>
        {FIELDS.filter(({ name }) => withGrace || name !== "graceDays").map(({ name, ...field }) => (
          <TextInput
            key={name}
            size="xs"
            type="number"
            required
            withAsterisk={false}
            {...field}
            value={options[name]}
            onChange={(event) => onChange({ [name]: event.currentTarget.valueAsNumber || 0 })}
          />
        ))}
      </div>
    </>
  );
}
