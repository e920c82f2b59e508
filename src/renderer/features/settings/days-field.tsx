import { NumberInput } from "@mantine/core";
import { MOST_DAYS_VALID } from "#shared/model/issuer.ts";

type Props = { days: number | string; onChange: (days: number | string) => void; isFirst?: boolean };

/** How long an authority's certificates live. */
export function DaysField({ days, onChange, isFirst = false }: Props) {
  return (
    <NumberInput
      size="xs"
      label="Days that its certificates live"
      min={1}
      max={MOST_DAYS_VALID}
      allowDecimal={false}
      value={days}
      onChange={onChange}
      data-autofocus={isFirst || undefined}
    />
  );
}
