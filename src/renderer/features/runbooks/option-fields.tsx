import { Checkbox, TextInput } from "@mantine/core";
import { PlanOptions, RECHECK_MINUTES } from "#shared/model/plan.ts";
import { formatCount } from "#shared/text/count.ts";
import classes from "./decision.module.css";

export const NO_OPTIONS: PlanOptions = PlanOptions.parse({});

type Props = {
  options: PlanOptions;
  /** What a run waits for: days in which an old key is watched for, or minutes until what is served is looked at again. */
  waits: "grace" | "recheck" | null;
  onChange: (patch: Partial<PlanOptions>) => void;
};

type NumberName = Exclude<keyof PlanOptions, "canary">;

const FIELDS: readonly { name: NumberName; label: string; description: string; min: number; max: number }[] =
  [
    { name: "batchSize", label: "Hosts at a time", description: "Side by side", min: 1, max: 64 },
    {
      name: "maxFailures",
      label: "Stop after failed hosts",
      min: 1,
      max: 10_000,
      description: "None is begun after that many",
    },
    {
      name: "graceDays",
      label: "Days that both keys stand",
      min: 0,
      max: 365,
      description: "Logs are watched; 0: the old goes at once",
    },
    {
      name: "recheckMinutes",
      label: "Minutes until it is looked at again",
      min: 0,
      max: 10_080,
      description: "The old files are kept until then; 0: they go at once",
    },
    {
      name: "deadManSeconds",
      label: "Seconds until a host takes back",
      min: 30,
      max: 3_600,
      description: "By itself, what was not proved by then",
    },
  ];

/** The options in a line. */
export const formatOptions = ({ canary, batchSize, maxFailures, graceDays }: PlanOptions): string =>
  [
    ...(canary ? ["one host first"] : []),
    `${batchSize} at a time`,
    `stop after ${maxFailures} failed`,
    ...(graceDays > 0 ? [`watch for ${formatCount(graceDays, "day")}`] : []),
  ].join(", ");

/** How a run goes about it. */
export function OptionFields({ options, waits, onChange }: Props) {
  const isAsked = (name: NumberName): boolean =>
    name === "graceDays" ? waits === "grace" : name !== "recheckMinutes" || waits === "recheck";
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
        {FIELDS.filter(({ name }) => isAsked(name)).map(({ name, ...field }) => (
          <TextInput
            key={name}
            size="xs"
            type="number"
            required
            withAsterisk={false}
            {...field}
            value={options[name] ?? RECHECK_MINUTES}
            onChange={(event) => onChange({ [name]: event.currentTarget.valueAsNumber || 0 })}
          />
        ))}
      </div>
    </>
  );
}
