import { Button } from "@mantine/core";
import { formatUntrusted } from "#renderer/ui/text.tsx";

type SmallProps = {
  label: string;
  title?: string;
  disabled?: boolean;
  loading?: boolean;
  onClick: () => void;
  children: string;
};

/** `label`: what it does to what, for those who do not see its line. */
export const SmallButton = ({ label, ...props }: SmallProps) => (
  <Button size="compact-xs" variant="default" aria-label={formatUntrusted(label)} {...props} />
);
