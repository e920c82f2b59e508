import { Button } from "@mantine/core";
import classes from "./dialog.module.css";
import { Untrusted } from "./text.tsx";

type Props = {
  /** Why what was asked for was not done. */
  error: Error | null;
  submit: string;
  isPending: boolean;
  isDisabled?: boolean;
  /** It takes something away. */
  isDanger?: boolean;
  /** The focus is here when the dialog opens. */
  hasFocus?: boolean;
  cancel?: { label: string; onClick: () => void };
};

/** The end of a form in a dialog: what went wrong, the way out, and the one thing that the dialog is for. */
export function DialogFoot(props: Props) {
  const { error, submit, isPending, isDisabled = false, isDanger = false, hasFocus = false, cancel } = props;
  return (
    <>
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} />
        </p>
      )}
      <div className={classes.foot}>
        {cancel && (
          <Button variant="default" size="xs" onClick={cancel.onClick}>
            {cancel.label}
          </Button>
        )}
        <Button
          type="submit"
          size="xs"
          loading={isPending}
          disabled={isDisabled}
          {...(isDanger && { color: "red" })}
          {...(hasFocus && { "data-autofocus": true })}
        >
          {submit}
        </Button>
      </div>
    </>
  );
}
